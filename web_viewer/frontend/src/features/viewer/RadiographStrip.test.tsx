// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../../lib/i18n";
import type { PriorStudy, ShownRadiograph } from "../../lib/model";
import { RadiographStrip } from "./RadiographStrip";

const radiograph = (instance: string): ShownRadiograph => ({
  series_uid: "1.1",
  instance_uid: instance,
  sop_class_uid: "1.2.840.10008.5.1.4.1.1.1.1.1",
  rows: 8,
  columns: 8,
  view: "supine",
});

const prior = (study: string, date: string): PriorStudy => ({
  study_uid: study,
  study_date: date,
  study_description: "KUB",
  radiographs: [radiograph(`${study}.9`)],
});

beforeEach(() => {
  vi.stubGlobal("fetch", async () => Response.json([]));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("shows priors by their date behind the study's own, and says which one is chosen", async () => {
  const chosen: string[] = [];
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RadiographStrip
        studyUid="1"
        radiographs={[radiograph("1.9")]}
        findings={[]}
        priors={[prior("2", "20250501"), prior("3", "")]}
        chosen="1.9"
        onChoose={(instance) => chosen.push(instance)}
      />
    </QueryClientProvider>,
  );
  const [own, dated, undated] = screen.getAllByRole("button");
  expect(own?.getAttribute("aria-current")).toBe("true");
  expect(dated?.textContent).toBe("Prior, 2025-05-01");
  expect(dated?.querySelector("img")?.getAttribute("src")).toBe("/api/studies/2/radiographs/2.9/preview.jpg");
  expect(undated?.textContent).toBe("Prior, undated");
  await userEvent.click(dated as HTMLElement);
  expect(chosen).toEqual(["2.9"]);
});
