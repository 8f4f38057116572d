"""One report as ORU^R01, read back by a parser that knows version 2.5.1."""

from __future__ import annotations

import base64

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.parser import parse_message

from reporting.hl7 import oru_message
from reporting.hl7_text import control_id, escaped
from reporting.mllp import send_hl7
from study.endpoint import Endpoint
from study.model import Language, View
from tests.reporting.builders import MODEL, STUDY, draft, findings, radiograph
from tests.reporting.receivers import MllpListener
from tests.reporting.reports import FREE_GAS, events, reported, signed_version

ENGINE = Endpoint(name="EMR", url="mllp://engine:2575", application="EMR", facility="HOSPITAL")
KNOWN = ENGINE.model_copy(update={"patient_system": "HOSPITAL"})


def parsed(message: str) -> Message:
    """Return the message as a strict parser of version 2.5.1 reads it."""
    read = parse_message(message, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    assert read.validate()
    return read


def rows(message: str, name: str) -> list[list[str]]:
    """Return the fields of every segment of that name; field n of the standard is at n."""
    return [line.split("|") for line in message.split("\r") if line.startswith(f"{name}|")]


def field(row: list[str], number: int) -> str:
    return row[number] if number < len(row) else ""


def results(message: str) -> dict[tuple[str, str], list[str]]:
    """Return the OBX by the code that they give a value for, and their group."""
    return {(row[3].split("^")[0], row[4]): row for row in rows(message, "OBX")}


def unescaped(text: str) -> str:
    for sequence, character in (("F", "|"), ("S", "^"), ("R", "~"), ("T", "&"), ("E", "\\")):
        text = text.replace(f"\\{sequence}\\", character)
    return text


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("signed", [False, True])
def test_a_strict_parser_reads_it(language, signed):
    made = reported(events(language=language, signed=signed))
    message = parsed(oru_message(made, KNOWN, pdf=b"%PDF-1.4"))
    assert message.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
    assert message.msh.msh_12.to_er7() == "2.5.1"
    assert message.msh.msh_18.to_er7() == "UNICODE UTF-8"
    order = message.oru_r01_patient_result.oru_r01_order_observation
    assert order.obr.obr_4.obr_4_1.to_er7() == "18748-4"
    assert len(order.oru_r01_observation) > 10


def test_its_status_is_that_of_the_report():
    addendum = draft(FREE_GAS).model_copy(update={"version": 3, "addendum_to": 1})
    signed = events(signed=True)
    for made, expected in (
        (reported(events()), "P"),
        (reported(signed), "F"),
        (reported(signed, signed_version(addendum)), "C"),
    ):
        message = oru_message(made, ENGINE)
        assert rows(message, "OBR")[0][25] == expected
        said = {field(row, 11) for row in rows(message, "OBX")} - {"X"}
        assert said == {expected}


def test_sent_again_it_is_the_same_message_and_another_version_is_another():
    drafted, signed = reported(events()), reported(events(signed=True))
    assert oru_message(drafted, ENGINE) == oru_message(drafted, ENGINE)
    ids = {rows(oru_message(each, ENGINE), "MSH")[0][9] for each in (drafted, signed)}
    assert len(ids) == 2
    assert all(len(control) == 20 for control in ids)


def test_every_section_and_finding_is_a_result():
    message = oru_message(reported(events()), ENGINE)
    found = results(message)
    assert found["17204006", "1"][5].startswith("52101004^Present")
    assert field(found["17204006", "1"], 8) == "AA"
    assert found["363698007", "1.2"][5].startswith("80581009^Upper abdomen")
    assert found["42798000", "1.3"][5:7] == ["1234.0", "mm2^Square millimeter^UCUM"]
    assert found["42798000", "1.3"][17].startswith("DETECTOR_PLANE")
    assert found["111012", "1.1"][5] == "90.0"
    assert found["14760008", "2"][5].startswith("82334004")
    assert found["48644003", "3"][5].startswith("2667000")
    assert MODEL.name in found["17204006", "1"][18]
    assert {"59776-5", "19005-8", "18783-1", "LIMITATIONS"} <= {code for code, _ in found}
    assert found["113014", ""][5] == f"^{STUDY}^ISO"


def test_what_the_radiographs_cannot_show_cannot_be_obtained():
    row = next(r for r in rows(oru_message(reported(events()), ENGINE), "OBX") if "AIR-FLUID" in r[3])
    assert (row[5], row[11]) == ("", "X")
    erect = reported(events(findings(), radiographs=[radiograph(View.ERECT)]))
    seen = next(r for r in rows(oru_message(erect, ENGINE), "OBX") if "AIR-FLUID" in r[3])
    assert (seen[5].split("^")[0], seen[11]) == ("2667000", "P")


def test_a_rejected_finding_is_deleted_from_a_signed_report():
    message = oru_message(reported(events(signed=True, rejected=["pneumoperitoneum"])), ENGINE)
    row = results(message)["17204006", "1"]
    assert (row[5], row[11]) == ("", "D")
    assert ("42798000", "1.3") not in results(message)
    parsed(message)


@pytest.mark.parametrize("language", list(Language))
def test_the_words_are_whole(language):
    made = reported(events(language=language, signed=True))
    found = results(oru_message(made, ENGINE))
    texts = [unescaped(text) for text in found["19005-8", ""][5].split("~")]
    assert texts == [sentence.text for sentence in made.report.impression]
    assert unescaped(found["LIMITATIONS", ""][5].split("~")[-1]) == made.report.disclaimer


def test_no_separator_in_a_radiologists_words_is_one():
    said = "a|b^c~d\\e&f\r\ng\x0bh"
    report = signed_version(draft(FREE_GAS), signer="O'Neil|^~\\&")
    sentence = report.impression[0].model_copy(update={"text": said})
    made = reported(events(signed=True), report.model_copy(update={"impression": [sentence]}))
    message = oru_message(made, KNOWN)
    assert unescaped(results(message)["19005-8", ""][5]) == "a|b^c~d\\e&f g h"
    assert escaped("\\F\\") == "\\E\\F\\E\\"
    parsed(message)
    names = {line[:3] for line in message.strip("\r").split("\r")}
    assert names == {"MSH", "PID", "ORC", "OBR", "OBX"}


def test_the_patient_is_named_by_id_where_the_site_says_whose_ids_they_are_and_else_not_at_all():
    made = reported(events(signed=True))
    assert not rows(oru_message(made, ENGINE), "PID")
    parsed(oru_message(made, ENGINE))
    (patient,) = rows(oru_message(made, KNOWN), "PID")
    assert unescaped(patient[3]) == "47|11&^^^^HOSPITAL^PI"
    assert "Gildong" not in oru_message(made, KNOWN)


def test_the_order_is_named_by_its_accession_number():
    (order,) = rows(oru_message(reported(events()), ENGINE), "OBR")
    assert unescaped(order[3]) == unescaped(order[18]) == "A^1"
    assert order[7] == "20260301101500"


def test_the_signer_is_the_interpreter():
    (order,) = rows(oru_message(reported(events(signed=True)), ENGINE), "OBR")
    assert order[32] == "&Kim Minji"
    (unsigned,) = rows(oru_message(reported(events()), ENGINE), "OBR")
    assert len(unsigned) <= 32


def test_the_pdf_goes_along_where_it_is_asked_for():
    pdf = bytes(range(256))
    (row,) = [r for r in rows(oru_message(reported(events()), ENGINE, pdf=pdf), "OBX") if r[2] == "ED"]
    assert base64.b64decode(row[5].split("^")[4]) == pdf


def test_a_site_that_tries_it_out_says_so_in_each_message():
    training = ENGINE.model_copy(update={"training": True})
    assert [rows(oru_message(reported(events()), e), "MSH")[0][10] for e in (ENGINE, training)] == ["P", "T"]


def test_it_arrives_over_mllp_as_it_was_written():
    message = oru_message(reported(events(language=Language.KOREAN)), KNOWN)
    with MllpListener() as listener:
        receipt = send_hl7(message, Endpoint(name="EMR", url=listener.url, timeout=100))
    assert listener.messages == [message]
    assert receipt.control_id == rows(message, "MSH")[0][9]
    assert control_id("a") != control_id("b")
