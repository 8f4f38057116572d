"""Decode JPEG Extended of 12 bits, which pydicom leaves to decoders that may not be bundled here."""

from __future__ import annotations

from typing import Any

import gdcm
import numpy as np
from numpy.typing import NDArray


def decode_twelve_bits(codestream: bytes, rows: int, columns: int) -> NDArray[Any]:
    """Return a 12-bit JPEG (PS3.5 section 8.2.1, process 4) as uint16 (rows, columns).

    Raises
    ------
    ValueError
        If it cannot be decoded to that size.
    """
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(codestream)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    image.SetPhotometricInterpretation(
        gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2)
    )
    buffer = image.GetBuffer()
    values = np.frombuffer(buffer.encode("utf-8", "surrogateescape") if buffer else b"", "<u2")
    if values.size != rows * columns:
        raise ValueError("the JPEG codestream is damaged or of another size")
    return values.reshape(rows, columns)
