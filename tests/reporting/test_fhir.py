"""One report as FHIR: what the published models accept, and what a receiver can rely on."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class

from reporting.fhir import report_bundle
from reporting.fhir_terms import PRIVATE_SYSTEM
from reporting.hl7 import oru_message
from study.endpoint import Endpoint, FhirVersion
from study.findings import FINDINGS, FindingLabel
from study.model import DISCLAIMER_EN, Language, Presence, StudySummary, View
from study.tracking import tracking_uid
from tests.reporting.builders import FIRST, MODEL, SECOND, STUDY, draft, finding, findings, radiograph
from tests.reporting.reports import FREE_GAS, events, reported, signed_version

SYSTEM = "urn:oid:1.2.410.1"
VERSIONS: list[FhirVersion] = ["R5", "R4"]
CLASSES = {"R5": r5_class, "R4": r4_class}


def validated(bundle: dict[str, Any], version: FhirVersion) -> dict[str, Any]:
    """Return the bundle as the models of fhir.resources write it, so that nothing that they drop counts."""
    model = CLASSES[version]("Bundle").model_validate(bundle)
    again: dict[str, Any] = json.loads(model.model_dump_json())
    return again


def resources(bundle: dict[str, Any], resource_type: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [resource for resource in found if resource["resourceType"] == resource_type]


def the_report(bundle: dict[str, Any]) -> dict[str, Any]:
    (report,) = resources(bundle, "DiagnosticReport")
    return report


def of_finding(bundle: dict[str, Any], label: str) -> dict[str, Any]:
    code = FINDINGS[FindingLabel(label)].concept.value
    (found,) = [o for o in resources(bundle, "Observation") if o["code"]["coding"][0]["code"] == code]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("signed", [False, True])
def test_both_versions_of_the_standard_accept_it(version, language, signed):
    made = reported(events(language=language, signed=signed))
    bundle = report_bundle(made, version=version, pdf=b"%PDF-1.4", patient_system=SYSTEM)
    assert validated(bundle, version) == json.loads(json.dumps(bundle)), "nothing is lost or added"


@pytest.mark.parametrize("version", VERSIONS)
def test_its_status_is_that_of_the_report(version):
    drafted = events()
    addendum = draft(FREE_GAS).model_copy(update={"version": 3, "addendum_to": 1})
    signed = events(signed=True)
    for made, expected in (
        (reported(drafted), ("partial", {"preliminary"})),
        (reported(signed), ("final", {"final"})),
        (reported(signed, signed_version(addendum)), ("amended", {"amended"})),
    ):
        bundle = validated(report_bundle(made, version=version), version)
        assert the_report(bundle)["status"] == expected[0]
        assert {o["status"] for o in resources(bundle, "Observation")} == expected[1]


def test_a_signed_report_takes_the_place_of_its_draft_and_an_unsigned_addendum_of_nothing():
    def names(bundle: dict[str, Any]) -> set[str]:
        return {entry["request"]["url"] for entry in bundle["entry"]}

    signed = events(signed=True)
    addendum = draft(FREE_GAS).model_copy(update={"version": 3, "addendum_to": 1})
    before, after = report_bundle(reported(events())), report_bundle(reported(signed))
    assert names(before) == names(after)
    assert names(report_bundle(reported(signed, signed_version(addendum)))) == names(after)
    left = names(report_bundle(reported(signed, addendum))) & names(after)
    assert {url.partition("?")[0] for url in left} == {"Device"}


def test_the_same_version_gives_the_same_bundle():
    assert report_bundle(reported(events())) == report_bundle(reported(events()))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_finding_is_an_observation_with_its_code_presence_and_region(version):
    made = reported(events())
    bundle = validated(report_bundle(made, version=version), version)
    presence = {
        label: of_finding(bundle, label)["valueCodeableConcept"]["coding"][0]["code"]
        for label in ("pneumoperitoneum", "constipation", "pyloric_stenosis")
    }
    assert presence == {
        "pneumoperitoneum": "52101004",
        "constipation": "82334004",
        "pyloric_stenosis": "2667000",
    }
    free_gas = of_finding(bundle, "pneumoperitoneum")
    assert free_gas["bodySite"]["coding"][0]["code"] == "80581009"
    assert [i["coding"][0]["code"] for i in free_gas["interpretation"]] == ["POS", "AA"]
    tracked = {"system": "urn:dicom:uid", "value": f"urn:oid:{tracking_uid(FREE_GAS[0])}"}
    assert tracked in free_gas["identifier"], "the same finding as in SEG and measurement SR"


@pytest.mark.parametrize(
    ("plane", "said"), [("detector", "Area at the detector"), ("patient", "Area in the patient")]
)
def test_an_area_says_in_which_plane_it_is(plane: Any, said: str):
    there = finding("pneumoperitoneum", area_mm2=1234.56).model_copy(update={"area_plane": plane})
    bundle = validated(report_bundle(reported(events(findings(there)))), "R5")
    components = of_finding(bundle, "pneumoperitoneum")["component"]
    (area,) = [c for c in components if c["code"].get("text")]
    assert area["code"]["text"] == said
    assert area["code"]["coding"][0] == {
        "system": PRIVATE_SYSTEM,
        "code": f"{plane.upper()}_PLANE",
        "display": area["code"]["coding"][0]["display"],
    }
    assert area["valueQuantity"] == {
        "value": 1234.6,
        "unit": "mm2",
        "system": "http://unitsofmeasure.org",
        "code": "mm2",
    }


def test_the_probability_is_a_component_in_percent():
    bundle = report_bundle(reported(events()))
    first = of_finding(bundle, "pneumoperitoneum")["component"][0]
    assert first["code"]["coding"][0]["code"] == "111012"
    assert (first["valueQuantity"]["value"], first["valueQuantity"]["code"]) == (90.0, "%")


def test_what_the_radiographs_cannot_show_is_not_called_absent():
    levels = of_finding(report_bundle(reported(events())), "air_fluid_levels")
    assert "valueCodeableConcept" not in levels
    assert levels["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    erect = reported(events(findings(), radiographs=[radiograph(View.ERECT)]))
    seen = of_finding(report_bundle(erect), "air_fluid_levels")
    assert seen["valueCodeableConcept"]["coding"][0]["code"] == "2667000"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_rejected_finding_is_withdrawn_once_the_report_is_signed(version):
    rejected = events(signed=True, rejected=["pneumoperitoneum"])
    bundle = validated(report_bundle(reported(rejected), version=version), version)
    withdrawn = of_finding(bundle, "pneumoperitoneum")
    assert withdrawn["status"] == "entered-in-error"
    panels = [o for o in resources(bundle, "Observation") if "hasMember" in o]
    (its_url,) = [e["fullUrl"] for e in bundle["entry"] if e["resource"] == withdrawn]
    members = {m["reference"] for panel in panels for m in panel["hasMember"]}
    assert its_url not in members
    assert len(members) == len(FINDINGS) - 1
    assert "conclusionCode" not in the_report(bundle)


@pytest.mark.parametrize(("version", "element"), [("R5", "study"), ("R4", "imagingStudy")])
def test_it_names_study_order_and_segment_by_identifiers_that_others_know(version, element):
    bundle = validated(report_bundle(reported(events()), version=version), version)
    study = {"type": "ImagingStudy", "identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{STUDY}"}}
    report = the_report(bundle)
    assert report[element] == [study]
    assert report["basedOn"][0]["type"] == "ServiceRequest"
    assert report["basedOn"][0]["identifier"]["value"] == "A^1"
    assert report["effectiveDateTime"] == "2026-03-01"
    free_gas = of_finding(bundle, "pneumoperitoneum")
    assert study in free_gas["derivedFrom"]
    selections = free_gas.get("contained", [])
    assert [s["instance"][0]["subset"] for s in selections] == ([["2"]] if version == "R5" else [])


def test_the_patient_is_named_by_id_where_the_site_says_whose_ids_they_are_and_else_not_at_all():
    made = reported(events(signed=True))
    unnamed = json.dumps(report_bundle(made))
    named = report_bundle(made, patient_system=SYSTEM)
    assert "47|11&^" not in unnamed
    subject = {"type": "Patient", "identifier": {"system": SYSTEM, "value": "47|11&^"}}
    assert {json.dumps(r["subject"]) for r in (the_report(named), of_finding(named, "constipation"))} == {
        json.dumps(subject)
    }
    for bundle in (unnamed, json.dumps(named)):
        assert "Gildong" not in bundle
        assert "20251201" not in bundle


def test_a_study_that_says_nothing_of_itself_is_still_reported():
    bare = reported(events(summary=StudySummary(study_date="2026.3.1")))
    report = the_report(validated(report_bundle(bare, patient_system=SYSTEM), "R5"))
    assert not {"subject", "basedOn", "effectiveDateTime"} & set(report)


@pytest.mark.parametrize("language", list(Language))
def test_words_and_pdf_are_in_it_and_a_draft_says_that_it_is_one(language):
    drafted, signed = (reported(events(language=language, signed=s)) for s in (False, True))
    for made in (drafted, signed):
        report = the_report(report_bundle(made, pdf=b"%PDF-1.4"))
        pdf, text = report["presentedForm"]
        assert (pdf["contentType"], base64.b64decode(pdf["data"])) == ("application/pdf", b"%PDF-1.4")
        words = base64.b64decode(text["data"]).decode()
        for sentence in (*made.report.findings, *made.report.impression, *made.report.recommendation):
            assert sentence.text in words
        assert all(s.text in report["conclusion"] for s in made.report.impression)
        assert made.report.disclaimer in words
        mark = {"en": "UNVERIFIED DRAFT", "ko": "검증되지 않은 초안"}[language.value]
        for shown in (words, report["conclusion"], report["text"]["div"]):
            assert (mark in shown) is not made.is_signed
    assert "Kim Minji" in base64.b64decode(text["data"]).decode()
    assert report["resultsInterpreter"] == [{"display": "Kim Minji"}]
    assert "resultsInterpreter" not in the_report(report_bundle(drafted))


def test_markup_in_a_radiologists_words_stays_text():
    report = signed_version(draft(FREE_GAS))
    wicked = report.impression[0].model_copy(update={"text": "<script>1 < 2 & 3</script>"})
    made = reported(events(signed=True), report.model_copy(update={"impression": [wicked]}))
    assert "&lt;script&gt;1 &lt; 2 &amp; 3&lt;/script&gt;" in the_report(report_bundle(made))["text"]["div"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_model_is_a_device_with_its_version_and_disclaimer(version):
    bundle = validated(report_bundle(reported(events()), version=version), version)
    (device,) = resources(bundle, "Device")
    assert device["version"] == [{"value": MODEL.version}]
    assert device["note"] == [{"text": DISCLAIMER_EN}]
    (url,) = [e["fullUrl"] for e in bundle["entry"] if e["resource"] == device]
    assert of_finding(bundle, "pneumoperitoneum")["device"] == {"reference": url}


def test_each_radiograph_has_a_panel_of_its_own():
    made = [*findings(finding("pneumoperitoneum")), *findings(finding("constipation", on=SECOND), on=SECOND)]
    both = [radiograph(View.SUPINE, FIRST), radiograph(View.ERECT, SECOND)]
    bundle = validated(report_bundle(reported(events(made, radiographs=both))), "R5")
    panels = [o for o in resources(bundle, "Observation") if "hasMember" in o]
    assert [len(panel["hasMember"]) for panel in panels] == [4, 4]
    urls = {e["fullUrl"] for e in bundle["entry"]}
    assert len(urls) == len(bundle["entry"])
    references = [m["reference"] for panel in panels for m in panel["hasMember"]]
    assert set(references) < urls
    assert {o.presence for o in reported(events(made, radiographs=both)).observations} == {
        Presence.PRESENT,
        Presence.ABSENT,
    }


def test_kept_as_a_file_it_is_a_collection_without_requests():
    bundle = report_bundle(reported(events()), transaction=False)
    assert bundle["type"] == "collection"
    assert not any("request" in entry for entry in bundle["entry"])
    validated(bundle, "R5")


def test_what_a_reader_drew_is_the_readers_and_has_no_probability():
    drafted = events()
    by_model = reported(drafted)
    drawn = FREE_GAS[1].model_copy(
        update={"drawn_by": "Kim^Minji", "presence": Presence.PRESENT, "area_mm2": 77.0}
    )
    findings_now = [drawn if f.id == drawn.id else f for f in by_model.record.findings]
    record = by_model.record.model_copy(update={"findings": findings_now})
    bundle = report_bundle(by_model._replace(record=record))
    found = of_finding(bundle, "constipation")
    assert found["performer"] == [{"display": "Kim Minji"}]
    assert "device" not in found
    assert found["valueCodeableConcept"]["coding"][0]["code"] == "52101004"
    assert [c["code"].get("text") for c in found["component"] if "text" in c["code"]] == [
        "Area at the detector"
    ]
    assert "111012" not in json.dumps(found)
    message = oru_message(by_model._replace(record=record), Endpoint(name="EMR", url="mllp://engine"))
    (row,) = [
        line.split("|") for line in message.split("\r") if line.startswith("OBX|") and "|14760008^" in line
    ]
    assert (row[5].split("^")[0], row[9], row[16]) == ("52101004", "", "^Kim Minji")


def empty_lists(value: Any) -> int:
    """Return how many lists without anything there are in a resource, which FHIR's JSON does not allow."""
    if isinstance(value, dict):
        return sum(map(empty_lists, value.values()))
    return sum(map(empty_lists, value), start=not value) if isinstance(value, list) else 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_radiograph_of_which_its_reader_rejected_everything_has_a_panel_without_an_empty_list(version):
    labels = [each.label for each in FREE_GAS]
    bundle = report_bundle(reported(events(signed=True, rejected=labels)), version=version)
    assert empty_lists({"result": []}) == 1
    assert empty_lists(bundle) == 0
    validated(bundle, version)
