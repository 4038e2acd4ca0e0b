"""A repository's files and the packages its tests need, fetched once and kept by content.

What is fetched is checked against its pin, unpacked and read, never executed: no set-up script runs on the host. The
packages are wheels that pip unpacks into a folder of their own. Running anything is the sandbox's work.
"""

__all__ = [
    "PYTEST", "Checkout", "apply_patch", "cache_folder", "checkout", "read_folder", "starting_tree", "tree_hash",
]  # fmt: skip

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srl_swe.errors import InputError, TaskError
from srl_swe.tasks.fetch import fetch_git, fetch_sdist
from srl_swe.tasks.patch import apply_patch
from srl_swe.tasks.repository import Repository
from srl_swe.tasks.root import Root
from srl_swe.tasks.task import Task

PYTEST = "pytest==9.2.0"  # for a repository that does not name its own
_LEFT_OUT = {".git", "__pycache__", ".pytest_cache"}


@dataclass(frozen=True)
class Checkout:
    """A pristine tree (path to content), its hash, and what a sandbox for it is started from."""

    repository: Repository
    files: dict[str, bytes]
    tree_hash: str
    root: Root


def checkout(repository: Repository, *, cache: Path | None = None) -> Checkout:
    """Fetch what is not in the cache yet. Raises InputError when a source or a package cannot be had as pinned."""
    home = cache or cache_folder()
    files = _files(repository, home)
    if not files:
        raise InputError(f"{repository.folder / 'env.toml'}: [source] holds no file")
    search = ["/opt/site", "/testbed"] + (["/testbed/src"] if any(path.startswith("src/") for path in files) else [])
    environment = (("PYTHONPATH", ":".join(search)), ("PYTHONDONTWRITEBYTECODE", "1"))
    return Checkout(repository, files, tree_hash(files), Root(site=_site(repository, home), environment=environment))


def cache_folder() -> Path:
    """Where fetched things are kept: SRL_SWE_CACHE, or ~/.cache/srl-swe."""
    return Path(os.environ.get("SRL_SWE_CACHE") or Path.home() / ".cache" / "srl-swe")


def tree_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over every path and content, in order of paths."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def starting_tree(checkout: Checkout, task: Task) -> dict[str, bytes]:
    """The tree in which the episode starts: pristine, with the bug, without the hidden tests. Raises TaskError."""
    try:
        tree = apply_patch(checkout.files, task.bug_patch)
    except ValueError as error:
        raise TaskError(f"task {task.id}: the bug patch does not apply: {error}") from error
    for path in task.hidden_tests:
        if tree.pop(path, None) is None:
            raise TaskError(f"task {task.id}: {checkout.repository.name} has no hidden test {path}")
    return tree


def _files(repository: Repository, home: Path) -> dict[str, bytes]:
    source = repository.source
    if source.git is not None and source.commit is not None:
        return read_folder(fetch_git(source.git, source.commit, home))
    if source.pypi is not None and source.sha256 is not None:
        return {path: content for path, content in fetch_sdist(source.pypi, source.sha256, home).items() if _kept(path)}
    folder = repository.folder / (source.path or ".")
    if not folder.is_dir():
        raise InputError(f"{repository.folder / 'env.toml'}: [source] path: no folder {folder}")
    return read_folder(folder)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every regular file below a folder, without git's own, caches and links."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink())
    named = ((file.relative_to(folder).as_posix(), file) for file in files)
    return {path: file.read_bytes() for path, file in named if _kept(path)}


def _kept(path: str) -> bool:
    return not _LEFT_OUT.intersection(path.split("/")) and not path.endswith(".pyc")


def _site(repository: Repository, home: Path) -> Path:
    """The folder of installed packages: made once for equal requirements and Python, never seen half made."""
    named = any(Path(requirement).name.startswith("pytest=") for requirement in repository.packages)
    wanted = sorted({*repository.packages} if named else {*repository.packages, PYTEST})
    key = json.dumps([wanted, sysconfig.get_platform(), sys.version_info[:2]])
    folder = home / "sites" / hashlib.sha256(key.encode()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as scratch:
        made = Path(scratch) / "site"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--only-binary", ":all:", "--target", str(made), "--", *wanted]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["no message"]
            raise InputError(f"{repository.folder / 'env.toml'}: packages: pip could not install {wanted}: {said[-1]}")
        _share(made)
        try:
            made.rename(folder)
        except OSError:  # another process was faster with the same content
            if not folder.is_dir():
                raise
    return folder


def _share(folder: Path) -> None:
    """Readable by every user: the sandbox's are not ours."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    folder.chmod(0o755)
    for item in folder.rglob("*"):
        item.chmod(0o755 if item.is_dir() else 0o644)
