"""A storage SCP that takes some SOP classes only, and counts what it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification
from pynetdicom.transport import ThreadedAssociationServer

from study.destination import Destination

AE_TITLE = "CHOOSY"


class Selective:
    """What reached it: how often each event occurred, and the SOP Class UIDs stored, by instance UID."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.stored: dict[str, str] = {}
        self.server: ThreadedAssociationServer | None = None

    @property
    def destination(self) -> Destination:
        assert self.server is not None
        return Destination(AE_TITLE, "127.0.0.1", self.server.server_address[1])

    def count(self, event: evt.Event) -> None:
        self.counts[event.event.name] += 1

    def store(self, event: evt.Event) -> int:
        self.stored[str(event.request.AffectedSOPInstanceUID)] = str(event.request.AffectedSOPClassUID)
        return 0x0000

    def hang_up(self) -> None:
        """Abort every association that stands."""
        assert self.server is not None
        for association in self.server.active_associations:
            association.abort()


@contextmanager
def selective_scp(classes: Iterable[str]) -> Iterator[Selective]:
    """Run the SCP on a free port while the block runs."""
    ae = AE(ae_title=AE_TITLE)
    for sop_class in (*classes, Verification):
        ae.add_supported_context(sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    scp = Selective()
    counted = (evt.EVT_ESTABLISHED, evt.EVT_RELEASED, evt.EVT_ABORTED)
    handlers = [(evt.EVT_C_STORE, scp.store), *((each, scp.count) for each in counted)]
    scp.server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield scp
    finally:
        scp.server.shutdown()
