import { expect, it } from "vitest";
import { greyTable } from "./grayscale";
import { shade, wordTable } from "./shade";

it("paints the wanted area as opaque grey through the table", () => {
  const table = greyTable({ center: 50, width: 100, shape: "LINEAR_EXACT" }, { slope: 1, offset: 0 }, true);
  const level = { width: 3, height: 2, values: new Uint16Array([0, 20, 100, 40, 60, 500]) };
  const bytes = new Uint8Array(4 * 4);
  shade(level, { left: 1, top: 0, right: 3, bottom: 2 }, wordTable(table), new Uint32Array(bytes.buffer));
  expect([...bytes]).toEqual([204, 204, 204, 255, 0, 0, 0, 255, 102, 102, 102, 255, 0, 0, 0, 255]);
});
