import { useEffect, useState } from "react";
import type { RadiographHeader } from "../../lib/model";
import { useDrawing } from "./drawingStore";
import { applied, type Matrix, type Point } from "./geometry";
import { MeasurementShapes } from "./measurement/MeasurementShapes";
import type { Stage } from "./stage";
import style from "./viewer.module.css";
import { useViewport } from "./viewportStore";

interface LayerProps {
  stage: Stage;
  header: RadiographHeader;
  pixels: Uint16Array;
}

/** Lines over the radiograph, in the canvas's device pixels, moving with it. */
export function ShapeLayer({ stage, header, pixels }: LayerProps) {
  const matrix = useMatrix(stage);
  const region = useDrawing((state) => state.region);
  const tool = useViewport((state) => state.tool);
  if (!matrix) return null;
  const { width, height } = stage.canvas;
  return (
    <svg className={style.shapes} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      <MeasurementShapes stage={stage} matrix={matrix} header={header} pixels={pixels} />
      {region && <Region matrix={matrix} corners={region} />}
      {(tool === "brush" || tool === "eraser") && <BrushMark matrix={matrix} />}
      {tool === "polygon" && <OpenPolygon matrix={matrix} />}
    </svg>
  );
}

function Region({ matrix, corners }: { matrix: Matrix; corners: NonNullable<RegionCorners> }) {
  const one = applied(matrix, corners[0]);
  const other = applied(matrix, corners[1]);
  return (
    <rect
      className={style.region}
      x={Math.min(one.x, other.x)}
      y={Math.min(one.y, other.y)}
      width={Math.abs(one.x - other.x)}
      height={Math.abs(one.y - other.y)}
    />
  );
}

const textOf = (matrix: Matrix, points: readonly Point[]) =>
  points
    .map((point) => applied(matrix, point))
    .map(({ x, y }) => `${x},${y}`)
    .join(" ");

/** The stroke under way, and a ring of the brush's size under the pointer. */
function BrushMark({ matrix }: { matrix: Matrix }) {
  const { stroke, cursor, radius, color } = useDrawing();
  const scale = Math.hypot(matrix.a, matrix.b);
  const at = cursor && applied(matrix, cursor);
  return (
    <>
      {stroke && (
        <polyline
          className={style.stroke}
          points={textOf(
            matrix,
            stroke.points.length > 1 ? stroke.points : [...stroke.points, ...stroke.points],
          )}
          stroke={stroke.inside ? color : "#fff"}
          strokeWidth={2 * stroke.radius * scale}
        />
      )}
      {at && <circle className={style.ring} cx={at.x} cy={at.y} r={radius * scale} />}
    </>
  );
}

function OpenPolygon({ matrix }: { matrix: Matrix }) {
  const { polygon, cursor, color } = useDrawing();
  const first = polygon[0];
  if (!first) return null;
  const { x, y } = applied(matrix, first);
  return (
    <>
      <polyline
        className={style.openPolygon}
        points={textOf(matrix, cursor ? [...polygon, cursor] : polygon)}
        stroke={color}
      />
      <circle className={style.ring} cx={x} cy={y} r={5 * devicePixelRatio} />
    </>
  );
}

type RegionCorners = ReturnType<typeof useDrawing.getState>["region"];

/** Return where image points lie, anew after each drawing that moved them. */
export function useMatrix(stage: Stage): Matrix | null {
  const [matrix, setMatrix] = useState(() => stage.matrix());
  useEffect(() => {
    const follow = () =>
      setMatrix((before) => {
        const now = stage.matrix();
        return before && now && same(before, now) ? before : now;
      });
    follow();
    return stage.watch(follow);
  }, [stage]);
  return matrix;
}

const same = (one: Matrix, other: Matrix): boolean =>
  one.a === other.a &&
  one.b === other.b &&
  one.c === other.c &&
  one.d === other.d &&
  one.e === other.e &&
  one.f === other.f;
