import { describe, expect, it } from "vitest";
import { voi } from "./grayscale";
import { rectangleBetween, windowOfRegion } from "./regionWindow";

const header = { columns: 20, slope: 2, offset: -100, voi_function: "LINEAR" } as const;
const pixels = new Uint16Array(400).map((_, at) => at);

describe("the window of a region", () => {
  it("shows the region's own values from black to white, in modality values", () => {
    const window = windowOfRegion(pixels, header, { left: 0, top: 5, right: 20, bottom: 15 });
    if (!window) throw new Error("there is a window");
    const low = 102 * 2 - 100; // two of two hundred values are left out at each end
    const high = 298 * 2 - 100;
    expect(voi(low, window)).toBe(0);
    expect(voi(high, window)).toBeCloseTo(1, 9);
    expect(voi((low + high) / 2, window)).toBeCloseTo(0.5, 9);
  });

  it("is none for a click that moved a hair", () => {
    expect(windowOfRegion(pixels, header, { left: 4, top: 4, right: 6, bottom: 19 })).toBeNull();
  });

  it("is drawn from any corner and ends at the image's edge", () => {
    const size = { width: 20, height: 20 };
    expect(rectangleBetween({ x: 30, y: 8.6 }, { x: 3.2, y: -7 }, size)).toEqual({
      left: 3,
      top: 0,
      right: 20,
      bottom: 9,
    });
  });
});
