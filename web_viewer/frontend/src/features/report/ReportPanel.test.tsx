// @vitest-environment jsdom
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../../lib/i18n";
import type { Check, Macros, Report, StudyRecord } from "../../lib/model";
import { useReader } from "../../lib/reader";
import ReportPanel from "./ReportPanel";

const UID = "1.2.3";

const report = (version: number, changes: Partial<Report> = {}): Report => ({
  study_uid: UID,
  revision: 1,
  version,
  language: "en",
  technique: [],
  findings: [{ text: "Free gas.", finding_ids: ["gas@1"], rule_id: null }],
  impression: [{ text: "Possible pneumoperitoneum.", finding_ids: ["gas@1"], rule_id: null }],
  recommendation: [],
  comparison: "None.",
  limitations: [],
  critical: true,
  wording: {
    source: "template",
    llm_model: null,
    llm_sha256: null,
    prompt_sha256: null,
    server: null,
    engine: null,
    decoding: null,
    tries: 0,
    prompt_tokens: null,
    completion_tokens: null,
    first_token_ms: null,
    milliseconds: null,
    fallback_reason: "No LLM.",
    checks: [],
  },
  disclaimer: "Not for clinical use",
  created_at: "2026-01-01T08:00:00Z",
  signature: null,
  addendum_to: null,
  sr_series_uid: null,
  sr_instance_uid: null,
  follows: null,
  exam: null,
  quality: null,
  observations: [],
  prior: null,
  alert: null,
  abstentions: [],
  models: [],
  warnings: [],
  addenda: [],
  communication: [],
  ...changes,
});

const OBJECTION: Check = {
  rule: "negation",
  sentence: "No free gas.",
  message: "denies what is present",
  section: "impression",
  finding: "pneumoperitoneum",
};

const OLDER: Check = {
  rule: "outdated",
  sentence: "It measures 18.5 cm².",
  message: "the measurement in this sentence is older than the outline",
  section: "findings",
  finding: "pneumoperitoneum",
};

/** The service's side of the contract: versions, conflicts, signatures. */
class Service {
  state: "drafted" | "signed" = "drafted";
  draft = report(1);
  edits: unknown[] = [];
  assessments: StudyRecord["assessments"] = {};
  subject = "";
  macros: Macros = { en: null, ko: null };
  slow: Promise<unknown> = Promise.resolve(); // before words are checked
  slowMacros: Promise<unknown> = Promise.resolve();

  readonly answer = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const wish = init.body ? JSON.parse(String(init.body)) : null;
    if (wish?.version !== undefined && wish.version !== this.draft.version) {
      return Response.json({ detail: "somebody changed the report meanwhile" }, { status: 409 });
    }
    if (path === "/api/session") {
      return Response.json({
        subject: this.subject,
        name: "",
        roles: ["reader", "signer"],
        how: "loopback",
        lock_after: 0,
      });
    }
    if (path === "/api/macros") {
      await this.slowMacros;
      return Response.json(this.macros);
    }
    if (path.startsWith("/api/macros/")) {
      this.macros = { ...this.macros, [path.slice(12)]: wish.macros };
      return Response.json(this.macros);
    }
    if (path.endsWith("/report/check")) {
      await this.slow;
      const older = wish.findings.includes("It measures 18.5 cm².") ? [OLDER] : [];
      return Response.json(wish.impression.includes("No free gas.") ? [OBJECTION] : older);
    }
    if (path.endsWith("/report/proposal")) {
      return Response.json({
        version: 1,
        findings: ["No stool."],
        impression: ["No stool."],
        recommendation: [],
      });
    }
    if (path.endsWith("/addendum")) {
      const signature = { signer: wish.signer, signed_at: "2026-01-01T10:00:00Z" };
      const sentences = wish.sentences.map((text: string) => ({ text, finding_ids: [], rule_id: null }));
      const adds_to = this.draft.signature ?? signature;
      this.draft = { ...this.draft, version: 2, signature, addenda: [{ sentences, signature, adds_to }] };
      return Response.json(this.record());
    }
    if (path.endsWith("/report")) {
      this.edits.push(wish);
      const sentences = (texts: string[]) => texts.map((text) => ({ text, finding_ids: [], rule_id: null }));
      this.draft = report(wish.version + 1, {
        findings: sentences(wish.findings),
        impression: sentences(wish.impression),
        wording: { ...this.draft.wording, source: "radiologist" },
      });
      return Response.json(this.draft);
    }
    if (path.endsWith("/sign")) {
      this.state = "signed";
      this.draft = { ...this.draft, signature: { signer: wish.signer, signed_at: "2026-01-01T09:00:00Z" } };
    }
    return Response.json(this.record());
  };

  record(): Partial<StudyRecord> {
    return { study_uid: UID, state: this.state, draft: this.draft, assessments: this.assessments };
  }
}

