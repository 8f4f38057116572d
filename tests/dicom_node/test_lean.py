"""However a message is cut into fragments, and whatever comes between, an instance arrives whole."""

from __future__ import annotations

import random
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_FIND_RQ, C_STORE_RQ
from pynetdicom.dimse_primitives import C_FIND
from pynetdicom.pdu_primitives import P_DATA

from dicom_node.receive import Receiver
from study.archive import Archive, InstanceReference
from tests.dicom_node.encoding import command_bytes, dataset_bytes
from tests.peers import associate, store_request, wait_for

VERIFICATION = "1.2.840.10008.1.1"


def message_of(dataset: Dataset, encoded: bytes) -> C_STORE_RQ:
    message = C_STORE_RQ()
    message.primitive_to_message(store_request(encoded, dataset.SOPClassUID, dataset.SOPInstanceUID))
    return message


def cut(content: bytes, chance: random.Random, *, is_command: bool) -> list[list[object]]:
    """Return fragments of any lengths, empty ones among them; the last is marked."""
    marks = sorted(chance.randrange(len(content) + 1) for _ in range(chance.randrange(6)))
    parts = [content[a:b] for a, b in zip([0, *marks], [*marks, len(content)], strict=True)]
    flags = [is_command | (2 if part_number == len(parts) else 0) for part_number in range(1, len(parts) + 1)]
    return [[1, bytes([flag]) + part] for flag, part in zip(flags, parts, strict=True)]


def send(association: Association, fragments: list[list[object]], chance: random.Random) -> None:
    """Send fragments, one or several in a PDU."""
    while fragments:
        count = chance.randrange(1, 4)
        primitive = P_DATA()
        primitive._presentation_data_value_list, fragments = fragments[:count], fragments[count:]
        association.dul.send_pdu(primitive)


@pytest.mark.parametrize("seed", range(8))
def test_a_message_may_be_cut_anywhere(
    seed: int, receiver: Receiver, archive: Archive, a_radiograph: Dataset, a_file: Path
) -> None:
    chance = random.Random(seed)
    encoded = dataset_bytes(a_file)
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    command = command_bytes(message_of(a_radiograph, encoded))
    send(
        association,
        cut(command, chance, is_command=True) + cut(encoded, chance, is_command=False),
        chance,
    )
    _, answer = association.dimse.get_msg(block=True)
    association.release()
    assert answer.Status == 0
    assert dataset_bytes(archive.path(InstanceReference.of(a_radiograph))) == encoded


def test_echoes_between_instances_are_answered(receiver: Receiver, a_radiograph: Dataset) -> None:
    ae = AE(ae_title="MIXED")
    ae.add_requested_context(VERIFICATION)
    ae.add_requested_context(a_radiograph.SOPClassUID, "1.2.840.10008.1.2.1")
    association = ae.associate("127.0.0.1", receiver.port)
    for _ in range(3):
        assert association.send_c_echo().Status == 0
        assert association.send_c_store(a_radiograph).Status == 0
    association.release()
    wait_for(lambda: association.is_released, what="the release")


def test_a_peer_that_takes_small_pdus_only_understands_the_answer(
    receiver: Receiver, a_radiograph: Dataset
) -> None:
    ae = AE(ae_title="SMALL")
    ae.maximum_pdu_size = 64
    ae.add_requested_context(a_radiograph.SOPClassUID, "1.2.840.10008.1.2.1")
    association = ae.associate("127.0.0.1", receiver.port)
    a_radiograph.PixelData = a_radiograph.PixelData[:-2]
    answer = association.send_c_store(a_radiograph)
    assert (answer.Status, answer.ErrorComment) == (0xC001, "the pixel data is truncated: 8190 of 8192 bytes")
    association.release()


def test_a_command_set_in_the_middle_of_a_data_set_ends_the_association(
    receiver: Receiver, archive: Archive, a_radiograph: Dataset, log_lines: list[dict[str, object]]
) -> None:
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    message = message_of(a_radiograph, bytes(5000))
    parts = list(message.encode_msg(1, 4000))
    for part in [*parts[:2], parts[0]]:
        association.dul.send_pdu(part)
    wait_for(lambda: association.is_aborted, what="the abort")
    wait_for(lambda: not list((archive.root / ".incoming").iterdir()), what="the file's end")
    assert "malformed_pdu" in {line["event"] for line in log_lines}


def test_a_connection_that_is_lost_leaves_no_file(
    receiver: Receiver, archive: Archive, a_radiograph: Dataset
) -> None:
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    for part in list(message_of(a_radiograph, bytes(50_000)).encode_msg(1, 8192))[:-2]:
        association.dul.send_pdu(part)
    incoming = archive.root / ".incoming"
    wait_for(lambda: list(incoming.iterdir()), what="the file that arrives")
    association.dul.socket.socket.close()
    wait_for(lambda: not list(incoming.iterdir()), what="the file's end")
    association.kill()


def test_an_instance_that_is_whole_before_what_breaks_its_pdu_leaves_nothing(
    receiver: Receiver, archive: Archive, a_radiograph: Dataset, a_file: Path
) -> None:
    encoded = dataset_bytes(a_file)
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    command = command_bytes(message_of(a_radiograph, encoded))
    primitive = P_DATA()
    primitive._presentation_data_value_list = [[1, b"\3" + command], [1, b"\2" + encoded], [1, b"\3junk"]]
    association.dul.send_pdu(primitive)
    wait_for(lambda: association.is_aborted, what="the abort")
    wait_for(lambda: not list((archive.root / ".incoming").iterdir()), what="the file's end")
    assert archive.instances(a_radiograph.StudyInstanceUID) == []


def test_more_instances_in_one_pdu_than_any_sender_has_under_way_end_the_association(
    receiver: Receiver, archive: Archive, a_radiograph: Dataset, log_lines: list[dict[str, object]]
) -> None:
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    command = command_bytes(message_of(a_radiograph, bytes(8)))
    primitive = P_DATA()
    primitive._presentation_data_value_list = [[1, b"\3" + command], [1, b"\2" + bytes(8)]] * 17
    association.dul.send_pdu(primitive)
    wait_for(lambda: association.is_aborted, what="the abort")
    wait_for(lambda: not list((archive.root / ".incoming").iterdir()), what="the files' end")
    assert "more than 16 instances came at once" in {line.get("reason") for line in log_lines}


def test_a_query_that_would_fill_the_memory_ends_the_association(
    receiver: Receiver, log_lines: list[dict[str, object]]
) -> None:
    association = associate(receiver.port, VERIFICATION)
    message = C_FIND_RQ()
    request = C_FIND()
    request.MessageID, request.AffectedSOPClassUID, request.Priority = 1, VERIFICATION, 2
    request.Identifier = BytesIO(bytes.fromhex("FEFF00E000000000") * (1 << 18) + bytes(8))
    message.primitive_to_message(request)
    for part in message.encode_msg(1, 65_536):
        association.dul.send_pdu(part)
    wait_for(lambda: association.is_aborted, what="the abort")
    assert "a data set is over the limit of 2097152 bytes" in {line.get("reason") for line in log_lines}
