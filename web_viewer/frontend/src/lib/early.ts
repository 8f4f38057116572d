/** What `public/early.js` has asked for before this program was here. */

interface EarlyAnswer {
  status: number;
  statusText: string;
  body: ArrayBuffer;
}

declare global {
  interface Window {
    kidrayEarly?: Map<string, Promise<EarlyAnswer>>;
  }
}

/** Return the answer that is on its way, or here, for a GET of `path`, once; null if it did not come. */
export function takeEarly(path: string): Promise<Response | null> | null {
  const answers = typeof window === "undefined" ? undefined : window.kidrayEarly;
  const answer = answers?.get(path);
  answers?.delete(path);
  return answer ? answer.then(asResponse, () => null) : null;
}

/** A response whose body is not copied once more. */
function asResponse({ status, statusText, body }: EarlyAnswer): Response {
  const response = new Response(null, { status, statusText });
  response.arrayBuffer = async () => body;
  response.json = async () => JSON.parse(new TextDecoder().decode(body));
  return response;
}
