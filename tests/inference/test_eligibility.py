import numpy as np
import pytest

from inference.eligibility import check_pixels
from study.pixels import attenuation_values
from training.phantom import ABDOMINAL_KINDS

RNG = np.random.default_rng(5)


def _almost_blank() -> np.ndarray:
    values = np.zeros((512, 512), np.float32)
    values[:6, :6] = 4000
    return values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full((512, 512), 7, np.float32), "blank"),
        (np.full((64, 2048), 7, np.float32), "only 64 x 2048 pixels"),
        (RNG.random((200, 1600)).astype(np.float32), "strip"),
        (RNG.random((512, 512)).astype(np.float32), "noise"),
        (_almost_blank(), "blank"),
    ],
)
def test_what_holds_no_radiograph_is_not_read(values, said):
    decision = check_pixels(values)
    assert not decision.for_model
    assert said in decision.reason


@pytest.mark.parametrize("kind", ABDOMINAL_KINDS)
def test_a_radiograph_is_read(kind, radiographs):
    assert check_pixels(attenuation_values(radiographs[kind])).for_model
