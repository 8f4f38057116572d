import highdicom as hd
import pytest

from inference.seg import SegUids, write_seg
from inference.sr import SrUids, write_sr
from study.findings import FINDINGS
from study.model import Presence
from tests.inference.conftest import FOUND
from tests.inference.truth import MADE_AT, PACKAGE
from tests.inference.validators import dciodvfy, dsrdump, saved, tid1500reader
from training.phantom import ABDOMINAL_KINDS, PhantomKind

MODEL = PACKAGE.identity


@pytest.fixture(scope="module")
def written(measured, radiographs):
    objects = {}
    for kind in ABDOMINAL_KINDS:
        result = measured(kind)
        seg, findings = write_seg(
            result.labels, result.findings, radiographs[kind], MODEL, SegUids("2.25.1", "2.25.2"), MADE_AT
        )
        sr = write_sr(findings, radiographs[kind], seg, MODEL, SrUids("2.25.3", "2.25.4"), MADE_AT)
        objects[kind] = (sr, seg, findings)
    return objects


@pytest.mark.peer
@pytest.mark.parametrize("kind", ABDOMINAL_KINDS)
def test_dciodvfy_finds_no_error(kind, written, tmp_path):
    assert dciodvfy(written[kind][0], tmp_path) == []


@pytest.mark.parametrize("kind", ABDOMINAL_KINDS)
def test_highdicom_reads_all_four_findings_back(kind, written, tmp_path):
    sr, seg, findings = written[kind]
    content = hd.sr.srread(saved(sr, tmp_path)).content
    assert isinstance(content, hd.sr.MeasurementReport)
    drawn = [f for f in findings if f.segment]
    assert len(content.get_planar_roi_measurement_groups()) == len(drawn)
    assert len(content.get_image_measurement_groups()) == len(findings) - len(drawn)
    for finding in drawn:
        segment = seg.SegmentSequence[finding.segment.segment_number - 1]
        (group,) = content.get_planar_roi_measurement_groups(tracking_uid=segment.TrackingUID)
        assert group.tracking_identifier == segment.TrackingID == finding.label.value
        reference = group.referenced_segmentation_frame[0].ReferencedSOPSequence[0]
        assert reference.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == finding.segment.segment_number
        (doubt,) = group.get_measurements(
            name=hd.sr.CodedConcept("UNCERTAINTY", "99KIDRAY", "Uncertainty of finding")
        )
        assert doubt.value == pytest.approx(100 * finding.uncertainty, abs=0.01)
        (area,) = group.get_measurements(name=hd.sr.CodedConcept("42798000", "SCT", "Area"))
        assert area.value == pytest.approx(finding.area_mm2, abs=0.01)
        assert area.unit.value == "mm2"


@pytest.mark.parametrize("kind", ABDOMINAL_KINDS)
def test_dcmqi_reads_presence_and_certainty_of_each_finding(kind, written, tmp_path):
    sr, _, findings = written[kind]
    groups = tid1500reader(sr, tmp_path)["Measurements"]
    assert len(groups) == len(FINDINGS)
    for group, finding in zip(groups, findings, strict=True):
        assert group["Finding"]["CodeValue"] == FINDINGS[finding.label].concept.value
        (presence,) = group["qualitativeEvaluations"]
        assert presence["conceptValue"]["CodeMeaning"].lower() == finding.presence.value
        certainty = group["measurementItems"][0]
        assert certainty["quantity"]["CodeValue"] == "111012"
        assert float(certainty["value"]) == pytest.approx(100 * finding.probability, abs=0.01)


@pytest.mark.peer
def test_a_person_can_read_it_with_dsrdump(written, tmp_path):
    text = dsrdump(written[PhantomKind.PNEUMOPERITONEUM][0], tmp_path)
    assert "Pneumoperitoneum" in text
    assert text.count('"Absent"') == 3
    assert text.count('"Present"') == 1
    assert "Referenced Segmentation Frame" in text


@pytest.mark.parametrize("kind", ABDOMINAL_KINDS)
def test_it_is_unverified_and_preliminary(kind, written):
    sr = written[kind][0]
    assert sr.VerificationFlag == "UNVERIFIED"
    assert sr.PreliminaryFlag == "PRELIMINARY"
    assert "VerifyingObserverSequence" not in sr
    assert sr.SeriesDescription.endswith("not for clinical use")
    assert sr.Manufacturer == "Kidray"


def test_a_normal_radiograph_gets_a_report_of_absences(written):
    sr, seg, findings = written[PhantomKind.NORMAL]
    assert seg is None
    assert {f.presence for f in findings} == {Presence.ABSENT}
    evidence = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert len(evidence) == 1


@pytest.mark.parametrize("kind", FOUND)
def test_the_evidence_names_radiograph_and_seg(kind, written, radiographs):
    sr, seg, _ = written[kind]
    series = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    named = {i.ReferencedSOPInstanceUID for s in series for i in s.ReferencedSOPSequence}
    assert named == {radiographs[kind].SOPInstanceUID, seg.SOPInstanceUID}
