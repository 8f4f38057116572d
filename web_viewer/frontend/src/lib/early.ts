/** What `public/early.js` has asked for before this program was here. */

declare global {
  interface Window {
    kidrayAsked?: Map<string, Promise<Response>>;
  }
}

/** Return the answer that is on its way, or here, for a GET of `path`; once, for its body is then read. */
export function takeEarly(path: string): Promise<Response> | undefined {
  const asked = typeof window === "undefined" ? undefined : window.kidrayAsked;
  const answer = asked?.get(path);
  asked?.delete(path);
  return answer;
}
