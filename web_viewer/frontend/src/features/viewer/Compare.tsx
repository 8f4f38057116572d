import { Columns2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { create } from "zustand";
import { IconButton } from "../../components/Button";
import { useShortcuts } from "../../lib/shortcuts";

interface Comparison {
  beside: boolean; // whether a prior is shown beside the radiograph
  toggle: () => void;
}

export const useComparison = create<Comparison>((set) => ({
  beside: false,
  toggle: () => set(({ beside }) => ({ beside: !beside })),
}));

/** Show a prior beside the radiograph: zoomed, moved and windowed together. */
export function CompareButton() {
  const { t } = useTranslation();
  const { beside, toggle } = useComparison();
  useShortcuts({ s: toggle });
  return (
    <IconButton
      label={`${t("viewer.compare")} (S)`}
      aria-pressed={beside}
      onClick={toggle}
      data-testid="compare"
    >
      <Columns2 size={17} aria-hidden />
    </IconButton>
  );
}
