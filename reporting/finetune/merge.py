"""Put an adapter into the weights it was trained for, as one model that any server loads."""

from __future__ import annotations

from pathlib import Path

from reporting.finetune.base import load_base, load_tokenizer
from study.errors import SettingsError


def merge(name: str, adapter: Path, out: Path) -> None:
    """Write the model called `name` with `adapter` in it to `out`.

    The weights are loaded anew, unquantised, into main memory: an adapter that was trained beside
    four-bit weights is added to those that they were made of.

    Parameters
    ----------
    name
        Folder of the model that the adapter was trained for, or its name where a hub can be reached.
    adapter
        Folder of the adapter.
    out
        Folder to write; the tokenizer goes along.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    SettingsError
        If the adapter cannot.
    """
    from peft import PeftModel

    try:
        tuned = PeftModel.from_pretrained(load_base(name, "none", "cpu"), str(adapter))
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(f"{adapter.name} is no adapter of {Path(name).name}: {error}") from error
    tuned.merge_and_unload().save_pretrained(out)
    load_tokenizer(name).save_pretrained(out)
