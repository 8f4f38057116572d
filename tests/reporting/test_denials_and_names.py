from __future__ import annotations

import pytest

from reporting.brief import brief_of
from reporting.reply import Line
from reporting.sentence import check_sentence
from study.findings import FindingLabel
from study.model import Language
from tests.reporting.builders import finding, findings

REFS = {
    "pn": FindingLabel.PNEUMOPERITONEUM,
    "py": FindingLabel.PYLORIC_STENOSIS,
    "ai": FindingLabel.AIR_FLUID_LEVELS,
    "co": FindingLabel.CONSTIPATION,
}
ALL_ABSENT = findings()
ALL_PRESENT = findings(
    finding("pneumoperitoneum", region="upper_abdomen"),
    finding("air_fluid_levels", region="pelvis", count=1),
    finding("constipation", region="left_lower_quadrant"),
    finding("pyloric_stenosis", region="left_upper_quadrant"),
)
# A sentence that is false, or says more or less, where all four findings are absent.
FALSE_DENIALS = [
    ("Constipation, pneumoperitoneum is not seen.", "co pn"),
    ("Constipation: pneumoperitoneum is not seen.", "co pn"),
    ("Constipation; no pneumoperitoneum.", "co pn"),
    ("No pneumoperitoneum; constipation.", "co pn"),
    ("No pneumoperitoneum; constipation is seen.", "co pn"),
    ("Pneumoperitoneum (constipation) is absent.", "co pn"),
    ("Not only pneumoperitoneum is absent.", "pn"),
    ("Free of everything, constipation.", "co"),
    ("No evidence is found and constipation is present.", "co"),
    ("Nothing: constipation.", "co"),
    ("No stool.", "co"),
    ("No stool or faecal loading.", "co"),
    ("No faecal material.", "co"),
    ("No gas or free gas.", "pn"),
    ("No gas, free or otherwise.", "pn"),
    ("The stomach is seen, no distension.", "py"),
    ("Constipation is suspected, no pneumoperitoneum.", "co pn"),
    ("Suspected constipation without pneumoperitoneum.", "co pn"),
    ("Pneumoperitoneum without constipation.", "co pn"),
    ("Constipation is noted, not pneumoperitoneum.", "co pn"),
    ("Pneumoperitoneum is not noted, constipation suggested.", "co pn"),
    ("Findings suggestive of constipation, pneumoperitoneum is not seen.", "co pn"),
    ("Suggestive of constipation, pneumoperitoneum and air-fluid levels are not seen.", "co pn ai"),
    ("Negative for pneumoperitoneum, positive for constipation.", "co pn"),
    ("Pneumoperitoneum negative, constipation positive.", "co pn"),
    ("Pneumoperitoneum (-), constipation (+).", "co pn"),
    ("Pneumoperitoneum -, constipation +.", "co pn"),
    ("Pneumoperitoneum none, constipation.", "co pn"),
    ("No pneumoperitoneum and constipation noted.", "co pn"),
    ("No pneumoperitoneum is seen and constipation.", "co pn"),
    ("No pneumoperitoneum is seen, with constipation.", "co pn"),
    ("No pneumoperitoneum with constipation is seen.", "co pn"),
    ("Absent pneumoperitoneum, constipation.", "co pn"),
    ("Absent pneumoperitoneum and constipation.", "co pn"),
    ("Constipation in the absence of pneumoperitoneum.", "co pn"),
    ("None of the findings assessed is absent.", "co pn py ai"),
    ("All of the findings assessed are present.", "co pn py ai"),
    ("No pneumoperitoneum, no findings.", "pn"),
    ("No findings.", "pn"),
    ("There is no pneumoperitoneum, there is constipation.", "co pn"),
    ("There is no pneumoperitoneum and there is constipation.", "co pn"),
    ("The radiograph does not show pneumoperitoneum, shows constipation.", "co pn"),
    ("The radiograph does not show pneumoperitoneum and constipation is present.", "co pn"),
    ("Cannot see pneumoperitoneum, only constipation.", "co pn"),
    ("Pneumoperitoneum is unlikely.", "pn"),
    ("Pneumoperitoneum is excluded.", "pn"),
    ("Pneumoperitoneum not excluded.", "pn"),
    ("Pneumoperitoneum cannot be excluded, not seen.", "pn"),
    ("No probable pneumoperitoneum.", "pn"),
    ("No likely pneumoperitoneum.", "pn"),
    ("Possibly no pneumoperitoneum.", "pn"),
    ("Pneumoperitoneum is probably absent.", "pn"),
    ("No subdiaphragmatic free gas.", "pn"),
    ("No free gas under the diaphragm.", "pn"),
    ("No large pneumoperitoneum.", "pn"),
    ("No frank pneumoperitoneum.", "pn"),
    ("No small bowel air-fluid levels.", "ai"),
    ("No multiple air-fluid levels.", "ai"),
    ("No single air-fluid level.", "ai"),
    ("No pneumoperitoneum in the upper abdomen.", "pn"),
    ("No left-sided free gas.", "pn"),
    ("No further pneumoperitoneum.", "pn"),
    ("No new pneumoperitoneum.", "pn"),
    ("No longer pneumoperitoneum.", "pn"),
    ("No pneumoperitoneum on the left lateral view.", "pn"),
    ("No pneumoperitoneum on the left lateral decubitus view.", "pn"),
    ("Without doubt pneumoperitoneum.", "pn"),
    ("No doubt there is pneumoperitoneum.", "pn"),
    ("Pneumoperitoneum not in doubt.", "pn"),
    ("No lack of pneumoperitoneum.", "pn"),
    ("Pneumoperitoneum is not missing.", "pn"),
    ("Pneumoperitoneum is not negative.", "pn"),
    ("The radiograph fails to exclude pneumoperitoneum.", "pn"),
    ("The radiograph fails to show no pneumoperitoneum.", "pn"),
    ("I do not see no pneumoperitoneum.", "pn"),
    ("No image is without pneumoperitoneum.", "pn"),
    ("No pneumoperitoneum is not seen.", "pn"),
    ("Neither pneumoperitoneum is absent.", "pn"),
    ("Either pneumoperitoneum or no pneumoperitoneum.", "pn"),
    ("기복증이 보이는 영상에서 변비는 없음.", "co pn"),
    ("변비가 의심되는 영상에서 기복증은 없음.", "co pn"),
    ("변비가 있는 상태에서 기복증 없음.", "co pn"),
    ("변비가 형성됨, 기복증 없음.", "co pn"),
    ("변비 양성, 기복증 음성.", "co pn"),
    ("변비 (+), 기복증 (-).", "co pn"),
    ("변비 소견이며 기복증은 없음.", "co pn"),
    ("변비로 생각되며 기복증은 없음.", "co pn"),
    ("변비가 시사되며 기복증은 없음.", "co pn"),
    ("변비임, 기복증 없음.", "co pn"),
    ("변비이고 기복증 아님.", "co pn"),
    ("변비이며 기복증은 관찰되지 않음.", "co pn"),
    ("변비 외에 기복증 없음.", "co pn"),
    ("기복증 없음 및 변비.", "co pn"),
    ("기복증은 없으나 변비.", "co pn"),
    ("기복증은 없으나 변비가 있음.", "co pn"),
    ("기복증만 없음.", "pn"),
    ("기복증이 아니라 변비.", "co pn"),
    ("기복증이 없다고 할 수 없음.", "pn"),
    ("기복증을 배제할 수 없음.", "pn"),
    ("기복증이 없는 것은 아님.", "pn"),
    ("기복증이 없지 않음.", "pn"),
    ("기복증이 부재하지 않음.", "pn"),
    ("대변 없음.", "co"),
    ("분변 음영 없음.", "co"),
    ("가스 없음, 기복증 없음.", "pn"),
    ("소장 내 공기액체층 없음.", "ai"),
    ("횡격막하 유리 가스 없음.", "pn"),
    ("다수의 공기액체층 없음.", "ai"),
    ("기복증 등 없음.", "pn"),
    ("기타 소견 없음, 기복증 없음.", "pn"),
    ("그 외 소견 없음.", "pn"),
    ("기복증은 없고 그 외 소견도 없음.", "pn"),
    ("이상 소견 없음, 기복증 없음.", "pn"),
    ("복수의 증거 없음, 기복증 없음.", "pn"),
    ("기복증과 복수의 소견 없음.", "pn"),
    ("위에 기복증 없음.", "pn"),
    ("하지에 기복증 없음.", "pn"),
    ("평가한 소견이 모두 관찰됨.", "co pn py ai"),
    ("변비가 나타난 영상에 기복증은 없음.", "co pn"),
    ("변비를 보이고 있는 기복증 없음.", "co pn"),
    ("변비를 동반한 기복증은 없음.", "co pn"),
]
# The same where all four are present with high certainty.
FALSE_ASSERTIONS = [
    ("Pneumoperitoneum or constipation.", "pn co"),
    ("Either pneumoperitoneum or constipation is present.", "pn co"),
    ("Pneumoperitoneum is in question.", "pn"),
    ("Whether there is pneumoperitoneum.", "pn"),
    ("Pneumoperitoneum is thought to be present.", "pn"),
    ("Free gas under the diaphragm.", "pn"),
    ("Subdiaphragmatic free gas in the upper abdomen.", "pn"),
    ("Free gas in the upper abdomen outside the stomach.", "pn"),
    ("Free gas in the stomach.", "pn"),
    ("Free gas and fluid in the upper abdomen.", "pn"),
    ("Free fluid in the peritoneal cavity with pneumoperitoneum.", "pn"),
    ("Multiple free gas.", "pn"),
    ("Free gas collections.", "pn"),
    ("Stool in the small bowel with constipation.", "co"),
    ("Constipation with stool in the colon.", "co"),
    ("Constipation with stool in the stomach.", "co"),
    ("Gas and constipation in the left lower quadrant.", "co"),
    ("Faecal impaction.", "co"),
    ("Constipation with impaction.", "co"),
    ("Constipation in the left lateral abdomen.", "co"),
    ("Constipation in the left abdomen.", "co"),
    ("Left-sided constipation.", "co"),
    ("Constipation on the left.", "co"),
    ("Constipation throughout.", "co"),
    ("Diffuse constipation.", "co"),
    ("Constipation in the left lower quadrant extending over the pelvis.", "co"),
    ("Constipation in the left lower quadrant and centrally.", "co"),
    ("Pyloric stenosis with a normal duodenum.", "py"),
    ("Gas in the pylorus in the left upper quadrant.", "py"),
    ("Pyloric stenosis in the left upper quadrant.", "py"),
    ("Distended abdomen with pyloric stenosis.", "py"),
    ("Distended stomach and bowel.", "py"),
    ("Distended stomach with abdominal distension.", "py"),
    ("Distended stomach due to pyloric stenosis.", "py"),
    ("Pneumoperitoneum due to constipation.", "pn co"),
    ("Pneumoperitoneum from constipation.", "pn co"),
    ("Pneumoperitoneum indicating constipation.", "pn co"),
    ("Pneumoperitoneum reflects constipation.", "pn co"),
    ("Pneumoperitoneum represents constipation.", "pn co"),
    ("Constipation is consistent with pneumoperitoneum.", "pn co"),
    ("Pneumoperitoneum gives constipation.", "pn co"),
    ("Pneumoperitoneum yields constipation.", "pn co"),
    ("Free gas, consistent with a distended stomach.", "pn py"),
    ("A single air-fluid level in the stomach.", "ai"),
    ("A single air-fluid level with fluid in the pelvis.", "ai"),
    ("Constipation on one radiograph.", "co"),
    ("A single faecal load.", "co"),
    ("Solitary constipation.", "co"),
    ("Several faecal loads and a single air-fluid level.", "ai co"),
    ("Pneumoperitoneum is present on the left lateral view.", "pn"),
    ("Pneumoperitoneum is reported to the surgeon.", "pn"),
    ("Free gas in the distended stomach.", "pn py"),
    ("Status of pneumoperitoneum.", "pn"),
    ("Pneumoperitoneum in all four quadrants.", "pn"),
    ("Some constipation.", "co"),
    ("Early constipation.", "co"),
    ("Full stomach distended.", "py"),
    ("The model shows pneumoperitoneum is not clear.", "pn"),
    ("복수의 기복증.", "pn"),
    ("공기액체층 및 복수의 소견.", "ai"),
    ("기복증 또는 변비.", "pn co"),
    ("기복증이나 변비가 있음.", "pn co"),
    ("기복증 가능성.", "pn"),
    ("기복증 여부.", "pn"),
    ("기복증 유무.", "pn"),
    ("기복증으로 생각됨.", "pn"),
    ("기복증으로 판단됨.", "pn"),
    ("기복증일 수 있음.", "pn"),
    ("기복증인지.", "pn"),
    ("위에 유리 가스가 있음.", "pn"),
    ("위 내 유리 가스.", "pn"),
    ("소장에 변비.", "co"),
    ("소장 내 분변 저류.", "co"),
    ("위 내 분변 저류.", "co"),
    ("하지에 변비가 있음.", "co"),
    ("좌측에 변비가 있음.", "co"),
    ("좌측 복부에 변비.", "co"),
    ("장에 가스로 팽창된 위.", "py"),
    ("유문 협착이 좌상복부에 있음.", "py"),
    ("좌상복부에 유문 협착 양상.", "py"),
    ("복부 팽만 및 유문 협착.", "py"),
    ("장 팽창과 위 팽창.", "py"),
    ("변비로 인한 기복증.", "pn co"),
    ("변비에 의한 기복증.", "pn co"),
    ("변비에 따른 기복증.", "pn co"),
    ("변비를 동반한 기복증.", "pn co"),
    ("기복증에 합당한 변비.", "pn co"),
    ("분변 매복.", "co"),
    ("심한 변비.", "co"),
    ("변비 병변.", "co"),
    ("변비와 변화.", "co"),
    ("복부 전체에 걸쳐 변비.", "co"),
    ("급성 변비.", "co"),
    ("변비가 지속됨.", "co"),
    ("기복증 확인 요망.", "pn"),
    ("기복증 확인 바람.", "pn"),
    ("단일 변비.", "co"),
    ("공기액체층들.", "ai"),
    ("복강 내 액체와 유리 가스.", "pn"),
    ("복강 내 유리 액체.", "pn"),
    ("자유 위.", "py"),
    ("기복증이 없지 않음.", "pn"),
    ("위와 같이 기복증.", "pn"),
    ("간 주위 유리 가스.", "pn"),
    ("기복증만 있음.", "pn"),
    ("기복증 상태가 좋음.", "pn"),
]
# True of them, and once refused, or hard to tell from what is false.
TRUE_DENIALS = [
    ("No findings suggestive of pneumoperitoneum, and no stool retention on this film.", "pn co"),
    ("None of the abnormalities assessed is identified.", "pn py ai co"),
    ("There is no free air, and faecal loading is not seen.", "pn co"),
    ("Pneumoperitoneum: no evidence on this radiograph.", "pn"),
    ("No evidence, on this view, of coprostasis.", "co"),
    ("The stomach shows no gaseous distension.", "py"),
    ("Free air (-), AFLs (-).", "pn ai"),
    ("기복증을 시사하는 소견이나 공기액체층은 없음.", "pn ai"),
    ("기복증, 변비 가운데 확인되는 소견은 없음.", "pn co"),
    ("위의 가스 팽창을 동반한 유문 협착 양상은 없음.", "py"),
    ("판독 대상 소견은 모두 보이지 않습니다.", "pn py ai co"),
]
TRUE_ASSERTIONS = [
    ("Gas lies free within the peritoneal cavity in the upper abdomen.", "pn"),
    ("Faecal matter has accumulated in the left lower quadrant.", "co"),
    ("The stomach in the left upper quadrant is distended by gas, in keeping with pyloric stenosis.", "py"),
    ("Solitary gas-fluid interface, pelvic.", "ai"),
    ("좌하복부에 대변이 저류된 변비입니다.", "co"),
    ("좌상복부의 위가 가스로 팽창되어 있어 유문 협착 양상을 나타냄.", "py"),
    ("골반강에 기액면 하나가 보임.", "ai"),
]


