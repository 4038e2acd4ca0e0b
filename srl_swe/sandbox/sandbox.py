"""The sandbox protocol: one workspace, commands in it, and nothing that leaves it unasked.

Every tier (docker, namespace, recorded) keeps this contract, and `tests/test_sandbox.py` holds each of them to it.
"""

__all__ = ["WORKSPACE", "Limits", "Result", "Root", "Sandbox"]

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from srl_swe.tasks.root import Limits, Root

WORKSPACE = "/testbed"


@dataclass(frozen=True)
class Result:
    """What one command did. `returncode` is None when it was killed at its time limit."""

    output: bytes  # stdout and stderr as they came, capped
    returncode: int | None
    timed_out: bool
    truncated: bool
    seconds: float

    @property
    def text(self) -> str:
        """The output with invalid UTF-8 replaced and CRLF folded."""
        return self.output.decode("utf-8", "replace").replace("\r\n", "\n")


class Sandbox(Protocol):
    """An isolated workspace at `/testbed`. Paths are relative to it. Every method may raise `SandboxError`."""

    tier: str

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        user: str = "agent",
    ) -> Result:
        """Run a shell command in a fresh `/bin/sh` with stdin closed; at the limit the whole process tree dies.

        `user` is "agent" (episodes) or "grader" (hidden tests): two different uids, neither of them root.
        """
        ...

    def write(self, files: Mapping[str, bytes]) -> None:
        """Create or replace files; parents are made. Never follows a symlink out of the workspace."""
        ...

    def read(self, path: str, *, max_bytes: int = 1 << 20) -> bytes:
        """The bytes of one regular file inside the workspace; FileNotFoundError if it is none."""
        ...

    def tree(self) -> dict[str, bytes]:
        """Every regular file of the workspace by its path, without `.git` and `__pycache__`; links are left out."""
        ...

    def reset(self, files: Mapping[str, bytes]) -> None:
        """All processes dead, and the workspace exactly `files`."""
        ...

    def close(self) -> None:
        """Leave nothing behind. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
