"""Shapes on a drawing plane, and how deep each is from front to back (mm)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SUBPIXEL_BITS = 4  # cv2 takes fixed-point coordinates


@dataclass(frozen=True)
class Plane:
    """Where the body lies on the drawing plane.

    Body coordinates: `u` from -1 (the patient's right flank, on the viewer's left) to 1, `v` from 0
    (lower chest) to 1 (upper thighs). They do not depend on the size that is drawn at.

    Attributes
    ----------
    shape
        Rows and columns drawn.
    to_pixel
        (2, 3) affine map from (u, v, 1) to (x, y) in pixels.
    mm_per_pixel
        Size of one drawn pixel at the detector.
    unit_mm
        Half the width of the trunk, in mm.
    turn
        How far shapes move across because the child is turned about its long axis, in u at the midline.
    """

    shape: tuple[int, int]
    to_pixel: NDArray[np.float64]
    mm_per_pixel: float
    unit_mm: float
    turn: float = 0.0

    @property
    def v_per_u(self) -> float:
        """How much v spans the length that one u spans."""
        return float(np.linalg.norm(self.to_pixel[:, 0]) / np.linalg.norm(self.to_pixel[:, 1]))

    def across(self, mm: float) -> float:
        """Return a length in mm as a difference of u."""
        return mm / self.unit_mm

    def along(self, mm: float) -> float:
        """Return a length in mm as a difference of v."""
        return mm / self.unit_mm * self.v_per_u

    def turned(self, turn: float) -> Plane:
        """Return the plane for what lies behind (or, by the opposite sign, in front of) the body's axis."""
        return replace(self, turn=turn)

    def pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (N, 2) pixel coordinates (x, y) of (N, 2) body coordinates (u, v)."""
        if self.turn:
            moved = points[:, 0] + self.turn * np.clip(1 - points[:, 0] ** 2, 0, 1)
            points = np.stack([moved, points[:, 1]], axis=1)
        return points @ self.to_pixel[:, :2].T + self.to_pixel[:, 2]

    def body_grid(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return u and v of every pixel, each float32 (H, W)."""
        rows, columns = self.shape
        inverse = cv2.invertAffineTransform(self.to_pixel).astype(np.float32)
        x = np.arange(columns, dtype=np.float32)[None, :]
        y = np.arange(rows, dtype=np.float32)[:, None]
        return (
            inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2],
            inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2],
        )

    def polygon(self, *outlines: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the union of filled outlines, each (N, 2) in body coordinates: uint8 (H, W), 0 or 1."""
        canvas = np.zeros(self.shape, np.uint8)
        for outline in outlines:
            fixed = np.round(self.pixels(outline) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
            cv2.fillPoly(canvas, [fixed], 1, lineType=cv2.LINE_8, shift=_SUBPIXEL_BITS)
        return canvas

    def tube(
        self,
        centreline: NDArray[np.float64],
        radius_mm: float | NDArray[np.float64],
        canvas: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Return a tube around a centreline (N, 2) as uint8 (H, W) of 0 and 1; adds to `canvas` if given."""
        drawn = np.zeros(self.shape, np.uint8) if canvas is None else canvas
        points = self.pixels(centreline)
        radii = np.broadcast_to(np.asarray(radius_mm, np.float64) / self.mm_per_pixel, (len(points),))
        scale = 1 << _SUBPIXEL_BITS
        centres = np.rint(points * scale).astype(int).tolist()
        sizes = np.maximum(1, np.rint(radii * scale)).astype(int).tolist()
        for centre, radius in zip(centres, sizes, strict=True):
            cv2.circle(drawn, centre, radius, 1, -1, shift=_SUBPIXEL_BITS)
        return drawn

    def inflate(self, mask: NDArray[np.uint8], depth_mm: float) -> NDArray[np.float32]:
        """Return the front-to-back thickness (mm, float32 (H, W)) of a rounded body with this silhouette.

        `depth_mm` bounds the thickness; a silhouette narrower than that is as deep as it is wide.
        """
        thickness = np.zeros(self.shape, np.float32)
        left, top, width, height = cv2.boundingRect(mask)
        if width == 0:
            return thickness
        padded = cv2.copyMakeBorder(
            mask[top : top + height, left : left + width], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0
        )
        inside = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1] * np.float32(self.mm_per_pixel)
        half = np.float32(min(depth_mm / 2, float(inside.max())))
        np.minimum(inside, half, out=inside)
        thickness[top : top + height, left : left + width] = 2 * np.sqrt(inside * (2 * half - inside))
        return thickness


def smooth_curve(points: Sequence[tuple[float, float]], count: int = 80) -> NDArray[np.float64]:
    """Return `count` points (count, 2) on a Catmull-Rom curve through `points`."""
    knots = np.asarray(points, np.float64)
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    at = np.linspace(0, len(knots) - 1, count)
    span = np.minimum(at.astype(int), len(knots) - 2)
    t = (at - span)[:, None]
    p0, p1, p2, p3 = (padded[span + k] for k in range(4))
    return 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )


def blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radii: tuple[float, float],
    *,
    rough: float,
    tilt: float = 0.0,
) -> NDArray[np.float64]:
    """Return a closed, wobbly ellipse (64, 2) in body coordinates; `rough` scales the wobble."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    wobble = np.ones_like(angle)
    for order in range(2, 6):
        wobble += rough / order * rng.normal() * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    wobble = np.clip(wobble, 0.55, 1.5)
    x, y = radii[0] * wobble * np.cos(angle), radii[1] * wobble * np.sin(angle)
    return np.stack(
        [centre[0] + x * np.cos(tilt) - y * np.sin(tilt), centre[1] + x * np.sin(tilt) + y * np.cos(tilt)],
        axis=1,
    )


def texture(rng: np.random.Generator, shape: tuple[int, int], cell: int) -> NDArray[np.float32]:
    """Return smooth noise, float32 (H, W), mean 0 and deviation 1, the same at every drawn size.

    `cell` is the number of lattice cells along each axis.
    """
    lattice = rng.standard_normal((cell, cell), dtype=np.float32)
    lattice = cv2.GaussianBlur(lattice, (0, 0), 0.8)
    field = cv2.resize(lattice, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return (field - field.mean()) / max(float(field.std()), 1e-6)
