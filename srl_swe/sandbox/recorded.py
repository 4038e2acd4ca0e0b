"""The recorded tier: a cassette of what commands did in a real sandbox, replayed anywhere without running anything.

For tests, notebooks and machines without a real tier. An entry is found by the workspace's files, the command, its
environment and its user together, and holds the result and the files that changed; so a replay may take its steps
in another order, but a command that was never recorded on these very files is a `SandboxError`. State outside the
workspace (/tmp, the home folder) is not on the cassette: commands that talk through it do not replay.
"""

__all__ = ["Recorder", "open_recorded"]

import base64
import errno
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srl_swe.errors import InputError, SandboxError
from srl_swe.sandbox.sandbox import Result, Sandbox

_VERSION = 1


class Recorder:
    """A sandbox that passes everything to `inner`, which it owns, and writes the cassette when it is closed."""

    def __init__(self, inner: Sandbox, cassette: Path) -> None:
        self.tier = inner.tier
        self._inner = inner
        self._cassette = cassette
        self._entries: dict[str, dict[str, Any]] = _load(cassette) if cassette.exists() else {}
        self._closed = False

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        user: str = "agent",
    ) -> Result:
        before = self._inner.tree()
        result = self._inner.run(command, timeout_s=timeout_s, environment=environment, user=user)
        after = self._inner.tree()
        entry = asdict(result) | {"command": command, "output": _packed(result.output)}
        entry["written"] = {path: _packed(content) for path, content in after.items() if before.get(path) != content}
        entry["removed"] = sorted(before.keys() - after.keys())
        self._entries[_key(before, command, environment, user)] = entry
        return result

    def write(self, files: Mapping[str, bytes]) -> None:
        self._inner.write(files)

    def read(self, path: str, *, max_bytes: int = 1 << 20) -> bytes:
        return self._inner.read(path, max_bytes=max_bytes)

    def tree(self) -> dict[str, bytes]:
        return self._inner.tree()

    def reset(self, files: Mapping[str, bytes]) -> None:
        self._inner.reset(files)

    def close(self) -> None:
        self._inner.close()
        if not self._closed:
            self._closed = True
            text = json.dumps({"version": _VERSION, "entries": self._entries}, indent=1, sort_keys=True)
            part = self._cassette.with_name(self._cassette.name + ".part")
            part.write_text(text + "\n")
            part.replace(self._cassette)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_recorded(cassette: Path) -> "_Recorded":
    """An empty workspace in memory that answers commands from `cassette`; InputError if that is no cassette."""
    return _Recorded(cassette, _load(cassette))


@dataclass
class _Recorded:
    cassette: Path
    entries: Mapping[str, Mapping[str, Any]]
    tier: str = "recorded"

    def __post_init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._closed = False

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        user: str = "agent",
    ) -> Result:
        files = self._open_files()
        entry = self.entries.get(_key(files, command, environment, user))
        if entry is None:
            raise SandboxError(f"recorded: {command!r} was never recorded on these files ({self.cassette})")
        for path in entry["removed"]:
            del files[path]
        files |= {path: _unpacked(text) for path, text in entry["written"].items()}
        outcome = (entry["returncode"], entry["timed_out"], entry["truncated"], entry["seconds"])
        return Result(_unpacked(entry["output"]), *outcome)

    def write(self, files: Mapping[str, bytes]) -> None:
        held = self._open_files()
        for given, content in sorted(files.items()):
            path = os.path.normpath(given)
            folders = path.split("/")
            if path.startswith(("/", "..")) or path == ".":
                raise PermissionError(errno.EACCES, "not a plain path inside the workspace", given)
            if any("/".join(folders[:depth]) in held for depth in range(1, len(folders))):
                raise NotADirectoryError(errno.ENOTDIR, "a file is in the way", given)
            if any(other.startswith(f"{path}/") for other in held):
                raise IsADirectoryError(errno.EISDIR, "a folder is in the way", given)
            held[path] = content

    def read(self, path: str, *, max_bytes: int = 1 << 20) -> bytes:
        files = self._open_files()
        if (inside := os.path.normpath(path)) not in files:
            raise FileNotFoundError(errno.ENOENT, f"no regular file of the workspace: {path}")
        return files[inside][:max_bytes]

    def tree(self) -> dict[str, bytes]:
        kept = (path for path in sorted(self._open_files()) if not {".git", "__pycache__"} & set(path.split("/")))
        return {path: self._files[path] for path in kept}

    def reset(self, files: Mapping[str, bytes]) -> None:
        self._open_files().clear()
        self.write(files)

    def close(self) -> None:
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_files(self) -> dict[str, bytes]:
        if self._closed:
            raise SandboxError("recorded: this sandbox is of no more use: it was closed")
        return self._files


def _load(cassette: Path) -> dict[str, dict[str, Any]]:
    try:
        held = json.loads(cassette.read_text())
        entries: dict[str, dict[str, Any]] = held["entries"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{cassette}: is no cassette of recorded commands ({error})") from error
    if held.get("version") != _VERSION:
        raise InputError(f"{cassette}: is a cassette of version {held.get('version')}, this reads {_VERSION}")
    return entries


def _key(files: Mapping[str, bytes], command: str, environment: Mapping[str, str] | None, user: str) -> str:
    digest = hashlib.sha256(json.dumps([command, sorted((environment or {}).items()), user]).encode())
    for path, content in sorted(files.items()):
        digest.update(f"\0{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:24]


def _packed(content: bytes) -> str | dict[str, str]:
    """Text as it is, so that a cassette can be read; anything else in base64."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _unpacked(held: str | dict[str, str]) -> bytes:
    return held.encode() if isinstance(held, str) else base64.b64decode(held["base64"])
