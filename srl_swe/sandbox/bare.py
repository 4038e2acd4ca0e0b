"""The tier "none": commands run on this machine as this user, in a temporary folder. It isolates nothing.

For debugging, and for machines that are sandboxes themselves; opened only when asked for by name. The workspace is
not at /testbed, users and all limits but time and output are ignored, and a process that leaves its session survives.
"""

__all__ = ["open_bare"]

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from srl_swe.sandbox.lease import lease_name
from srl_swe.sandbox.sandbox import Limits, Result, Root

_SKIPPED = (".git", "__pycache__")


def open_bare(root: Root, limits: Limits) -> "_Bare":
    """An empty folder to run commands in, and a warning on stderr."""
    print("sandbox none: commands of the agent run unisolated on this machine", file=sys.stderr)
    above = Path(tempfile.gettempdir(), f"srl-swe-{os.getuid()}")
    above.mkdir(exist_ok=True, mode=0o700)
    folder = tempfile.TemporaryDirectory(prefix=lease_name(""), dir=above)
    return _Bare(folder, root, limits)


class _Bare:
    tier = "none"

    def __init__(self, folder: tempfile.TemporaryDirectory[str], root: Root, limits: Limits) -> None:
        self._folder = folder
        self._top = Path(folder.name)
        self._limits = limits
        self._environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": folder.name,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            **dict(root.environment),
        }
        paths = [self._environment.get("PYTHONPATH", ""), str(root.site or "")]
        self._environment["PYTHONPATH"] = ":".join(path for path in paths if path)

    def run(
        self,
        command: str,
        *,
        timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        user: str = "agent",
    ) -> Result:
        started = time.monotonic()
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=self._top,
            env={**self._environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timed_out = False
        try:
            output, _ = process.communicate(timeout=self._limits.timeout_s if timeout_s is None else timeout_s)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
        room = self._limits.output_kb << 10
        kept = output if len(output) <= room else output[: room // 2] + output[-room // 2 :]
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        return Result(kept, None if timed_out else code, timed_out, len(output) > room, time.monotonic() - started)

    def write(self, files: Mapping[str, bytes]) -> None:
        for path, content in files.items():
            target = self._inside(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def read(self, path: str, *, max_bytes: int = 1 << 20) -> bytes:
        target = self._inside(path)
        if not target.is_file():
            raise FileNotFoundError(path)
        with target.open("rb") as file:
            return file.read(max_bytes)

    def tree(self) -> dict[str, bytes]:
        paths = (path for path in sorted(self._top.rglob("*")) if path.is_file() and not path.is_symlink())
        inside = ((path.relative_to(self._top), path) for path in paths)
        return {str(name): path.read_bytes() for name, path in inside if not set(name.parts) & set(_SKIPPED)}

    def reset(self, files: Mapping[str, bytes]) -> None:
        subprocess.run(["find", str(self._top), "-mindepth", "1", "-delete"], check=True)
        self.write(files)

    def close(self) -> None:
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _inside(self, path: str) -> Path:
        target = (self._top / path).resolve()
        if not target.is_relative_to(self._top.resolve()):
            raise FileNotFoundError(f"{path} lies outside the workspace")
        return target
