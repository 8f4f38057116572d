"""The model that ships: whole, small, and as good as its card says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.models import NETWORK_FILE, load_package, shipped_folder
from study.errors import ModelError
from study.model import DISCLAIMER_EN, Presence
from training.case import Projection
from training.evaluate import evaluate
from training.held_out import PhantomSet
from training.mix import TRAINING

LARGEST_BYTES = 10_000_000  # of everything under weights/
UPRIGHT_OR_FLAT = {
    kind: {view: share for view, share in views.items() if view in {Projection.SUPINE, Projection.ERECT}}
    for kind, views in TRAINING.views.items()
}


def test_the_shipped_package_is_whole_and_says_what_it_is() -> None:
    package = load_package()
    assert package.identity.disclaimer == DISCLAIMER_EN
    assert len(package.identity.sha256) == 64
    card = (package.folder / "CARD.md").read_text(encoding="utf-8")
    assert DISCLAIMER_EN in card
    assert package.description.metrics["test"]["phantoms"] >= 300


def test_all_shipped_weights_stay_small() -> None:
    files = [path for path in shipped_folder().parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST_BYTES


def test_a_package_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(shipped_folder(), copy)
    content = bytearray((copy / NETWORK_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / NETWORK_FILE).write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        load_package(copy)
    (copy / NETWORK_FILE).unlink()
    with pytest.raises(ModelError, match="whole"):
        load_package(copy)
    with pytest.raises(ModelError, match="not a model package"):
        load_package(tmp_path)


def test_a_score_falls_into_one_of_three_verdicts() -> None:
    for score in load_package().description.scores.values():
        assert score.presence(1.0) is Presence.PRESENT
        assert score.presence(score.operating_point) is Presence.PRESENT
        assert score.presence(np.nextafter(score.operating_point, 0)) is Presence.INDETERMINATE
        assert score.presence(0.0) is Presence.ABSENT


def test_the_shipped_model_finds_gross_signs_in_unseen_phantoms() -> None:
    plain = replace(TRAINING, severity=(0.6, 1.0), mimics=0.0, mimics_beside=0.0, views=UPRIGHT_OR_FLAT)
    phantoms = PhantomSet(20, 7, mix=plain, size=(512, 512))
    figures = evaluate(load_package(), [phantoms], threads=1).metrics["all"]
    assert figures["dice"]["value"] > 0.75
    assert figures["sensitivity"]["value"] > 0.85
    assert figures["specificity"]["value"] > 0.85
