"""What a radiograph shows, judged by its pixels, and why some of it is left unread."""

from __future__ import annotations

from study.compat import StrEnum
from study.unread import Unread, UnreadCode


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


def why_unread(kind: ImageKind) -> Unread:
    """Return why an image of a kind that the models do not read is left unread.

    Raises
    ------
    ValueError
        If it is one that they read.
    """
    return Unread(code=UnreadCode(f"looks_{kind.value}"))
