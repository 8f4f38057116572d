import { describe, expect, it } from "vitest";
import { draggedWindow, greyTable, voi } from "./grayscale";

// The examples of DICOM PS3.3 C.11.2.1.2.1 and C.11.2.1.3, worked by hand.
describe("LINEAR", () => {
  it("keeps the whole range for center 2048 and width 4096", () => {
    const window = { center: 2048, width: 4096, shape: "LINEAR" } as const;
    expect(voi(0, window)).toBe(0);
    expect(voi(4095, window)).toBe(1);
    expect(voi(1, window)).toBeCloseTo(1 / 4095, 12);
    expect(voi(2047.5, window)).toBeCloseTo(0.5, 12);
  });

  it("ends at -50 and 49 for center 0 and width 100", () => {
    const window = { center: 0, width: 100, shape: "LINEAR" } as const;
    expect(voi(-50, window)).toBe(0);
    expect(voi(-49, window)).toBeCloseTo((-48.5 + 49.5) / 99, 12);
    expect(voi(49, window)).toBeCloseTo(1, 12);
    expect(voi(50, window)).toBe(1);
  });

  it("is a threshold at center - 0.5 for width 1", () => {
    const window = { center: 2048, width: 1, shape: "LINEAR" } as const;
    expect(voi(2047, window)).toBe(0);
    expect(voi(2048, window)).toBe(1);
  });
});

describe("LINEAR_EXACT", () => {
  it("ends at center - width / 2 and center + width / 2", () => {
    const window = { center: 0, width: 100, shape: "LINEAR_EXACT" } as const;
    expect(voi(-50, window)).toBe(0);
    expect(voi(-25, window)).toBe(0.25);
    expect(voi(0, window)).toBe(0.5);
    expect(voi(50, window)).toBe(1);
    expect(voi(51, window)).toBe(1);
  });
});

describe("SIGMOID", () => {
  it("is a half at the center and 1 / (1 + 1/e) a quarter of the width above it", () => {
    const window = { center: 2048, width: 4096, shape: "SIGMOID" } as const;
    expect(voi(2048, window)).toBe(0.5);
    expect(voi(3072, window)).toBeCloseTo(0.731058578630005, 12);
    expect(voi(1024, window)).toBeCloseTo(0.268941421369995, 12);
  });
});

describe("the table of greys", () => {
  const window = { center: 0, width: 100, shape: "LINEAR_EXACT" } as const;

  it("takes wire values to modality values by slope and offset first", () => {
    const table = greyTable(window, { slope: 2, offset: -1024 }, false);
    expect(table[487]).toBe(0); // 487 * 2 - 1024 = -50
    expect(table[512]).toBe(128); // 0: 127.5, to even
    expect(table[537]).toBe(255); // 50
    expect(table[65_535]).toBe(255);
  });

  it("shows the lowest value white for MONOCHROME1", () => {
    const plain = greyTable(window, { slope: 1, offset: -50 }, false);
    const inverted = greyTable(window, { slope: 1, offset: -50 }, true);
    expect([plain[0], plain[20], plain[100]]).toEqual([0, 51, 255]);
    expect([inverted[0], inverted[20], inverted[100]]).toEqual([255, 204, 0]);
  });

  it("survives a width of nothing", () => {
    const table = greyTable({ center: 10, width: 0, shape: "LINEAR" }, { slope: 1, offset: 0 }, false);
    expect([table[9], table[10]]).toEqual([0, 255]);
  });
});

it("widens to the right, raises the center downwards and never closes the window", () => {
  const window = { center: 100, width: 50, shape: "LINEAR" } as const;
  expect(draggedWindow(window, 0.1, 0, 1000)).toEqual({ ...window, width: 150 });
  expect(draggedWindow(window, 0, 0.1, 1000)).toEqual({ ...window, center: 200 });
  expect(draggedWindow(window, -1, 0, 1000).width).toBe(1);
});
