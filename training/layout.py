"""How sets of radiographs are laid out, and what a folder holds whose layout no importer knows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from study.compat import StrEnum
from study.errors import KidrayError

IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}
DICOM_ENDINGS = {".dcm", ".dicom"}
_ARCHIVE_ENDINGS = {".zip", ".tar", ".gz", ".7z", ".egg", ".alz"}
_SHOWN_FOLDERS, _SHOWN_ENDINGS = 8, 6


class Unmasked(StrEnum):
    """What a radiograph without a mask, of which nothing else says what it shows, stands for."""

    LEAVE_OUT = "leave-out"
    NORMAL = "normal"


class LayoutError(KidrayError):
    """Raised when a folder is laid out in no way that the importer knows."""


def unknown_layout(source: Path, accepted: str) -> LayoutError:
    """Return the error that names what was found and what is accepted."""
    folders, endings = [], Counter[str]()
    for path in sorted(source.rglob("*")):
        if path.is_dir():
            folders.append(path.relative_to(source).as_posix())
        else:
            endings[path.suffix.casefold() or "no ending"] += 1
    shown = ", ".join(folders[:_SHOWN_FOLDERS])
    if len(folders) > _SHOWN_FOLDERS:
        shown += f" and {len(folders) - _SHOWN_FOLDERS} more"
    files = ", ".join(f"{count} x {ending}" for ending, count in endings.most_common(_SHOWN_ENDINGS))
    packed = " Unpack the archives first." if _ARCHIVE_ENDINGS & set(endings) else ""
    return LayoutError(
        f"{source} is laid out in no known way. Found: folders {shown or 'none'}; files {files or 'none'}. "
        f"Accepted: {accepted}.{packed}"
    )
