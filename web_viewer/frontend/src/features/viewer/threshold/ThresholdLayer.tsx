import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFindingTable } from "../../../lib/findingNames";
import { addWords } from "../../../lib/i18n";
import { en, ko } from "../../../lib/locales/threshold";
import type { Finding } from "../../../lib/model";
import { useOverlay } from "../../../lib/overlayStore";
import { type Cut, useThresholds } from "../../../lib/thresholdStore";
import type { Matrix } from "../geometry";
import { type SegmentStyle, segmentStyles } from "../overlayStyle";
import { EMPHASISED_WIDTH, OUTLINE_WIDTH } from "../renderer";
import { useMatrix } from "../ShapeLayer";
import type { Shown, Stage } from "../stage";
import viewer from "../viewer.module.css";
import { outlineOf } from "./isoline";
import style from "./threshold.module.css";

addWords({ en: { threshold: en }, ko: { threshold: ko } });

const AT_REST_MS = 700;

interface SeenCut {
  finding: Finding;
  cut: Cut;
}

interface LayerProps {
  stage: Stage;
  shown: Shown;
}

/** What readers cut out of findings' maps, dotted so that nothing of it is taken for an outline that is kept. */
export function ThresholdLayer({ stage, shown: { findings, table } }: LayerProps) {
  const matrix = useMatrix(stage);
  const cuts = useThresholds((state) => state.cuts);
  const { opacity, hidden, off, held, selected } = useOverlay();
  useEffect(() => {
    useThresholds.setState({ drawn: true });
    return () => useThresholds.setState({ drawn: false });
  }, []);
  const styles = segmentStyles(
    findings.map((finding) => ({ ...finding, presence: "present" as const })), // one that is cut is shown
    table,
    { opacity, hidden, allHidden: off || held, selected },
  );
  const seen = findings.flatMap((finding) => {
    const cut = cuts[finding.id];
    const bit = (table.find(({ label }) => label === finding.label)?.segment_number ?? 0) - 1;
    const look = styles.find((each) => each.bit === bit);
    return cut && look ? [{ finding, cut, look }] : [];
  });
  if (!matrix || seen.length === 0) return null;
  const { width, height } = stage.canvas;
  return (
    <>
      <svg className={viewer.shapes} viewBox={`0 0 ${width} ${height}`} aria-hidden>
        {seen.map(({ finding, cut, look }) => (
          <CutShape key={finding.id} cut={cut} look={look} matrix={matrix} />
        ))}
      </svg>
      <div className={style.notes} data-testid="threshold-notes">
        {seen.map(({ finding, cut }) => (
          <CutNote key={finding.id} finding={finding} cut={cut} />
        ))}
      </div>
      <Announcement seen={seen} />
    </>
  );
}

interface ShapeProps {
  cut: Cut;
  look: SegmentStyle;
  matrix: Matrix;
}

function CutShape({ cut, look, matrix }: ShapeProps) {
  const { map, beside } = cut;
  const { a, b, c, d, e, f } = matrix;
  const [sx, sy] = [map.column_scale, map.row_scale];
  const width = (look.emphasised ? EMPHASISED_WIDTH : OUTLINE_WIDTH) * devicePixelRatio;
  const color = `rgb(${look.color.join(" ")})`;
  return (
    <path
      d={outlineOf(cut)}
      data-testid="threshold-cut"
      transform={`matrix(${a * sx} ${b * sx} ${c * sy} ${d * sy} ${e} ${f})`}
      className={style.cut}
      fill={beside === null ? color : "none"}
      fillOpacity={look.fill}
      stroke={color}
      strokeOpacity={look.stroke}
      strokeWidth={width}
      strokeDasharray={`0.01 ${2.5 * width}`}
    />
  );
}

function CutNote({ finding, cut }: SeenCut) {
  const note = useNote();
  const { colorOf } = useFindingTable();
  return (
    <p>
      <i style={{ background: colorOf(finding.label) }} aria-hidden />
      {note({ finding, cut })}
    </p>
  );
}

/** Tells a screen reader what is drawn once nothing has moved for a moment: each step would drown the last. */
function Announcement({ seen }: { seen: readonly SeenCut[] }) {
  const note = useNote();
  const [said, setSaid] = useState("");
  const now = seen.map(note).join("; ");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(now), AT_REST_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <p role="status" className="visually-hidden" data-testid="threshold-announcement">
      {said}
    </p>
  );
}

/** Return what says of a cut that it is none of the model's own outlines. */
function useNote(): (seen: SeenCut) => string {
  const { t } = useTranslation();
  const { nameOf } = useFindingTable();
  return ({ finding, cut }) => {
    const { threshold, beside } = cut;
    const slots = { finding: nameOf(finding.label), value: threshold.toFixed(2), name: beside ?? "" };
    const note = t(beside === null ? "threshold.note" : "threshold.noteBeside", slots);
    return outlineOf(cut) === "" ? `${note} (${t("threshold.noteEmpty")})` : note;
  };
}
