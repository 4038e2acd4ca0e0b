"""Where the files that ship with the package lie: envs/, sandbox/ and data/, in a checkout and in a wheel alike."""

__all__ = ["bundled"]

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled(*parts: str) -> Path:
    """The path of a bundled file or folder, such as `bundled("data", "recipes", "quickstart.toml")`."""
    inside_wheel = _PACKAGE / "_content"
    return (inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent).joinpath(*parts)
