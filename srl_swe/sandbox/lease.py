"""Whose sandbox it is, written where the sandbox is, so that what a dead owner left can be told from what lives.

A lease is `PID-STARTTIME-BOOT-ID`; a pid that came back with another start time, or a machine that booted since, is
another owner. `reap` removes what belongs to dead owners of ours and never touches anything else.
"""

__all__ = ["is_dead", "lease_name", "reap_folders"]

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def lease_name(sandbox_id: str) -> str:
    """The name under which this process holds the sandbox `sandbox_id`."""
    pid = os.getpid()
    return f"{pid}-{_start_time(pid)}-{_boot()}-{sandbox_id}"


def is_dead(lease: str) -> bool:
    """Whether the process that holds `lease` is gone. A name that is no lease is nobody's, and never dead."""
    parts = lease.split("-")
    if len(parts) != 4 or not parts[0].isdigit():
        return False
    pid, started, boot, _ = parts
    return boot != _boot() or _start_time(int(pid)) != started


def reap_folders() -> list[str]:
    """Remove the cgroup folders and temporary folders of dead owners; the names of those removed."""
    removed = []
    for folder in _leased_folders():
        if not is_dead(folder.name):
            continue
        try:
            if folder.is_relative_to("/sys/fs/cgroup"):
                folder.rmdir()
            else:
                shutil.rmtree(folder)
        except OSError:  # another doctor was faster, or it is another user's
            continue
        removed.append(str(folder))
    return removed


def _leased_folders() -> Iterator[Path]:
    for hierarchy in ("", "memory", "pids", "cpu"):
        yield from sorted(Path("/sys/fs/cgroup", hierarchy, "srl-swe").glob("*-*-*-*"))
    yield from sorted(Path(tempfile.gettempdir(), "srl-swe").glob("*-*-*-*"))


def _start_time(pid: int) -> str | None:
    """Clock ticks since boot, field 22 of /proc/PID/stat; None when there is no such process or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return "unknown"
