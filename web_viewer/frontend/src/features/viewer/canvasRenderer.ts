/** Drawing on Canvas2D through a look-up table: the fastest way where there is no real GPU. */

import { type Outline, outlines } from "./contour";
import { matrixOf, type Rectangle, shownRectangle } from "./geometry";
import type { SegmentStyle } from "./overlayStyle";
import type { Level, Pyramid } from "./pyramid";
import { DASH, EMPHASISED_WIDTH, OUTLINE_WIDTH, type RadiographRenderer, type Scene } from "./renderer";
import { shade, wordTable } from "./shade";
import { simplified } from "./simplify";

export class CanvasRenderer implements RadiographRenderer {
  readonly kind = "canvas2d";
  private readonly context: CanvasRenderingContext2D;
  private readonly plate = document.createElement("canvas");
  private pyramid: Pyramid | null = null;
  private shapes: Outline[][] = []; // by bit
  private readonly paths = new Map<number, Path2D[]>(); // by bit, for each level of the radiograph
  private picture: ImageData | null = null; // what the plate was painted with
  private painted: { level: Level; area: string } | null = null; // what the plate holds
  private table: Uint8ClampedArray | null = null;
  private words: Uint32Array = new Uint32Array(0);

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("This browser offers no Canvas2D.");
    this.context = context;
  }

  setRadiograph(pyramid: Pyramid): void {
    this.pyramid = pyramid;
    this.painted = null;
    this.setOverlay(null);
  }

  setOverlay(mask: Uint8Array | null): void {
    this.paths.clear();
    this.shapes = mask && this.pyramid ? outlines(mask, this.pyramid.size) : [];
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
    this.paintPlate(level, area, table);
    context.setTransform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "low"; // linear: the level is never drawn at less than half its size
    const width = area.right - area.left;
    const height = area.bottom - area.top;
    context.drawImage(this.plate, 0, 0, width, height, area.left, area.top, width, height);
  }

  private paintPlate(level: Level, area: Rectangle, table: Uint8ClampedArray): void {
    const key = `${area.left}:${area.top}:${area.right}:${area.bottom}`;
    if (this.table === table && this.painted?.level === level && this.painted.area === key) return;
    if (this.table !== table) this.words = wordTable(table);
    this.table = table;
    this.painted = { level, area: key };
    const width = area.right - area.left;
    const height = area.bottom - area.top;
    if (this.plate.width < width || this.plate.height < height) {
      this.plate.width = Math.max(this.plate.width, width);
      this.plate.height = Math.max(this.plate.height, height);
    }
    if (this.picture?.width !== width || this.picture.height !== height) {
      this.picture = new ImageData(width, height);
    }
    const { picture } = this;
    shade(level, area, this.words, new Uint32Array(picture.data.buffer));
    this.plate.getContext("2d", { alpha: false })?.putImageData(picture, 0, 0);
  }

  /** Return the outlines to be drawn at a magnification: whole, or without what is below half a device pixel. */
  private pathsFor(scale: number): Path2D[] {
    const level = scale >= 1 ? 0 : Math.ceil(Math.log2(1 / scale));
    const known = this.paths.get(level);
    if (known) return known;
    const tolerance = level === 0 ? 0 : 2 ** (level - 2);
    const made = this.shapes.map((shapes) =>
      pathOf(tolerance ? shapes.map((shape) => simplified(shape, tolerance)) : shapes),
    );
    this.paths.set(level, made);
    return made;
  }

  private drawSegment(segment: SegmentStyle, { placement, pixelRatio }: Scene): void {
    const path = this.pathsFor(placement.scale)[segment.bit];
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
    this.painted = null;
    this.picture = null;
    this.setOverlay(null);
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