def faults(made: list, text: str, refs: str) -> list:
    language = Language.KOREAN if any("가" <= c <= "힣" for c in text) else Language.ENGLISH
    brief, _ = brief_of(made, {}, language)
    named = [fact.ref for key in refs.split() for fact in brief.facts if fact.finding is REFS[key]]
    return check_sentence(Line(text=text, refs=named), brief, needs_region=False)


@pytest.mark.parametrize(("text", "refs"), FALSE_DENIALS, ids=[x[0] for x in FALSE_DENIALS])
def test_what_does_not_plainly_deny_is_refused(text: str, refs: str):
    assert faults(ALL_ABSENT, text, refs)


@pytest.mark.parametrize(("text", "refs"), FALSE_ASSERTIONS, ids=[x[0] for x in FALSE_ASSERTIONS])
def test_what_says_more_or_less_than_is_there_is_refused(text: str, refs: str):
    assert faults(ALL_PRESENT, text, refs)


@pytest.mark.parametrize(("text", "refs"), TRUE_DENIALS, ids=[x[0] for x in TRUE_DENIALS])
def test_a_plain_denial_in_other_words_is_taken(text: str, refs: str):
    assert faults(ALL_ABSENT, text, refs) == []


@pytest.mark.parametrize(("text", "refs"), TRUE_ASSERTIONS, ids=[x[0] for x in TRUE_ASSERTIONS])
def test_a_name_put_together_of_parts_is_taken(text: str, refs: str):
    assert faults(ALL_PRESENT, text, refs) == []


DOUBTFUL = findings(
    finding("pneumoperitoneum", certainty="moderate", region="upper_abdomen"),
    finding("constipation", certainty="low", region="pelvis"),
)
CLAUSES = [
    ("Probable pneumoperitoneum and possible constipation.", True),
    ("Probable free gas in the upper abdomen; possible stool retention in the pelvis.", True),
    ("Pneumoperitoneum is probable and constipation possible.", True),
    ("기복증일 가능성이 높고 변비일 가능성이 있음.", True),
    ("Possible pneumoperitoneum and probable constipation.", False),
    ("Probable pneumoperitoneum and constipation.", False),
    ("Pneumoperitoneum and possible constipation.", False),
    ("Probable free gas in the pelvis; possible stool retention in the upper abdomen.", False),
    ("Free gas is seen, probable pneumoperitoneum, and possible constipation.", False),
    ("Probable pneumoperitoneum with possible constipation.", False),
]


@pytest.mark.parametrize(("text", "holds"), CLAUSES, ids=[c[0] for c in CLAUSES])
def test_two_findings_of_different_certainty_share_a_sentence_where_each_has_its_own_hedge(
    text: str, holds: bool
):
    assert (not faults(DOUBTFUL, text, "pn co")) is holds
