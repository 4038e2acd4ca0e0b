"""A sandbox whose inner end is `sandbox/supervisor.py`: the same methods whatever isolates it.

A tier starts the supervisor somewhere and hands over the stream and how to end it. What the agent did to its own
files (a folder where a file should be, a full disk) comes back as an `OSError`; what the sandbox failed to do is a
`SandboxError`, after which the sandbox is dead and only `close` is of use.
"""

__all__ = ["AGENT", "GRADER", "INODES", "SCRATCH", "Supervised", "settings"]

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from srl_swe.errors import SandboxError
from srl_swe.sandbox.sandbox import WORKSPACE, Limits, Result, Root
from srl_swe.sandbox.stream import Header, Stream

AGENT = 10001  # uids inside
GRADER = 10002
INODES = 65536
SCRATCH = (WORKSPACE, "/tmp", "/home/agent", "/home/grader", "/dev/shm")
_GRACE_S = 20.0  # for killing, reaping and a busy machine, beyond a command's own limit
_ENVIRONMENT = {
    "PATH": "/opt/bin:/usr/local/bin:/usr/bin:/bin",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "TERM": "dumb",
    "PAGER": "cat",
}


def settings(root: Root, limits: Limits) -> dict[str, Any]:
    """What the supervisor is told in any tier."""
    environment = {**_ENVIRONMENT, **dict(root.environment)}
    path = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = f"{path}:/opt/site" if path else "/opt/site"
    return {
        "users": {"agent": AGENT, "grader": GRADER},
        "environment": environment,
        "scratch": list(SCRATCH),
        "disk_mb": limits.disk_mb,
        "output_kb": limits.output_kb,
    }


class Supervised:
    """Implements `Sandbox`. `stop` ends whatever `stream` leads to; it is called once, and told whether that failed."""

    def __init__(self, tier: str, stream: Stream, limits: Limits, stop: Callable[[bool], None]) -> None:
        self.tier = tier
        self.notes: tuple[str, ...] = ()  # which limits hold by what, as the supervisor says
        self._stream = stream
        self._limits = limits
        self._stop: Callable[[bool], None] | None = stop
        self._dead: str | None = None

    def begin(self, first: Header, *, wait_s: float = 60.0) -> None:
        """Send the settings and wait until the supervisor stands."""
        header, _ = self._exchange(first, b"", wait_s)
        self.notes = tuple(header["notes"])

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        user: str = "agent",
    ) -> Result:
        """Run `command` with `/bin/sh -c`. Everything it started dies when it ends. 128+n stands for signal n."""
        limit_s = self._limits.timeout_s if timeout_s is None else timeout_s
        assert user in ("agent", "grader"), f"{user} is no user of a sandbox"
        request = {"op": "run", "timeout_s": limit_s, "environment": dict(environment or {}), "user": user}
        script = command.replace("\0", "").encode("utf-8", "replace")
        reply, output = self._certain(request, script, limit_s + _GRACE_S)
        return Result(output, reply["returncode"], reply["timed_out"], reply["truncated"], reply["seconds"])

    def write(self, files: Mapping[str, bytes]) -> None:
        self._exchange(*_packed("write", files))

    def read(self, path: str, *, max_bytes: int = 1 << 20) -> bytes:
        request = {"op": "read", "path": os.path.normpath(path), "max_bytes": max_bytes}
        try:
            return self._exchange(request)[1]
        except OSError as error:
            raise FileNotFoundError(error.errno, f"no regular file of the workspace: {path}") from error

    def tree(self) -> dict[str, bytes]:
        reply, contents = self._certain({"op": "tree"})
        files, at = {}, 0
        for path, size in reply["files"]:
            files[path] = contents[at : at + size]
            at += size
        return files

    def reset(self, files: Mapping[str, bytes]) -> None:
        self._certain(*_packed("reset", files))

    def close(self) -> None:
        stop, self._stop = self._stop, None
        if stop is not None:
            failed, self._dead = self._dead is not None, "it was closed"
            self._stream.close()
            stop(failed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _certain(self, request: Header, payload: bytes = b"", wait_s: float = 120.0) -> tuple[Header, bytes]:
        """An exchange in which no state of the agent's files can make the supervisor's calls fail."""
        try:
            return self._exchange(request, payload, wait_s)
        except OSError as error:
            self._dead = f"{request['op']} failed: {error}"
            raise SandboxError(f"{self.tier}: {self._dead}") from error

    def _exchange(self, request: Header, payload: bytes = b"", wait_s: float = 120.0) -> tuple[Header, bytes]:
        if self._dead is not None:
            raise SandboxError(f"{self.tier}: this sandbox is of no more use: {self._dead}")
        # Until the answer is whole the stream is out of step: an interrupt in between must not leave it usable
        self._dead = "an earlier request was cut off"
        try:
            reply, data = self._stream.ask(request, payload, wait_s=wait_s)
        except SandboxError as error:
            said = self._stream.complaints.decode("utf-8", "replace").strip()
            self._dead = f"{error} ({said[-500:]})" if said else str(error)
            raise SandboxError(f"{self.tier}: {self._dead}") from error
        if "broken" in reply:
            self._dead = reply["broken"]
            raise SandboxError(f"{self.tier}: {self._dead}")
        self._dead = None
        if "errno" in reply:
            raise OSError(reply["errno"], reply["message"])
        return reply, data


def _packed(op: str, files: Mapping[str, bytes]) -> tuple[Header, bytes]:
    listed = sorted(files.items())
    sizes = [(os.path.normpath(path), len(content)) for path, content in listed]
    return {"op": op, "files": sizes}, b"".join(content for _, content in listed)
