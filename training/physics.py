"""From thickness maps to what the detector's image shows: attenuation, scatter, quantum noise, display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Effective linear attenuation coefficients at 70 kVp, per mm, after beam hardening (order of NIST XCOM).
SOFT_PER_MM = 0.0195
BONE_PER_MM = 0.049
SOFT_KVP_EXPONENT = 0.55  # how fast they fall as the tube voltage rises
BONE_KVP_EXPONENT = 1.5
PHOTONS_PER_MM2_PER_UGY = 30_000.0  # RQA5-like beam at the detector


@dataclass
class Thickness:
    """What the beam crosses, in mm of path per pixel, each float32 (H, W).

    Attributes
    ----------
    soft
        Soft tissue, gas not yet taken out; fluid and faeces count as soft tissue.
    bone
        Mineralised bone.
    gas
        Gas within the soft tissue.
    lead
        Attenuation (dimensionless) of markers lying on the detector.
    """

    soft: NDArray[np.float32]
    bone: NDArray[np.float32]
    gas: NDArray[np.float32]
    lead: NDArray[np.float32]


@dataclass(frozen=True)
class Exposure:
    """How the radiograph was taken.

    Attributes
    ----------
    kvp
        Tube voltage, kV.
    detector_ugy
        Air kerma at the detector behind nothing, in microgray; sets the quantum noise.
    scatter_fraction
        Share of scattered photons behind the body (0 to 1), after the grid.
    blur_mm
        Focal spot and detector blur (Gaussian sigma), mm.
    contrast
        Strength of the vendor's local contrast enhancement (0: none).
    """

    kvp: float
    detector_ugy: float
    scatter_fraction: float
    blur_mm: float
    contrast: float


def line_integral(paths: Thickness, kvp: float) -> NDArray[np.float32]:
    """Return the attenuation along each ray, dimensionless float32 (H, W)."""
    soft = SOFT_PER_MM * (70.0 / kvp) ** SOFT_KVP_EXPONENT
    bone = BONE_PER_MM * (70.0 / kvp) ** BONE_KVP_EXPONENT
    tissue = np.maximum(paths.soft - np.minimum(paths.gas, 0.85 * paths.soft), 0)
    total: NDArray[np.float32] = tissue * np.float32(soft) + paths.bone * np.float32(bone) + paths.lead
    return total


def expose(
    attenuation: NDArray[np.float32], field: NDArray[np.uint8], exposure: Exposure, mm_per_pixel: float
) -> NDArray[np.float32]:
    """Return the noiseless signal, as a share of the open beam: primary, scatter and blur.

    Parameters
    ----------
    attenuation
        Line integrals, float32 (H, W).
    field
        1 where the collimator lets the beam through, uint8 (H, W).
    """
    primary = (np.exp(-attenuation) * field).astype(np.float32)
    scatter = _wide_blur(primary, 0.055 * attenuation.shape[0])
    share = exposure.scatter_fraction
    signal = (1 - share) * primary + share * scatter
    return cv2.GaussianBlur(signal, (0, 0), max(exposure.blur_mm / mm_per_pixel, 0.35))


def _wide_blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur with a wide Gaussian on a reduced grid: scatter has no detail."""
    rows, columns = image.shape
    step = max(1, int(sigma // 4))
    small = cv2.resize(image, (max(columns // step, 8), max(rows // step, 8)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT)
    return cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)


def detect(
    signal: NDArray[np.float32], exposure: Exposure, mm_per_pixel: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the log signal with quantum noise: larger where more is absorbed; float32 (H, W).

    The noise is Poisson in its Gaussian limit (over 30 photons a pixel), coloured a little as a
    scintillator does.
    """
    photons = PHOTONS_PER_MM2_PER_UGY * exposure.detector_ugy * mm_per_pixel**2
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    counts = np.maximum(signal, 2e-4)
    noisy = counts + noise * np.sqrt(counts / np.float32(photons))
    return -np.log(np.maximum(noisy, 1e-4))


def enhance(image: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """Return the image with its broad shading flattened, as a vendor's multi-scale step does."""
    if strength == 0:
        return image
    broad = _wide_blur(image, 0.08 * image.shape[0])
    return image + np.float32(strength) * (image - broad)
