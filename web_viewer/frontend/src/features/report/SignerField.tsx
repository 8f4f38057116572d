import { useTranslation } from "react-i18next";
import { useReader } from "../../lib/reader";
import { useSession } from "../../lib/session";

/** Return who signs: the person who is logged in, else the name that was typed. */
export function useSigner() {
  const { name: typed, setName } = useReader();
  const known = useSession()?.name ?? "";
  return { typed, known, name: (known || typed).trim(), setName };
}

interface SignerFieldProps {
  signer: ReturnType<typeof useSigner>;
  hint: string; // id of the text that says what signing does
  testId: string;
}

/** Where whoever signs types a name, or sees the one of the login. */
export function SignerField({ signer, hint, testId }: SignerFieldProps) {
  const { t } = useTranslation();
  const { known, typed, setName } = signer;
  return (
    <input
      value={known ? known.replace("^", " ") : typed}
      readOnly={known !== ""}
      maxLength={64}
      placeholder={t("report.signer")}
      aria-label={t("report.signer")}
      aria-describedby={hint}
      autoComplete="name"
      data-testid={testId}
      onChange={(event) => setName(event.target.value)}
    />
  );
}