function Live() {
  const { data } = useQuery<StudyRecord>({
    queryKey: ["study", UID],
    queryFn: async () => (await fetch(`/api/studies/${UID}`)).json(),
  });
  if (!data?.draft) return null;
  return (
    <ReportPanel
      studyUid={UID}
      state={data.state}
      report={data.draft}
      findings={[]}
      verdicts={data.assessments}
    />
  );
}

let service: Service;
let queryClient: QueryClient;

beforeEach(() => {
  service = new Service();
  vi.stubGlobal("fetch", service.answer);
  localStorage.clear();
  useReader.setState({ name: "" });
  queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  queryClient.setQueryData(["findings"], []);
});

// What jsdom lacks.
HTMLElement.prototype.hidePopover ??= () => undefined;
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
configure({ asyncUtilTimeout: 20_000 }); // a busy machine is no failure

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

async function open() {
  render(
    <QueryClientProvider client={queryClient}>
      <Live />
    </QueryClientProvider>,
  );
  return screen.findByTestId<HTMLTextAreaElement>("report-impression");
}

/** What is in memory is gone; what is kept stays. */
function crash(): void {
  cleanup();
  queryClient.clear();
  queryClient.setQueryData(["findings"], []);
}

const enabled = (id: string) => !(screen.getByTestId(id) as HTMLButtonElement).disabled;

it("marks a draft as unverified and says who worded it, and why", async () => {
  await open();
  expect(screen.getByTestId("report-status").textContent).toBe("Draft – unverified");
  expect(screen.getByTestId("wording-source").textContent).toContain("Template");
  await userEvent.click(screen.getByTestId("wording-source"));
  expect(await screen.findByText("No LLM.")).toBeTruthy();
});

it("saves an edit as sentences under the version that was edited", async () => {
  const impression = await open();
  expect(enabled("report-save")).toBe(false);
  await userEvent.clear(impression);
  await userEvent.type(impression, "Free gas, large.{enter}{enter}Surgeon told.");
  await userEvent.click(screen.getByTestId("report-save"));
  await waitFor(() => expect(screen.queryByTestId("report-unsaved")).toBeNull());
  expect(service.edits).toEqual([
    {
      version: 1,
      findings: ["Free gas."],
      impression: ["Free gas, large.", "Surgeon told."],
      recommendation: [],
      reader: null,
    },
  ]);
  expect(screen.getByTestId("report-status").textContent).toBe("Draft – edited, unverified");
});

it("keeps unsaved words through a crash of the browser", async () => {
  await userEvent.type(await open(), " Large.");
  crash();
  const impression = await open();
  await waitFor(() => expect(impression.value).toBe("Possible pneumoperitoneum. Large."));
  await userEvent.click(screen.getByText("Discard changes"));
  crash();
  expect((await open()).value).toBe("Possible pneumoperitoneum.");
});

it("keeps unsaved words from whoever logs in next on this workstation", async () => {
  service.subject = "kim";
  await userEvent.type(await open(), " Large.");
  crash();
  service.subject = "lee";
  const other = await open();
  await screen.findByTestId("macros");
  expect(other.value).toBe("Possible pneumoperitoneum.");
  crash();
  service.subject = "kim";
  const again = await open();
  await waitFor(() => expect(again.value).toBe("Possible pneumoperitoneum. Large."));
});

it("takes one reader's unsaved words off the screen when another logs in on this page", async () => {
  service.subject = "kim";
  const impression = await open();
  await screen.findByTestId("macros");
  await userEvent.type(impression, " Large.");
  service.subject = "lee";
  await queryClient.invalidateQueries({ queryKey: ["session"] });
  await waitFor(() => expect(impression.value).toBe("Possible pneumoperitoneum."));
  await userEvent.type(impression, " Small.");
  service.subject = "kim";
  await queryClient.invalidateQueries({ queryKey: ["session"] });
  await waitFor(() => expect(impression.value).toBe("Possible pneumoperitoneum. Large."));
});

it("asks whose words stand where the report was changed while the browser was down", async () => {
  await userEvent.type(await open(), " Mine.");
  crash();
  service.draft = report(2, { impression: [{ text: "Theirs.", finding_ids: [], rule_id: null }] });
  const impression = await open();
  await userEvent.click(await screen.findByTestId("conflict-mine"));
  expect(impression.value).toBe("Possible pneumoperitoneum. Mine.");
});

