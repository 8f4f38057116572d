"""Every runtime gives the same answers; what was not shown to be right serves nothing."""

import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from inference.batching import Batcher
from inference.golden import check_golden, write_golden
from inference.models import DESCRIPTION_FILE, GOLDEN_FILE, ModelPackage, load_package
from inference.onnx_runtime import OnnxRuntime
from inference.openvino_runtime import OpenVinoRuntime
from inference.parity import PARITY_FILE, Case, Certificate, certificates, check_certified, compare, keep
from inference.predict import Predictor
from inference.runtime import Answer, Precision
from inference.serving import Serving, open_predictor, open_runtime
from study.errors import ModelError
from study.pixels import attenuation_values
from training.phantom import PhantomKind

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
BF16 = Serving(engine="openvino", precision=Precision.BF16, threads=2)


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    """A copy of the shipped package, to be changed at will."""
    copy = Path(shutil.copytree(load_package().folder, tmp_path / "package"))
    (copy / PARITY_FILE).unlink(missing_ok=True)
    return load_package(copy)


@pytest.fixture(scope="module")
def fields(predictor, radiographs) -> list[np.ndarray]:
    """What the network reads of each kind of phantom, float32 (S, S)."""
    return [predictor.predict(attenuation_values(each)).field for each in radiographs.values()]


def _certificate(package: ModelPackage, precision: Precision = Precision.BF16, **changed) -> Certificate:
    runtime = open_runtime(package, replace(BF16, precision=precision))
    fields = {
        "network_sha256": package.description.sha256,
        "precision": precision,
        "engine": runtime.name.partition(" on ")[0],
        "processor": "a processor",
        "set": "phantoms",
        "images": 100,
        "label_agreement": 0.999,
        "dice_fp32": 0.9,
        "dice": 0.9,
        "decisions": 400,
        "reversed": 0,
        "bands_changed": 1,
        "largest_score_delta": 0.02,
        "made_at": NOW,
    }
    return Certificate.model_validate({**fields, **changed})


def test_openvino_in_float32_gives_the_answers_of_onnx_runtime(predictor, fields):
    ours, theirs = OpenVinoRuntime(predictor.package, threads=2), OnnxRuntime(predictor.package)
    for field in fields:
        one, other = ours(field[None, None]), theirs(field[None, None])
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-3)
        assert np.array_equal(one.probabilities.argmax(1), other.probabilities.argmax(1))


def test_several_threads_may_ask_openvino_at_once(predictor, fields):
    runtime, answers = OpenVinoRuntime(predictor.package), {}
    expected = [runtime(field[None, None]).probabilities for field in fields]

    def ask(index: int) -> None:
        answers[index] = [runtime(fields[index][None, None]).probabilities for _ in range(3)]

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(fields))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, several in answers.items():
        for answer in several:
            np.testing.assert_array_equal(answer, expected[index])


def test_a_second_start_takes_the_network_from_the_cache(predictor, tmp_path):
    OpenVinoRuntime(predictor.package, cache=tmp_path)
    cached = list(tmp_path.iterdir())
    assert cached
    for file in cached:
        file.chmod(0o600)
        file.write_bytes(b"damaged")
    again = OpenVinoRuntime(predictor.package, cache=tmp_path)
    size = predictor.package.size
    assert again(np.zeros((1, 1, size, size), np.float32)).probabilities.any()


def test_openvino_tells_nobody_that_it_was_imported():
    code = (
        "import sys; from inference.openvino_runtime import is_installed; assert is_installed();"
        "print([m for m in sys.modules if m.startswith('openvino_telemetry.')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_bf16_serves_only_with_a_certificate(package):
    with pytest.raises(ModelError, match="has no parity certificate for bf16 on OpenVINO"):
        open_predictor(package, BF16)
    keep(package, _certificate(package))
    assert open_predictor(package, BF16).runtime.precision is Precision.BF16


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"label_agreement": 0.9}, "label agreement 0.9000 is below"),
        ({"dice": 0.88}, "Dice falls from 0.9000 to 0.8800"),
        ({"reversed": 1}, "1 of 400 decisions are reversed"),
        ({"bands_changed": 9}, "9 of 400 decisions move to or from indeterminate"),
    ],
)
def test_a_certificate_that_does_not_suffice_serves_nothing(changed, why, package):
    keep(package, _certificate(package, **changed))
    with pytest.raises(ModelError, match=why):
        open_predictor(package, BF16)


@pytest.mark.parametrize("changed", [{"network_sha256": "00"}, {"engine": "OpenVINO 2020.1"}])
def test_a_certificate_is_for_one_network_and_one_version_of_the_engine(changed, package):
    keep(package, _certificate(package, **changed))
    with pytest.raises(ModelError, match="no parity certificate"):
        check_certified(package, open_runtime(package, BF16))


def test_a_newer_certificate_takes_the_place_of_the_older(package):
    keep(package, _certificate(package))
    keep(package, _certificate(package, images=200))
    assert [c.images for c in certificates(package)] == [200]


