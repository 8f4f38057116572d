"""What readers leave on radiographs: corrected masks, measurements, key images. Nouns; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, model_validator

from study.compat import StrEnum
from study.frozen import UID, Frozen

MOST_RUNS = 200_000
MOST_ANNOTATIONS = 100  # of one radiograph

Natural = Annotated[int, Field(ge=0, le=1 << 26)]


class DrawnMask(Frozen):
    """A mask as a reader drew it, within the box that holds all of it.

    `runs` are lengths of pixels, row by row through the box, alternately outside and inside the
    mask; the first are outside, and may be none.
    """

    left: Natural
    top: Natural
    width: Annotated[int, Field(ge=1, le=65_535)]
    height: Annotated[int, Field(ge=1, le=65_535)]
    runs: Annotated[list[Natural], Field(min_length=2, max_length=MOST_RUNS)]

    @model_validator(mode="after")
    def _fills_its_box(self) -> DrawnMask:
        if sum(self.runs) != self.width * self.height:
            raise ValueError("the runs do not fill the box")
        if not any(self.runs[1::2]):
            raise ValueError("the mask is empty; reject the finding instead")
        return self

    def fits(self, rows: int, columns: int) -> bool:
        """Return whether the box lies within a radiograph of that size."""
        return self.left + self.width <= columns and self.top + self.height <= rows

    def on(self, rows: int, columns: int) -> NDArray[np.bool_]:
        """Return the mask on its radiograph, bool (rows, columns)."""
        inside = np.zeros(self.width * self.height, np.bool_)
        ends = list(accumulate(self.runs))
        for start, end in zip(ends[::2], ends[1::2], strict=False):
            inside[start:end] = True
        mask = np.zeros((rows, columns), np.bool_)
        box = mask[self.top : self.top + self.height, self.left : self.left + self.width]
        box[:] = inside.reshape(self.height, self.width)
        return mask


class Kept(Frozen):
    """Where what was made of a reader's mark lies in the archive; None until a job has made it."""

    series_uid: UID
    instance_uid: UID


class Correction(Frozen):
    """That a reader drew a finding's mask anew, and what was made of it."""

    number: int  # of the event that holds the mask
    finding_id: str
    radiograph_uid: UID
    reader: str
    at: datetime
    seg: Kept | None = None
    sr: Kept | None = None


class AnnotationKind(StrEnum):
    """What can be drawn and measured on a radiograph."""

    LENGTH = "length"  # 2 points
    ANGLE = "angle"  # 3 points, the second is the vertex
    RECTANGLE = "rectangle"  # 2 opposite corners
    ELLIPSE = "ellipse"  # 2 opposite corners of the box around it
    ARROW = "arrow"  # tail and head
    TEXT = "text"  # 1 point


POINTS = {
    AnnotationKind.LENGTH: 2,
    AnnotationKind.ANGLE: 3,
    AnnotationKind.RECTANGLE: 2,
    AnnotationKind.ELLIPSE: 2,
    AnnotationKind.ARROW: 2,
    AnnotationKind.TEXT: 1,
}
Coordinate = Annotated[float, Field(ge=0, le=65_535, allow_inf_nan=False)]
AnnotationText = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Annotation(Frozen):
    """One measurement, arrow or text; points are (column, row), (0, 0) the image's upper left corner."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-z-]{1,40}$")]
    kind: AnnotationKind
    points: Annotated[list[tuple[Coordinate, Coordinate]], Field(min_length=1, max_length=3)]
    text: AnnotationText = ""

    @model_validator(mode="after")
    def _has_its_points(self) -> Annotation:
        if len(self.points) != POINTS[self.kind]:
            raise ValueError(f"{self.kind} has {POINTS[self.kind]} points")
        if self.kind is AnnotationKind.TEXT and not self.text.strip():
            raise ValueError("a text says something")
        return self


class AnnotationSet(Frozen):
    """All annotations of one radiograph as they stand, and what was made of them."""

    number: int  # of the event
    radiograph_uid: UID
    reader: str
    at: datetime
    annotations: list[Annotation]
    sr: Kept | None = None  # none where there is no measurement
    presentation: Kept | None = None
    made: bool = False


class KeyImages(Frozen):
    """The radiographs that a reader marked as key images, and the object that says so."""

    number: int  # of the event
    radiograph_uids: list[UID]
    reader: str
    at: datetime
    document: Kept | None = None
    made: bool = False


class Marks(Frozen):
    """All of a study's marks as they stand."""

    corrections: list[Correction] = Field(default_factory=list)  # the latest of each finding
    annotations: list[AnnotationSet] = Field(default_factory=list)  # the latest of each radiograph
    key_images: KeyImages | None = None

    @property
    def wait(self) -> bool:
        """Return whether an object of a mark has still to be made."""
        return (
            any(each.seg is None for each in self.corrections)
            or any(not each.made for each in self.annotations)
            or (self.key_images is not None and not self.key_images.made)
        )

    def with_correction(self, new: Correction) -> Marks:
        """Return them with `new` in the place of its finding's earlier one; an older one changes nothing."""
        before = next((c for c in self.corrections if c.finding_id == new.finding_id), None)
        if before is not None and before.number > new.number:
            return self
        others = [each for each in self.corrections if each is not before]
        return self.model_copy(update={"corrections": [*others, new]})

    def with_annotations(self, new: AnnotationSet) -> Marks:
        """Return them with `new` in the place of its radiograph's earlier ones, likewise."""
        before = next((a for a in self.annotations if a.radiograph_uid == new.radiograph_uid), None)
        if before is not None and before.number > new.number:
            return self
        others = [each for each in self.annotations if each is not before]
        return self.model_copy(update={"annotations": [*others, new]})

    def with_key_images(self, new: KeyImages) -> Marks:
        """Return them with `new` in the place of the earlier ones, likewise."""
        if self.key_images is not None and self.key_images.number > new.number:
            return self
        return self.model_copy(update={"key_images": new})


def objects_of(kept: Iterable[Kept | None]) -> set[str]:
    """Return the instance UIDs of what was made."""
    return {each.instance_uid for each in kept if each is not None}
