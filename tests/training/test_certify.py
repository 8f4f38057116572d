"""A precision is compared with float32 on held-out radiographs, and serves if it decides alike."""

import shutil
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from inference.golden import check_golden
from inference.models import DESCRIPTION_FILE, GOLDEN_FILE, QUANTISED_FILE, ModelPackage, load_package
from inference.parity import PARITY_FILE, certificates
from inference.predict import Predictor
from inference.runtime import Precision
from inference.serving import Serving, open_predictor
from study.errors import ModelError
from training.certify import add_golden, certify
from training.dataset import PreparedSet, prepared_phantoms
from training.quantise import quantise
from training.split import Split

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
PHANTOMS = 6


@pytest.fixture(scope="module")
def held_out(tmp_path_factory) -> PreparedSet:
    """Held-out phantoms at the size that the shipped package reads."""
    folder = tmp_path_factory.mktemp("drawn")
    return prepared_phantoms(Split.VALIDATION, PHANTOMS, load_package().size, cache=folder, drawing="mix")


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    copy = Path(shutil.copytree(load_package().folder, tmp_path / "package"))
    for name in (PARITY_FILE, QUANTISED_FILE):
        (copy / name).unlink(missing_ok=True)
    return load_package(copy)


def test_a_certified_precision_serves_and_an_uncertified_one_does_not(package, held_out):
    serving = Serving(engine="onnxruntime", precision=Precision.INT8, threads=2)
    with pytest.raises(ModelError, match="kidray models certify"):
        open_predictor(package, serving)
    quantised = quantise(package, held_out)
    assert quantised.stat().st_size < package.network.stat().st_size
    certificate = certify(package, serving, held_out, described="held-out phantoms", made_at=NOW)
    assert certificate.images == PHANTOMS
    assert certificate.decisions == 4 * PHANTOMS
    assert 0.95 < certificate.label_agreement < 1
    assert abs(certificate.dice - certificate.dice_fp32) < 0.1
    assert certificates(package) == [certificate]
    if certificate.shortfalls:
        with pytest.raises(ModelError, match="may not serve in int8"):
            open_predictor(package, serving)
    else:
        assert open_predictor(package, serving).runtime.precision is Precision.INT8


def test_a_quantised_network_that_was_made_anew_needs_a_certificate_of_its_own(package, held_out):
    serving = Serving(engine="onnxruntime", precision=Precision.INT8, threads=2)
    quantise(package, held_out)
    certify(package, serving, held_out, described="held-out phantoms", made_at=NOW)
    few = PreparedSet(held_out.images[:1], held_out.labels[:1], held_out.findings[:1])
    quantise(package, few)
    with pytest.raises(ModelError, match="no parity certificate"):
        open_predictor(package, serving)


def test_a_package_gets_a_golden_image_and_answers_to_it(package):
    (package.folder / GOLDEN_FILE).unlink()
    without = package.description.model_copy(update={"golden": None})
    (package.folder / DESCRIPTION_FILE).write_text(without.model_dump_json())
    golden = add_golden(load_package(package.folder)).description.golden
    assert golden is not None
    assert max(golden.scores) > 0.5  # a sign that the network sees
    assert np.isclose(sum(golden.label_shares), 1, atol=1e-4)
    check_golden(Predictor(load_package(package.folder)))
