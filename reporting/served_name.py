"""The name under which a model is served: with its weights' hash, where whoever serves it tells."""

from __future__ import annotations

import hashlib
from pathlib import Path

_SHA256 = "@sha256:"


def served_name(weights: Path) -> str:
    """Return the name of a model in one file: the file's, and its SHA-256."""
    return f"{weights.stem}{_SHA256}{hashlib.sha256(weights.read_bytes()).hexdigest()}"


def model_and_hash(name: str) -> tuple[str, str | None]:
    """Return a served model's name, and the SHA-256 of its weights where the name holds one."""
    model, _, sha256 = name.partition(_SHA256)
    return model, sha256 or None
