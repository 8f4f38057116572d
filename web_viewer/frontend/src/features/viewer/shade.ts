/** Wire values to opaque grey RGBA bytes. */

import type { Rectangle } from "./geometry";
import type { Level } from "./pyramid";

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Return one 32-bit word per wire value, ready to be written into RGBA bytes. */
export function wordTable(table: Uint8ClampedArray): Uint32Array {
  const words = new Uint32Array(table.length);
  for (let i = 0; i < table.length; i++) {
    const grey = table[i] as number;
    words[i] = LITTLE_ENDIAN
      ? (0xff << 24) | (grey << 16) | (grey << 8) | grey
      : (grey << 24) | (grey << 16) | (grey << 8) | 0xff;
  }
  return words;
}

/** Fill `target` (one word a pixel) with the greys of `area` of `level`, row by row. */
export function shade(level: Level, area: Rectangle, words: Uint32Array, target: Uint32Array): void {
  const { values, width } = level;
  let out = 0;
  for (let y = area.top; y < area.bottom; y++) {
    const end = y * width + area.right;
    for (let at = y * width + area.left; at < end; at++) {
      target[out++] = words[values[at] as number] as number;
    }
  }
}
