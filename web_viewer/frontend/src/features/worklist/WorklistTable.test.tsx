// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import "../../lib/i18n";
import type { FindingGist, WorklistItem } from "../../lib/model";
import { CriticalBanner } from "./CriticalBanner";
import { WorklistTable } from "./WorklistTable";

const TABLE = [
  {
    label: "pneumoperitoneum",
    segment_number: 2,
    name_en: "Pneumoperitoneum",
    name_ko: "기복증",
    color: [213, 94, 0],
    critical: true,
  },
];

const GAS: FindingGist = {
  id: "pneumoperitoneum@1",
  label: "pneumoperitoneum",
  presence: "present",
  certainty: "moderate",
  probability: 0.83,
  region: "right_upper_quadrant",
  area_mm2: 612,
  area_px: 31_200,
  count: 1,
};

function item(uid: string, changes: Partial<WorklistItem> & { name?: string }): WorklistItem {
  const { name = "Phantom^One", ...rest } = changes;
  return {
    study_uid: uid,
    state: "drafted",
    revision: 1,
    version: 4,
    critical: false,
    alert: null,
    unread: [],
    reason: null,
    failure: null,
    failed_stage: null,
    retryable: false,
    summary: {
      patient_name: name,
      patient_id: `P-${uid}`,
      patient_birth_date: "",
      patient_sex: "F",
      patient_age: "003M",
      accession_number: "A1",
      study_date: "20260101",
      study_time: "0800",
      study_description: "Abdomen",
      body_part: "ABDOMEN",
      modality: "DX",
    },
    findings: [],
    received_at: "2026-01-01T08:00:00Z",
    updated_at: "2026-01-01T08:00:05Z",
    deliveries: [],
    signed_by: null,
    worked: null,
    reading: [],
    seconds_to_draft: 3.21,
    ...rest,
  };
}

function show(items: WorklistItem[]) {
  const queryClient = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } },
  });
  queryClient.setQueryData(["findings"], TABLE);
  render(
    <QueryClientProvider client={queryClient}>
      <CriticalBanner items={items} />
      <WorklistTable items={items} scroller={{ current: null }} onRange={() => undefined} />
    </QueryClientProvider>,
  );
}

configure({ asyncUtilTimeout: 20_000 }); // a busy machine is no failure

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("shows who, how old, what was seen and how fast", () => {
  show([item("1.2", { findings: [GAS] })]);
  const row = screen.getByTestId("worklist-row");
  expect(row.textContent).toContain("Phantom, One");
  expect(row.textContent).toContain("3 mo");
  expect(row.textContent).toContain("Pneumoperitoneum");
  expect(within(row).getByLabelText("certainty moderate")).toBeTruthy();
  expect(row.textContent).toContain("3.2 s");
});

it("puts an unsigned critical study on top and says why in the banner", () => {
  show([
    item("1.1", { name: "Later", received_at: "2026-01-01T09:00:00Z" }),
    item("1.2", { name: "Urgent", critical: true, findings: [GAS] }),
  ]);
  const [first] = screen.getAllByTestId("worklist-row");
  expect(first?.dataset.studyUid).toBe("1.2");
  expect(first?.dataset.urgent).toBe("true");
  expect(screen.getByTestId("critical-banner").textContent).toContain(
    "Possible pneumoperitoneum, right upper quadrant, 83 %, certainty moderate",
  );
});

it("raises no alarm for a critical study that is signed", () => {
  show([item("1.2", { critical: true, state: "signed", signed_by: "Kim", findings: [GAS] })]);
  expect(screen.queryByTestId("critical-banner")).toBeNull();
  expect(screen.getByTestId("worklist-row").textContent).toContain("Kim");
});

it("explains a failed study and asks for it again", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    if (init.method === "POST") asked.push(path);
    return new Response("{}", { status: 200 });
  });
  show([
    item("1.9", {
      state: "failed",
      failed_stage: "segment",
      reason: "no radiograph of the study can be read; 1.2.3.4: the pixel data end early",
      failure: { code: "none_readable", parameters: { files: "2" } },
      retryable: true,
    }),
  ]);
  const row = screen.getByTestId("worklist-row");
  expect(row.textContent).toContain("Failed at segmentation: None of the radiographs can be read (files: 2)");
  expect(row.textContent).toContain("Have the study sent again");
  expect(row.textContent).not.toContain("1.2.3.4");
  await userEvent.click(within(row).getByRole("button", { name: "Read again" }));
  expect(asked).toEqual(["/api/studies/1.9/reprocess"]);
  expect(await within(row).findByRole("button", { name: "Asked" })).toBeTruthy();
});
