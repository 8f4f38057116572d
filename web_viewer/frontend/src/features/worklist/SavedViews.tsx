import { Bookmark, X } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import { isEverything, LONGEST_NAME, sameView, useSavedViews, type View } from "./view";
import style from "./worklist.module.css";

const ID = "saved-views";

interface SavedProps {
  view: View;
  onView: (view: View) => void;
}

/** The views that were kept on this workstation, and keeping this one. */
export function SavedViews({ view, onView }: SavedProps) {
  const { t } = useTranslation();
  const { views, save, forget } = useSavedViews();
  const [name, setName] = useState("");
  const popover = useRef<HTMLDivElement>(null);
  const current = views.find((each) => sameView(each, view));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    save(name.trim(), view);
    setName("");
    popover.current?.hidePopover();
  };
  return (
    <>
      <Button look="quiet" small popoverTarget={ID} data-testid="views">
        <Bookmark size={14} aria-hidden />
        {current?.name ?? t("views.title")}
      </Button>
      <div
        id={ID}
        ref={popover}
        popover="auto"
        className={style.views}
        role="dialog"
        aria-label={t("views.title")}
      >
        {views.length === 0 && <p>{t("views.none")}</p>}
        <ul>
          {views.map((each) => (
            <li key={each.name}>
              <Button
                look="quiet"
                small
                aria-pressed={each === current}
                onClick={() => {
                  onView({ only: each.only, delivery: each.delivery, text: each.text });
                  popover.current?.hidePopover();
                }}
              >
                {each.name}
              </Button>
              <IconButton label={t("views.forget", { name: each.name })} onClick={() => forget(each.name)}>
                <X size={14} aria-hidden />
              </IconButton>
            </li>
          ))}
        </ul>
        <form onSubmit={submit}>
          <input
            value={name}
            maxLength={LONGEST_NAME}
            aria-label={t("views.name")}
            placeholder={t("views.name")}
            disabled={isEverything(view)}
            data-testid="view-name"
            onChange={(event) => setName(event.target.value)}
          />
          <Button small type="submit" disabled={isEverything(view) || name.trim() === ""}>
            {t("views.save")}
          </Button>
        </form>
        {isEverything(view) && <p>{t("views.filterFirst")}</p>}
      </div>
    </>
  );
}
