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

# Site B: -ln of the share of a spectrum's signal behind s mm of soft tissue and b mm of bone, as
# c0 s + c1 b + c2 s^2 + c3 s b + c4 b^2; the squares are the hardening of the beam. Fitted over 0 to 300 mm
# and 0 to 40 mm (rms 0.03) to spectra of a 12 degree tungsten anode behind 3 mm Al and 0.1 mm Cu (spekpy)
# through ICRU-44 tissues on a 0.5 mm CsI screen (xraydb).
_SITE_B_KVP = (65.0, 75.0, 85.0, 95.0)
_SITE_B_TERMS = np.array([
    [0.02654, 0.1045, -4.301e-6, -6.433e-5, -3.363e-4],
    [0.02517, 0.09151, -4.012e-6, -5.892e-5, -2.993e-4],
    [0.02419, 0.08258, -3.711e-6, -5.341e-5, -2.641e-4],
    [0.02353, 0.07684, -3.533e-6, -5.001e-5, -2.403e-4],
])  # fmt: skip
_CORTICAL_SHARE = 0.6  # of drawn bone: a child's holds little more than half the mineral of an adult's cortex


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
    site
        `A` or `B`: which table of attenuation, which scatter and which processing.
    grid_lines
        Amplitude of the grid's shadow, as a share of the signal.
    cutoff
        How much less the grid lets through at one side than at the other (-1 to 1).
    electronic_noise
        Deviation of the noise that does not depend on the signal, as a share of the open beam.
    """

    kvp: float
    detector_ugy: float
    scatter_fraction: float
    blur_mm: float
    contrast: float
    site: str = "A"
    grid_lines: float = 0.0
    cutoff: float = 0.0
    electronic_noise: float = 0.0


def line_integral(paths: Thickness, kvp: float, site: str = "A") -> NDArray[np.float32]:
    """Return the attenuation along each ray, dimensionless float32 (H, W)."""
    if site == "B":
        return _hardened(paths, kvp)
    soft = SOFT_PER_MM * (70.0 / kvp) ** SOFT_KVP_EXPONENT
    bone = BONE_PER_MM * (70.0 / kvp) ** BONE_KVP_EXPONENT
    tissue = np.maximum(paths.soft - np.minimum(paths.gas, 0.85 * paths.soft), 0)
    total: NDArray[np.float32] = tissue * np.float32(soft) + paths.bone * np.float32(bone) + paths.lead
    return total


def _hardened(paths: Thickness, kvp: float) -> NDArray[np.float32]:
    terms = [np.float32(np.interp(kvp, _SITE_B_KVP, column)) for column in _SITE_B_TERMS.T]
    tissue = np.maximum(paths.soft - np.minimum(paths.gas, 0.85 * paths.soft), 0)
    bone = paths.bone * np.float32(_CORTICAL_SHARE)
    total: NDArray[np.float32] = (
        tissue * (terms[0] + terms[2] * tissue)
        + bone * (terms[1] + terms[3] * tissue + terms[4] * bone)
        + paths.lead
    )
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
    share = exposure.scatter_fraction
    if exposure.site == "B":  # a kernel with a tail, and more of it behind the thick of the body
        near = _wide_blur(primary, 0.03 * attenuation.shape[0])
        scatter = 0.55 * near + 0.45 * _wide_blur(primary, 0.12 * attenuation.shape[0])
    else:
        scatter = _wide_blur(primary, 0.055 * attenuation.shape[0])
    signal = ((1 - share) * primary + share * scatter) * _grid(attenuation.shape, exposure, mm_per_pixel)
    return cv2.GaussianBlur(signal, (0, 0), max(exposure.blur_mm / mm_per_pixel, 0.35))


def _grid(shape: tuple[int, int], exposure: Exposure, mm_per_pixel: float) -> NDArray[np.float32]:
    """Return what the anti-scatter grid lets through, (1, W): its lines, and its cut-off to one side."""
    across = np.arange(shape[1], dtype=np.float32)
    lines = 1 + exposure.grid_lines * np.sin(across * np.float32(2 * np.pi * mm_per_pixel / 2.3))  # aliased
    slope = 1 - abs(exposure.cutoff) * np.clip(
        0.5 + np.sign(exposure.cutoff) * (across / shape[1] - 0.5), 0, 1
    )
    return np.asarray(lines * slope, np.float32)[None, :]


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
    deviation = np.sqrt(counts / np.float32(photons) + np.float32(exposure.electronic_noise**2))
    noisy = counts + noise * deviation
    return -np.log(np.maximum(noisy, 1e-4))


def enhance(image: NDArray[np.float32], strength: float, site: str = "A") -> NDArray[np.float32]:
    """Return the image with its broad shading flattened, as a vendor's multi-scale step does.

    Site B's vendor sharpens at two scales: edges get a halo.
    """
    if strength == 0:
        return image
    if site == "B":
        middle = _wide_blur(image, 0.02 * image.shape[0])
        broad = _wide_blur(image, 0.11 * image.shape[0])
        return image + np.float32(0.7 * strength) * (image - broad) + np.float32(0.4) * (image - middle)
    broad = _wide_blur(image, 0.08 * image.shape[0])
    return image + np.float32(strength) * (image - broad)
