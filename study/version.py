"""Which Kidray this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def service_version() -> str:
    """Return the version of the installed distribution."""
    try:
        return version("kidray")
    except PackageNotFoundError:  # run from a tree that was not installed
        return "0"
