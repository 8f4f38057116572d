"""Why an image was not read: a code, what belongs to it, and the words for both in both languages. Pure.

Imports nothing of Kidray's nouns, so that `study.model` can hold it.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from study.compat import StrEnum


class UnreadCode(StrEnum):
    """Why an image is not read: by its header, its file or its pixels."""

    NOT_A_RADIOGRAPH = "not_a_radiograph"
    SECONDARY_IMAGE = "secondary_image"
    SEVERAL_FRAMES = "several_frames"
    FROM_THE_SIDE = "from_the_side"
    BODY_PART_UNKNOWN = "body_part_unknown"
    OTHER_BODY_PART = "other_body_part"  # where, part
    TOO_OLD = "too_old"  # years
    LEFT_OUT_BY_RULE = "left_out_by_rule"  # rule
    ANOTHER_PATIENT = "another_patient"
    NO_RADIOGRAPH = "no_radiograph"  # of a study as a whole
    UNREADABLE = "unreadable"  # detail: the error in English, for whoever looks after the sender
    TOO_SMALL = "too_small"  # rows, columns
    STRIP = "strip"  # rows, columns
    BLANK = "blank"
    NEARLY_BLANK = "nearly_blank"
    LOOKS_CHEST = "looks_chest"
    LOOKS_EXTREMITY = "looks_extremity"
    LOOKS_SKULL = "looks_skull"
    LOOKS_ADULT = "looks_adult_abdomen"
    LOOKS_LATERAL = "looks_lateral_abdomen"
    LOOKS_INVERTED = "looks_inverted"
    LOOKS_CLIPPED = "looks_clipped"
    LOOKS_UPSIDE_DOWN = "looks_upside_down"
    LOOKS_SIDEWAYS = "looks_sideways"
    LOOKS_PHOTOGRAPH = "looks_photograph"
    LOOKS_NOISE = "looks_noise"
    OTHER = "other"  # detail: what an older archive says in English alone

    @property
    def is_expected(self) -> bool:
        """Whether the header alone says that the image is none for the model; the others are news."""
        return self in _EXPECTED

    @property
    def is_stated(self) -> bool:
        """Whether a report says it: not of what is no radiograph, nor what no code stands for."""
        return self not in _NOT_STATED


_NOT_STATED = {UnreadCode.NOT_A_RADIOGRAPH, UnreadCode.SECONDARY_IMAGE, UnreadCode.OTHER}
_EXPECTED = {
    *_NOT_STATED,
    UnreadCode.SEVERAL_FRAMES,
    UnreadCode.FROM_THE_SIDE,
    UnreadCode.BODY_PART_UNKNOWN,
    UnreadCode.OTHER_BODY_PART,
    UnreadCode.TOO_OLD,
    UnreadCode.LEFT_OUT_BY_RULE,
    UnreadCode.NO_RADIOGRAPH,
}

# English and Korean; the viewer has the same words, with its own mark for a slot.
WORDS: dict[UnreadCode, tuple[str, str]] = {
    UnreadCode.NOT_A_RADIOGRAPH: (
        "not a CR or DX image; the model reads radiographs only",
        "CR 또는 DX 영상이 아님; 모델은 단순촬영 영상만 판독함",
    ),
    UnreadCode.SECONDARY_IMAGE: (
        "a secondary image, made from another; the model reads originals only",
        "다른 영상에서 만들어진 이차 영상임; 모델은 원본만 판독함",
    ),
    UnreadCode.SEVERAL_FRAMES: (
        "more than one frame; the model reads single radiographs only",
        "여러 프레임으로 된 영상임; 모델은 단일 영상만 판독함",
    ),
    UnreadCode.FROM_THE_SIDE: (
        "the view is lateral or oblique; the model reads frontal views only",
        "측면 또는 사위 촬영임; 모델은 정면 영상만 판독함",
    ),
    UnreadCode.BODY_PART_UNKNOWN: (
        "nothing says which body part it shows; the model reads the abdomen only",
        "촬영 부위가 기록되지 않음; 모델은 복부 영상만 판독함",
    ),
    UnreadCode.OTHER_BODY_PART: (
        "{where} is {part}; the model reads the abdomen only",
        "{where}에 {part}(으)로 기록됨; 모델은 복부 영상만 판독함",
    ),
    UnreadCode.TOO_OLD: (
        "the patient is older than {years} years; the model reads children only",
        "환자 나이가 {years}세를 넘음; 모델은 소아 영상만 판독함",
    ),
    UnreadCode.LEFT_OUT_BY_RULE: ("the rule '{rule}' leaves it out", "규칙 '{rule}'에 따라 제외됨"),
    UnreadCode.ANOTHER_PATIENT: (
        "another Patient ID than the study's",
        "검사의 환자 ID와 다른 환자 ID가 기록된 영상임",
    ),
    UnreadCode.NO_RADIOGRAPH: ("the study holds no radiograph", "검사에 단순촬영 영상이 없음"),
    UnreadCode.UNREADABLE: ("the file cannot be read", "파일을 읽을 수 없음"),
    UnreadCode.TOO_SMALL: (
        "the image is only {rows} x {columns} pixels",
        "영상이 {rows} x {columns} 화소에 불과함",
    ),
    UnreadCode.STRIP: (
        "the image is a strip of {rows} x {columns} pixels, not a radiograph of an abdomen",
        "복부 영상이 아닌 {rows} x {columns} 화소의 띠 모양 영상임",
    ),
    UnreadCode.BLANK: ("the image is blank: all of it has one value", "모든 화소값이 같은 빈 영상임"),
    UnreadCode.NEARLY_BLANK: (
        "the image is blank but for a few pixels",
        "몇 화소를 제외하면 빈 영상임",
    ),
    UnreadCode.LOOKS_CHEST: (
        "the image looks like a chest, not an abdomen",
        "복부가 아닌 흉부 영상으로 보임",
    ),
    UnreadCode.LOOKS_EXTREMITY: (
        "the image looks like an arm or a leg, not an abdomen",
        "복부가 아닌 사지 영상으로 보임",
    ),
    UnreadCode.LOOKS_SKULL: (
        "the image looks like a skull, not an abdomen",
        "복부가 아닌 두개골 영상으로 보임",
    ),
    UnreadCode.LOOKS_ADULT: (
        "the image looks like an adult's abdomen; the model reads children's",
        "성인 복부 영상으로 보임; 모델은 소아 영상만 판독함",
    ),
    UnreadCode.LOOKS_LATERAL: (
        "the image looks like a lateral view; the model reads frontal views",
        "측면 영상으로 보임; 모델은 정면 영상만 판독함",
    ),
    UnreadCode.LOOKS_INVERTED: (
        "black and white look exchanged, against what the header says",
        "헤더와 달리 흑백이 반전된 영상으로 보임",
    ),
    UnreadCode.LOOKS_CLIPPED: (
        "the image looks over- or underexposed beyond use",
        "판독할 수 없을 만큼 과노출 또는 저노출된 영상으로 보임",
    ),
    UnreadCode.LOOKS_UPSIDE_DOWN: (
        "the image looks upside down, against what the header says",
        "헤더와 달리 위아래가 뒤집힌 영상으로 보임",
    ),
    UnreadCode.LOOKS_SIDEWAYS: (
        "the image looks turned by a quarter, against what the header says",
        "헤더와 달리 90도 회전된 영상으로 보임",
    ),
    UnreadCode.LOOKS_PHOTOGRAPH: (
        "the image looks like a photograph, not a radiograph",
        "방사선 영상이 아닌 사진으로 보임",
    ),
    UnreadCode.LOOKS_NOISE: (
        "the image holds noise and no structure",
        "구조 없이 잡음만 있는 영상으로 보임",
    ),
    UnreadCode.OTHER: ("{detail}", "{detail}"),
}
# What a parameter may be besides a number: words of our own tables, never a header's free text.
KOREAN_TERMS = {
    "body part": "촬영 부위",
    "anatomic region": "해부학적 부위",
    "series description": "시리즈 설명",
    "protocol": "프로토콜",
    "procedure step": "검사 절차 설명",
    "processing description": "영상 처리 설명",
    "study description": "검사 설명",
    "requested procedure": "의뢰 검사명",
    "CHEST": "흉부",
    "SPINE": "척추",
    "SKULL": "두개골",
    "HEAD": "두부",
    "NECK": "경부",
    "PELVIS": "골반",
    "HIP": "고관절",
    "EXTREMITY": "사지",
    "BREAST": "유방",
    "WHOLE BODY": "전신",
}


class Unread(BaseModel):
    """Why one image was not read. A plain string, as older archives hold it, is understood."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: UnreadCode
    parameters: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, code: UnreadCode, **parameters: object) -> Unread:
        """Return the reason with what belongs to it."""
        return cls(code=code, parameters={name: str(value) for name, value in parameters.items()})

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, value: Any) -> Any:
        return _parsed(value) if isinstance(value, str) else value

    @property
    def text(self) -> str:
        """The reason in English, with the detail that only a technician needs."""
        detail = self.parameters.get("detail")
        said = worded(self, "en")
        return f"{said}: {detail}" if detail and self.code is UnreadCode.UNREADABLE else said


def worded(unread: Unread, language: str) -> str:
    """Return a reason in `en` or `ko`, fit for a report: without the detail of an error."""
    english, korean = WORDS[unread.code]
    if language != "ko":
        return english.format(**unread.parameters)
    terms = {name: KOREAN_TERMS.get(value, value) for name, value in unread.parameters.items()}
    return korean.format(**terms)


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(english)))


_PATTERNS = {code: _pattern(english) for code, (english, _) in WORDS.items() if code is not UnreadCode.OTHER}


def _parsed(words: str) -> dict[str, Any]:
    """Return what English words say, as `Unread.text` gives them and older archives hold them."""
    for code, pattern in _PATTERNS.items():
        found = pattern.fullmatch(words)
        if found is not None:
            return {"code": code, "parameters": found.groupdict()}
    return {"code": UnreadCode.OTHER, "parameters": {"detail": words}}
