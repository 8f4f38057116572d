"""One process more of the role `receive`: `python -m roles.acceptor`, on the first one's ports."""

from __future__ import annotations

from roles.receiving import receiving
from study import telemetry
from study.service import Service
from study.settings import load_settings
from study.stopping import stop_event


def main() -> None:
    """Receive until SIGTERM or SIGINT."""
    telemetry.configure_logs("receive")
    stop = stop_event()
    with receiving(Service.open(load_settings()), is_shared=True):
        stop.wait()


if __name__ == "__main__":
    main()
