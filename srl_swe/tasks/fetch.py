"""Pinned sources from elsewhere: an sdist from a package index, a commit from a git repository.

Both are checked against their pin every time they are read. No code of theirs runs: an sdist is downloaded as a file
(pip would build its metadata), and a commit is fetched without hooks.
"""

__all__ = ["fetch_git", "fetch_sdist", "unpack_sdist"]

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path, PurePosixPath

from srl_swe.errors import InputError

_INDEX = "https://pypi.org/simple"
_TIMEOUT_S = 60.0


def fetch_sdist(pin: str, sha256: str, cache: Path) -> dict[str, bytes]:
    """The files of `name==version`'s sdist, which must have this hash. Raises InputError."""
    kept = cache / "sdists" / f"{sha256}.tar.gz"
    content = kept.read_bytes() if kept.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        content = _download(pin, sha256)
        _write_whole(kept, content)
    try:
        return unpack_sdist(content)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{pin}: the sdist cannot be unpacked: {error}") from error


def unpack_sdist(content: bytes) -> dict[str, bytes]:
    """The regular files of an sdist without its top folder and without links; ValueError when a name leaves it."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"{member.name!r} lies outside the archive")
            if member.isreg() and len(path.parts) > 1:
                stream = archive.extractfile(member)
                assert stream is not None, "a regular member has content"
                files["/".join(path.parts[1:])] = stream.read()
    return files


def fetch_git(url: str, commit: str, cache: Path) -> Path:
    """The folder of a commit, fetched alone, without history. Raises InputError."""
    kept = cache / "commits" / commit
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".making-") as scratch:
        made = Path(scratch) / "tree"
        made.mkdir()
        quiet = ["git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]
        for step in (
            ["init", "--quiet"],
            ["fetch", "--quiet", "--depth", "1", "--", url, commit],
            ["-c", "advice.detachedHead=false", "checkout", "--quiet", commit],
        ):
            done = subprocess.run([*quiet, *step], cwd=made, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False, env=os.environ | {"GIT_TERMINAL_PROMPT": "0"})  # fmt: skip
            if done.returncode != 0:
                said = done.stderr.strip().splitlines() or ["no message"]
                raise InputError(f"{url}: git could not fetch {commit}: {said[-1]}")
        shutil.rmtree(made / ".git")
        try:
            made.rename(kept)
        except OSError:  # another process was faster with the same content
            if not kept.is_dir():
                raise
    return kept


def _download(pin: str, sha256: str) -> bytes:
    name, _, version = pin.partition("==")
    project = re.sub(r"[-_.]+", "-", name).lower()
    refusals = []
    for index in _indexes():
        try:
            content = _from_index(f"{index.rstrip('/')}/{project}/", sha256)
        except (OSError, ValueError) as error:
            refusals.append(f"{_shown(index)}: {error}")
            continue
        if content is None:
            refusals.append(f"{_shown(index)}: no file with this sha256")
        elif hashlib.sha256(content).hexdigest() != sha256:
            refusals.append(f"{_shown(index)}: the file has another sha256 than it says")
        else:
            return content
    raise InputError(f"{name} {version}: no index gave its sdist ({'; '.join(refusals)})")


def _indexes() -> list[str]:
    """The package indexes that pip is set to use, the main one first."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    options = dict(re.findall(r"^(?:global|install|:env:)\.((?:extra-)?index-url)='(.*)'$", listed, flags=re.MULTILINE))
    extra = options.get("extra-index-url", "").replace("\\n", " ").split()
    return [options.get("index-url", _INDEX), *extra]


def _from_index(page: str, sha256: str) -> bytes | None:
    """The file with this hash from a project's page (PEP 503 or PEP 691), or None."""
    text = _get(page, accept="application/vnd.pypi.simple.v1+json, text/html;q=0.5").decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        links = [(file["url"], file.get("hashes", {}).get("sha256")) for file in json.loads(text)["files"]]
    else:
        links = [(url, digest) for url, digest in re.findall(r'href="([^"#]+)#sha256=([0-9a-f]{64})', text)]
    found = next((url for url, digest in links if digest == sha256), None)
    return None if found is None else _get(urllib.parse.urljoin(page, found))


def _get(url: str, accept: str = "*/*") -> bytes:
    if url.startswith("file:"):
        path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path))
        return (path / "index.html" if url.endswith("/") else path).read_bytes()
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "srl-swe"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        return bytes(answer.read())


def _shown(index: str) -> str:
    """An index's address without a password."""
    parts = urllib.parse.urlsplit(index)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
        scratch.write(content)
    Path(scratch.name).replace(path)
