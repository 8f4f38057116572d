// @vitest-environment jsdom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import "../../lib/i18n";
import { noteProgress, useWordingProgress } from "../../lib/wordingProgress";
import { WordingProgress } from "./WordingProgress";

const UID = "1.2.3";
const shown = () => screen.getByTestId("wording-progress").textContent;

afterEach(() => {
  cleanup();
  useWordingProgress.setState({ byStudy: {} });
});

test("it tells how many sentences there are, and that none is shown before it is checked", () => {
  render(<WordingProgress studyUid={UID} />);
  expect(shown()).toContain("What you read is the template's");
  act(() => noteProgress({ study_uid: UID, stage: "wording", question: 1, sentences: 1 }));
  expect(shown()).toContain("1 sentence;");
  act(() => noteProgress({ study_uid: UID, stage: "wording", question: 1, sentences: 3 }));
  expect(shown()).toContain("3 sentences; none is shown before all are checked");
  act(() => noteProgress({ study_uid: UID, stage: "checking", question: 1, sentences: 0 }));
  expect(shown()).toContain("checked against the findings");
  act(() => noteProgress({ study_uid: UID, stage: "asked", question: 2, sentences: 0 }));
  expect(shown()).toContain("asked once more");
});

test("another study's progress is not this one's, and what has ended is forgotten", () => {
  render(<WordingProgress studyUid={UID} />);
  act(() => noteProgress({ study_uid: "9.9", stage: "wording", question: 1, sentences: 5 }));
  expect(shown()).not.toContain("5");
  act(() => noteProgress({ study_uid: "9.9", stage: "ended", question: 1, sentences: 0 }));
  expect(useWordingProgress.getState().byStudy).toEqual({});
});
