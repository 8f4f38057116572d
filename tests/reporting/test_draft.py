from __future__ import annotations

import re
from itertools import product

import pytest

from reporting.phrases import phrases
from study.findings import FindingLabel
from study.image_kind import ImageKind, why_unread
from study.model import Certainty, DraftSource, Language, Report, Sentence, View
from study.unread import Unread, UnreadCode
from tests.reporting.builders import FIRST, SECOND, draft, finding, findings, radiograph

EN, KO = Language.ENGLISH, Language.KOREAN


def words(sentences: list[Sentence]) -> list[str]:
    return [sentence.text for sentence in sentences]


def rules(report: Report) -> list[str]:
    return [str(sentence.rule_id) for sentence in report.recommendation]


def test_a_critical_finding_reads_first_and_asks_for_a_surgeon():
    made = findings(
        finding("constipation", certainty="low", region="left_lower_quadrant"),
        finding("pneumoperitoneum", region="upper_abdomen"),
    )
    report = draft(made, [radiograph(View.ERECT)])
    assert words(report.impression) == [
        "Pneumoperitoneum.",
        "Possible faecal loading in the left lower quadrant (constipation).",
    ]
    assert words(report.findings) == [
        "Free intraperitoneal gas in the upper abdomen, consistent with pneumoperitoneum.",
        "Possible faecal loading in the left lower quadrant.",
        "The model finds no evidence of a pyloric stenosis pattern or air-fluid levels on this radiograph.",
        "Free gas: area 12.3 cm² at the detector.",
        "Faecal loading: area 12.3 cm² at the detector.",
    ]
    assert rules(report) == ["pneumoperitoneum-surgeon", "constipation-correlate"]
    assert report.critical
    assert report.wording.source is DraftSource.TEMPLATE


def test_the_same_truth_reads_in_korean():
    made = findings(finding("pneumoperitoneum", certainty="moderate", region="right_upper_quadrant"))
    report = draft(made, language=KO)
    assert words(report.impression) == ["기복증일 가능성이 높음."]
    assert words(report.findings)[:3] == [
        "우상복부에 복강 내 유리 가스가 있을 가능성이 높음.",
        "모델 판독상 이 영상에서 유문 협착 양상 또는 분변 저류 소견 없음.",
        "앙와위 영상에서는 공기액체층을 평가할 수 없음.",
    ]
    assert report.comparison == "비교 판독은 시행하지 않음."
    assert report.disclaimer == "합성 팬텀으로 학습됨, 임상용 아님"


def test_absence_is_said_of_the_four_findings_only():
    report = draft(findings())
    everything = " ".join(words(report.findings + report.impression + report.limitations))
    assert "normal" not in everything.lower()
    assert "unremarkable" not in everything.lower()
    assert words(report.impression) == [
        "The model finds no evidence of pneumoperitoneum, a pyloric stenosis pattern or faecal loading "
        "on this radiograph."
    ]
    assert "assessed four findings and nothing else" in everything
    assert rules(report) == ["none"]
    assert not report.critical
    assert report.comparison == "No comparison was made."


@pytest.mark.parametrize(
    ("language", "said", "limit"),
    [
        (Language.ENGLISH, "area 12.3 cm², corrected for magnification.", "not corrected"),
        (Language.KOREAN, "확대율 보정 면적 12.3 cm².", "보정하지 않음"),
    ],
)
def test_an_area_that_was_corrected_is_not_said_to_be_at_the_detector(language, said, limit):
    made = finding("constipation").model_copy(update={"area_plane": "patient"})
    report = draft(findings(made), language=language)
    assert any(sentence.text.endswith(said) for sentence in report.findings)
    assert not any(limit in sentence.text for sentence in report.limitations)


