import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Disclaimer } from "../../components/Disclaimer";
import type { RadiographHeader, ShownRadiograph } from "../../lib/model";
import { useOverlay } from "../../lib/overlayStore";
import { sideLetters } from "./sideLetters";
import { headerWindow } from "./stage";
import style from "./viewer.module.css";
import { useViewport } from "./viewportStore";

interface NotesProps {
  radiograph: ShownRadiograph;
  header: RadiographHeader | null;
  probe: RefObject<HTMLSpanElement | null>; // filled by the image: what lies under the pointer
  scale: RefObject<HTMLSpanElement | null>; // and how much it is magnified
  caption?: string | undefined;
}

/** The small print at the image's corners. */
export function ImageNotes({ radiograph, header, probe, scale, caption }: NotesProps) {
  const { t } = useTranslation();
  const flipped = useViewport((state) => state.flipped);
  const turns = useViewport((state) => state.turns);
  const off = useOverlay((state) => state.off || state.held || state.opacity === 0 || state.hidden.size > 0);
  return (
    <>
      {header &&
        sideLetters(header.laterality_marker, turns, flipped).map(({ edge, letter }) => (
          <span key={edge} className={style.side} data-edge={edge} data-flipped={flipped}>
            {letter}
            {flipped && <small>{t("viewer.flippedBeside")}</small>}
          </span>
        ))}
      <div className={style.note} data-corner="top-left">
        {caption && (
          <span className={style.warning} data-testid="prior-note">
            {caption}
          </span>
        )}
        <span>{t(`view.${radiograph.view}`)}</span>
      </div>
      <div className={style.note} data-corner="top-right">
        {off && (
          <span className={style.warning} data-testid="overlay-hidden-note">
            {t("viewer.overlayOff")}
          </span>
        )}
        {flipped && <span className={style.warning}>{t("viewer.flippedWarning")}</span>}
        {turns !== 0 && <span className={style.warning}>{t("viewer.turnedWarning")}</span>}
      </div>
      <div className={style.note} data-corner="bottom-left">
        <span ref={probe} />
        {header && <WindowNote header={header} />}
        <span ref={scale} />
      </div>
      <div className={style.note} data-corner="bottom-right">
        <Disclaimer />
      </div>
    </>
  );
}

/** On its own, for it changes with every movement of a drag. */
function WindowNote({ header }: { header: RadiographHeader }) {
  const { t } = useTranslation();
  const { center, width } = useViewport((state) => state.window) ?? headerWindow(header);
  return (
    <span data-testid="window-note">
      {t("viewer.center")} {Math.round(center)} {t("viewer.width")} {Math.round(width)}
    </span>
  );
}
