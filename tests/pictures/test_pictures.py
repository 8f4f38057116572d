"""The pictures in docs/viewer are what the viewer shows today."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.pictures import files
from tests.pictures.gallery import INDEX, markdown
from tests.pictures.likeness import Box, Picture, alike, other_tiles
from tests.pictures.scenes import SCENES, Scene, a_camera, without
from tests.pictures.stage import Stage, a_stage, an_empty_stage
from web_viewer.deps import STATIC

pytestmark = [
    pytest.mark.browser,
    pytest.mark.peer,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the viewer is not built"),
]
Camera = Callable[[Scene, Stage], tuple[Picture, list[Box]]]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stage]]:
    with ExitStack() as stack:
        yield {
            "full": stack.enter_context(a_stage(tmp_path_factory.mktemp("stage"))),
            "empty": stack.enter_context(an_empty_stage(tmp_path_factory.mktemp("empty"))),
        }


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    with a_camera() as take:
        yield take


@pytest.mark.parametrize("name", SCENES)
def test_a_picture_shows_what_the_viewer_shows(
    name: str, stages: dict[str, Stage], camera: Camera, tmp_path: Path
):
    scene = SCENES[name]
    now, unlike = camera(scene, stages[scene.stage])
    cv2.imwrite(str(tmp_path / f"{name}.png"), now[..., ::-1])  # for whoever looks into a failure
    others = other_tiles(files.read(name), now, unlike)
    assert alike(files.read(name), now, unlike), f"{name}: tiles {others}; look, then renew: make pictures"


def test_the_overlay_and_the_panel_are_missed_when_they_are_gone(
    stages: dict[str, Stage], camera: Camera, tmp_path: Path
):
    kept = files.read("viewer")
    for what in ("overlay", "panel"):
        now, unlike = camera(without(SCENES["viewer"], what), stages["full"])
        assert not alike(kept, now, unlike), what


def test_a_card_of_the_admin_page_is_missed_when_it_is_gone(stages: dict[str, Stage], camera: Camera):
    now, unlike = camera(without(SCENES["admin"], "card"), stages["full"])
    assert len(unlike) == 3  # the time, and two curves
    assert not alike(files.read("admin"), now, unlike)


def test_every_picture_is_small_enough_and_on_the_page():
    kept = {file.stem: file.stat().st_size for file in files.FOLDER.glob("*.png")}
    assert set(kept) == set(SCENES)
    assert max(kept.values()) < files.LARGEST
    assert INDEX.read_text("utf-8") == markdown()
    assert all(np.ptp(files.read(name)) > 100 for name in kept)
