"""Start the supervisor in Linux namespaces of its own: user, mount, pid, network, ipc, uts, cgroup.

Run as `python3 -I -S enter.py` with a stream socket as stdin and stdout; the first request holds the settings. Three
processes come of it. The *watcher* stays outside, gives the namespaces their user map and cgroups, and kills
everything when the owner of the sandbox dies, however it dies. The *opener* makes the namespaces and ends. The
*supervisor* is pid 1 inside, builds a root of read-only binds and size-limited tmpfs, and serves.

The new root holds the host's /usr (without /usr/local), a Python, the site folder, an /etc and a /dev of its own, and
nothing else of the host. Needs Linux 5.12 (mount_setattr), and root or unprivileged user namespaces.
"""

import _socket
import contextlib
import ctypes
import fcntl
import os
import select
import signal
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parent))
import supervisor

Settings = dict[str, Any]
libc = ctypes.CDLL(None, use_errno=True)

NEW_USER, NEW_MOUNT, NEW_PID, NEW_NET = 0x10000000, 0x00020000, 0x20000000, 0x40000000
NEW_IPC, NEW_UTS, NEW_CGROUP = 0x08000000, 0x04000000, 0x02000000
NOSUID, NODEV, NOEXEC, BIND, DETACH, RECURSIVE, PRIVATE = 2, 4, 8, 4096, 2, 16384, 1 << 18
READ_ONLY = 1  # MOUNT_ATTR_RDONLY; NOSUID and NODEV are the same numbers there
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR, AT_RECURSIVE, AT_FDCWD = 442, 0x8000, -100
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 1, 24, 36
KEPT_CAPABILITIES = (0, 1, 3, 5, 6, 7)  # CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, inside the namespace only
OUTER = 1_900_000_000  # where the inner uids lie outside when root opens the sandbox: no account of the host
PEOPLE = """root:x:0:0:root:/:/usr/sbin/nologin
agent:x:{agent}:{agent}:agent:/home/agent:/bin/sh
grader:x:{grader}:{grader}:grader:/home/grader:/bin/sh
nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
"""


def main() -> None:
    first = supervisor.receive(0)
    if first is None:
        return
    settings = first[0]
    try:
        watch(settings)
    except OSError as error:
        with contextlib.suppress(OSError):
            supervisor.send(1, {"broken": str(error)})
        sys.exit(1)


# The watcher, outside


def watch(settings: Settings) -> None:
    """Open the namespaces, then wait for the end of the supervisor or of the owner, whichever comes first."""
    owner = os.pidfd_open(settings["owner"])
    supervisor.prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.geteuid() == 0:
        os.setgroups([])
    ranges = user_ranges(settings)
    folders = make_cgroups(settings)
    try:
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        opener = os.fork()
        if opener == 0:
            ours.close()
            open_namespaces(settings, theirs, one_user=ranges is None)
        theirs.close()
        expect(ours, b"namespaces are open")
        if ranges is not None:
            map_users(opener, ranges)
        ours.send(b"mapped")
        inner = int(expect(ours))
        os.waitpid(opener, 0)
        ours.send(b"go")  # it builds its root while the kernel moves it, which takes a grace period for each hierarchy
        held = [name for name, folder in folders if move(inner, folder)]
        ours.send(" ".join(["limited", *held]).encode())
        os.close(0)
        os.close(1)
        poll = select.poll()
        for fd in (owner, os.pidfd_open(inner)):
            poll.register(fd, select.POLLIN)
        poll.poll()
        os.kill(inner, signal.SIGKILL)
        os.waitpid(inner, 0)
    finally:
        remove_cgroups(folders)


def move(pid: int, folder: str) -> bool:
    with contextlib.suppress(OSError):
        Path(folder, "cgroup.procs").write_text(str(pid))
        return True
    return False


def expect(channel: _socket.socket, what: "bytes | None" = None) -> bytes:
    said: bytes = channel.recv(1000)
    if not said or (what is not None and said != what):
        raise OSError(said.decode() or "the namespaces could not be opened")
    return said


def user_ranges(settings: Settings) -> "list[tuple[int, int, int]] | None":
    """Inner uid, outer uid, count: root maps high numbers, a user what /etc/subuid grants; None maps only the user."""
    agent = settings["users"]["agent"]
    me = os.geteuid()
    if me == 0:
        return [(0, 0, 1), (agent, OUTER + agent, 2)]
    if not os.access("/usr/bin/newuidmap", os.X_OK):
        return None
    import pwd

    name = pwd.getpwuid(me).pw_name
    starts = [granted(Path(file), (name, str(me))) for file in ("/etc/subuid", "/etc/subgid")]
    if None in starts or starts[0] != starts[1]:
        return None
    return [(0, me, 1), (agent, starts[0] or 0, 2)]


