import { Bookmark, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "../../components/Button";
import { Menu } from "../../components/Menu";
import { isEverything, LONGEST_NAME, sameView, useSavedViews, type View } from "./view";
import style from "./worklist.module.css";

interface SavedProps {
  view: View;
  onView: (view: View) => void;
}

/** The views that were kept on this workstation, and keeping this one. */
export function SavedViews({ view, onView }: SavedProps) {
  const { t } = useTranslation();
  const { views, save, forget } = useSavedViews();
  const current = views.find((each) => sameView(each, view));
  return (
    <Menu
      id="saved-views"
      button={
        <>
          <Bookmark size={14} aria-hidden />
          {current?.name ?? t("views.title")}
        </>
      }
      label={t("views.title")}
      className={style.views}
      data-testid="views"
    >
      {(close) => (
        <>
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
                    close();
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
          <NewView
            isEverything={isEverything(view)}
            onName={(name) => {
              save(name, view);
              close();
            }}
          />
        </>
      )}
    </Menu>
  );
}

interface NewProps {
  isEverything: boolean; // nothing is searched or filtered, so there is no view to keep
  onName: (name: string) => void;
}

function NewView({ isEverything, onName }: NewProps) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    onName(name.trim());
    setName("");
  };
  return (
    <>
      <form onSubmit={submit}>
        <input
          value={name}
          maxLength={LONGEST_NAME}
          aria-label={t("views.name")}
          placeholder={t("views.name")}
          disabled={isEverything}
          data-testid="view-name"
          onChange={(event) => setName(event.target.value)}
        />
        <Button small type="submit" disabled={isEverything || name.trim() === ""}>
          {t("views.save")}
        </Button>
      </form>
      {isEverything && <p>{t("views.filterFirst")}</p>}
    </>
  );
}
