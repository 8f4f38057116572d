import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from inference.models import NETWORK_FILE, load_package
from inference.onnx_runtime import OnnxRuntime
from inference.predict import Predictor
from inference.results import read_radiograph
from inference.runtime import Answer, Precision
from inference.warm_up import warm_up
from study.errors import ModelError
from study.pixels import attenuation_values
from training.phantom import PhantomKind


def test_a_prediction_is_a_distribution_over_background_and_findings(predictor, radiographs):
    prediction = predictor.predict(attenuation_values(radiographs[PhantomKind.CONSTIPATION]))
    size = predictor.package.size
    assert prediction.probabilities.shape == (5, size, size)
    assert prediction.probabilities.dtype == np.float32
    np.testing.assert_allclose(prediction.probabilities.sum(axis=0), 1, atol=1e-5)
    assert prediction.scores.shape == (4,)
    assert ((prediction.scores >= 0) & (prediction.scores <= 1)).all()


def test_the_window_in_the_header_changes_nothing(predictor, radiographs):
    source = radiographs[PhantomKind.PYLORIC_STENOSIS]
    before = predictor.predict(attenuation_values(source)).probabilities
    center, width = source.WindowCenter, source.WindowWidth
    source.WindowCenter, source.WindowWidth = 1, 2
    after = predictor.predict(attenuation_values(source)).probabilities
    source.WindowCenter, source.WindowWidth = center, width
    np.testing.assert_array_equal(after, before)


def test_torch_gives_the_same_answer_as_onnx_runtime(predictor, radiographs):
    pytest.importorskip("torch")
    from inference.torch_runtime import TorchRuntime

    values = attenuation_values(radiographs[PhantomKind.PNEUMOPERITONEUM])
    with_torch = Predictor(predictor.package, runtime=TorchRuntime(predictor.package, device="cpu"))
    one, other = with_torch.predict(values), predictor.predict(values)
    # Both hold weights in half precision: torch those before, ONNX those after batch normalisation.
    assert np.mean(one.probabilities.argmax(0) == other.probabilities.argmax(0)) > 0.995
    np.testing.assert_allclose(one.scores, other.scores, atol=0.05)


def _copy(folder: Path) -> Path:
    return Path(shutil.copytree(load_package().folder, folder / "package"))


def test_a_damaged_network_is_not_loaded(tmp_path):
    copy = _copy(tmp_path)
    network = copy / NETWORK_FILE
    network.write_bytes(network.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(ModelError, match="damaged or was replaced"):
        load_package(copy)


def test_a_file_that_is_no_network_is_refused_in_words(tmp_path):
    package = load_package(_copy(tmp_path))
    package.network.write_bytes(b"not a network")
    with pytest.raises(ModelError, match="cannot be loaded"):
        OnnxRuntime(package)


def test_an_answer_of_another_shape_is_refused(predictor):
    class Wrong:
        name = "wrong"
        precision = Precision.FP32

        def __call__(self, batch: np.ndarray) -> Answer:
            return Answer(np.zeros((1, 3, 8, 8), np.float32))

    with pytest.raises(ModelError, match=r"answered \(1, 3, 8, 8\)"):
        Predictor(predictor.package, runtime=Wrong()).predict(np.zeros((200, 200), np.float32))


def test_a_warm_start_leaves_nothing_to_load(predictor, radiographs):
    assert warm_up(predictor) > 0
    before = set(sys.modules)
    source = radiographs[PhantomKind.CONSTIPATION]
    read_radiograph(source, attenuation_values(source), predictor, datetime.now(timezone.utc))
    assert {name for name in set(sys.modules) - before if "tests" not in name} == set()