@pytest.mark.parametrize(
    ("count", "area", "expected"),
    [
        (1, 45.0, "Gas above the air-fluid levels: 1 level, area 0.5 cm² at the detector."),
        (3, 2345.0, "Gas above the air-fluid levels: about 3 levels, area 23.4 cm² at the detector."),
        (2, 4.0, "Gas above the air-fluid levels: about 2 levels, area less than 0.1 cm² at the detector."),
        (
            2,
            None,
            "Gas above the air-fluid levels: about 2 levels; "
            "no area, for the radiograph records no pixel spacing.",
        ),
    ],
)
def test_numbers_units_and_plurals_are_right(count: int, area: float | None, expected: str):
    report = draft(findings(finding("air_fluid_levels", count=count, area_mm2=area, region="pelvis")))
    assert words(report.findings)[0].startswith("A single" if count == 1 else "Multiple")
    assert expected in words(report.findings)


@pytest.mark.parametrize(
    ("made", "view", "expected"),
    [
        (finding("pneumoperitoneum"), View.ERECT, ["pneumoperitoneum-surgeon"]),
        (
            finding("pneumoperitoneum"),
            View.SUPINE,
            ["pneumoperitoneum-surgeon", "pneumoperitoneum-second-view"],
        ),
        (finding("pneumoperitoneum", "indeterminate"), View.ERECT, ["pneumoperitoneum-second-view"]),
        (finding("pyloric_stenosis"), View.SUPINE, ["pyloric-ultrasound-age-unknown"]),
        (finding("pyloric_stenosis", "indeterminate"), View.SUPINE, ["pyloric-ultrasound-age-unknown"]),
        (finding("air_fluid_levels"), View.ERECT, ["levels-correlate"]),
        (finding("constipation"), View.SUPINE, ["constipation-correlate"]),
    ],
)
def test_recommendations_follow_by_rule(made, view: View, expected: list[str]):
    report = draft(findings(made), [radiograph(view)])
    assert rules(report) == expected
    assert all(sentence.finding_ids == [made.id] for sentence in report.recommendation)
    assert report.critical == (made.label is FindingLabel.PNEUMOPERITONEUM)


def test_two_radiographs_are_told_apart():
    made = findings(finding("air_fluid_levels", count=4, region="central_abdomen", on=SECOND), on=SECOND)
    made += findings(on=FIRST)
    report = draft(made, [radiograph(View.SUPINE, FIRST), radiograph(View.ERECT, SECOND)])
    assert words(report.technique) == ["Two abdominal radiographs: supine and erect."]
    assert words(report.impression) == ["Air-fluid levels in the central abdomen on the erect radiograph."]
    assert words(report.findings)[1:3] == [
        "The model finds no evidence of pneumoperitoneum, a pyloric stenosis pattern or faecal loading "
        "on these radiographs.",
        "Air-fluid levels cannot be assessed on a supine radiograph.",
    ]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("views", [[View.SUPINE], [View.SUPINE, View.SUPINE], [View.SUPINE, View.UNKNOWN]])
def test_levels_are_not_denied_where_a_radiograph_cannot_show_them(views: list[View], language: Language):
    uids = [FIRST, SECOND][: len(views)]
    made = [f for uid in uids for f in findings(on=uid)]
    report = draft(made, [radiograph(v, u) for v, u in zip(views, uids, strict=True)], language)
    supine = {uid for uid, view in zip(uids, views, strict=True) if view is View.SUPINE}
    noun, phrase = phrases(language)["absent"]["air_fluid_levels"], phrases(language)["not_assessable"]
    for sentence in report.findings + report.impression:
        on = {i.partition("@")[2] for i in sentence.finding_ids if i.startswith("air_fluid")}
        if sentence.text == phrase["air_fluid_levels"]:
            assert on == supine
        else:
            assert not on & supine
            assert (noun in sentence.text) == bool(on)
    assert phrase["air_fluid_levels"] in words(report.findings)


def test_a_horizontal_beam_without_a_level_denies_them_for_the_study():
    made = findings(on=FIRST) + findings(on=SECOND)
    report = draft(made, [radiograph(View.SUPINE, FIRST), radiograph(View.ERECT, SECOND)])
    assert words(report.findings) == [
        "The model finds no evidence of pneumoperitoneum, a pyloric stenosis pattern, air-fluid levels "
        "or faecal loading on these radiographs."
    ]


