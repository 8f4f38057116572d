"""What is read and written by hand is what pynetdicom writes and reads."""

from __future__ import annotations

from io import BytesIO

import pytest
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, C_STORE_RSP, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA

from dicom_node.store_message import StoreRequest, command_pdus, fragments, store_request, store_response
from tests.dicom_node.encoding import command_bytes
from tests.peers import store_request as pynetdicoms_request

CLASS = "1.2.840.10008.5.1.4.1.1.1"
REQUEST = StoreRequest(5, 7, CLASS, "1.2.3.40")


def asked(**changes: object) -> bytes:
    """Return the command set of a C-STORE-RQ, as pynetdicom encodes it."""
    primitive = pynetdicoms_request(b"\0\0", CLASS, "1.2.3.40")
    primitive.MessageID = 7
    for name, value in changes.items():
        setattr(primitive, name, value)
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    return command_bytes(message)


@pytest.mark.parametrize("instance", ["1.2.3.40", "1.2.3.4", "1." + "9" * 62])
def test_a_request_is_read(instance: str) -> None:
    command = asked(AffectedSOPInstanceUID=instance, MoveOriginatorApplicationEntityTitle="PACS")
    assert store_request(command, 5) == StoreRequest(5, 7, CLASS, instance)


def test_other_messages_and_unsound_ones_are_left_to_pynetdicom() -> None:
    echo = C_ECHO()
    echo.MessageID, echo.AffectedSOPClassUID = 1, "1.2.840.10008.1.1"
    message = C_ECHO_RQ()
    message.primitive_to_message(echo)
    sound = asked()
    for command in (
        command_bytes(message),
        sound[:-3],
        sound[:-1] + b"\0" * 4,
        b"",
        sound.replace(
            b"\x00\x00\x00\x08\x02\x00\x00\x00\x01\x00", b"\x00\x00\x00\x08\x02\x00\x00\x00\x01\x01"
        ),
        sound.replace(b"\x00\x00\x10\x01\x02\x00\x00\x00\x07\x00", b""),
    ):
        assert store_request(command, 5) is None
    assert store_request(sound, 5) is not None


@pytest.mark.parametrize(
    ("status", "comment"), [(0, ""), (0xC001, "the pixel data is missing"), (0xA700, "odd")]
)
def test_a_response_is_the_one_that_pynetdicom_writes(status: int, comment: str) -> None:
    primitive = C_STORE()
    primitive.MessageIDBeingRespondedTo = REQUEST.message_id
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = REQUEST.sop_class_uid, "1.2.3.40"
    primitive.Status = status
    if comment:
        primitive.ErrorComment = comment
    message = C_STORE_RSP()
    message.primitive_to_message(primitive)
    assert store_response(REQUEST, status, comment) == command_bytes(message)


@pytest.mark.parametrize("largest", [0, 16384, 64, 7])
def test_a_command_goes_in_pdus_that_the_peer_takes(largest: int) -> None:
    command = store_response(REQUEST, 0xC001, "the pixel data is missing")
    encoded = BytesIO(command_pdus(command, 5, largest))
    message = DIMSEMessage()
    complete = []
    while head := encoded.read(6):
        body = encoded.read(int.from_bytes(head[2:], "big"))
        assert not largest or len(body) <= largest
        pdu = P_DATA_TF()
        pdu.decode(head + body)
        primitive = pdu.to_primitive()
        assert isinstance(primitive, P_DATA)
        complete.append(message.decode_msg(primitive))
    assert complete == [False] * (len(complete) - 1) + [True]
    assert (message.command_set.Status, message.context_id) == (0xC001, 5)


def test_a_fragment_that_does_not_fit_is_an_error() -> None:
    sound = command_pdus(b"ab", 3, 0)[6:]
    assert [(c, f, bytes(part)) for c, f, part in fragments(memoryview(sound * 2))] == [(3, 3, b"ab")] * 2
    for broken in (sound[:-1], sound + b"\0", b"\0\0\0\1\3\3"):
        with pytest.raises(ValueError, match="fit"):
            list(fragments(memoryview(broken)))
