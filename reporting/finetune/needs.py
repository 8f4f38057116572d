"""Say what is missing where an extra is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from study.errors import SettingsError

NEEDS = {
    "finetune": ("torch", "transformers", "datasets", "peft", "trl"),
    "quantize": ("torch", "transformers", "datasets", "llmcompressor"),
}


def check_extra(extra: str) -> None:
    """Make sure that what `extra` brings is installed.

    Raises
    ------
    SettingsError
        If it is not.
    """
    missing = [name for name in NEEDS[extra] if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{', '.join(missing)} not installed: the command needs the {extra} extra, "
            "in an environment of its own (docs/finetuning.md)"
        )
