import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Notice } from "../../components/Notice";
import { useFindingTable } from "../../lib/findingNames";
import type { Finding, ReportProposal } from "../../lib/model";
import { midSentence } from "../../lib/wording";

interface NoticeProps {
  spoken: readonly string[]; // ids of rejected findings that the words still rest on; none: outdated ones
  findings: readonly Finding[];
  proposal: ReportProposal;
  onTake: (proposal: ReportProposal) => void;
}

/** Offers the report without what was rejected, or measured anew; the reader takes it or leaves it. */
export function ProposalNotice({ spoken, findings, proposal, onTake }: NoticeProps) {
  const { t } = useTranslation();
  const { nameOf } = useFindingTable();
  const labels = new Set(findings.filter(({ id }) => spoken.includes(id)).map(({ label }) => label));
  const names = [...labels].map((label) => midSentence(nameOf(label)));
  return (
    <Notice
      tone={spoken.length > 0 ? "plain" : "caution"}
      actions={
        <Button small onClick={() => onTake(proposal)} data-testid="take-proposal">
          {t(spoken.length > 0 ? "review.propose" : "review.renew")}
        </Button>
      }
    >
      {spoken.length > 0 ? t("review.rejected", { findings: names.join(", ") }) : t("review.outdated")}
    </Notice>
  );
}
