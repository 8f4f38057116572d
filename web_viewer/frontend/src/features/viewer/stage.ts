/** Everything between the reader's choices and a drawn canvas: one radiograph, one renderer. */

import type { Finding, FindingDefinition, RadiographHeader } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { isReplaced, replacementOf, useThresholds } from "../../lib/thresholdStore";
import {
  applied,
  fitted,
  imagePoint,
  linked,
  type Matrix,
  matrixOf,
  type Placement,
  type Point,
  type Size,
  snapped,
} from "./geometry";
import { greyTable, type Window } from "./grayscale";
import { segmentStyles } from "./overlayStyle";
import { findingAt } from "./picking";
import { Pyramid } from "./pyramid";
import type { RadiographRenderer, Scene } from "./renderer";
import { useViewport } from "./viewportStore";

export interface Shown {
  header: RadiographHeader;
  mask: Uint8Array | null;
  findings: readonly Finding[];
  table: readonly FindingDefinition[];
}

/** A radiograph's wire values, as far as they are here. */
export interface Pixels {
  whole: Uint16Array | null;
  half: Uint16Array | null; // at half the size
}

export const headerWindow = (header: RadiographHeader): Window => ({
  center: header.window_center,
  width: header.window_width,
  shape: header.voi_function,
});

/** Return what of the overlay the reader wants to see. */
function overlayChoice() {
  const { opacity, hidden, off, held, selected } = useOverlay.getState();
  return { opacity, hidden, allHidden: off || held, selected };
}

export class Stage {
  private shown: Shown | null = null;
  private mask: Uint8Array | null = null; // that the renderer holds
  private frame = 0;
  private greys: { key: string; table: Uint8ClampedArray } | null = null;
  private readonly unsubscribe: (() => void)[];
  private readonly watchers = new Set<(scene: Scene) => void>();
  pyramid: Pyramid | null = null;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly renderer: RadiographRenderer,
    /** The size of the image that this one is shown beside, whose placement it follows; null: it leads. */
    private readonly leader: Size | null = null,
  ) {
    this.unsubscribe = [
      useViewport.subscribe(() => this.ask()),
      useOverlay.subscribe((now, before) => {
        if (now.selected !== before.selected) this.reveal(now.selected);
        this.ask();
      }),
      useThresholds.subscribe((now, before) => {
        const [cut, was] = [now, before].map(({ cuts, drawn }) => `${drawn}${Object.keys(cuts)}`);
        if (cut !== was) this.ask(); // a threshold that moves is drawn over the radiograph
      }),
    ];
  }

  /** Show a radiograph by all its pixels, or at first by those at half its size. */
  show(shown: Shown, { whole, half }: Pixels): void {
    const { columns: width, rows: height } = shown.header;
    if (whole && this.pyramid && this.isShowing(shown.header)) {
      this.pyramid.complete(whole); // what is on the screen stays where it is
      this.restyle(shown);
      return;
    }
    if (whole) this.pyramid = Pyramid.of({ width, height, values: whole });
    else if (half) this.pyramid = Pyramid.ofHalf({ width, height }, half);
    else return;
    this.renderer.setRadiograph(this.pyramid);
    this.greys = null;
    this.mask = null;
    this.restyle(shown);
  }

  /** Take new findings, or a new mask, of the radiograph that is shown. */
  restyle(shown: Shown): void {
    this.shown = shown;
    if (this.mask !== shown.mask) this.renderer.setOverlay(shown.mask);
    this.mask = shown.mask;
    this.ask();
  }

  resize(width: number, height: number): void {
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.draw();
  }

  placement(): Placement | null {
    if (!this.shown) return null;
    const own = this.size(this.shown);
    const { placement, turns, flipped } = useViewport.getState();
    if (!placement) return fitted(own, this.canvas, turns, flipped);
    return this.leader ? linked(placement, this.leader, own, this.canvas) : placement;
  }

  /** Have the image lie as `placement` says, and what is shown beside it likewise. */
  place(placement: Placement): void {
    if (!this.shown) return;
    const own = this.size(this.shown);
    const told = this.leader ? linked(placement, own, this.leader, this.canvas) : placement;
    useViewport.getState().place(told);
  }

  private size({ header }: Shown): Size {
    return { width: header.columns, height: header.rows };
  }

  window(): Window | null {
    return this.shown ? (useViewport.getState().window ?? headerWindow(this.shown.header)) : null;
  }

  /** Return how image points come to lie on the canvas, in device pixels. */
  matrix(): Matrix | null {
    const placement = this.placement();
    return placement && matrixOf(snapped(placement, this.canvas), this.canvas);
  }

  /** Return the image point under a point of the canvas, outside the radiograph too. */
  imageAt(at: Point): Point | null {
    const placement = this.placement();
    return placement && imagePoint(snapped(placement, this.canvas), this.canvas, at);
  }

  /** Return the image point under a point of the canvas; null outside the radiograph. */
  pointAt(at: Point): Point | null {
    const point = this.imageAt(at);
    if (!point || !this.shown) return null;
    const { columns, rows } = this.shown.header;
    return point.x >= 0 && point.y >= 0 && point.x < columns && point.y < rows ? point : null;
  }

  /** Return the finding that is drawn under a point of the canvas. */
  findingAt(at: Point): Finding | null {
    const point = this.pointAt(at);
    if (!point || !this.shown) return null;
    return findingAt(point, this.shown, overlayChoice(), replacementOf);
  }

  isShowing(header: RadiographHeader): boolean {
    return this.shown?.header === header;
  }

  /** Whether all pixels are here. */
  get isWhole(): boolean {
    return this.pyramid?.isWhole ?? false;
  }

  /** Bring a finding into view where the reader has zoomed past it. */
  reveal(findingId: string | null): void {
    const box = this.shown?.findings.find((finding) => finding.id === findingId)?.box;
    const placement = this.placement();
    if (!box || !placement) return;
    const center = { x: box.left + box.width / 2, y: box.top + box.height / 2 };
    const at = applied(matrixOf(placement, this.canvas), center);
    const { width, height } = this.canvas;
    if (at.x < 0 || at.y < 0 || at.x > width || at.y > height) {
      this.place({ ...placement, center });
    }
  }

  /** Have `tell` called after each drawing until the returned function is called. */
  watch(tell: (scene: Scene) => void): () => void {
    this.watchers.add(tell);
    return () => this.watchers.delete(tell);
  }

  /** Draw before the next frame. */
  ask(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private draw(): void {
    const placement = this.placement();
    if (!this.shown || !placement || this.canvas.width === 0) return;
    const choice = { ...overlayChoice(), replaced: isReplaced };
    const scene: Scene = {
      placement: snapped(placement, this.canvas),
      table: this.currentGreys(this.shown.header),
      segments: segmentStyles(this.shown.findings, this.shown.table, choice),
      pixelRatio: devicePixelRatio,
    };
    this.renderer.draw(scene);
    for (const tell of this.watchers) tell(scene);
  }

  private currentGreys(header: RadiographHeader): Uint8ClampedArray {
    const window = this.window() ?? headerWindow(header);
    const inverted = header.inverted !== useViewport.getState().negative;
    const key = `${window.center}:${window.width}:${window.shape}:${inverted}`;
    if (this.greys?.key !== key) this.greys = { key, table: greyTable(window, header, inverted) };
    return this.greys.table;
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.unsubscribe) stop();
    this.renderer.dispose();
  }
}
