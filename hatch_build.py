"""Build hook: a wheel carries the viewer's static build, so a wheel is never made without it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ViewerBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the viewer unless it is there; an editable install is left alone."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make sure that `web_viewer/static/index.html` is there."""
        index = Path(self.root, "web_viewer", "static", "index.html")
        if version == "editable" or index.exists():
            return
        frontend = Path(self.root, "web_viewer", "frontend")
        for step in (["npm", "ci", "--silent"], ["npm", "run", "--silent", "build"]):
            subprocess.run(step, cwd=frontend, check=True)
        if not index.exists():
            raise RuntimeError(f"the viewer's build left no {index}")