def granted(file: Path, names: "tuple[str, ...]") -> "int | None":
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            who, _, rest = line.partition(":")
            start, _, count = rest.partition(":")
            if who in names and count.isdigit() and int(count) >= 2:
                return int(start)
    return None


def map_users(pid: int, ranges: "list[tuple[int, int, int]]") -> None:
    me, group = os.geteuid(), os.getegid()
    for kind in ("uid", "gid"):
        lines = [(inner, group if kind == "gid" and outer == me else outer, count) for inner, outer, count in ranges]
        if me == 0:
            Path(f"/proc/{pid}/{kind}_map").write_text("".join(f"{a} {b} {c}\n" for a, b, c in lines))
        else:
            numbers = [str(number) for line in lines for number in line]
            import subprocess  # here, because it costs a root's sandbox 8 ms for nothing

            subprocess.run([f"/usr/bin/new{kind}map", str(pid), *numbers], check=True, capture_output=True)


def make_cgroups(settings: Settings) -> "list[tuple[str, str]]":
    """What is limited and the folder that limits it, one for each hierarchy that can be written."""
    folders: list[tuple[str, str]] = []
    for top, values in cgroup_plan(settings):
        # Side by side at the top: below one folder, all sandboxes together would get one process's share of the cpus
        outer = Path(top, f"srl-swe-{settings['lease']}")
        try:
            if Path(top, "cgroup.controllers").exists():
                Path(top, "cgroup.subtree_control").write_text("+memory +pids +cpu")
            outer.mkdir()
            folders.append((" ".join(sorted({file.split(".")[0] for file in values})), str(outer)))
            for file, value in values.items():
                if os.path.exists(outer / file) or "sw" not in file:  # swap is not accounted everywhere
                    Path(outer, file).write_text(value)
        except OSError:
            continue
    return folders


def cgroup_plan(settings: Settings) -> "list[tuple[str, dict[str, str]]]":
    """Which files to write below which hierarchy, for version 2 or version 1, whichever has the controllers."""
    memory, pids, cpus = settings["memory_mb"] << 20, str(settings["pids"]), settings["cpus"]
    quota = str(max(1000, int(cpus * 100_000)))
    top = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError):
        if "pids" in Path(top, "cgroup.controllers").read_text().split():
            values = {"memory.max": str(memory), "memory.swap.max": "0", "pids.max": pids, "cpu.max": f"{quota} 100000"}
            return [(str(top), values)]
    return [
        (str(top / "memory"), {"memory.limit_in_bytes": str(memory), "memory.memsw.limit_in_bytes": str(memory)}),
        (str(top / "pids"), {"pids.max": pids}),
        (str(top / "cpu"), {"cpu.cfs_quota_us": quota}),
    ]


def remove_cgroups(folders: "list[tuple[str, str]]") -> None:
    for _, folder in folders:
        with contextlib.suppress(OSError):
            os.rmdir(folder)


# The opener, between


def open_namespaces(settings: Settings, channel: _socket.socket, *, one_user: bool) -> NoReturn:
    try:
        me, group = os.geteuid(), os.getegid()
        flags = NEW_USER | NEW_MOUNT | NEW_PID | NEW_IPC | NEW_UTS | NEW_CGROUP
        call("unshare", flags if settings["network"] else flags | NEW_NET)
        channel.send(b"namespaces are open")
        expect(channel, b"mapped")
        if one_user:
            agent = settings["users"]["agent"]
            settings["users"] = {"agent": agent, "grader": agent}
            settings["set_groups"] = False
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{agent} {me} 1")
            Path("/proc/self/gid_map").write_text(f"{agent} {group} 1")
        else:
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
        inner = os.fork()
        if inner == 0:
            become_supervisor(settings, channel)
        channel.send(str(inner).encode())
        os._exit(0)
    except OSError as error:
        channel.send(f"no namespaces for this user: {error}".encode())
        os._exit(1)


# The supervisor, inside


def become_supervisor(settings: Settings, channel: _socket.socket) -> NoReturn:
    status = 1
    try:
        expect(channel, b"go")
        supervisor.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        build_root(settings)
        if not settings["network"]:
            raise_loopback()
        settings["limited"] = expect(channel).decode().split()[1:]
        channel.close()
        settings["notes"] = limits_by_rlimit(settings)
        drop_capabilities()
        inlet, outlet = supervisor.take_stream()
        supervisor.serve(settings, inlet, outlet)
        status = 0
    except OSError as error:
        with contextlib.suppress(OSError):
            supervisor.send(1, {"broken": f"the namespace could not be furnished: {error}"})
    os._exit(status)


