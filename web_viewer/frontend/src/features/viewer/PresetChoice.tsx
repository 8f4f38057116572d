import { useTranslation } from "react-i18next";
import type { RadiographHeader } from "../../lib/model";
import type { Window } from "./grayscale";
import style from "./viewer.module.css";
import { useViewport } from "./viewportStore";

const STORED = "stored";
const CUSTOM = "custom";

export function PresetChoice({ header }: { header: RadiographHeader | null }) {
  const { t } = useTranslation();
  const setWindow = useViewport((state) => state.setWindow);
  const presets = header?.presets ?? [];
  const chosen = useViewport((state) => choiceOf(state.window, presets));
  return (
    <select
      className={style.preset}
      aria-label={t("viewer.preset")}
      title={t("viewer.preset")}
      value={chosen}
      onChange={(event) => {
        const preset = presets[Number(event.target.value)];
        setWindow(
          preset && header
            ? { center: preset.center, width: preset.width, shape: header.voi_function }
            : null,
        );
      }}
    >
      <option value={STORED}>{t("viewer.asStored")}</option>
      {presets.map((preset, index) => (
        <option key={preset.name} value={String(index)}>
          {preset.name}
        </option>
      ))}
      {chosen === CUSTOM && <option value={CUSTOM}>{t("viewer.custom")}</option>}
    </select>
  );
}

function choiceOf(window: Window | null, presets: RadiographHeader["presets"]): string {
  if (window === null) return STORED;
  const at = presets.findIndex(({ center, width }) => window.center === center && window.width === width);
  return at < 0 ? CUSTOM : String(at);
}