it("asks whose words stand when someone else was first", async () => {
  const impression = await open();
  await userEvent.type(impression, " Mine.");
  service.draft = report(2, { impression: [{ text: "Theirs.", finding_ids: [], rule_id: null }] });
  await userEvent.click(screen.getByTestId("report-save"));
  await userEvent.click(await screen.findByTestId("conflict-mine"));
  expect(impression.value).toBe("Possible pneumoperitoneum. Mine.");
  await userEvent.click(screen.getByTestId("report-save"));
  await waitFor(() => expect(service.edits).toHaveLength(1));
  expect(service.edits[0]).toMatchObject({ version: 2, impression: ["Possible pneumoperitoneum. Mine."] });
});

it("takes the newer version without asking where nothing was edited", async () => {
  const impression = await open();
  service.draft = report(2, { impression: [{ text: "Reworded.", finding_ids: [], rule_id: null }] });
  await queryClient.invalidateQueries({ queryKey: ["study", UID] });
  await waitFor(() => expect(impression.value).toBe("Reworded."));
  expect(screen.queryByTestId("conflict-theirs")).toBeNull();
});

it("signs only with a name, saves first, and is read-only afterwards", async () => {
  const impression = await open();
  expect(enabled("report-sign")).toBe(false);
  await userEvent.type(impression, " Large.");
  await userEvent.type(screen.getByTestId("signer-name"), "Kim Ji-won");
  await userEvent.click(screen.getByTestId("report-sign"));
  await waitFor(() =>
    expect(screen.getByTestId("report-status").textContent).toContain("Signed by Kim Ji-won"),
  );
  expect(service.edits).toHaveLength(1);
  expect(impression.readOnly).toBe(true);
  expect(impression.value).toBe("Possible pneumoperitoneum. Large.");
  expect(screen.queryByTestId("report-sign")).toBeNull();
});

it("points out what is at odds with a finding, and lets it be saved", async () => {
  const impression = await open();
  await userEvent.clear(impression);
  await userEvent.type(impression, "No free gas.");
  const told = await screen.findByTestId("objections");
  expect(told.textContent).toContain("the opposite of the finding");
  await userEvent.click(screen.getByTestId("report-save"));
  await waitFor(() => expect(service.edits).toHaveLength(1));
});

it("offers the report without a rejected finding, and takes it only when asked", async () => {
  service.assessments = { "gas@1": "rejected" };
  const impression = await open();
  const take = await screen.findByTestId("take-proposal");
  expect(impression.value).toBe("Possible pneumoperitoneum.");
  await userEvent.click(take);
  expect(impression.value).toBe("No stool.");
  expect(screen.queryByTestId("take-proposal")).toBeNull();
  expect(service.edits).toHaveLength(0);
});

async function openOlder(source: "template" | "radiologist") {
  const measured = { text: OLDER.sentence, finding_ids: ["gas@1"], rule_id: "measurement" };
  const { wording, findings } = report(1);
  service.draft = report(1, { findings: [...findings, measured], wording: { ...wording, source } });
  useReader.setState({ name: "Lee" });
  await open();
  const told = await screen.findByTestId("objections");
  expect(told.textContent).toContain("older than the outline");
}

it("offers newer measurements in a draft that the reader edited, and takes them when asked", async () => {
  await openOlder("radiologist");
  await userEvent.click(await screen.findByTestId("take-proposal"));
  expect(screen.getByTestId<HTMLTextAreaElement>("report-findings").value).toBe("No stool.");
  expect(service.edits).toHaveLength(0);
});

it("leaves an untouched draft to the service", async () => {
  await openOlder("template");
  expect(screen.queryByTestId("take-proposal")).toBeNull();
});

it("warns before an older measurement is signed, and signs it all the same when told to", async () => {
  await openOlder("radiologist");
  await userEvent.click(screen.getByTestId("report-sign"));
  expect(service.state).toBe("drafted");
  await userEvent.click(screen.getByTestId("sign-not-yet"));
  expect(screen.queryByTestId("sign-anyway")).toBeNull();
  await userEvent.click(screen.getByTestId("report-sign"));
  await userEvent.click(screen.getByTestId("sign-anyway"));
  await waitFor(() => expect(screen.getByTestId("report-status").textContent).toContain("Signed by Lee"));
});

it("adds to a signed report without changing it", async () => {
  service.state = "signed";
  service.draft = report(1, { signature: { signer: "Kim", signed_at: "2026-01-01T09:00:00Z" } });
  useReader.setState({ name: "Lee" });
  const impression = await open();
  await userEvent.click(await screen.findByTestId("addendum-open"));
  expect(enabled("addendum-sign")).toBe(false);
  await userEvent.type(screen.getByTestId("addendum-text"), "Seen at ___.");
  await userEvent.click(screen.getByTestId("addendum-sign"));
  expect(screen.getByTestId("sign-anyway")).toBeTruthy();
  await userEvent.clear(screen.getByTestId("addendum-text"));
  await userEvent.type(screen.getByTestId("addendum-text"), "Seen at surgery.");
  expect(screen.queryByTestId("sign-anyway")).toBeNull();
  await userEvent.click(screen.getByTestId("addendum-sign"));
  expect((await screen.findByTestId("addendum")).textContent).toContain("Seen at surgery.");
  expect(impression.value).toBe("Possible pneumoperitoneum.");
  expect(screen.queryByTestId("addendum-text")).toBeNull();
});

