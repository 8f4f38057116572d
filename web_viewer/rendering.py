"""Make of an instance what a screen shows: 8-bit images, 16-bit pixels, overlays. Pure."""

from __future__ import annotations

import gzip
import sys
import warnings
import zlib
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels.processing import convert_color_space
from pydicom.pixels.utils import pixel_array

from study.decoding import panics_as_errors
from study.errors import PixelDataError
from study.pixels import GrayscaleDescription, display_values, modality_values
from study.transcoding import CODEC_ERRORS
from study.voi import Window, windowed

Bytes = NDArray[np.uint8]
ImageType = Literal["image/jpeg", "image/png"]
PREVIEW_SIDE = 512  # pixels of the longer side
PREVIEW_QUALITY = 80


class Rendering(NamedTuple):
    """How an image is asked to look (PS3.18 section 8.3.5)."""

    media_type: ImageType = "image/jpeg"
    quality: int = 90  # of a JPEG, 1 to 100
    largest: tuple[int, int] | None = None  # (columns, rows) that it must fit in; None for its own size
    window: Window | None = None  # in modality values; None for the instance's own


def rendered(dataset: pydicom.Dataset, wish: Rendering, *, frame: int = 1) -> bytes:
    """Return one frame as an encoded image of 8 bits a channel.

    Raises
    ------
    PixelDataError
        If there is no such image or it cannot be decoded.
    """
    image = _fitted(_shown(dataset, wish.window, frame), wish.largest)
    extension, options = (".jpg", [cv2.IMWRITE_JPEG_QUALITY, wish.quality])
    if wish.media_type == "image/png":
        extension, options = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 3]
    done, encoded = cv2.imencode(extension, image, options)
    if not done:
        raise PixelDataError("the image could not be encoded")
    return encoded.tobytes()


def halved(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the rounded mean of each block of 2 x 2, as the viewer makes it.

    An odd last row or column is left out; one that is alone counts twice.

    Returns
    -------
    np.ndarray
        uint16 (rows // 2, columns // 2), at least (1, 1).
    """
    rows, columns = pixels.shape
    wide = np.repeat(pixels, 2, axis=0) if rows == 1 else pixels
    wide = np.repeat(wide, 2, axis=1) if columns == 1 else wide
    even = wide[: wide.shape[0] // 2 * 2, : wide.shape[1] // 2 * 2]
    pairs = even[0::2].astype(np.uint32) + even[1::2]
    return ((pairs[:, 0::2] + pairs[:, 1::2] + 2) >> 2).astype(np.uint16)


def previewed(pixels: NDArray[np.uint16], header: GrayscaleDescription) -> bytes:
    """Return a small JPEG of wire values, windowed as the header says, for the first paint."""
    rows, columns = pixels.shape
    scale = min(PREVIEW_SIDE / max(rows, columns), 1.0)
    size = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    window = Window(header.window_center, header.window_width, header.voi_function, "")
    shown = windowed(small * header.slope + header.offset, window)
    greys = np.rint(255 * (1 - shown if header.inverted else shown)).astype(np.uint8)
    done, encoded = cv2.imencode(".jpg", greys, [cv2.IMWRITE_JPEG_QUALITY, PREVIEW_QUALITY])
    if not done:
        raise PixelDataError("the preview could not be encoded")
    return encoded.tobytes()


def little_endian(values: NDArray[Any]) -> bytes:
    """Return the array's values in C order, least significant byte first."""
    if sys.byteorder == "big":
        values = values.astype(values.dtype.newbyteorder("<"))
    return np.ascontiguousarray(values).tobytes()


def gzipped(pixels: bytes) -> bytes:
    """Return pixels compressed for speed rather than size; the same bytes every time.

    Run-length matching costs a quarter of level 1's time on radiographs, for the same size.
    """
    packer = zlib.compressobj(1, zlib.DEFLATED, 31, 9, zlib.Z_RLE)
    return packer.compress(pixels) + packer.flush()


def ungzipped(body: bytes) -> bytes:
    """Return what `gzipped` compressed."""
    return gzip.decompress(body)


def _shown(dataset: pydicom.Dataset, window: Window | None, frame: int) -> Bytes:
    """Return uint8 (rows, columns), or (rows, columns, 3) as blue, green, red."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frame > frames:
        raise PixelDataError(f"the instance has {frames} frames, not {frame}")
    if int(dataset.get("SamplesPerPixel") or 1) == 3:
        return _colour(dataset, frame, frames)
    if frames > 1 or dataset.get("BitsAllocated") == 1:
        return _plain_frame(dataset, frame, frames)
    if window is None:
        values = display_values(dataset)
    else:
        values = windowed(modality_values(dataset), window)
        if str(dataset.get("PhotometricInterpretation")) == "MONOCHROME1":
            values = 1 - values
    return cv2.convertScaleAbs(values, alpha=255.0).astype(np.uint8, copy=False)


def _colour(dataset: pydicom.Dataset, frame: int, frames: int) -> Bytes:
    values = _decoded(dataset, frame, frames)
    space = str(dataset.PhotometricInterpretation)
    if space.startswith("YBR") and not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        values = convert_color_space(values, space, "RGB")
    return np.ascontiguousarray(values[..., ::-1], dtype=np.uint8)


def _plain_frame(dataset: pydicom.Dataset, frame: int, frames: int) -> Bytes:
    """Return a frame of a multi-frame or one-bit image, its own range stretched."""
    values = _decoded(dataset, frame, frames).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    stretched = (values - low) * np.float32(255.0 / ((high - low) or 1.0))
    return np.rint(stretched).astype(np.uint8)


def _decoded(dataset: pydicom.Dataset, frame: int, frames: int) -> NDArray[Any]:
    try:
        with panics_as_errors(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values: NDArray[Any] = pixel_array(dataset, index=frame - 1 if frames > 1 else 0)
    except CODEC_ERRORS as error:
        raise PixelDataError(f"the pixel data cannot be decoded: {type(error).__name__}") from error
    return values


def _fitted(image: Bytes, largest: tuple[int, int] | None) -> Bytes:
    if largest is None:
        return image
    rows, columns = image.shape[:2]
    scale = min(largest[0] / columns, largest[1] / rows, 1.0)
    if scale == 1.0:
        return image
    size = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
