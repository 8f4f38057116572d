import { useEffect, useState } from "react";
import { useDrawing } from "./drawingStore";
import { applied, type Matrix } from "./geometry";
import type { Stage } from "./stage";
import style from "./viewer.module.css";

/** Lines over the radiograph, in the canvas's device pixels, moving with it. */
export function ShapeLayer({ stage }: { stage: Stage }) {
  const matrix = useMatrix(stage);
  const region = useDrawing((state) => state.region);
  if (!matrix) return null;
  const { width, height } = stage.canvas;
  return (
    <svg className={style.shapes} viewBox={`0 0 ${width} ${height}`} aria-hidden>
      {region && <Region matrix={matrix} corners={region} />}
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
