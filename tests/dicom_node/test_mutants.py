"""Data sets damaged at random, seeded: each gets one of the statuses that the table knows."""

from __future__ import annotations

import random
from collections import Counter

from dicom_node.echo import echo
from dicom_node.statuses import STATUS_OF, SUCCESS
from study.settings import Destination
from tests.dicom_node.encoding import dataset_bytes
from tests.peers import associate, exchange, store_request

MUTANTS = 300


def mutant(encoded: bytes, chance: random.Random) -> bytes:
    """Return `encoded` with its header damaged in one to sixteen places."""
    damaged = bytearray(encoded)
    for _ in range(chance.choice((1, 2, 4, 16))):
        at = chance.randrange(min(len(damaged), 900))
        match chance.randrange(4):
            case 0:
                damaged[at] = chance.randrange(256)
            case 1:
                del damaged[at : at + chance.randrange(1, 9)]
            case 2:
                damaged[at:at] = chance.randbytes(chance.randrange(1, 9))
            case _:
                damaged[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
    return bytes(damaged)


def test_damaged_data_sets_are_answered_by_the_table_and_the_node_goes_on(
    receiver, archive, log_lines, a_radiograph, a_file
) -> None:
    chance = random.Random(20260301)
    encoded = dataset_bytes(a_file)
    association = associate(receiver.port, a_radiograph.SOPClassUID)
    answers: Counter[int] = Counter()
    for _ in range(MUTANTS):
        request = store_request(
            mutant(encoded, chance), a_radiograph.SOPClassUID, a_radiograph.SOPInstanceUID
        )
        answers[exchange(association, request).Status] += 1
    association.release()
    assert set(answers) <= {SUCCESS, *STATUS_OF.values()}
    assert len(answers) >= 4, "the damage is too much alike to show anything"
    assert answers.total() - answers[SUCCESS] == sum(line["event"] == "refused" for line in log_lines)
    assert "dicom_toolkit_exception" not in {line["event"] for line in log_lines}
    assert echo(Destination("KIDRAY", "127.0.0.1", receiver.port), calling_ae_title="TESTS") < 5
    for file in archive.root.rglob("*.dcm"):
        assert file.resolve().is_relative_to(archive.root.resolve())
