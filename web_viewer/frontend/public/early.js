// Before the viewer's program is here: ask for the study in the address, then for its radiograph. What the
// program asks for itself a moment later has then come already, see src/lib/early.ts.
(() => {
  const given = new URLSearchParams(location.search);
  const named = given.get("StudyInstanceUID");
  const accession = given.get("AccessionNumber");
  if (location.pathname !== "/viewer" || !(named || accession)) return;
  const asked = new Map();
  window.kidrayAsked = asked;

  // Read at once, whoever waits for it: a body that nobody reads stops coming.
  async function whole(path) {
    const answer = await fetch(path, { credentials: "same-origin" });
    const bytes = answer.arrayBuffer();
    bytes.catch(() => undefined);
    answer.arrayBuffer = () => bytes;
    answer.json = async () => JSON.parse(new TextDecoder().decode(await bytes));
    return answer;
  }

  function ask(path) {
    const answer = whole(path);
    answer.catch(() => undefined); // whoever takes it up says what is wrong
    asked.set(path, answer);
    return answer;
  }

  async function json(path) {
    const answer = await ask(path);
    return answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText));
  }

  async function studyOf(number) {
    const found = await json(`/api/worklist?${new URLSearchParams({ accession: number, limit: "10" })}`);
    return found.items.find(({ summary }) => summary.accession_number === number)?.study_uid;
  }

  async function begin() {
    ask("/api/findings");
    const uid = named ?? (await studyOf(accession));
    if (!uid) return;
    const study = `/api/studies/${encodeURIComponent(uid)}`;
    const record = await json(study);
    const seen = record.findings.find(({ presence }) => presence !== "absent");
    const instance =
      record.alert?.radiograph_uid ?? seen?.radiograph_uid ?? record.radiographs[0]?.instance_uid;
    if (!instance) return;
    const radiograph = `${study}/radiographs/${encodeURIComponent(instance)}`;
    const preview = { rel: "preload", as: "image", href: `${radiograph}/preview.jpg` };
    document.head.append(Object.assign(document.createElement("link"), preview));
    const parts = record.findings.length > 0 ? ["image.json", "image", "overlay"] : ["image.json", "image"];
    for (const part of parts) ask(`${radiograph}/${part}`);
  }

  begin().catch(() => undefined); // the program finds the same, and says so
  setTimeout(() => asked.clear(), 30_000); // what nobody has taken up by then nobody will
})();
