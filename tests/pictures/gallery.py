"""The page that shows the pictures."""

from __future__ import annotations

from tests.pictures.files import FOLDER
from tests.pictures.scenes import SCENES

INDEX = FOLDER / "README.md"
_HEAD = """# The viewer in pictures

Taken by a browser of the service itself, with phantoms from fixed seeds that it received by C-STORE and read
with the model that ships. `make pictures` takes them anew; a test holds them against what the viewer shows.
"""


def markdown() -> str:
    """Return the page."""
    shown = [f"## {scene.says}\n\n![{scene.says}]({name}.png)\n" for name, scene in SCENES.items()]
    return "\n".join([_HEAD, *shown])
