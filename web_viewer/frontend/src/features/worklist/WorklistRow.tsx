import { memo } from "react";
import { Link } from "../../components/Link";
import { StateMark } from "../../components/StateMark";
import type { FindingTable } from "../../lib/findingNames";
import { useWords } from "../../lib/i18n";
import { navigate, viewerAddress } from "../../lib/location";
import type { StudyState, WorklistItem } from "../../lib/model";
import { patientAge, personName, studyMoment } from "../../lib/patient";
import { agoText, clockText, secondsText } from "../../lib/quantity";
import { sexText } from "../../lib/wording";
import { AlertMark } from "./AlertMark";
import { DeliveryMark } from "./DeliveryMark";
import { FindingChips } from "./FindingChips";
import { isUrgent } from "./order";
import { ReaderCell } from "./ReaderCell";
import { Setback } from "./Setback";
import style from "./worklist.module.css";

interface RowProps {
  item: WorklistItem;
  now: number;
  index: number; // in the list
  measure: ((row: HTMLElement | null) => void) | null;
  onGlance: (studyUid: string | null) => void; // null: away again
  table: FindingTable; // looked up once for all rows
}

export const WorklistRow = memo(function WorklistRow(row: RowProps) {
  const { item, now, index, measure, onGlance, table } = row;
  const { t, language } = useWords();
  const { summary } = item;
  const address = viewerAddress(item.study_uid);
  const age = patientAge(summary);
  const sex = sexText(t, summary.patient_sex);
  const person = [summary.patient_id, sex, age && t(`age.${age.unit}`, { count: age.count })];
  return (
    <tr
      ref={measure}
      data-index={index}
      className={style.row}
      data-testid="worklist-row"
      data-study-uid={item.study_uid}
      data-state={item.state}
      data-urgent={isUrgent(item)}
      onClick={(event) => {
        if (!(event.target as Element).closest("a, button")) navigate(address);
      }}
      onPointerEnter={() => onGlance(item.study_uid)}
      onPointerLeave={() => onGlance(null)}
    >
      <td className={style.oneLine}>
        <Link to={address} className={style.name} data-row-link>
          {personName(summary.patient_name, language) || t("worklist.noName")}
        </Link>
        <small>{person.filter(Boolean).join(" · ")}</small>
      </td>
      <td>
        <span>{summary.study_description || summary.body_part || summary.modality || "–"}</span>
        <small>
          {[studyMoment(summary.study_date, summary.study_time), summary.accession_number]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </td>
      <td>
        <FindingChips findings={item.findings} read={READ.includes(item.state)} table={table} />
        {item.alert && <AlertMark alert={item.alert} now={now} />}
        {hasSetback(item) && <Setback key={item.version} item={item} />}
      </td>
      <td>
        <StateMark state={item.state} />
      </td>
      <td>
        <ReaderCell item={item} now={now} />
      </td>
      <td className={style.number}>
        {item.seconds_to_draft === null ? (
          <span className={style.quiet}>–</span>
        ) : (
          secondsText(item.seconds_to_draft)
        )}
      </td>
      <td>
        <DeliveryMark deliveries={item.deliveries} />
      </td>
      <td className={style.quiet}>
        <time dateTime={item.received_at} title={clockText(item.received_at)}>
          {agoText(item.received_at, now, language)}
        </time>
      </td>
    </tr>
  );
});

const hasSetback = ({ state, unread }: WorklistItem) =>
  state === "skipped" || state === "failed" || unread.length > 0;

const READ: readonly StudyState[] = ["segmented", "drafting", "drafted", "signed"];
