"""What an association may carry: SOP classes and transfer syntaxes, as tables (PS3.8 section 7.1.1.13)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom.presentation import AllStoragePresentationContexts, PresentationContext
from pynetdicom.sop_class import Verification

from study.forms import SOP_CLASS

# In order of preference, where one presentation context offers several: what needs no codec first,
# then lossless, then lossy. Deflated is left out on purpose: 2 MB of it can become 3 GB.
TRANSFER_SYNTAXES: tuple[UID, ...] = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLossless,
    JPEGLSLossless,
    JPEG2000Lossless,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    RLELossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    JPEG2000,
    HTJ2K,
    ExplicitVRBigEndian,  # retired in 2006, still sent
)
UNCOMPRESSED: tuple[UID, ...] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)

# Every storage SOP class of the standard: a study holds more than its radiographs.
STORAGE_CLASSES: tuple[UID, ...] = tuple(
    UID(c.abstract_syntax) for c in AllStoragePresentationContexts if c.abstract_syntax
)

ACCEPTED: Mapping[UID, tuple[UID, ...]] = {
    Verification: UNCOMPRESSED,
    **dict.fromkeys(STORAGE_CLASSES, TRANSFER_SYNTAXES),
}

MOST_CONTEXTS = 128  # in one association (PS3.8 section 9.3.2.2: odd numbers from 1 to 255)


class Encoded(NamedTuple):
    """How an instance is encoded: what a presentation context has to match."""

    sop_class_uid: UID
    transfer_syntax_uid: UID


class _SharedContext(PresentationContext):  # type: ignore[misc]  # it has no types
    """A context that associations share: the acceptor reads it only, so a copy each is waste."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _SharedContext:
        return self


def accepted_contexts() -> list[PresentationContext]:
    """Return the presentation contexts of `ACCEPTED`, for an acceptor.

    A requestor may ask for the role of SCP, as it has to for C-GET (PS3.7 section D.3.3.4).
    """
    contexts = [_context(sop_class, syntaxes, _SharedContext) for sop_class, syntaxes in ACCEPTED.items()]
    for context in contexts:
        if context.abstract_syntax != Verification:
            context.scu_role = context.scp_role = True
    return contexts


def proposed_contexts(instances: Iterable[Encoded]) -> list[PresentationContext]:
    """Return the contexts to propose so that `instances` can be sent.

    Each encoding gets a context of its own, so that its bytes can go as they are, and one more for
    each uncompressed syntax, in which every instance can be written.
    """
    wanted = dict.fromkeys(offer for instance in instances for offer in offers(instance))
    return [_context(sop_class, (syntax,), PresentationContext) for sop_class, syntax in wanted]


def result_contexts(transfer_syntaxes: Collection[str] = ()) -> list[PresentationContext]:
    """Return the contexts for everything that Kidray makes, whatever of it is to be sent just now.

    The answer tells what the destination takes. Verification is there so that the association stands
    even where it takes nothing.

    Parameters
    ----------
    transfer_syntaxes
        UIDs of those that may be proposed; none: all that a result can be sent in.
    """
    syntaxes = [s for s in UNCOMPRESSED if not transfer_syntaxes or s in transfer_syntaxes]
    wanted = [Encoded(c, s) for c in dict.fromkeys(SOP_CLASS.values()) for s in syntaxes]
    return [
        *(_context(each.sop_class_uid, (each.transfer_syntax_uid,), PresentationContext) for each in wanted),
        _context(Verification, UNCOMPRESSED, PresentationContext),
    ]


def offers(instance: Encoded) -> Iterator[Encoded]:
    """Yield how `instance` can be sent, the best first: as it is, then uncompressed."""
    yield instance
    for syntax in UNCOMPRESSED:
        if syntax != instance.transfer_syntax_uid:
            yield Encoded(instance.sop_class_uid, syntax)


def _context(sop_class: UID, syntaxes: Iterable[UID], kind: type[PresentationContext]) -> PresentationContext:
    context = kind()
    context.abstract_syntax = sop_class
    context.transfer_syntax = list(syntaxes)
    return context
