"""From what the beam crosses to stored values: exposure, display range, side marker, shutter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.canvas import Plane
from training.case import Site
from training.physics import Thickness, detect, enhance, expose, line_integral
from training.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray


def marker(plane: Plane, plan: Plan) -> NDArray[np.float32]:
    """Return the lead side marker, at its place on the detector; site B's letters lie in a ring."""
    letter, across, down = plan.marker
    canvas = np.zeros(plane.shape, np.uint8)
    rows, columns = plane.shape
    scale = rows / 512
    at = (round(columns * (0.5 + 0.5 * across) - 10 * scale), round(rows * down))
    if plan.site is Site.B:
        middle = (at[0] + round(8 * scale), at[1] - round(8 * scale))
        cv2.circle(canvas, middle, round(15 * scale), 1, max(1, round(2 * scale)))
        font, height, wide = cv2.FONT_HERSHEY_DUPLEX, 0.75, 2
    else:
        font, height, wide = cv2.FONT_HERSHEY_SIMPLEX, 1.0, 3
    cv2.putText(canvas, letter, at, font, height * scale, 1, max(2, round(wide * scale)), cv2.LINE_8)
    return canvas * np.float32(2.2)


def exposed_field(shape: tuple[int, int], plan: Plan) -> NDArray[np.uint8]:
    """Return 1 where the collimator lets the beam through."""
    rows, columns = shape
    top, bottom, left, right = plan.collimation
    field = np.zeros(shape, np.uint8)
    field[
        round(top * rows) : rows - round(bottom * rows),
        round(left * columns) : columns - round(right * columns),
    ] = 1
    return field


def shown_image(
    thickness: Thickness,
    plane: Plane,
    plan: Plan,
    size: tuple[int, int],
    spacing: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the displayed image before quantisation: 0 (black) to 1, bright where more is absorbed."""
    attenuation = line_integral(thickness, plan.exposure.kvp, plan.exposure.site)
    signal = expose(attenuation, exposed_field(plane.shape, plan), plan.exposure, plane.mm_per_pixel)
    rows, columns = size
    if size != plane.shape:
        shrinks = rows < plane.shape[0]
        signal = cv2.resize(
            signal, (columns, rows), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        )
    exposure = plan.exposure
    log_signal = enhance(detect(signal, exposure, spacing, rng), exposure.contrast, exposure.site)
    field = exposed_field(size, plan)
    low, high = _display_range(log_signal, field, thickness, plan)
    shown = np.clip((log_signal - low) / max(high - low, 1e-3), -0.2, 1.2)
    shown = np.sign(shown) * np.abs(shown) ** np.float32(plan.curve)
    shown = shown * np.float32(plan.span[1] - plan.span[0]) + np.float32(plan.span[0])
    if plan.shutter == "black":
        shown *= field
    if plan.text:
        shown = np.maximum(shown, _burnt_in(size, plan))
    return np.asarray(np.clip(shown, 0, 1), np.float32)


def _burnt_in(size: tuple[int, int], plan: Plan) -> NDArray[np.float32]:
    """Return the lines of text at the edge opposite to the marker: 1 where a letter is."""
    rows, columns = size
    scale = rows / 512
    canvas = np.zeros(size, np.uint8)
    left = round((0.02 if plan.marker[1] > 0 else 0.76) * columns)
    top = 0.03 if plan.marker[2] > 0.5 else 0.99 - 0.032 * len(plan.text)
    for number, line in enumerate(plan.text):
        at = (left, round(rows * (top + 0.032 * number)))
        cv2.putText(
            canvas, line, at, cv2.FONT_HERSHEY_PLAIN, 0.8 * scale, 1, max(1, round(scale)), cv2.LINE_8
        )
    return canvas.astype(np.float32)


def _display_range(
    log_signal: NDArray[np.float32], field: NDArray[np.uint8], thickness: Thickness, plan: Plan
) -> tuple[float, float]:
    """Return the log signals shown black and white: those of the body, as a technologist would set it."""
    rows, columns = log_signal.shape
    deep = (thickness.soft > 0.35 * float(thickness.soft.max())).astype(np.uint8)
    body = cv2.resize(deep, (columns, rows), interpolation=cv2.INTER_NEAREST) & field
    sample = log_signal[body == 1][:: max(1, rows * columns // 60_000)]
    low, high = np.quantile(sample, [plan.clipped, 0.998])
    return float(low), float(high)


def stored_values(shown: NDArray[np.float32], plan: Plan) -> NDArray[np.uint16]:
    """Return the shown image (0 to 1) as the detector stores it, turned round for MONOCHROME1."""
    top = 2**plan.bits_stored - 1
    values = np.round(shown * np.float32(top)).astype(np.uint16)
    return np.uint16(top) - values if plan.photometric == "MONOCHROME1" else values


def voi_window(plan: Plan) -> tuple[float, float]:
    """Return the VOI window (center, width) in stored values that shows the field."""
    top = 2**plan.bits_stored - 1
    center, width = top * (plan.span[0] + plan.span[1]) / 2, top * (plan.span[1] - plan.span[0]) * 1.04
    return (round(top - center, 1) if plan.photometric == "MONOCHROME1" else round(center, 1)), round(
        width, 1
    )