def limits_by_rlimit(settings: Settings) -> "list[str]":
    """What no cgroup holds is held by rlimits: memory for each process alone, processes for the inner user."""
    notes = [f"{name} by cgroup" for name in settings["limited"]]
    if "memory" not in settings["limited"]:
        settings["memory_rlimit_mb"] = settings["memory_mb"]
        notes.append("memory by rlimit, each process for itself")
    if "pids" not in settings["limited"]:
        settings["process_rlimit"] = settings["pids"]
        notes.append("pids by rlimit")
    if "cpu" not in settings["limited"]:
        notes.append("cpus not limited")
    if settings["users"]["agent"] == settings["users"]["grader"]:
        notes.append("agent and grader share a uid: no subuid range")
    return notes


def build_root(settings: Settings) -> None:
    """A new root on tmpfs, then into it; the old one is gone afterwards."""
    mount("none", "/", None, RECURSIVE | PRIVATE)
    sources = {target: os.open(source, os.O_PATH) for target, source in settings["binds"].items()}
    devices = {name: os.open(f"/dev/{name}", os.O_PATH) for name in ("null", "zero", "full", "random", "urandom")}
    root = "/tmp"  # a place to mount on; what lies below is reached by the descriptors above
    mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "size=4m,mode=755")
    for target, fd in sources.items():
        bind(fd, root + target)
        set_attributes(root + target, READ_ONLY | NOSUID | NODEV)
    for name, fd in devices.items():
        bind(fd, f"{root}/dev/{name}")
    for target in settings["masked"]:
        if Path(root + target).is_dir():
            mount("tmpfs", root + target, "tmpfs", NOSUID | NODEV, "size=4k,mode=755")
            set_attributes(root + target, READ_ONLY)
    for link, target in settings["links"].items():
        Path(root + link).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, root + link)
    for path, (mode, text) in settings["files"].items():
        write_file(Path(root + path), text, mode)
    write_file(Path(root, "etc/passwd"), PEOPLE.format(**settings["users"]), 0o644)
    make_scratch(root, settings)
    Path(root, "proc").mkdir()
    mount("proc", f"{root}/proc", "proc", NOSUID | NODEV | NOEXEC, "hidepid=2")
    with contextlib.suppress(OSError):  # no namespaces within: less kernel to reach
        Path(root, "proc/sys/user/max_user_namespaces").write_text("0")
    os.chdir(root)
    if libc.syscall(SYS_PIVOT_ROOT.get(os.uname().machine, -1), b".", b".") != 0:
        raise OSError(ctypes.get_errno(), f"pivot_root on {os.uname().machine}")
    call("umount2", b".", DETACH)
    os.chdir("/")
    set_attributes("/", READ_ONLY, recursive=False)
    call("sethostname", b"sandbox", 7)


def make_scratch(root: str, settings: Settings) -> None:
    """One tmpfs under all writable places, so that one size limits them together."""
    store = f"{root}/mnt"
    Path(store).mkdir()
    size = f"size={settings['disk_mb']}m,nr_inodes={settings['inodes']},mode=700"
    mount("tmpfs", store, "tmpfs", NOSUID | NODEV, size)
    users = settings["users"]
    for number, place in enumerate(settings["scratch"]):
        folder = Path(store, str(number))
        folder.mkdir()
        owner = users["agent"] if place in (supervisor.WORKSPACE, "/home/agent") else None
        owner = users["grader"] if place == "/home/grader" else owner
        if owner is not None:
            os.chown(folder, owner, owner)
        folder.chmod(0o1777 if owner is None else 0o755)
        bind(os.open(folder, os.O_PATH), root + place)
    call("umount2", store.encode(), DETACH)


def write_file(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def bind(fd: int, target: str) -> None:
    source = f"/proc/self/fd/{fd}"
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    mount(source, target, None, BIND | RECURSIVE)
    os.close(fd)


def mount(source: str, target: str, kind: "str | None", flags: int, data: str = "") -> None:
    encoded = kind.encode() if kind else None
    call("mount", source.encode(), target.encode(), encoded, ctypes.c_ulong(flags), data.encode())


def set_attributes(path: str, attributes: int, *, recursive: bool = True) -> None:
    request = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    if libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags, request, ctypes.c_size_t(len(request))) != 0:
        raise OSError(ctypes.get_errno(), f"mount_setattr {path}")


def raise_loopback() -> None:
    with contextlib.closing(_socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)) as channel:
        fcntl.ioctl(channel.fileno(), 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running


def drop_capabilities() -> None:
    """Keep what switches users and reaches files of theirs; all of it holds only inside the user namespace."""
    for number in range(64):
        if number not in KEPT_CAPABILITIES and libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            break
    kept = sum(1 << number for number in KEPT_CAPABILITIES)
    call("capset", struct.pack("II", 0x20080522, 0), struct.pack("IIIIII", kept, kept, 0, 0, 0, 0))


def call(name: str, *arguments: Any) -> None:
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name} {arguments[:2]}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
