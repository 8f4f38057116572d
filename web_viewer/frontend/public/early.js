// Before the viewer's program is here: ask for the study in the address, then for its radiograph, in a worker,
// for the page's own thread is busy with the program. src/lib/early.ts takes up what has come.

if (typeof document === "undefined") onmessage = ({ data }) => ask(data);
else beginEarly(new URLSearchParams(location.search));

/** The page: a promise for each path that is asked for, known before anybody can want it. */
function beginEarly(given) {
  const uid = given.get("StudyInstanceUID");
  const accession = given.get("AccessionNumber");
  if (location.pathname !== "/viewer" || !(uid || accession)) return;
  const open = new Map();
  const answers = new Map();
  const expect = (path) => {
    const answer = new Promise((resolve, reject) => open.set(path, { resolve, reject }));
    answer.catch(() => undefined);
    answers.set(path, answer);
  };
  const worker = new Worker("/early.js");
  const stop = () => {
    worker.terminate();
    for (const { reject } of open.values()) reject(new Error("asked in vain"));
    answers.clear();
  };
  worker.onerror = stop;
  worker.onmessage = ({ data }) => {
    data.next.forEach(expect);
    if (data.body) open.get(data.path)?.resolve(data);
    else open.get(data.path)?.reject(new Error("no answer"));
    open.delete(data.path);
    if (open.size === 0) worker.terminate();
  };
  for (const path of ["/api/findings", uid ? studyPath(uid) : accessionPath(accession)]) {
    expect(path);
    worker.postMessage(path);
  }
  window.kidrayEarly = answers;
  setTimeout(stop, 30_000); // what nobody has taken up by then nobody will
}

/** The worker: ask, tell the page what came and what is asked for next, and ask for that. */
async function ask(path) {
  try {
    const answer = await fetch(path, { credentials: "same-origin" });
    const { status, statusText } = answer;
    const body = await answer.arrayBuffer();
    const next = answer.ok ? after(path, body) : [];
    postMessage({ path, status, statusText, body, next }, [body]);
    next.forEach(ask);
  } catch {
    postMessage({ path, body: null, next: [] }); // the program asks again, and says what is wrong
  }
}

/** Return what is to be asked for after `path`: the study found, its radiograph, all pixels after half of them. */
function after(path, body) {
  if (path.endsWith("/image/half")) return [path.slice(0, -"/half".length)];
  if (path.includes("/radiographs/") || path === "/api/findings") return [];
  const found = JSON.parse(new TextDecoder().decode(body));
  if (path.startsWith("/api/worklist")) {
    const accession = new URLSearchParams(path.split("?")[1]).get("accession");
    const item = found.items.find(({ summary }) => summary.accession_number === accession);
    return item ? [studyPath(item.study_uid)] : [];
  }
  const seen = found.findings.find(({ presence }) => presence !== "absent");
  const instance = found.alert?.radiograph_uid ?? seen?.radiograph_uid ?? found.radiographs[0]?.instance_uid;
  if (!instance) return [];
  const radiograph = `${path}/radiographs/${encodeURIComponent(instance)}`;
  const parts = found.findings.length > 0 ? ["image.json", "image/half", "overlay"] : ["image.json", "image/half"];
  return parts.map((part) => `${radiograph}/${part}`);
}

function studyPath(uid) {
  return `/api/studies/${encodeURIComponent(uid)}`;
}

function accessionPath(accession) {
  return `/api/worklist?${new URLSearchParams({ accession, limit: "10" })}`;
}
