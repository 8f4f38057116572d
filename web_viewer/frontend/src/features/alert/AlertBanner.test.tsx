// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import "../../lib/i18n";
import type { StudyAlert } from "../../lib/model";
import { useReader } from "../../lib/reader";
import { AlertBanner } from "./AlertBanner";

const UID = "1.2.3";

const alert = (changes: Partial<StudyAlert> = {}): StudyAlert => ({
  state: "open",
  rule_id: "critical-pneumoperitoneum",
  revision: 2,
  raised: 1,
  label: "pneumoperitoneum",
  presence: "present",
  certainty: "high",
  finding_ids: ["pneumoperitoneum@1.2"],
  radiograph_uid: "1.2",
  identified_at: "2026-01-01T08:00:00Z",
  since: "2026-01-01T08:00:00Z",
  level: 0,
  acknowledgement: null,
  acknowledged_at: null,
  withdrawal: null,
  notices: [],
  ...changes,
});

const SAID: StudyAlert["acknowledgement"] = {
  finding_ids: ["pneumoperitoneum@1.2"],
  identified_at: "2026-01-01T08:00:00Z",
  told_by: "Kim^Minji",
  told_to: "Dr Park",
  told_at: "2026-01-01T08:06:00Z",
  how: "phone",
};

let answer: () => Response;
let sent: unknown;

beforeAll(() => {
  HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
    this.open = true;
  };
});

beforeEach(() => {
  sent = undefined;
  useReader.setState({ name: "" });
  vi.stubGlobal("fetch", async (path: string, init?: RequestInit) => {
    if (!path.endsWith("/alert/acknowledge")) return Response.json([]);
    sent = JSON.parse(String(init?.body));
    return answer();
  });
});

afterEach(() => {
  cleanup();
  localStorage.clear();
  vi.unstubAllGlobals();
});

function show(shown: StudyAlert) {
  const queryClient = new QueryClient();
  render(
    <QueryClientProvider client={queryClient}>
      <AlertBanner studyUid={UID} alert={shown} findings={[]} />
    </QueryClientProvider>,
  );
  return queryClient;
}

it("cries while nobody was told, with how long it waits and how often it called", () => {
  show(alert({ level: 2, since: new Date(Date.now() - 12.5 * 60_000).toISOString() }));
  const banner = screen.getByTestId("alert-banner");
  expect(banner.getAttribute("role")).toBe("alert");
  expect(banner.textContent).toContain("waiting 12 min");
  expect(banner.textContent).toContain("called again 2 times");
});

it("takes the call's record only when it is whole, and keeps what the service made of it", async () => {
  const user = userEvent.setup();
  answer = () => Response.json({ study_uid: UID, alert: alert({ state: "acknowledged" }) });
  const queryClient = show(alert());
  await user.click(screen.getByTestId("alert-acknowledge"));
  const save = await screen.findByTestId<HTMLButtonElement>("acknowledge-save");
  expect(save.disabled).toBe(true);
  await user.type(screen.getByTestId("told-to"), "Dr Park");
  await user.type(screen.getByTestId("told-by"), "Kim");
  expect(save.disabled).toBe(true);
  await user.click(screen.getByTestId("told-phone"));
  await user.click(save);
  await waitFor(() =>
    expect(sent).toMatchObject({ revision: 2, told_to: "Dr Park", told_by: "Kim", how: "phone" }),
  );
  expect((sent as { told_at: string }).told_at).toMatch(/T\d\d:\d\d:00[+-]\d\d:\d\d$/);
  await waitFor(() => expect(queryClient.getQueryData(["study", UID])).toBeTruthy());
  expect(screen.queryByTestId("acknowledge-dialog")).toBeNull();
});

it("says why the service refused, and keeps what was typed", async () => {
  const user = userEvent.setup();
  answer = () => Response.json({ detail: "the alert was acknowledged by Lee already" }, { status: 409 });
  show(alert());
  await user.click(screen.getByTestId("alert-acknowledge"));
  await user.type(await screen.findByTestId("told-to"), "Dr Park");
  if (screen.getByTestId<HTMLInputElement>("told-by").value === "") {
    await user.type(screen.getByTestId("told-by"), "Kim");
  }
  await user.click(screen.getByTestId("told-message"));
  await user.click(screen.getByTestId("acknowledge-save"));
  expect(await screen.findByText(/acknowledged by Lee already/)).toBeTruthy();
  expect(screen.getByTestId<HTMLInputElement>("told-to").value).toBe("Dr Park");
});

it("is calm once somebody was told, and says who, whom, how and when", () => {
  show(alert({ state: "acknowledged", acknowledgement: SAID }));
  const banner = screen.getByTestId("alert-banner");
  expect(banner.getAttribute("role")).toBe("status");
  expect(banner.textContent).toContain("Kim Minji told Dr Park, by phone");
  expect(screen.queryByTestId("alert-acknowledge")).toBeNull();
});

it("says that a rejected finding withdrew the alert", () => {
  show(alert({ state: "withdrawn", withdrawal: "rejected" }));
  expect(screen.getByTestId("alert-banner").textContent).toContain("the finding was rejected");
});
