import { type PointerEvent, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Annotation, RadiographHeader } from "../../../lib/model";
import { useDrawing } from "../drawingStore";
import { applied, type Matrix, type Point } from "../geometry";
import type { Stage } from "../stage";
import { linesOf } from "./figures";
import style from "./measurement.module.css";
import { useMeasuring } from "./measurementStore";
import { wordsOf } from "./words";

interface ShapesProps {
  stage: Stage;
  matrix: Matrix;
  header: RadiographHeader;
  pixels: Uint16Array;
}

/** The measurements over the radiograph, with handles for those that may still be changed. */
export function MeasurementShapes({ stage, matrix, header, pixels }: ShapesProps) {
  const { items, draft, selected, locked } = useMeasuring();
  const cursor = useDrawing((state) => (draft?.points.length === 3 ? state.cursor : null));
  const following =
    draft?.points.length === 3 && cursor
      ? { ...draft, points: [...draft.points.slice(0, 2), [cursor.x, cursor.y] as [number, number]] }
      : draft;
  return (
    <g>
      {[...items, ...(following ? [following] : [])].map((item) => (
        <Shape
          key={item.id}
          item={item}
          stage={stage}
          matrix={matrix}
          header={header}
          pixels={pixels}
          selected={item.id === selected}
          fixed={locked || item === following}
        />
      ))}
    </g>
  );
}

interface ShapeProps extends ShapesProps {
  item: Annotation;
  selected: boolean;
  fixed: boolean;
}

function Shape({ item, stage, matrix, header, pixels, selected, fixed }: ShapeProps) {
  const { t } = useTranslation();
  const { change, select } = useMeasuring.getState();
  const held = useRef<number | null>(null);
  const spots = item.points.map(([x, y]) => applied(matrix, { x, y }));
  const ratio = devicePixelRatio;
  const lines = useMemo(() => linesOf(item, header, pixels, wordsOf(t)), [item, header, pixels, t]);
  const widest = Math.max(0, ...lines.map((line) => line.length)) * LETTER * ratio;
  const label = labelPlace(item, spots, stage.canvas.width, widest + 12 * ratio);
  const textX = label.x + (label.before ? -10 : 10) * ratio;
  const move = (event: PointerEvent) => {
    if (held.current === null) return;
    const box = stage.canvas.getBoundingClientRect();
    const scale = stage.canvas.width / box.width;
    const at = stage.imageAt({ x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale });
    if (!at) return;
    const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
    const spot: [number, number] = [within(at.x, header.columns), within(at.y, header.rows)];
    change({ ...item, points: item.points.map((point, index) => (index === held.current ? spot : point)) });
  };
  return (
    <g className={style.shape} data-selected={selected} data-testid={`measurement-${item.kind}`}>
      <Outline kind={item.kind} spots={spots} />
      <text
        className={style.label}
        x={textX}
        y={label.y}
        fontSize={13 * ratio}
        textAnchor={label.before ? "end" : "start"}
      >
        {lines.map((line, index) => (
          <tspan key={line} x={textX} dy={index === 0 ? 0 : 16 * ratio}>
            {line}
          </tspan>
        ))}
      </text>
      {!fixed &&
        spots.map((spot, index) => (
          <circle
            // biome-ignore lint/suspicious/noArrayIndexKey: a handle is its place among the points
            key={index}
            className={style.handle}
            cx={spot.x}
            cy={spot.y}
            r={6 * ratio}
            onPointerDown={(event) => {
              held.current = index;
              select(item.id);
              event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={move}
            onPointerUp={() => {
              held.current = null;
            }}
          />
        ))}
    </g>
  );
}

const LETTER = 7.4; // CSS pixels that a letter of a label takes, at most

/**
 * Beside the last point; beside the upper right corner of what surrounds something. Where `canvas` ends before
 * `label` does (both are lengths): before the shape, or at the canvas's end where there is no room either.
 */
function labelPlace(
  { kind }: Annotation,
  spots: readonly Point[],
  canvas: number,
  label: number,
): Point & { before: boolean } {
  const xs = spots.map(({ x }) => x);
  const around = kind === "rectangle" || kind === "ellipse";
  const at = spots.at(-1) as Point;
  const x = around ? Math.max(...xs) : at.x;
  const y = around ? Math.min(...spots.map((spot) => spot.y)) : at.y;
  if (x + label <= canvas) return { x, y, before: false };
  const first = Math.min(...xs);
  return first >= label ? { x: first, y, before: true } : { x: canvas - label, y, before: false };
}

function Outline({ kind, spots }: { kind: Annotation["kind"]; spots: readonly Point[] }) {
  const [one, other] = spots as [Point, Point];
  if (kind === "text") return <circle cx={one.x} cy={one.y} r={2 * devicePixelRatio} />;
  if (kind === "ellipse" || kind === "rectangle") {
    const x = Math.min(one.x, other.x);
    const y = Math.min(one.y, other.y);
    const width = Math.abs(one.x - other.x);
    const height = Math.abs(one.y - other.y);
    return kind === "rectangle" ? (
      <rect x={x} y={y} width={width} height={height} />
    ) : (
      <ellipse cx={x + width / 2} cy={y + height / 2} rx={width / 2} ry={height / 2} />
    );
  }
  const points = spots.map(({ x, y }) => `${x},${y}`).join(" ");
  return (
    <>
      <polyline points={points} />
      {kind === "arrow" && <polyline points={headOf(one, other)} />}
    </>
  );
}

function headOf(from: Point, to: Point): string {
  const back = Math.atan2(from.y - to.y, from.x - to.x);
  const [one, other] = [-0.45, 0.45].map((turn) => ({
    x: to.x + 14 * devicePixelRatio * Math.cos(back + turn),
    y: to.y + 14 * devicePixelRatio * Math.sin(back + turn),
  })) as [Point, Point];
  return `${one.x},${one.y} ${to.x},${to.y} ${other.x},${other.y}`;
}
