"""What a radiograph shows, judged by its pixels, and how an unreadable one is named in both languages."""

from __future__ import annotations

from study.compat import StrEnum
from study.model import Language


class ImageKind(StrEnum):
    """Views and body parts that a view classifier tells apart, and ways in which an image is spoilt."""

    SUPINE_ABDOMEN = "supine_abdomen"
    ERECT_ABDOMEN = "erect_abdomen"
    DECUBITUS_ABDOMEN = "left_lateral_decubitus_abdomen"
    CHEST = "chest"
    EXTREMITY = "extremity"
    SKULL = "skull"
    ADULT_ABDOMEN = "adult_abdomen"
    LATERAL_ABDOMEN = "lateral_abdomen"
    INVERTED = "inverted"  # polarity against the header
    CLIPPED = "clipped"  # over- or underexposed beyond use
    UPSIDE_DOWN = "upside_down"
    SIDEWAYS = "sideways"
    PHOTOGRAPH = "photograph"
    NOISE = "noise"

    @property
    def is_readable(self) -> bool:
        """Whether it is a child's abdomen from the front, which is what the models read."""
        return self in READABLE


READABLE = frozenset({ImageKind.SUPINE_ABDOMEN, ImageKind.ERECT_ABDOMEN, ImageKind.DECUBITUS_ABDOMEN})

# Completes "by its pixels the image ..."; Korean stands for itself.
_REASONS: dict[ImageKind, dict[Language, str]] = {
    ImageKind.CHEST: {
        Language.ENGLISH: "the image looks like a chest, not an abdomen",
        Language.KOREAN: "복부가 아닌 흉부 영상으로 보임",
    },
    ImageKind.EXTREMITY: {
        Language.ENGLISH: "the image looks like an arm or a leg, not an abdomen",
        Language.KOREAN: "복부가 아닌 사지 영상으로 보임",
    },
    ImageKind.SKULL: {
        Language.ENGLISH: "the image looks like a skull, not an abdomen",
        Language.KOREAN: "복부가 아닌 두개골 영상으로 보임",
    },
    ImageKind.ADULT_ABDOMEN: {
        Language.ENGLISH: "the image looks like an adult's abdomen; the model reads children's",
        Language.KOREAN: "성인 복부 영상으로 보임; 모델은 소아 영상만 판독함",
    },
    ImageKind.LATERAL_ABDOMEN: {
        Language.ENGLISH: "the image looks like a lateral view; the model reads frontal views",
        Language.KOREAN: "측면 영상으로 보임; 모델은 정면 영상만 판독함",
    },
    ImageKind.INVERTED: {
        Language.ENGLISH: "black and white look exchanged, against what the header says",
        Language.KOREAN: "헤더와 달리 흑백이 반전된 영상으로 보임",
    },
    ImageKind.CLIPPED: {
        Language.ENGLISH: "the image looks over- or underexposed beyond use",
        Language.KOREAN: "판독할 수 없을 만큼 과노출 또는 저노출된 영상으로 보임",
    },
    ImageKind.UPSIDE_DOWN: {
        Language.ENGLISH: "the image looks upside down, against what the header says",
        Language.KOREAN: "헤더와 달리 위아래가 뒤집힌 영상으로 보임",
    },
    ImageKind.SIDEWAYS: {
        Language.ENGLISH: "the image looks turned by a quarter, against what the header says",
        Language.KOREAN: "헤더와 달리 90도 회전된 영상으로 보임",
    },
    ImageKind.PHOTOGRAPH: {
        Language.ENGLISH: "the image looks like a photograph, not a radiograph",
        Language.KOREAN: "방사선 영상이 아닌 사진으로 보임",
    },
    ImageKind.NOISE: {
        Language.ENGLISH: "the image holds noise and no structure",
        Language.KOREAN: "구조 없이 잡음만 있는 영상으로 보임",
    },
}
_BY_ENGLISH = {words[Language.ENGLISH]: words for words in _REASONS.values()}


def why_unread(kind: ImageKind) -> str:
    """Return why an image of a kind that the models do not read is left unread, in English.

    Raises
    ------
    KeyError
        If it is one that they read.
    """
    return _REASONS[kind][Language.ENGLISH]


def worded(reason: str, language: Language) -> str | None:
    """Return a reason that `why_unread` gave in another language; None for any other reason."""
    words = _BY_ENGLISH.get(reason)
    return None if words is None else words[language]
