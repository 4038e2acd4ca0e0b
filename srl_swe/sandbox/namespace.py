"""The namespace tier: a sandbox out of Linux namespaces, with no daemon and no image, open in about 50 ms.

`sandbox/enter.py` builds it; this file says what goes in. Covered: no network (its own loopback only), no host files
but a read-only /usr, Python and site folder; no host processes; no capabilities, no new privileges, a list of refused
system calls; memory, processes and cpus by cgroup where a cgroup hierarchy is writable, disk by one tmpfs; all dead
and gone when the owner dies.

Not covered: a kernel exploit; timing; reading what the host's /usr holds. For an ordinary user without a writable
cgroup, memory is limited for each process alone and cpus not at all; without a range in /etc/subuid, agent and grader
share one uid (files of one are then writable by the other, but never at the same time). `Supervised.notes` says which.
"""

__all__ = ["namespace_works", "open_namespace"]

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from srl_swe.bundled import bundled
from srl_swe.errors import SandboxError
from srl_swe.sandbox.lease import lease_name
from srl_swe.sandbox.sandbox import Limits, Root
from srl_swe.sandbox.stream import Stream
from srl_swe.sandbox.supervised import INODES, Supervised, settings

_MERGED = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FILES = {
    "/etc/hosts": (0o644, "127.0.0.1 localhost sandbox\n::1 localhost\n"),
    "/etc/hostname": (0o644, "sandbox\n"),
    "/etc/nsswitch.conf": (0o644, "passwd: files\ngroup: files\nhosts: files dns\n"),
    "/etc/group": (0o644, "root:x:0:\nagent:x:10001:\ngrader:x:10002:\nnogroup:x:65534:\n"),
    "/opt/bin/pytest": (0o755, '#!/bin/sh\nexec python3 -m pytest "$@"\n'),
}
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/etc/mtab": "/proc/self/mounts",
}


def open_namespace(root: Root, limits: Limits) -> Supervised:
    """Start an empty sandbox; SandboxError if this machine does not allow it."""
    ours, theirs = socket.socketpair()
    command = [_interpreter(), "-I", "-S", str(bundled("sandbox", "enter.py"))]
    try:
        with theirs:
            end = theirs.fileno()
            watcher = subprocess.Popen(
                command, stdin=end, stdout=end, stderr=subprocess.DEVNULL, start_new_session=True, env={}, cwd="/"
            )
    except OSError as error:
        ours.close()
        raise SandboxError(f"namespace: cannot start {command[0]}: {error}") from error
    sandbox = Supervised("namespace", Stream(ours), limits, lambda _: _end(watcher))
    with contextlib.ExitStack() as undo:
        undo.callback(sandbox.close)
        sandbox.begin(_settings(root, limits), wait_s=30.0)
        undo.pop_all()
    return sandbox


def namespace_works() -> tuple[bool, str]:
    """Whether a sandbox opens here, tried by opening one, and a sentence about it."""
    if not sys.platform.startswith("linux"):
        return False, f"needs Linux, and this is {sys.platform}."
    try:
        with open_namespace(Root(), Limits()) as sandbox:
            answer = sandbox.run("echo works", timeout_s=10.0)
    except SandboxError as error:
        return False, (
            f"{str(error).removeprefix('namespace: ')}. Allow unprivileged user namespaces "
            "(sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0), or be root."
        )
    if answer.output != b"works\n":
        return False, f"a command inside said {answer.text.strip()!r} instead of 'works'."
    return True, f"works ({'; '.join(sandbox.notes)})."


def _settings(root: Root, limits: Limits) -> dict[str, Any]:
    binds = {"/usr": "/usr"}
    links = dict(_LINKS)
    for path in _MERGED:
        if Path(path).is_symlink():
            links[path] = str(Path(path).readlink())
        elif Path(path).is_dir():
            binds[path] = path
    if Path("/etc/alternatives").is_dir():
        binds["/etc/alternatives"] = "/etc/alternatives"
    if limits.network:
        binds |= {path: path for path in ("/etc/resolv.conf", "/etc/ssl") if Path(path).exists()}
    if root.site is not None:
        binds["/opt/site"] = str(root.site.resolve())
    told = settings(root, limits)
    masked = ["/usr/local", "/usr/src", "/usr/lib/python3/dist-packages"]
    interpreter = Path(_interpreter()).resolve()
    prefix = Path(sys.base_prefix).resolve()
    if prefix == Path("/usr"):
        inside = interpreter
    else:
        binds["/opt/python"] = str(prefix)
        inside = Path("/opt/python") / interpreter.relative_to(prefix)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        masked.append(f"/opt/python/lib/{version}/site-packages")
        for library in sorted((prefix / "lib").glob("libpython3*.so*")):
            links[f"/opt/lib/{library.name}"] = f"/opt/python/lib/{library.name}"
            told["environment"]["LD_LIBRARY_PATH"] = "/opt/lib"
    links |= {"/opt/bin/python": str(inside), "/opt/bin/python3": str(inside)}
    return told | {
        "owner": os.getpid(),
        "lease": lease_name(secrets.token_hex(4)),
        "memory_mb": limits.memory_mb,
        "pids": limits.pids,
        "cpus": limits.cpus,
        "inodes": INODES,
        "network": limits.network,
        "binds": binds,
        "masked": masked,
        "links": links,
        "files": _FILES,
    }


def _interpreter() -> str:
    """The Python behind the virtual environment, if there is one: it runs without the environment's files."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def _end(watcher: subprocess.Popen[bytes]) -> None:
    """The closed stream ends the supervisor, which ends the watcher; a kill is for one that hangs."""
    try:
        watcher.wait(timeout=5.0)
    except subprocess.TimeoutExpired:
        watcher.kill()  # the supervisor dies with its parent, and all inside with the supervisor
        watcher.wait()
