"""In which form a destination gets each result: the best of those that it takes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from study.destination import DestinationPolicy
from study.model import ObjectKind
from study.sop_classes import LABELMAP_STORAGE

# By kind; the measurements' SR states areas in the detector's plane, a report's does not.
SOP_CLASS: Mapping[ObjectKind, UID] = {
    "SEG": SegmentationStorage,
    "LABELMAP": LABELMAP_STORAGE,
    "SR": Comprehensive3DSRStorage,
    "REPORT": ComprehensiveSRStorage,
    "DRAFT": ComprehensiveSRStorage,
    "GSPS": GrayscaleSoftcopyPresentationStateStorage,
    "CAPTURE": SecondaryCaptureImageStorage,
    "PDF": EncapsulatedPDFStorage,
    "KO": KeyObjectSelectionDocumentStorage,
}

# What one result can be given as, the best first, where a destination's table does not say.
CHAINS: tuple[tuple[ObjectKind, ...], ...] = (
    ("SEG", "LABELMAP", "GSPS", "CAPTURE"),  # where a finding is
    ("SR", "CAPTURE"),  # how large and how likely it is
    ("REPORT", "PDF"),
)
# A SEG is one of two types by a setting; whoever asks for it gets whichever there is.
ASKED_FOR: Mapping[ObjectKind, tuple[ObjectKind, ...]] = {"SEG": ("SEG", "LABELMAP")}
FIRST_CHOICE = tuple(chain[0] for chain in CHAINS)


def chains(policy: DestinationPolicy) -> Iterable[tuple[ObjectKind, ...]]:
    """Return, for each result that a destination is to get, the kinds that it can be given as."""
    return CHAINS if policy.gets is None else [ASKED_FOR.get(kind, (kind,)) for kind in policy.gets]


def best(policy: DestinationPolicy, takes: Collection[str]) -> list[ObjectKind]:
    """Return what a destination gets that takes these SOP classes; the first choice where it takes none."""
    chosen = [
        next((kind for kind in chain if SOP_CLASS[kind] in takes), chain[0]) for chain in chains(policy)
    ]
    return list(dict.fromkeys(chosen))


def in_words(takes: Collection[str]) -> str:
    """Return which of the kinds a destination takes, and which not."""
    kinds = [kind for kind in SOP_CLASS if kind not in ("DRAFT", "LABELMAP", "KO")]
    yes = ", ".join(kind for kind in kinds if SOP_CLASS[kind] in takes)
    no = ", ".join(kind for kind in kinds if SOP_CLASS[kind] not in takes)
    return f"takes {yes or 'nothing'}" + (f", not {no}" if no else "")