def test_the_same_finding_on_both_radiographs_is_one_impression():
    seen = [finding("constipation", region="pelvis", on=uid) for uid in (FIRST, SECOND)]
    made = findings(seen[0], on=FIRST) + findings(seen[1], on=SECOND)
    report = draft(made, [radiograph(View.SUPINE, FIRST), radiograph(View.ERECT, SECOND)])
    assert words(report.impression) == ["Faecal loading in the pelvis, consistent with constipation."]
    assert report.impression[0].finding_ids == [f.id for f in seen]


def test_images_that_were_not_read_are_counted_and_not_quoted():
    report = draft(findings(), not_read={"1.2": "KIM^MINJUN", "1.3": "KIM^MINJUN"})
    limits = words(report.limitations)
    assert "2 other images of this study were not assessed by the model." in limits
    assert "KIM" not in report.model_dump_json()


@pytest.mark.parametrize("language", list(Language))
def test_every_combination_reads_whole(language: Language):
    """No slot is left open, no sentence empty or doubled in punctuation, whatever was found."""
    bands = ["absent", "indeterminate", *(c.value for c in Certainty)]
    for combination in product(bands, repeat=4):
        made = [
            finding(
                label.value,
                band if band in ("absent", "indeterminate") else "present",
                certainty=band if band in ("low", "moderate", "high") else "low",
                region=None if band == "absent" else "upper_abdomen",
                count=2,
            )
            for label, band in zip(FindingLabel, combination, strict=True)
        ]
        report = draft(made, language=language)
        named = {i for sentence in report.findings for i in sentence.finding_ids}
        assert named == {f.id for f in made}
        for sentence in report.findings + report.impression + report.recommendation:
            assert re.fullmatch(r"[^{}]+\.", sentence.text)
            assert "  " not in sentence.text
            assert ".." not in sentence.text


def test_a_reason_in_the_words_of_an_older_archive_is_said_in_the_report_s_language():
    old = {"1.2": "series description is CHEST; the model reads the abdomen only"}
    texts = words(draft(findings(), language=KO, not_read=old).limitations)
    assert "영상을 평가하지 않은 사유: 시리즈 설명에 흉부(으)로 기록됨; 모델은 복부 영상만 판독함." in texts


def test_what_is_no_radiograph_is_counted_and_needs_no_reason():
    other = {"1.2": Unread.of(UnreadCode.NOT_A_RADIOGRAPH)}
    texts = words(draft(findings(), not_read=other).limitations)
    assert "One other image of this study was not assessed by the model." in texts
    assert not any("Reason" in text for text in texts)


def test_an_unreadable_file_is_named_without_the_error():
    broken = {"1.2": Unread.of(UnreadCode.UNREADABLE, detail="KIM^MINJUN's pixel data is short")}
    report = draft(findings(), not_read=broken)
    assert any("the file cannot be read." in text for text in words(report.limitations))
    assert "KIM" not in report.model_dump_json()


def test_both_languages_have_the_same_phrases():
    def keys(table: dict, path: str = "") -> set[str]:
        return {
            key
            for name, value in table.items()
            for key in (keys(value, f"{path}{name}.") if isinstance(value, dict) else {path + name})
        }

    assert keys(phrases(EN)) == keys(phrases(KO))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.ENGLISH, "not assessed: the image looks like a chest, not an abdomen."),
        (Language.KOREAN, "평가하지 않은 사유: 복부가 아닌 흉부 영상으로 보임."),
    ],
)
def test_why_an_image_looks_unfit_is_said_once_in_both_languages(language, said):
    reason = why_unread(ImageKind.CHEST)
    report = draft(
        findings(), language=language, not_read={"1.2": reason, "1.3": reason, "1.4": "KIM^MINJUN"}
    )
    texts = [sentence.text for sentence in report.limitations]
    assert sum(said in text for text in texts) == 1
    assert "KIM" not in " ".join(texts)
