// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../../../lib/i18n";
import type { Finding, ProbabilityMap } from "../../../lib/model";
import { isReplaced, useThresholds } from "../../../lib/thresholdStore";
import { ThresholdControl } from "./ThresholdControl";

configure({ asyncUtilTimeout: 10_000 });

const finding = {
  id: "constipation@1.2",
  label: "constipation",
  radiograph_uid: "1.2",
  presence: "present",
  probability: 0.9,
  area_px: 100,
  drawn_by: null,
} as Finding;
const map = { rows: 2, columns: 3, threshold: 0.5, row_scale: 4, column_scale: 4 } as ProbabilityMap;
const VALUES = new Uint8Array([0, 50, 100, 150, 200, 250]);
const asked: string[] = [];

/** Let the service answer with these, one after the other; the last one again and again. */
function answering(...answers: (() => Response | Promise<Response>)[]): void {
  vi.stubGlobal("fetch", async (path: string) => {
    if (path === "/api/findings") return Response.json([]);
    asked.push(path);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (!answer) throw new Error("nothing to answer");
    return answer();
  });
}

const described = () => Response.json(map);
const values = () => new Response(VALUES);
const awaited = () => Response.json({ detail: "soon" }, { status: 202, headers: { "retry-after": "0" } });
const refused = (status: number) => () => Response.json({ detail: "no" }, { status });
const away = () => {
  throw new TypeError("Failed to fetch");
};

function show(shown: Finding = finding) {
  const client = new QueryClient();
  return render(
    <QueryClientProvider client={client}>
      <ThresholdControl studyUid="1" finding={shown} />
    </QueryClientProvider>,
  );
}

const slider = () => screen.findByRole("slider", { name: "Display threshold" });
const move = async (value: number) => fireEvent.change(await slider(), { target: { value: String(value) } });
const cut = () => useThresholds.getState().cuts[finding.id];

beforeEach(() => {
  asked.length = 0;
  useThresholds.setState({ cuts: {}, drawn: true });
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("asks until the map is there, and begins at the model's own outline", async () => {
  answering(awaited, awaited, described, values);
  show();
  expect(screen.getByRole("status").textContent).toContain("being made");
  expect(await slider()).toHaveProperty("value", "0.5");
  const path = "/api/studies/1/radiographs/1.2/probability/constipation";
  expect(asked).toEqual([`${path}.json`, `${path}.json`, `${path}.json`, path]);
  expect(cut()).toBeUndefined(); // nothing is drawn in its place
  expect(screen.getByText(/measurements, segmentation and report stay/)).toBeTruthy();
});

it("draws the map where the reader cuts it, and the model's outline once it is reset or closed", async () => {
  answering(described, values);
  const { unmount } = show();
  await move(0.7);
  expect(cut()).toMatchObject({ threshold: 0.7, values: VALUES, beside: null });
  expect(isReplaced(finding.id)).toBe(true);
  useThresholds.setState({ drawn: false }); // nothing would be seen in its place
  expect(isReplaced(finding.id)).toBe(false);
  expect(screen.getByTestId("threshold-value-constipation").textContent).toBe("0.70");
  await userEvent.click(screen.getByRole("button", { name: "Reset" }));
  expect(cut()).toBeUndefined();
  await move(0.2);
  unmount();
  expect(cut()).toBeUndefined();
});

it("leaves an outline that a reader drew in its place, and draws the model's map beside it", async () => {
  answering(described, values);
  const { unmount } = show({ ...finding, drawn_by: "Kim^Minji" });
  await slider();
  expect(cut()).toMatchObject({ threshold: 0.5, beside: "Kim^Minji" });
  expect(isReplaced(finding.id)).toBe(false);
  expect(screen.getByText(/The outline by Kim\^Minji stays/)).toBeTruthy();
  await move(0.3);
  await userEvent.click(screen.getByRole("button", { name: "Reset" }));
  expect(cut()).toMatchObject({ threshold: 0.5 });
  unmount();
  expect(cut()).toBeUndefined();
});

it("says where the model drew no outline", async () => {
  answering(described, values);
  show({ ...finding, area_px: 0 });
  await slider();
  expect(screen.getByText(/The model drew no outline/)).toBeTruthy();
});

it.each([
  ["is not the one that reads now", refused(409)],
  ["the model did not read this radiograph", refused(404)],
  ["the radiograph cannot be read now", refused(422)],
  ["the service does not answer", away],
  ["There is no map: no", refused(503)],
])("says that %s, and can be asked again", async (sentence, answer) => {
  answering(answer, described, values);
  show();
  expect((await screen.findByRole("alert")).textContent).toContain(sentence);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(async () => expect(await slider()).toBeTruthy());
});

it("says after a minute that the map is not there yet", async () => {
  const clock = vi.spyOn(Date, "now");
  const began = Date.now();
  answering(() => {
    clock.mockReturnValue(began + 61_000);
    return awaited();
  });
  show();
  expect((await screen.findByRole("alert")).textContent).toContain("not there yet");
  clock.mockRestore();
});
