"""Draw a radiograph with its findings as a picture for people: fills, outlines, legend, disclaimer."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from study.findings import FINDINGS, FindingDefinition
from study.model import Finding, Presence

LONGEST_SIDE = 1200  # pixels of the radiograph in the picture
FILL = 0.30  # opacity inside an outline
_PANEL, _MARGIN, _LINE = 400, 24, 26
_BACKGROUND, _TEXT, _FAINT, _ALERT = (16, 18, 22), (232, 234, 237), (150, 156, 165), (255, 120, 84)

Rgb = NDArray[np.uint8]


def draw_capture(
    display: NDArray[np.float32], labels: NDArray[np.uint8], findings: list[Finding], disclaimer: str
) -> Rgb:
    """Return the picture, uint8 (H, W, 3), RGB; it shows nothing of the patient's identity.

    Parameters
    ----------
    display
        `study.pixels.display_values`, float32 (rows, columns), 0..1.
    labels
        uint8 (rows, columns): segment number of the findings table, 0 outside.
    """
    overlay = _captioned(draw_overlay(display, labels), f"{disclaimer}. Unverified.")
    panel = _panel(findings, overlay.shape[0])
    return np.concatenate([overlay, panel], axis=1)


def draw_overlay(display: NDArray[np.float32], labels: NDArray[np.uint8]) -> Rgb:
    """Return the radiograph with its segments filled and outlined, uint8 (H, W, 3), RGB."""
    scale = min(1.0, LONGEST_SIDE / max(display.shape))
    size = max(1, round(display.shape[1] * scale)), max(1, round(display.shape[0] * scale))
    gray = cv2.resize(display, size, interpolation=cv2.INTER_AREA)
    picture = np.repeat(np.rint(gray * 255).astype(np.uint8)[..., None], 3, axis=2)
    for definition in FINDINGS.values():
        mask = (labels == definition.segment_number).astype(np.uint8)
        if mask.any():
            _paint(picture, cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA), definition)
    return picture


def encode_png(picture: Rgb) -> bytes:
    """Return a picture, uint8 (H, W, 3), RGB, as PNG."""
    return bytes(cv2.imencode(".png", picture[..., ::-1])[1])


def _paint(picture: Rgb, mask: NDArray[np.uint8], definition: FindingDefinition) -> None:
    inside = mask > 127
    color = np.array(definition.color, np.float32)
    picture[inside] = np.rint(picture[inside] * (1 - FILL) + color * FILL).astype(np.uint8)
    contours, _ = cv2.findContours(inside.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, definition.color, 2, cv2.LINE_AA)


def _captioned(picture: Rgb, caption: str) -> Rgb:
    """Return the picture with the caption burnt into its lower edge, as wide as the picture allows."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    size = 22
    while size > 8 and draw.textlength(caption, font=_font(size)) > image.width - 2 * _MARGIN:
        size -= 1
    top = image.height - size - 16
    draw.rectangle((0, top, image.width, image.height), fill=(0, 0, 0, 170))
    draw.text((_MARGIN, top + 6), caption, fill=_ALERT, font=_font(size))
    return np.asarray(image)


def _panel(findings: list[Finding], height: int) -> Rgb:
    image = Image.new("RGB", (_PANEL, height), _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, _MARGIN), "Kidray", fill=_TEXT, font=_font(30))
    top = _MARGIN + 56
    for finding in findings:
        for size, color, indent, text in _lines(finding):
            draw.text((_MARGIN + indent, top), text, fill=color, font=_font(size))
            top += _LINE
        chip = FINDINGS[finding.label].color if finding.presence is not Presence.ABSENT else _BACKGROUND
        first = top - _LINE * len(_lines(finding))
        draw.rectangle((_MARGIN, first + 3, _MARGIN + 14, first + 17), fill=chip, outline=_FAINT)
        top += _LINE // 2
    return np.asarray(image)


def _lines(finding: Finding) -> list[tuple[int, tuple[int, int, int], int, str]]:
    """Return the legend's lines of a finding: size, colour, indent and text."""
    definition = FINDINGS[finding.label]
    there = finding.presence is not Presence.ABSENT
    color = _ALERT if there and definition.critical else _TEXT if there else _FAINT
    lines = [
        (19, color, 26, definition.name_en),
        (16, _FAINT, 26, f"{finding.presence}, probability {finding.probability:.2f}"),
    ]
    if there and finding.area_px:
        where = " at detector" if finding.area_plane == "detector" else ""
        size = (
            f"{finding.area_px} px"
            if finding.area_mm2 is None
            else f"{finding.area_mm2 / 100:.1f} cm2{where}"
        )
        place = "" if finding.region is None else f"{finding.region.replace('_', ' ')}, "
        lines.append((16, _FAINT, 26, place + size))
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
