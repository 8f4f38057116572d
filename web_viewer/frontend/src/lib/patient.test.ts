import { expect, it } from "vitest";
import { patientAge, personName, studyMoment } from "./patient";

it("reads a person's name in the group that the reader's language prefers", () => {
  const name = "Lee^Min-jun^A=이^민준";
  expect(personName(name, "en")).toBe("Lee, Min-jun A");
  expect(personName(name, "ko")).toBe("이민준");
  expect(personName("Phantom", "ko")).toBe("Phantom");
  expect(personName("", "en")).toBe("");
});

it("takes the age as stated, else from the dates", () => {
  const dates = { patient_birth_date: "20260101", study_date: "20260415" };
  expect(patientAge({ ...dates, patient_age: "002Y" })).toEqual({ count: 2, unit: "year" });
  expect(patientAge({ ...dates, patient_age: "" })).toEqual({ count: 3, unit: "month" });
  expect(patientAge({ patient_age: "", patient_birth_date: "20260401", study_date: "20260415" })).toEqual({
    count: 14,
    unit: "day",
  });
  expect(patientAge({ patient_age: "", patient_birth_date: "20200820", study_date: "20260415" })).toEqual({
    count: 5,
    unit: "year",
  });
  expect(patientAge({ patient_age: "", patient_birth_date: "", study_date: "20260415" })).toBeNull();
});

it("writes the moment of a study as far as it is known", () => {
  expect(studyMoment("20261122", "081500.123")).toBe("2026-11-22 08:15");
  expect(studyMoment("20261122", "")).toBe("2026-11-22");
  expect(studyMoment("", "0815")).toBe("");
});