it("forgets an objection as soon as the draft that it was to is replaced", async () => {
  const impression = await open();
  await userEvent.clear(impression);
  await userEvent.type(impression, "No free gas.");
  await screen.findByTestId("objections");
  await userEvent.click(screen.getByText("Discard changes"));
  expect(screen.queryByTestId("objections")).toBeNull();
  await userEvent.clear(impression);
  await userEvent.type(impression, "No free gas.");
  await screen.findByTestId("objections");
  service.slow = new Promise(() => undefined); // no further answer comes
  service.draft = report(2, { impression: [{ text: "No free gas.", finding_ids: [], rule_id: null }] });
  await queryClient.invalidateQueries({ queryKey: ["study", UID] });
  await userEvent.click(await screen.findByTestId("conflict-theirs"));
  expect(impression.value).toBe("No free gas.");
  expect(screen.queryByTestId("objections")).toBeNull();
});

it("expands a macro as it is typed, and checks it as typed text is", async () => {
  service.subject = "kim";
  service.macros = { en: [{ name: "neg", text: "No free gas." }], ko: null };
  const impression = await open();
  await screen.findByTestId("macros");
  await waitFor(() => expect(queryClient.getQueryData(["macros", "kim"])).toBeTruthy());
  await userEvent.type(impression, "{enter}.neg ");
  expect(impression.value).toBe("Possible pneumoperitoneum.\nNo free gas.");
  expect((await screen.findByTestId("objections")).textContent).toContain("No free gas.");
});

it("keeps macros that the reader has written with their login", async () => {
  service.subject = "kim";
  await open();
  await userEvent.click(await screen.findByTestId("macros-edit"));
  await userEvent.click(await screen.findByTestId("macro-add"));
  const [name, text] = [
    screen.getAllByTestId("macro-name").at(-1),
    screen.getAllByTestId("macro-text").at(-1),
  ];
  if (!name || !text) throw new Error("no line was added");
  await userEvent.type(text, "Tip in ___.");
  await userEvent.click(screen.getByTestId("macros-save"));
  const fault = within(screen.getByTestId("macro-editor")).getByRole("alert");
  expect(fault.textContent).toContain("A name is letters and digits");
  expect(name.getAttribute("aria-describedby")).toBe(fault.id);
  expect([name, text].map((field) => field.getAttribute("aria-invalid"))).toEqual(["true", "false"]);
  expect(text.getAttribute("aria-describedby")).toBeNull();
  await userEvent.type(name, ".tip");
  await userEvent.click(screen.getByTestId("macros-save"));
  await waitFor(() => expect(screen.queryByTestId("macro-editor")).toBeNull());
  expect(service.macros.en?.at(-1)).toEqual({ name: "tip", text: "Tip in ___." });
  expect(service.macros.ko).toBeNull();
});

it("does not expand what is typed in the list of macros", async () => {
  service.subject = "kim";
  service.macros = { en: [{ name: "neg", text: "No free gas." }], ko: null };
  await open();
  await waitFor(() => expect(queryClient.getQueryData(["macros", "kim"])).toBeTruthy());
  await userEvent.click(await screen.findByTestId("macros-edit"));
  const text = await screen.findByTestId<HTMLTextAreaElement>("macro-text");
  await userEvent.type(text, " Told ___. .neg ", { initialSelectionStart: 12, initialSelectionEnd: 12 });
  expect(text.value).toBe("No free gas. Told ___. .neg ");
  text.setSelectionRange(0, 0);
  await userEvent.tab();
  expect(document.activeElement).not.toBe(text);
});

it("lets nobody change the list of macros before it is known what they have", async () => {
  service.subject = "kim";
  let answer: (value: unknown) => void = () => undefined;
  service.slowMacros = new Promise((resolve) => {
    answer = resolve;
  });
  await open();
  await screen.findByTestId("macros-edit");
  await waitFor(() => expect(queryClient.getQueryData(["session"])).toBeTruthy());
  expect(enabled("macros-edit")).toBe(false);
  answer(null);
  await waitFor(() => expect(enabled("macros-edit")).toBe(true));
});

it("asks before a blank is signed", async () => {
  useReader.setState({ name: "Lee" });
  await userEvent.type(await open(), " Told ___.");
  await userEvent.click(screen.getByTestId("report-sign"));
  await screen.findByTestId("sign-anyway");
  expect(service.state).toBe("drafted");
});
