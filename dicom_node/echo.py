"""Ask a destination whether it is there, by C-ECHO (PS3.4 annex A)."""

from __future__ import annotations

import time

from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification

from dicom_node.associate import association, spelled
from dicom_node.contexts import UNCOMPRESSED
from dicom_node.statuses import SUCCESS, in_words
from study.errors import DeliveryError
from study.settings import Destination


def echo(destination: Destination, *, calling_ae_title: str, timeout: float = 5.0) -> float:
    """Return the seconds that association and C-ECHO took.

    Raises
    ------
    DeliveryError
        If the destination does not answer, rejects the association or the C-ECHO.
    """
    began = time.perf_counter()
    with association(
        destination,
        [build_context(Verification, list(UNCOMPRESSED))],
        calling_ae_title=calling_ae_title,
        connect_timeout=timeout,
        answer_timeout=timeout,
    ) as opened:
        answer = opened.send_c_echo()
    if answer.get("Status") != SUCCESS:
        said = in_words(int(answer.Status)) if "Status" in answer else "no answer"
        raise DeliveryError(f"{spelled(destination)} fails the C-ECHO: {said}")
    return time.perf_counter() - began
