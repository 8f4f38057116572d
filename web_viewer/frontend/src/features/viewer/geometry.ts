/** Where the radiograph lies on the canvas. All screen lengths are device pixels, all image lengths image pixels. */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export type QuarterTurns = 0 | 1 | 2 | 3;

export interface Placement {
  scale: number; // device pixels per image pixel
  center: Point; // the image point in the middle of the canvas
  turns: QuarterTurns; // clockwise
  flipped: boolean; // left for right, before turning
}

/** screen = (a x + c y + e, b x + d y + f), the order of CanvasRenderingContext2D.setTransform. */
export interface Matrix {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

const MARGIN = 0.985; // leave a hair of background around a fitted image
const MOST_SCALE = 32;
const LEAST_SCALE = 0.02;
const COS = [1, 0, -1, 0] as const;
const SIN = [0, 1, 0, -1] as const;

export function fitted(
  image: Size,
  canvas: Size,
  turns: QuarterTurns = 0,
  flipped: boolean = false,
): Placement {
  const lying = turns % 2 === 1;
  const width = lying ? image.height : image.width;
  const height = lying ? image.width : image.height;
  const scale = Math.min(canvas.width / width, canvas.height / height) * MARGIN;
  return { scale, center: { x: image.width / 2, y: image.height / 2 }, turns, flipped };
}

export function matrixOf({ scale, center, turns, flipped }: Placement, canvas: Size): Matrix {
  const side = flipped ? -1 : 1;
  const a = scale * COS[turns] * side;
  const b = scale * SIN[turns] * side;
  const c = -scale * SIN[turns];
  const d = scale * COS[turns];
  return {
    a,
    b,
    c,
    d,
    e: canvas.width / 2 - (a * center.x + c * center.y),
    f: canvas.height / 2 - (b * center.x + d * center.y),
  };
}

/**
 * Return the placement moved by less than a pixel so that, at a whole magnification, image pixels lie on device
 * pixels: a radiograph at 1:1 is then shown value by value, not between values.
 */
export function snapped(placement: Placement, canvas: Size): Placement {
  if (!Number.isInteger(placement.scale)) return placement;
  const { e, f } = matrixOf(placement, canvas);
  return panned(placement, canvas, Math.round(e) - e, Math.round(f) - f);
}

export function inverted({ a, b, c, d, e, f }: Matrix): Matrix {
  const determinant = a * d - b * c;
  return {
    a: d / determinant,
    b: -b / determinant,
    c: -c / determinant,
    d: a / determinant,
    e: (c * f - d * e) / determinant,
    f: (b * e - a * f) / determinant,
  };
}

export const applied = (m: Matrix, { x, y }: Point): Point => ({
  x: m.a * x + m.c * y + m.e,
  y: m.b * x + m.d * y + m.f,
});

/** Return the image point under a screen point. */
export const imagePoint = (placement: Placement, canvas: Size, at: Point): Point =>
  applied(inverted(matrixOf(placement, canvas)), at);

/** Return the placement moved so that the image follows the pointer by (dx, dy) on the screen. */
export function panned(placement: Placement, canvas: Size, dx: number, dy: number): Placement {
  const middle = { x: canvas.width / 2 - dx, y: canvas.height / 2 - dy };
  return { ...placement, center: imagePoint(placement, canvas, middle) };
}

/** Return the placement magnified by `factor`, the image point under `at` staying where it is. */
export function zoomedAt(placement: Placement, canvas: Size, at: Point, factor: number): Placement {
  const scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, placement.scale * factor));
  const held = imagePoint(placement, canvas, at);
  const grown = { ...placement, scale };
  const lands = applied(matrixOf(grown, canvas), held);
  return panned(grown, canvas, at.x - lands.x, at.y - lands.y);
}

export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Return the whole pixels of an image of size `image` that the canvas shows, one pixel of rim included. */
export function shownRectangle(matrix: Matrix, image: Size, canvas: Size): Rectangle {
  const back = inverted(matrix);
  const corners = [
    applied(back, { x: 0, y: 0 }),
    applied(back, { x: canvas.width, y: 0 }),
    applied(back, { x: 0, y: canvas.height }),
    applied(back, { x: canvas.width, y: canvas.height }),
  ];
  const xs = corners.map((p) => p.x);
  const ys = corners.map((p) => p.y);
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return {
    left: within(Math.floor(Math.min(...xs)) - 1, image.width),
    top: within(Math.floor(Math.min(...ys)) - 1, image.height),
    right: within(Math.ceil(Math.max(...xs)) + 1, image.width),
    bottom: within(Math.ceil(Math.max(...ys)) + 1, image.height),
  };
}

/**
 * Return where an image lies that is shown beside another: magnified as much above its own fit, with the same
 * share of it in the middle.
 */
export function linked(placement: Placement, from: Size, to: Size, canvas: Size): Placement {
  const { turns, flipped, center, scale } = placement;
  const ratio = fitted(to, canvas, turns, flipped).scale / fitted(from, canvas, turns, flipped).scale;
  return {
    ...placement,
    scale: scale * ratio,
    center: { x: (center.x / from.width) * to.width, y: (center.y / from.height) * to.height },
  };
}
