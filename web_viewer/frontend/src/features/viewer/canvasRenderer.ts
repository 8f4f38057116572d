/** Drawing on Canvas2D through a look-up table: the fastest way where there is no real GPU. */

import { outlines } from "./contour";
import { matrixOf, type Rectangle, shownRectangle } from "./geometry";
import type { SegmentStyle } from "./overlayStyle";
import type { Pyramid } from "./pyramid";
import { DASH, EMPHASISED_WIDTH, OUTLINE_WIDTH, type RadiographRenderer, type Scene } from "./renderer";
import { shade, wordTable } from "./shade";

export class CanvasRenderer implements RadiographRenderer {
  readonly kind = "canvas2d";
  private readonly context: CanvasRenderingContext2D;
  private readonly plate = document.createElement("canvas");
  private pyramid: Pyramid | null = null;
  private paths: Path2D[] = [];
  private painted = ""; // which level and area the plate holds
  private table: Uint8ClampedArray | null = null;
  private words: Uint32Array = new Uint32Array(0);

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("This browser offers no Canvas2D.");
    this.context = context;
  }

  setRadiograph(pyramid: Pyramid): void {
    this.pyramid = pyramid;
    this.painted = "";
    this.paths = [];
  }

  setOverlay(mask: Uint8Array | null): void {
    this.paths = [];
    if (!mask || !this.pyramid) return;
    this.paths = outlines(mask, this.pyramid.level(0)).map(pathOf);
  }

  draw(scene: Scene): void {
    const { context, canvas, pyramid } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!pyramid) return;
    this.drawRadiograph(pyramid, scene);
    for (const segment of scene.segments) this.drawSegment(segment, scene);
  }

  private drawRadiograph(pyramid: Pyramid, { placement, table }: Scene): void {
    const { context, canvas } = this;
    const number = pyramid.numberFor(placement.scale);
    const level = pyramid.level(number);
    const step = 2 ** number;
    const whole = matrixOf(placement, canvas);
    const matrix = {
      ...whole,
      a: whole.a * step,
      b: whole.b * step,
      c: whole.c * step,
      d: whole.d * step,
    };
    const area = shownRectangle(matrix, level, canvas);
    if (area.right <= area.left || area.bottom <= area.top) return;
    this.paintPlate(pyramid, number, area, table);
    context.setTransform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "medium";
    const width = area.right - area.left;
    const height = area.bottom - area.top;
    context.drawImage(this.plate, 0, 0, width, height, area.left, area.top, width, height);
  }

  private paintPlate(pyramid: Pyramid, number: number, area: Rectangle, table: Uint8ClampedArray): void {
    const key = `${number}:${area.left}:${area.top}:${area.right}:${area.bottom}`;
    if (this.table === table && this.painted === key) return;
    if (this.table !== table) this.words = wordTable(table);
    this.table = table;
    this.painted = key;
    const width = area.right - area.left;
    const height = area.bottom - area.top;
    if (this.plate.width < width || this.plate.height < height) {
      this.plate.width = Math.max(this.plate.width, width);
      this.plate.height = Math.max(this.plate.height, height);
    }
    const picture = new ImageData(width, height);
    shade(pyramid.level(number), area, this.words, new Uint32Array(picture.data.buffer));
    this.plate.getContext("2d", { alpha: false })?.putImageData(picture, 0, 0);
  }

  private drawSegment(segment: SegmentStyle, { placement, pixelRatio }: Scene): void {
    const path = this.paths[segment.bit];
    if (!path) return;
    const { context, canvas } = this;
    const { a, b, c, d, e, f } = matrixOf(placement, canvas);
    const unit = pixelRatio / placement.scale; // one CSS pixel, in image pixels
    const color = `rgb(${segment.color.join(" ")})`;
    context.setTransform(a, b, c, d, e, f);
    context.globalAlpha = segment.fill;
    context.fillStyle = color;
    context.fill(path, "evenodd");
    context.globalAlpha = segment.stroke;
    context.strokeStyle = color;
    context.lineJoin = "round";
    context.lineWidth = (segment.emphasised ? EMPHASISED_WIDTH : OUTLINE_WIDTH) * unit;
    context.setLineDash(segment.dashed ? [DASH * unit, DASH * unit] : []);
    context.stroke(path);
    context.globalAlpha = 1;
  }

  dispose(): void {
    this.pyramid = null;
    this.paths = [];
    this.plate.width = 0;
    this.plate.height = 0;
  }
}

function pathOf(shapes: number[][]): Path2D {
  const path = new Path2D();
  for (const shape of shapes) {
    path.moveTo(shape[0] as number, shape[1] as number);
    for (let i = 2; i < shape.length; i += 2) path.lineTo(shape[i] as number, shape[i + 1] as number);
    path.closePath();
  }
  return path;
}
