"""The third writer's Korean words and patterns."""

from __future__ import annotations

from reporting.brief import RadiographName
from study.findings import FindingLabel
from study.model import Certainty, Region

NOUNS: dict[FindingLabel, tuple[str, ...]] = {
    FindingLabel.PNEUMOPERITONEUM: (
        "기복증",
        "복강 내 유리 가스",
        "복강내 유리 공기",
        "복강내 유리가스",
        "복강 내 자유 공기",
        "복강 내 자유 가스",
        "유리 공기",
        "복강 내 유리공기",
        "기복",
    ),
    FindingLabel.AIR_FLUID_LEVELS: (
        "공기액체층",
        "공기-액체층",
        "공기 액체층",
        "공기액체 수준",
        "가스액체층",
        "공기액체면",
    ),
    FindingLabel.CONSTIPATION: (
        "분변 저류",
        "대변 저류",
        "분변 축적",
        "대변 정체",
        "분변 정체",
        "변 저류",
        "대변 축적",
        "저류된 대변",
        "분변 음영의 저류",
    ),
    FindingLabel.PYLORIC_STENOSIS: (
        "유문 협착 양상",
        "유문협착 양상",
        "비후성 유문 협착 양상",
        "유문부 협착 양상",
        "유문 협착 소견",
        "유문 협착의 양상",
    ),
}
STOMACH = (
    "가스로 팽창된 위",
    "위의 가스 팽만",
    "가스로 팽만된 위",
    "가스에 의한 위 팽창",
    "위의 가스성 팽창",
    "가스로 확장된 위",
    "위 팽만",
    "위 확장",
    "공기로 팽창된 위",
)
SINGLE = ("단일 {}", "단일한 {}", "단발성 {}", "단독 {}")
MULTIPLE = ("다수의 {}", "여러 {}", "다발성 {}", "복수의 {}", "여러 개의 {}")
PLACES: dict[Region, tuple[str, ...]] = {
    Region.RIGHT_UPPER_QUADRANT: ("우상복부", "우측 상복부", "오른쪽 상복부", "복부 우상부", "우상 사분면"),
    Region.LEFT_UPPER_QUADRANT: ("좌상복부", "좌측 상복부", "왼쪽 상복부", "복부 좌상부", "좌상 사분면"),
    Region.RIGHT_LOWER_QUADRANT: ("우하복부", "우측 하복부", "오른쪽 하복부", "복부 우하부", "우하 사분면"),
    Region.LEFT_LOWER_QUADRANT: ("좌하복부", "좌측 하복부", "왼쪽 하복부", "복부 좌하부", "좌하 사분면"),
    Region.CENTRAL_ABDOMEN: ("중앙 복부", "복부 중앙", "복부 중앙부", "중복부", "복부 중심부"),
    Region.UPPER_ABDOMEN: ("상복부", "복부 상부", "상복부 영역", "상부 복부"),
    Region.LOWER_ABDOMEN: ("하복부", "복부 하부", "하복부 영역", "하부 복부"),
    Region.WHOLE_ABDOMEN: ("복부 전반", "복부 전체", "전체 복부", "복부 전역", "전 복부"),
    Region.PELVIS: ("골반", "골반강", "골반부", "골반 내", "골반 부위"),
}
VIEWS: dict[RadiographName, tuple[str, ...]] = {
    RadiographName.ERECT: ("기립위", "기립", "입위"),
    RadiographName.SUPINE: ("앙와위", "누운 자세"),
    RadiographName.DECUBITUS: ("측와위", "좌측와위", "좌측 측와위"),
    RadiographName.FIRST: ("첫 번째", "첫번째"),
    RadiographName.SECOND: ("두 번째", "두번째"),
    RadiographName.THIRD: ("세 번째", "세번째"),
    RadiographName.FOURTH: ("네 번째",),
    RadiographName.FIFTH: ("다섯 번째",),
    RadiographName.SIXTH: ("여섯 번째",),
    RadiographName.OTHER: ("다른",),
}
FILMS = ("영상에서 ", "촬영에서 ", "사진에서 ", "영상에서는 ", "촬영 영상에서 ")
HERE = ("", "", "", "이 영상에서 ", "본 영상에서 ", "이 사진에서 ", "본 촬영에서 ", "해당 영상에서 ")
ANYWHERE = ("모든 영상에서 ", "모든 촬영에서 ", "전체 영상에서 ", "어느 영상에서도 ", "모든 사진에서 ")
# {at}: where, with the particle; {of}: where, as an attribute; ?x/y: after a consonant or a vowel;
# [x]: an ending, in one of three registers.
TELL: dict[Certainty | None, tuple[str, ...]] = {
    Certainty.HIGH: (
        "{on}{at}{n}?이/가 관찰[됨].",
        "{on}{at}{n}?이/가 확인[됨].",
        "{on}{at}{n}?이/가 보[임].",
        "{on}{at}{n}?이/가 있[음].",
        "{on}{at}{n}?이/가 존재[함].",
        "{on}{at}{n} 소견이 있[음].",
        "{on}{at}{n} 소견이 관찰[됨].",
        "{on}{at}{n} 소견이 보[임].",
        "{on}{n}?이/가 {at}관찰[됨].",
        "{on}{n}?이/가 {at}보[임].",
        "{on}{of}{n}.",
        "{on}{of}{n}?이/가 관찰[됨].",
        "{on}{of}{n} 소견.",
        "{on}{at}{n}?이/가 발견[됨].",
        "{on}{at}{n}?이/가 인지[됨].",
        "{on}{at}{n}에 합당한 소견이 있[음].",
        "{on}{at}{n}에 합당한 소견이 관찰[됨].",
        "{on}{at}{n}에 부합하는 소견이 있[음].",
    ),
    Certainty.MODERATE: (
        "{on}{at}{n}의 가능성이 높[음].",
        "{on}{at}{n}?이/가 있을 가능성이 높[음].",
        "{on}{at}{n}?이/가 있을 가능성이 큼.",
        "{on}{at}{n}?이/가 존재할 가능성이 높[음].",
        "{on}{of}{n}일 가능성이 높[음].",
        "{on}{of}{n} 가능성이 높[음].",
        "{on}{of}{n} 가능성 높음.",
        "{on}{at}{n}?이/가 있을 것으로 추정[됨].",
        "{on}{at}{n}?이/가 추정[됨].",
        "{on}{of}{n}?으로/로 추정[됨].",
        "{on}{at}{n}?이/가 있는 것으로 추정[됨].",
        "{on}{at}{n}에 해당할 가능성이 높[음].",
    ),
    Certainty.LOW: (
        "{on}{at}{n}의 가능성이 있[음].",
        "{on}{at}{n}?이/가 있을 가능성이 있[음].",
        "{on}{at}{n}?이/가 존재할 가능성이 있[음].",
        "{on}{of}{n}일 가능성이 있[음].",
        "{on}{of}{n} 가능성이 있[음].",
        "{on}{of}{n} 가능성 있음.",
        "{on}{at}{n}?이/가 있을 수 있[음].",
        "{on}{at}{n}?이/가 존재할 수 있[음].",
        "{on}{of}{n}일 수 있[음].",
        "{on}{at}{n}?이/가 의심[됨].",
        "{on}{of}{n} 의심.",
        "{on}{at}{n} 의심 소견이 있[음].",
        "{on}{at}{n}?이/가 의심되는 소견이 있[음].",
    ),
    None: (
        "{on}{at}{n}?을/를 배제할 수 없[음].",
        "{on}{at}{n}의 가능성을 배제할 수 없[음].",
        "{on}{at}{n}?을/를 배제하기 어렵[음].",
        "{on}{at}{n}?을/를 완전히 배제할 수 없[음].",
        "{on}{of}{n} 여부는 불확정적[임].",
        "{on}{of}{n} 여부가 불확실[함].",
        "{on}{of}{n} 여부가 불분명[함].",
        "{on}{of}{n} 유무가 불확실[함].",
        "{on}{of}{n} 유무를 판단하기 어렵[음].",
        "{on}{of}{n} 여부를 판단하기 어렵[음].",
        "{on}{of}{n}?을/를 확정하거나 배제할 수 없[음].",
        "{on}{of}{n} 여부를 확정할 수 없[음].",
        "{on}{of}{n} 유무는 불명확[함].",
    ),
}
JOIN: dict[Certainty | None, tuple[str, ...]] = {
    Certainty.HIGH: ("{on}{l}.", "{on}{l}?이/가 관찰[됨].", "{on}{l}?이/가 있[음].", "{on}{l} 소견."),
    Certainty.MODERATE: ("{on}{l}의 가능성이 높[음].", "{on}{l}?이/가 있을 가능성이 높[음]."),
    Certainty.LOW: (
        "{on}{l}의 가능성이 있[음].",
        "{on}{l}?이/가 있을 가능성이 있[음].",
        "{on}{l}?이/가 의심[됨].",
    ),
    None: ("{on}{l}?을/를 배제할 수 없[음].", "{on}{l} 여부가 불확실[함]."),
}
DENY = (
    "{on}{l} 소견 없음.",
    "{on}{l} 소견은 없[음].",
    "{on}{l} 소견이 없[음].",
    "{on}{l} 소견은 관찰되지 않[음].",
    "{on}{l} 소견은 보이지 않[음].",
    "{on}{l}?은/는 관찰되지 않[음].",
    "{on}{l}?은/는 보이지 않[음].",
    "{on}{l}?은/는 확인되지 않[음].",
    "{on}{l}?은/는 발견되지 않[음].",
    "{on}{l}?은/는 없[음].",
    "{on}{l}?이/가 관찰되지 않[음].",
    "{on}{l}?이/가 보이지 않[음].",
    "{on}{l} 없음.",
    "{on}{l}의 증거 없음.",
    "{on}{l}의 증거는 없[음].",
    "{on}{l}?을/를 시사하는 소견 없음.",
    "{on}{l}?을/를 시사하는 소견은 보이지 않[음].",
    "{on}{l}?을/를 의심할 만한 소견 없음.",
    "{on}{l}에 해당하는 소견은 없[음].",
    "{on}{l} 소견을 찾을 수 없[음].",
    "모델 판독상 {on}{l} 소견 없음.",
    "모델은 {on}{l}?을/를 발견하지 못[함].",
)
LISTS = ("{} 또는 {}", "{} 및 {}", "{}, {}", "{}?이나/나 {}", "{} 혹은 {}", "{}?과/와 {}")
AND = ("{} 및 {}", "{}?과/와 {}", "{}, {}")
# In noun style, formal style and plain style.
ENDINGS: dict[str, tuple[str, str, str]] = {
    "됨": ("됨", "됩니다", "된다"),
    "함": ("함", "합니다", "하다"),
    "임": ("임", "입니다", "이다"),
    "음": ("음", "습니다", "다"),
}
