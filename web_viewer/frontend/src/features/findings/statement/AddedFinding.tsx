import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFindingTable } from "../../../lib/findingNames";
import type { Finding } from "../../../lib/model";
import { StatementEditor } from "./StatementEditor";
import style from "./statement.module.css";

interface AddedProps {
  studyUid: string;
  absent: readonly Finding[]; // at least one
  onClose: (findingId: string) => void;
}

/** States that a finding is there which the model did not see; it may be drawn afterwards. */
export function AddedFinding({ studyUid, absent, onClose }: AddedProps) {
  const { t } = useTranslation();
  const { nameOf, isCritical } = useFindingTable();
  const id = useId();
  const [chosen, setChosen] = useState(() => absent.find((one) => isCritical(one.label)) ?? absent[0]);
  if (!chosen) return null;
  const finding = absent.find((one) => one.id === chosen.id) ?? chosen; // seen by now, as its reader said
  const offered = absent.includes(finding) ? absent : [finding, ...absent];
  return (
    <StatementEditor
      studyUid={studyUid}
      finding={finding}
      title={t("statement.addTitle")}
      adds
      onClose={() => onClose(finding.id)}
    >
      <label htmlFor={id} className={style.name}>
        {t("statement.finding")}
      </label>
      <select
        id={id}
        className={style.field}
        // biome-ignore lint/a11y/noAutofocus: the reader has just opened this editor
        autoFocus
        value={finding.label}
        data-testid="statement-finding"
        onChange={(event) => setChosen(absent.find((one) => one.label === event.target.value))}
      >
        {offered.map((one) => (
          <option key={one.id} value={one.label}>
            {nameOf(one.label)}
          </option>
        ))}
      </select>
    </StatementEditor>
  );
}
