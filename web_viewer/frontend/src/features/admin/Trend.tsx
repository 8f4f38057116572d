import style from "./admin.module.css";

const WIDTH = 300;
const HEIGHT = 56;

interface TrendProps {
  title: string;
  note: string;
  values: readonly number[]; // oldest first, evenly spaced
  now: number;
}

/** One figure, large, and how it went: the area under a line, from 0. */
export function Trend({ title, note, values, now }: TrendProps) {
  const top = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, index) => `${index * step},${HEIGHT - (value / top) * (HEIGHT - 2)}`);
  return (
    <figure className={style.trend} data-testid="trend">
      <figcaption>
        {title}
        <b>{now.toLocaleString()}</b>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}, ${note}`}
      >
        {points.length > 1 && (
          <>
            <polygon points={`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
            <polyline points={points.join(" ")} />
          </>
        )}
      </svg>
      <small>{note}</small>
    </figure>
  );
}
