"""Take the viewer's pictures anew: `python -m tests.pictures [NAME...]`, all of them where none is named."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.pictures import files
from tests.pictures.gallery import INDEX, markdown
from tests.pictures.scenes import SCENES, a_camera
from tests.pictures.stage import a_stage, an_empty_stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENES)}")
    names = parser.parse_args().names or list(SCENES)
    unknown = set(names) - set(SCENES)
    if unknown:
        parser.error(f"no picture is named {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    with tempfile.TemporaryDirectory(prefix="kidray-pictures-") as folder, ExitStack() as stack:
        stages = {
            "full": stack.enter_context(a_stage(Path(folder, "full"))),
            "empty": stack.enter_context(an_empty_stage(Path(folder, "empty"))),
        }
        camera = stack.enter_context(a_camera())
        for name in names:
            picture, _ = camera(SCENES[name], stages[SCENES[name].stage])
            print(f"{name:20} {files.keep(name, picture) / 1000:6.0f} KB", flush=True)
    INDEX.write_text(markdown(), "utf-8")


if __name__ == "__main__":
    main()
