import { Component, type ReactNode, Suspense } from "react";
import { Translation } from "react-i18next";
import { Button } from "./Button";

interface LaterProps {
  fallback?: ReactNode; // stands there until it has come
  children: ReactNode;
}

/**
 * Holds a part of the page whose program is loaded when it is needed. Where it cannot be had, as after an
 * update of the service, the rest of the page stays as it is.
 */
export class Later extends Component<LaterProps, { missing: boolean }> {
  override state = { missing: false };

  static getDerivedStateFromError() {
    return { missing: true };
  }

  override render() {
    const { fallback = null, children } = this.props;
    if (!this.state.missing) return <Suspense fallback={fallback}>{children}</Suspense>;
    return (
      <Translation>
        {(t) => (
          <span role="alert">
            {t("app.failed")}{" "}
            <Button small onClick={() => window.location.reload()}>
              {t("app.reload")}
            </Button>
          </span>
        )}
      </Translation>
    );
  }
}
