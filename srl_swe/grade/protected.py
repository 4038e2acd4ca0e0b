"""Which paths of a patch may reach the grader: the repository's code, and nothing that decides how it is tested.

Tests, their configuration and whatever Python runs by itself at its start are taken from the pristine tree. A change to
one of them is dropped and reported, not punished: agents write tests, and that is good. A path that leaves the
workspace makes the whole patch unusable.
"""

__all__ = ["Allowed", "allow", "is_protected", "restored"]

import posixpath
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from unidiff import PatchedFile

from srl_swe.tasks.patch import changed_paths, file_patches
from srl_swe.tasks.repository import Repository

_NAMES = {
    "conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml",
    "sitecustomize.py", "usercustomize.py",
}  # fmt: skip
_FOLDERS = re.compile(r"(^|/)(\.git|__pycache__|\.pytest_cache|[^/]*\.(dist-info|egg-info))(/|$)")
_SUFFIXES = {".pth", ".pyc", ".pyo", ".so", ".egg-link"}
_TEST_TOOLS = {"pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py"}

_MAX_PATCH = 1 << 20


@dataclass(frozen=True)
class Allowed:
    """What is left of a patch, and the paths that were dropped from it."""

    changes: list[PatchedFile]
    dropped: tuple[str, ...]


def allow(patch: str, repository: Repository, pristine: Mapping[str, bytes]) -> Allowed:
    """Split a patch. Raises ValueError when it is no patch or too long, or names a path outside the workspace."""
    if len(patch) > _MAX_PATCH:
        raise ValueError(f"it is longer than {_MAX_PATCH >> 20} MiB")
    changes, dropped = [], set()
    for change in file_patches(patch):
        paths = changed_paths(change)
        for path in paths:
            _check_inside(path)
        if change.is_binary_file or any(_unwanted(path, repository, pristine) for path in paths):
            dropped.update(paths)
        else:
            changes.append(change)
    return Allowed(changes, tuple(sorted(dropped)))


def is_protected(path: str, repository: Repository) -> bool:
    """Is this path a test, test configuration, or something that runs by itself?"""
    name = PurePosixPath(path)
    return (
        name.name.lower() in _NAMES
        or name.suffix in _SUFFIXES
        or _FOLDERS.search(path) is not None
        or any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in repository.test.paths)
        or any(_glob(pattern).fullmatch(path) for pattern in repository.protected)
    )


def restored(
    tree: Mapping[str, bytes], pristine: Mapping[str, bytes], repository: Repository, hidden: Sequence[str]
) -> dict[str, bytes]:
    """The tree with every protected path exactly as in the pristine one, hidden tests included."""
    kept = {path: content for path, content in tree.items() if not is_protected(path, repository)}
    kept |= {path: content for path, content in pristine.items() if is_protected(path, repository)}
    return kept | {path: pristine[path] for path in hidden}


def _unwanted(path: str, repository: Repository, pristine: Mapping[str, bytes]) -> bool:
    return is_protected(path, repository) or _shadows(path, pristine)


def _shadows(path: str, pristine: Mapping[str, bytes]) -> bool:
    """Would this be found instead of a module of the standard library or of pytest, and is it not the repository's?"""
    top = path.split("/")[0]
    module = top.split(".")[0]
    if module not in sys.stdlib_module_names and module not in _TEST_TOOLS:
        return False
    return not any(name == top or name.startswith(top + "/") for name in pristine)


def _check_inside(path: str) -> None:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path!r} lies outside the workspace")
    if (
        not path.isprintable()
        or posixpath.normpath(path) != path
        or any(len(p.encode()) > 255 for p in path.split("/"))
    ):
        raise ValueError(
            f"{path!r} is not a plain path"
        )  # one path must have one spelling, or protection can be evaded


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    """A path pattern: ** is any number of folders, * and ? stay within one."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(special.get(part, re.escape(part)) for part in parts))
