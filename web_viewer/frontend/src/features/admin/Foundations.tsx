import { useTranslation } from "react-i18next";
import type { AdminState } from "../../lib/model";
import style from "./admin.module.css";

const GIB = 2 ** 30;

/** Return a number of bytes in GiB, as it is said of disks. */
const room = (bytes: number) =>
  `${(bytes / GIB).toLocaleString(undefined, { maximumFractionDigits: 1 })} GiB`;

/** Disk, Redis and LLM. */
export function Foundations({ state }: { state: AdminState }) {
  const { t } = useTranslation();
  const { disk } = state;
  const low = disk.free < Math.max(disk.reserve * 2, disk.total * 0.05);
  const rules = [
    t("admin.reserve", { reserve: room(disk.reserve) }),
    disk.keep_days !== null && t("admin.keepDays", { days: disk.keep_days }),
    disk.keep_free !== null &&
      t("admin.keepFree", { room: disk.keep_free.includes("%") ? disk.keep_free : `${disk.keep_free} GiB` }),
    disk.keep_days === null && disk.keep_free === null && t("admin.keepsAll"),
  ];
  const wordings = Object.entries(state.wordings)
    .map(([outcome, count]) => `${outcome} ${count.toLocaleString()}`)
    .join(" · ");
  return (
    <section className={style.card}>
      <h2>{t("admin.rests")}</h2>
      <ul className={style.lines}>
        <Part name={t("admin.disk")} good={!low}>
          {t("admin.free", { free: room(disk.free), total: room(disk.total) })}
          <meter min={0} max={disk.total} value={disk.total - disk.free} aria-label={t("admin.disk")} />
          <small>{rules.filter(Boolean).join(" ")}</small>
        </Part>
        <Part name="Redis" good={state.redis.good}>
          {state.redis.text}
        </Part>
        <Part name={t("admin.llm")} good={state.llm.good}>
          {state.llm.text}
          {wordings && <small>{`${t("admin.wordings")}: ${wordings}`}</small>}
        </Part>
      </ul>
    </section>
  );
}

interface PartProps {
  name: string;
  good: boolean;
  children: React.ReactNode;
}

function Part({ name, good, children }: PartProps) {
  const { t } = useTranslation();
  const told = t(good ? "admin.good" : "admin.bad");
  return (
    <li>
      <span className={style.mark} data-good={good} role="img" aria-label={told} title={told} />
      <b className={style.part}>{name}</b>
      <span className={style.grow}>{children}</span>
    </li>
  );
}

/** Which models read, and which only look on. */
export function Models({ models }: { models: AdminState["models"] }) {
  const { t } = useTranslation();
  return (
    <section className={style.card}>
      <h2>{t("admin.models")}</h2>
      {models.length === 0 && <p>{t("admin.modelsNone")}</p>}
      <ul className={style.lines}>
        {models.map((model) => (
          <li key={`${model.use} ${model.sha256}`}>
            <span className={style.grow}>
              <b>
                {model.name} {model.version}
              </b>
              <small>
                {t(`admin.use.${model.use}`)} · <code>{model.sha256.slice(0, 12)}</code>
              </small>
              <small>{model.disclaimer}</small>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
