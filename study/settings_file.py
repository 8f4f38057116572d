"""`kidray.toml` as a source of settings: what is wrong with it is said in one sentence."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from study.compat import tomllib
from study.errors import SettingsError

FILE = Path("kidray.toml")


def settings_file(settings: type[BaseSettings]) -> TomlConfigSettingsSource:
    """Return `kidray.toml` of the folder that the process was started in, as a source of `settings`.

    Raises
    ------
    SettingsError
        If it is no TOML, cannot be read, or names something that is no setting.
    """
    try:
        source = TomlConfigSettingsSource(settings, FILE)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{FILE} cannot be read: {error.strerror}") from error
    for name in source.toml_data:
        if name not in settings.model_fields:
            near = get_close_matches(name, settings.model_fields, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{FILE}: {name} is no setting{meant}")
    return source
