"""Peers that are too many, too slow, too large or not welcome: none keeps others from being served."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_network

import pytest
from pynetdicom import AE

from dicom_node.echo import echo
from dicom_node.guard import HEALTH_CHECK, Access, Door, LimitError, Limits
from dicom_node.receive import Receiver
from study.archive import InstanceReference
from study.errors import DeliveryError
from study.settings import Destination
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import associate, store_raw, store_request, wait_for

STRICT = Limits(
    most_associations=3,
    most_connections=12,
    most_per_address=10,
    request_seconds=1.5,
    pdu_seconds=1.0,
    message_seconds=3.0,
    patience_seconds=0.5,
    slowest_rate=50_000,
    largest_message=100_000,
)


@pytest.fixture
def guarded(intake) -> Iterator[Callable[..., Receiver]]:
    nodes = []

    def start(limits: Limits = STRICT, access: Access | None = None) -> Receiver:
        node = Receiver(intake, ae_title="KIDRAY", host="127.0.0.1", port=0, limits=limits, access=access)
        node.start()
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        node.stop(grace=0.2)


@contextmanager
def connections(node: Receiver, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", node.port))) for _ in range(count)]


def answers(node: Receiver, called: str = "KIDRAY", calling: str = "ECHO") -> bool:
    try:
        echo(Destination(called, "127.0.0.1", node.port), calling_ae_title=calling, timeout=5)
    except DeliveryError:
        return False
    return True


def is_closed(connection: socket.socket, seconds: float) -> bool:
    """Return whether the node hangs up within `seconds`; what it says before is read."""
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


def raw(association) -> socket.socket:
    """Return the socket of an association, to send what no toolkit would."""
    return association.dul.socket.socket


def fragment(length: int, context: int = 1, control: int = 0) -> bytes:
    return struct.pack(">IBB", length + 2, context, control) + bytes(length)


def test_silent_connections_make_room_for_one_that_speaks(guarded) -> None:
    node = guarded()
    with connections(node, 10):
        time.sleep(1.1)  # a connection may wait for so long before it has to make room
        assert answers(node)


def test_a_connection_beyond_the_cap_of_its_address_is_told_so(guarded, log_lines) -> None:
    node = guarded()
    with connections(node, 10), connections(node, 1) as (one_more,):
        one_more.settimeout(3)
        assert one_more.recv(16) == bytes.fromhex("03000000000400020302")  # A-ASSOCIATE-RJ, transient
        assert {"too many connections from this address"} == {
            line["reason"] for line in log_lines if line["event"] == "connection_refused"
        }


def test_a_connection_that_never_asks_for_an_association_is_closed(guarded) -> None:
    with connections(guarded(), 1) as (silent,):
        assert is_closed(silent, 5)


def test_a_request_that_drips_is_cut(guarded, log_lines) -> None:
    with connections(guarded(), 1) as (dripping,):
        dripping.sendall(b"\x01\x00\x00\x00\x40\x00")
        began = time.monotonic()
        with suppress(OSError):  # until it is cut
            while time.monotonic() - began < 10:
                dripping.sendall(b"\x00")
                time.sleep(0.1)
        assert time.monotonic() - began < 8
    wait_for(lambda: "a PDU took too long" in {line.get("reason") for line in log_lines}, what="the log line")


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, (1 << 20) + 1])
def test_a_pdu_that_claims_gigabytes_is_cut_before_anything_is_negotiated(claimed, guarded) -> None:
    with connections(guarded(), 1) as (greedy,):
        greedy.sendall(struct.pack(">BBI", 1, 0, claimed))
        greedy.settimeout(5)
        assert greedy.recv(16) == bytes.fromhex("07000000000400000206")  # A-ABORT by the provider
        assert is_closed(greedy, 5)


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([(0.0, struct.pack(">BBI", 4, 0, 2 << 20))], "a PDU of 2097152 bytes is over"),
        ([(0.0, struct.pack(">BBI", 4, 0, 5000) + bytes(9))], "a PDU took too long"),
        ([(0.7, struct.pack(">BBI", 4, 0, 106) + fragment(100))] * 4, "the message came at less than"),
        ([(0.0, struct.pack(">BBI", 4, 0, 60_006) + fragment(60_000))] * 2, "the message is over the limit"),
        ([(0.0, struct.pack(">BBI", 4, 0, 70_006) + fragment(70_000, control=1))], "a command set is over"),
    ],
)
def test_an_association_over_a_limit_is_cut_with_its_reason(
    pieces, reason, guarded, log_lines, a_radiograph
) -> None:
    node = guarded()
    association = associate(node.port, a_radiograph.SOPClassUID)
    for pause, piece in pieces:
        time.sleep(pause)
        if association.is_established:
            raw(association).sendall(piece)
    wait_for(
        lambda: [x for x in log_lines if str(x.get("reason", "")).startswith(reason)], what=f"'{reason}'"
    )
    wait_for(lambda: not association.is_established, what="the abort")
    wait_for(lambda: "association_aborted" in {x["event"] for x in log_lines}, what="the note of the abort")
    assert answers(node)


@pytest.mark.parametrize(
    "body", [b"\0\0\0\x01\x01", b"\0\0\0\x09\x01\x03abc", b"\0\0\0\x06\x01\x03\xff\xff\xff\xff"]
)
def test_fragments_that_make_no_message_end_the_association_only(
    body, guarded, log_lines, a_radiograph
) -> None:
    node = guarded()
    association = associate(node.port, a_radiograph.SOPClassUID)
    raw(association).sendall(struct.pack(">BBI", 4, 0, len(body)) + body)
    wait_for(lambda: not association.is_established, what="the abort")
    assert answers(node)


def test_an_association_that_says_nothing_is_aborted(guarded, a_radiograph) -> None:
    node = guarded(Limits(idle_seconds=0.4))
    association = associate(node.port, a_radiograph.SOPClassUID)
    wait_for(lambda: not association.is_established, seconds=5, what="the abort")


def test_only_so_many_associations_are_made_and_others_are_asked_to_come_back(guarded, a_radiograph) -> None:
    node = guarded()
    held = [associate(node.port, a_radiograph.SOPClassUID) for _ in range(3)]
    ae = AE()
    ae.add_requested_context(a_radiograph.SOPClassUID)
    refused = ae.associate("127.0.0.1", node.port)
    assert refused.is_rejected
    answer = refused.acceptor.primitive
    assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
    held.pop().release()
    assert answers(node)
    for each in held:
        each.release()


def test_a_rejected_caller_does_not_count(guarded) -> None:
    node = guarded(STRICT, Access(calling=["CR_ROOM_1"]))
    assert not any(answers(node) for _ in range(5))
    assert answers(node, calling="CR_ROOM_1")


def test_only_allowed_callers_associate_beside_the_services_own_health_check(guarded, log_lines) -> None:
    node = guarded(STRICT, Access(calling=["CR_ROOM_1"]))
    assert answers(node, calling="CR_ROOM_1")
    assert answers(node, calling=HEALTH_CHECK)
    assert not answers(node, calling="STRANGER")
    assert ("calling AE title not allowed", "STRANGER") in {
        (x.get("reason"), x.get("calling_ae_title")) for x in log_lines
    }


def test_only_allowed_titles_may_be_called(guarded) -> None:
    node = guarded(STRICT, Access(called=["OLDNAME"]))
    assert answers(node)
    assert answers(node, called="OLDNAME")
    assert not answers(node, called="OTHER")


def test_what_is_stored_while_others_drip_is_whole(guarded, archive, a_radiograph, a_file) -> None:
    node = guarded()
    with connections(node, 5) as dripping:
        for each in dripping:
            each.sendall(b"\x01\x00\x00\x00\x40\x00")
        encoded = dataset_bytes(a_file)
        answer = store_raw(node.port, encoded, a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID)
    assert answer.Status == 0
    assert dataset_bytes(archive.path(InstanceReference.of(a_radiograph))) == encoded


def test_addresses_are_allowed_by_network() -> None:
    access = Access(networks=[ip_network("10.1.0.0/16"), ip_network("fd00::/8")])
    allowed = ["10.1.2.3", "fd00::7", "127.0.0.1", "::1", "::ffff:10.1.2.3"]
    assert [a for a in [*allowed, "10.2.0.1", "fe80::1%eth0"] if access.allows_address(a)] == allowed


def test_a_health_check_from_elsewhere_is_a_stranger() -> None:
    assert Access(calling=["CR"]).rejects(HEALTH_CHECK, "KIDRAY", "10.0.0.9", "KIDRAY") is not None


def test_one_address_does_not_take_the_places_of_others() -> None:
    now = [0.0]
    door = Door(Limits(most_connections=4, most_per_address=2), Access(), clock=lambda: now[0])
    pairs = [socket.socketpair() for _ in range(6)]
    knock = iter(pairs)

    def knocks(host: str, port: int) -> str | None:
        return door.refuses(next(knock)[0], (host, port))

    assert [knocks("10.0.0.1", n) for n in (1, 2)] == [None, None]
    assert knocks("10.0.0.1", 3) == "too many connections from this address"
    assert knocks("10.0.0.2", 1) is None
    now[0] = 2.0
    door.associate(("10.0.0.1", 1))
    assert knocks("10.0.0.1", 4) is None  # the other of that address had waited long enough
    pairs[1][1].settimeout(2)
    assert pairs[1][1].recv(1) == b""
    for pair in pairs:
        for end in pair:
            end.close()


def test_a_message_may_be_slow_at_first_but_not_for_long() -> None:
    limits = Limits(slowest_rate=1000, patience_seconds=10, message_seconds=60)
    limits.check_message(10, 9)
    limits.check_message(20_000, 15)
    with pytest.raises(LimitError, match="less than 1000"):
        limits.check_message(10_000, 15)
    with pytest.raises(LimitError, match="more than 60 s"):
        limits.check_message(1_000_000, 61)


def test_requests_that_follow_each_other_closely_are_all_answered(guarded, a_radiograph, a_file) -> None:
    """A PDU that holds the end of one message may be followed at once by the next."""
    node = guarded(Limits())
    encoded = dataset_bytes(a_file)
    association = associate(node.port, a_radiograph.SOPClassUID)
    association._reactor_checkpoint.clear()
    wait_for(lambda: association._is_paused, what="the pause")
    for number in range(1, 6):
        request = store_request(encoded, a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID)
        request.MessageID = number
        association.dimse.send_msg(request, 1)
    found = [association.dimse.get_msg(block=True)[1] for _ in range(5)]
    association._reactor_checkpoint.set()
    association.release()
    assert [(each.MessageIDBeingRespondedTo, each.Status) for each in found] == [(n, 0) for n in range(1, 6)]
