import { Component, type ReactNode } from "react";
import { Translation } from "react-i18next";
import { Button } from "./Button";
import { Notice } from "./Notice";

interface BoundaryProps {
  children: ReactNode;
}

/** The last net: a page that cannot be drawn says so, instead of leaving a blank screen. */
export class ErrorBoundary extends Component<BoundaryProps, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <Translation>
        {(t) => (
          <Notice
            tone="critical"
            actions={
              <Button small onClick={() => window.location.reload()}>
                {t("app.reload")}
              </Button>
            }
          >
            {t("app.broken")} {error.message}
          </Notice>
        )}
      </Translation>
    );
  }
}
