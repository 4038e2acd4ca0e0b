"""Whose sandbox it is, written where the sandbox is, so that what a dead owner left can be told from what lives.

A lease is `PID-STARTTIME-BOOT-PLACE-ID`, where the place is this host and its process namespace: pids of another one
mean nothing here. A pid that came back with another start time, or a machine that booted since, is another owner.
What belongs to a dead owner of ours is removed; nothing else is touched.
"""

__all__ = ["is_dead", "lease_name", "reap_folders"]

import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def lease_name(sandbox_id: str) -> str:
    """The name under which this process holds the sandbox `sandbox_id`."""
    pid = os.getpid()
    return f"{pid}-{_start_time(pid)}-{_boot()}-{_place()}-{sandbox_id}"


def is_dead(lease: str) -> bool:
    """Whether the process that holds `lease` is gone. What is no lease, or made elsewhere, is never called dead."""
    parts = lease.split("-")
    if len(parts) != 5 or not parts[0].isdigit():
        return False
    pid, started, boot, place, _ = parts
    if place != _place():
        return False
    return boot != _boot() or _start_time(int(pid)) != started


def reap_folders() -> list[str]:
    """Remove the cgroup folders and temporary folders of dead owners; the names of those removed."""
    removed = []
    for folder in _leased_folders():
        if not is_dead(folder.name.removeprefix("srl-swe-")):
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
        yield from sorted(Path("/sys/fs/cgroup", hierarchy).glob("srl-swe-*"))
    yield from sorted(Path(tempfile.gettempdir(), f"srl-swe-{os.getuid()}").glob("*-*-*-*-*"))


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


@cache
def _place() -> str:
    try:
        processes = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        processes = "unknown"
    return hashlib.sha256(f"{socket.gethostname()} {processes}".encode()).hexdigest()[:8]
