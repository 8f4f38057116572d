"""The parts that every role shares, built once from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from study import redis_server
from study.archive import Archive
from study.broker import Broker, build_broker
from study.errors import RegistryUnavailableError
from study.intake import Intake
from study.jobs import JobQueue
from study.ledger import Ledger
from study.registry import TIMEOUT, Registry, connect
from study.room import Room
from study.settings import Settings
from study.silence import Silence


@dataclass(frozen=True)
class Service:
    """Archive, state and jobs of one Kidray."""

    settings: Settings
    redis_url: str
    ledger: Ledger
    broker: Broker
    queue: JobQueue

    @classmethod
    def open(cls, settings: Settings, *, patience: float = TIMEOUT) -> Service:
        """Return the service that `settings` describe; Redis is not waited for.

        Parameters
        ----------
        patience
            Seconds in which Redis has to answer what concerns jobs; long for a worker, which does its
            jobs twice when it loses the connection.
        """
        url = redis_url(settings)
        silence = Silence()
        broker = build_broker(url, timeout=patience, silence=silence)
        ledger = Ledger(Archive(settings.archive), Registry(connect(url, silence=silence)))
        return cls(settings, url, ledger, broker, JobQueue(broker))

    def intake(self) -> Intake:
        """Return the way in for instances."""
        return Intake(
            self.ledger,
            self.queue,
            quiet_period=self.settings.quiet_period,
            complete_on_release=self.settings.complete_on_release,
            room=Room(
                self.ledger.archive.root,
                reserve=int(self.settings.disk_reserve * 2**30),
                waiting=self.queue.waiting,
                most_waiting=self.settings.most_waiting,
            ),
        )

    def check(self) -> None:
        """Raise `RegistryUnavailableError`, saying what to do, unless Redis answers."""
        try:
            self.ledger.registry.ping()
        except RegistryUnavailableError as error:
            raise RegistryUnavailableError(
                f"no Redis answers at {redis_server.shown(self.redis_url)}; start the service with "
                "`kidray up`, or set KIDRAY_REDIS_URL"
            ) from error


def redis_url(settings: Settings) -> str:
    """Return the URL of the Redis in the settings, or of the one embedded under the home folder."""
    return settings.redis_url or redis_server.url(settings.home / "redis")
