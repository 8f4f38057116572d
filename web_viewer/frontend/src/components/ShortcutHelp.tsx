import { useTranslation } from "react-i18next";
import { addWords } from "../lib/i18n";
import { en, ko } from "../lib/locales/help";
import { Dialog } from "./Dialog";
import style from "./ShortcutHelp.module.css";

addWords({ en: { help: en }, ko: { help: ko } });

const GROUPS = [
  {
    title: "help.viewer",
    keys: [
      ["H", "help.hide"],
      ["O", "help.off"],
      ["[ ]", "help.opacity"],
      ["1 – 4", "help.finding"],
      ["J K", "help.next"],
      ["W", "help.window"],
      ["G", "help.region"],
      ["M", "help.magnify"],
      ["P", "help.pan"],
      ["Z", "help.zoom"],
      ["I", "help.invert"],
      ["T  X", "help.turnFlip"],
      ["F", "help.fit"],
      ["A", "help.actual"],
      ["R", "help.reset"],
      ["← ↑ ↓ →", "help.arrows"],
      ["+ −", "help.plus"],
      ["S", "help.compare"],
      ["D V Q C Y U", "help.measure"],
      ["Del", "help.removeMeasure"],
      ["B E L", "help.correct"],
      [", .", "help.brushSize"],
      ["Ctrl Z", "help.undo"],
      ["Ctrl ↵", "help.saveOutline"],
    ],
  },
  {
    title: "help.report",
    keys: [
      [".name ␣", "help.macro"],
      ["Tab", "help.blank"],
      ["Ctrl S", "help.save"],
      ["N", "help.nextDraft"],
      ["Esc", "help.back"],
    ],
  },
  {
    title: "help.worklist",
    keys: [
      ["J K", "help.row"],
      ["Enter", "help.open"],
      ["/", "help.search"],
      ["?", "help.help"],
    ],
  },
] as const;

export default function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("help.title")} onClose={onClose}>
      <div className={style.groups}>
        {GROUPS.map((group) => (
          <section key={group.title} className={style.group}>
            <h3>{t(group.title)}</h3>
            <dl>
              {group.keys.map(([key, meaning]) => (
                <div key={meaning} className={style.row}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{t(meaning)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
