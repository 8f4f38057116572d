import { ListChecks, Plus } from "lucide-react";
import { lazy } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import { Later } from "../../components/Later";
import { useCorrection } from "../../lib/correctionStore";
import { useFindingTable } from "../../lib/findingNames";
import type { Finding } from "../../lib/model";
import { midSentence } from "../../lib/wording";
import { type Editing, NEW } from "./editing";
import style from "./findings.module.css";
import { StatedLine } from "./StatedLine";

const fetchAdded = () => import("./statement/AddedFinding");
const AddedFinding = lazy(() => fetchAdded().then((module) => ({ default: module.AddedFinding })));
const StatementEditor = lazy(() =>
  import("./statement/StatementEditor").then((module) => ({ default: module.StatementEditor })),
);

interface AbsentProps {
  studyUid: string;
  absent: readonly Finding[];
  signed: boolean;
  editing: Editing;
}

/** What the model looked for and did not see; a reader who sees it states or draws it. */
export function AbsentFindings({ studyUid, absent, signed, editing }: AbsentProps) {
  const { t } = useTranslation();
  const { nameOf } = useFindingTable();
  const denied = absent.filter((finding) => finding.stated);
  const silent = absent.filter((finding) => !finding.stated);
  return (
    <div className={style.absent}>
      <span>{t("findings.absent")}: </span>
      <ul>
        {silent.map(({ id, label }, at) => (
          <li key={id} data-testid={`finding-absent-${label}`}>
            <AbsentName id={id} name={nameOf(label)} label={label} signed={signed} />
            {at < silent.length - 1 && ", "}
          </li>
        ))}
      </ul>
      {denied.map((finding) => (
        <div key={finding.id} className={style.denied}>
          <span>
            {nameOf(finding.label)} <StatedLine finding={finding} />
          </span>
          <IconButton
            label={t("findings.edit", { finding: nameOf(finding.label) })}
            data-testid={`finding-edit-${finding.label}`}
            data-edit={finding.id}
            disabled={signed}
            aria-expanded={editing.what === finding.id}
            onClick={() => editing.turn(finding.id)}
          >
            <ListChecks size={16} aria-hidden />
          </IconButton>
          {editing.what === finding.id && !signed && (
            <Later>
              <StatementEditor
                studyUid={studyUid}
                finding={finding}
                title={t("findings.edit", { finding: nameOf(finding.label) })}
                onClose={() => editing.close(finding.id)}
              />
            </Later>
          )}
        </div>
      ))}
      <p>{t("findings.notAssessed")}</p>
      {!signed && (
        <Button
          small
          look="quiet"
          className={style.add}
          aria-expanded={editing.what === NEW}
          data-edit={NEW}
          data-testid="finding-add"
          onPointerEnter={() => void fetchAdded().catch(() => undefined)}
          onClick={() => editing.turn(NEW)}
        >
          <Plus size={15} aria-hidden />
          {t("findings.add")}
        </Button>
      )}
      {editing.what === NEW && !signed && (
        <Later>
          <AddedFinding studyUid={studyUid} absent={absent} onClose={(id) => editing.close(id)} />
        </Later>
      )}
    </div>
  );
}

interface NameProps {
  id: string;
  name: string;
  label: string;
  signed: boolean;
}

/** A name in the sentence; to press it is to say that the finding is there, by drawing it. */
function AbsentName({ id, name, label, signed }: NameProps) {
  const { t } = useTranslation();
  const correcting = useCorrection((state) => state.findingId === id);
  if (signed) return <>{midSentence(name)}</>;
  const what = t("findings.drawAbsent", { finding: name });
  return (
    <button
      type="button"
      aria-label={what}
      title={what}
      data-testid={`finding-draw-${label}`}
      aria-pressed={correcting}
      onClick={() => useCorrection.getState().begin(id)}
    >
      {midSentence(name)}
    </button>
  );
}