def test_the_comparison_counts_labels_and_decisions(package, fields):
    reference = OnnxRuntime(package)

    class Blind:
        """Sees nothing anywhere."""

        name, precision = "Blind 1 on the CPU", Precision.BF16

        def __call__(self, batch: np.ndarray) -> Answer:
            probabilities = np.zeros((1, 5, *batch.shape[2:]), np.float32)
            probabilities[:, 0] = 1
            head = reference(batch).head
            return Answer(probabilities, None if head is None else np.full_like(head, -12.0))

    labels = [reference(f[None, None]).probabilities[0].argmax(0).astype(np.uint8) for f in fields]
    cases = [Case(field, truth) for field, truth in zip(fields, labels, strict=True)]

    def compared(candidate) -> Certificate:
        return compare(
            package, candidate, reference, cases, described="phantoms", processor="one", made_at=NOW
        )

    same, blind = compared(reference), compared(Blind())
    assert (same.label_agreement, same.reversed, same.dice_fp32, same.dice) == (1.0, 0, 1.0, 1.0)
    assert not same.shortfalls
    assert blind.dice == 0
    assert blind.label_agreement < 1
    assert blind.reversed >= 4  # every finding of the four kinds that have one
    assert blind.engine == "Blind 1"


def test_int8_without_a_quantised_network_says_how_to_make_one(package):
    with pytest.raises(ModelError, match="kidray models certify --precision int8"):
        open_predictor(package, replace(BF16, precision=Precision.INT8))


def test_onnx_runtime_refuses_bf16(package):
    with pytest.raises(ModelError, match="computes no bf16"):
        open_runtime(package, replace(BF16, engine="onnxruntime"))


def test_a_network_that_answers_otherwise_than_when_exported_is_not_served(package, radiographs):
    honest = Predictor(package)
    golden = write_golden(honest, attenuation_values(radiographs[PhantomKind.PNEUMOPERITONEUM]))
    described = package.description.model_copy(update={"golden": golden})
    (package.folder / DESCRIPTION_FILE).write_text(described.model_dump_json())
    package = load_package(package.folder)
    check_golden(Predictor(package))

    class Faint:
        """Half as sure as the network of everything."""

        name, precision = "Faint 1", Precision.FP32

        def __call__(self, batch: np.ndarray) -> Answer:
            answer = honest.runtime(batch)
            faint = answer.probabilities / 2
            faint[:, 0] += 0.5
            return answer._replace(probabilities=faint)

    with pytest.raises(ModelError, match="does not answer as it should to its golden image"):
        check_golden(Predictor(package, runtime=Faint()))


def test_the_shipped_package_answers_to_its_golden_image(tmp_path):
    package = load_package()
    assert package.description.golden is not None
    for engine in ("openvino", "onnxruntime"):
        open_predictor(package, Serving(engine=engine, cache=tmp_path))


def test_a_golden_image_that_was_changed_is_noticed(package):
    (package.folder / GOLDEN_FILE).write_bytes(b"another picture")
    with pytest.raises(ModelError, match=r"golden\.png is damaged or was replaced"):
        load_package(package.folder)


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.BF16])
def test_torch_serves_in_the_precision_asked_for(precision, package, fields):
    pytest.importorskip("torch")
    from inference.torch_runtime import TorchRuntime

    reference = OnnxRuntime(package, threads=2)
    runtime = TorchRuntime(package, device="cpu", precision=precision)
    assert runtime.precision is precision
    for field in fields[:2]:
        answer = runtime(field[None, None])
        assert answer.probabilities.dtype == np.float32
        same = answer.probabilities.argmax(1) == reference(field[None, None]).probabilities.argmax(1)
        assert same.mean() > 0.98


def test_a_device_that_is_not_there_is_named(package):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ModelError, match="cannot be used on cuda"):
        open_predictor(package, Serving(device="cuda"))


class Slow:
    """The real runtime, which counts its batches and answers once it may."""

    name, precision = "Slow 1", Precision.FP32

    def __init__(self, runtime: OnnxRuntime) -> None:
        self.runtime, self.sizes = runtime, []

    def __call__(self, batch: np.ndarray) -> Answer:
        self.sizes.append(len(batch))
        return self.runtime(batch)


def test_what_is_asked_within_a_moment_becomes_one_batch_and_each_gets_its_own(predictor, fields):
    slow, answers = Slow(OnnxRuntime(predictor.package, threads=2)), {}
    with Batcher(slow, window=5.0, largest=len(fields)) as batcher:

        def ask(index: int) -> None:
            answers[index] = batcher(fields[index][None, None])

        threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(fields))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert slow.sizes == [len(fields)]
    for index, field in enumerate(fields):
        alone = slow.runtime(field[None, None]).probabilities
        np.testing.assert_allclose(answers[index].probabilities, alone, atol=1e-4)


def test_a_batch_never_grows_beyond_its_bound(predictor, fields):
    slow = Slow(OnnxRuntime(predictor.package, threads=2))
    pair = np.stack(fields[:2])[:, None]
    with Batcher(slow, window=0.2, largest=3) as batcher:
        threads = [threading.Thread(target=batcher, args=(pair,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert slow.sizes == [2, 2, 2]


def test_an_error_of_the_network_reaches_everybody_who_waits_and_the_next_is_served():
    class Broken:
        name, precision = "Broken 1", Precision.FP32

        def __call__(self, batch: np.ndarray) -> Answer:
            if batch.max() > 0:
                raise ModelError("out of memory")
            return Answer(np.zeros((len(batch), 5, 8, 8), np.float32))

    with Batcher(Broken(), window=0.0) as batcher:
        with pytest.raises(ModelError, match="out of memory"):
            batcher(np.ones((1, 1, 8, 8), np.float32))
        assert batcher(np.zeros((2, 1, 8, 8), np.float32)).probabilities.shape == (2, 5, 8, 8)
