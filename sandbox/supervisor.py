"""The program at the inner end of a sandbox's stream, the same one in every isolated tier.

It answers one framed request at a time (4 bytes of length, a JSON header, then `bytes` bytes of payload): run a
command, write, read, list, reset. Commands run as another uid with no capabilities and no way to gain any; their
output comes through a pipe of their own and their exit status from the kernel, so nothing they print can pass for an
answer. Every process dies when its command ends. It needs python3 (3.9 or later) and nothing else, not even site.

It isolates nothing itself: namespaces, mounts and the network are the business of whoever starts it.
"""

import contextlib
import ctypes
import errno
import json
import os
import resource
import select
import signal
import stat
import struct
import sys
import time
from typing import Any, NoReturn

WORKSPACE = "/testbed"
FD_LIMIT = 1024
CHUNK = 1 << 16

PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 22, 36, 38

Header = dict[str, Any]
libc = ctypes.CDLL(None, use_errno=True)

# Calls that a test suite never makes, and a kernel exploit or a leak between resets does: by name, the number on
# x86_64 and on aarch64. System V and POSIX queues are here because their objects outlive the processes.
DENIED = {
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "syslog": (103, 116), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
}  # fmt: skip
MACHINES = {"x86_64": (0, 0xC000003E, 56), "aarch64": (1, 0xC00000B7, 220)}  # column above, audit name, clone
CLONE3 = 435  # on both
CLONE_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag


def seccomp_program() -> "bytes | None":
    """A BPF program that answers EPERM to `DENIED` and to clone with a namespace flag, ENOSYS to clone3."""
    known = MACHINES.get(os.uname().machine)
    if known is None:
        return None
    column, architecture, clone = known
    load, equal, bits, ret = 0x20, 0x15, 0x45, 0x06

    def line(code: int, yes: int, no: int, value: int) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    refuse, missing, kill, allow = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS, 0x80000000, 0x7FFF0000
    program = [
        line(load, 0, 0, 4),  # the architecture: another one's numbers mean other calls
        line(equal, 1, 0, architecture),
        line(ret, 0, 0, kill),
        line(load, 0, 0, 0),
        line(0x35, 0, 1, 0x40000000),  # the x32 numbers
        line(ret, 0, 0, refuse),
        line(equal, 0, 1, CLONE3),
        line(ret, 0, 0, missing),
    ]
    for numbers in DENIED.values():
        program += [line(equal, 0, 1, numbers[column]), line(ret, 0, 0, refuse)]
    program += [
        line(equal, 0, 3, clone),
        line(load, 0, 0, 16),  # clone's flags
        line(bits, 0, 1, CLONE_NAMESPACES),
        line(ret, 0, 0, refuse),
        line(ret, 0, 0, allow),
    ]
    return b"".join(program)


# Frames


def receive(fd: int) -> "tuple[Header, bytearray] | None":
    """The next request, or None when the other end is gone."""
    size = read_exactly(fd, 4)
    if size is None:
        return None
    text = read_exactly(fd, int.from_bytes(size, "big"))
    header: Header = json.loads(text or b"{}")
    payload = read_exactly(fd, header.get("bytes", 0))
    return None if text is None or payload is None else (header, payload)


def read_exactly(fd: int, count: int) -> "bytearray | None":
    content = bytearray(count)  # in place: a tree that is put back must not take its size twice
    rest = memoryview(content)
    while rest:
        got = os.readv(fd, [rest])
        if not got:
            return None
        rest = rest[got:]
    return content


def send(fd: int, header: Header, payload: bytes = b"") -> None:
    text = json.dumps({"bytes": len(payload), **header}).encode()
    write_all(fd, len(text).to_bytes(4, "big") + text)
    write_all(fd, payload)


def write_all(fd: int, content: "bytes | memoryview") -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


# Commands


class Supervisor:
    """`settings` come from the outer end: users, environment, limits, scratch folders."""

    def __init__(self, settings: Header, inlet: int, outlet: int) -> None:
        self.inlet = inlet
        self.outlet = outlet
        self.users: dict[str, int] = settings["users"]
        self.environment: dict[str, str] = settings["environment"]
        self.scratch: list[str] = settings["scratch"]
        self.disk_bytes: int = settings["disk_mb"] << 20
        self.output_bytes: int = settings["output_kb"] << 10
        self.memory_bytes: int = settings.get("memory_rlimit_mb", 0) << 20
        self.processes: int = settings.get("process_rlimit", 0)
        self.set_groups: bool = settings.get("set_groups", True)

    def run(self, request: Header, payload: bytearray) -> "tuple[Header, bytes]":
        environment = {**self.environment, "HOME": f"/home/{request['user']}", "USER": request["user"]}
        environment.update(request["environment"])
        command = payload.decode("utf-8", "surrogateescape")
        output_end, output = os.pipe()
        trouble_end, trouble = os.pipe()  # closed by a successful exec
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            self.become(command, environment, self.users[request["user"]], output, trouble)
        os.close(output)
        os.close(trouble)
        complaint = os.read(trouble_end, 1000)
        os.close(trouble_end)
        if complaint:
            raise RuntimeError(complaint.decode("utf-8", "replace"))
        capture = Capture(self.output_bytes)
        timed_out = self.follow(child, output_end, capture, started + request["timeout_s"])
        seconds = time.monotonic() - started
        status = kill_all(child)
        os.set_blocking(output_end, False)
        with contextlib.suppress(BlockingIOError):
            while part := os.read(output_end, CHUNK):
                capture.add(part)
        os.close(output_end)
        code = os.waitstatus_to_exitcode(status)
        reply = {
            "returncode": None if timed_out else code if code >= 0 else 128 - code,
            "timed_out": timed_out,
            "truncated": capture.total > self.output_bytes,
            "seconds": seconds,
        }
        return reply, capture.text()

    def follow(self, child: int, output: int, capture: "Capture", deadline: float) -> bool:
        """Collect output until the shell ends (False) or its time is up (True); leave if the other end is gone."""
        handle = os.pidfd_open(child)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.register(output, select.POLLIN)
        poll.register(self.inlet, 0)
        try:
            while (left := deadline - time.monotonic()) > 0:
                for fd, event in poll.poll(left * 1000 + 1):
                    if fd == self.inlet and event & (select.POLLHUP | select.POLLERR):
                        leave()
                    if fd == handle:
                        return False
                    if fd == output:
                        part = os.read(output, CHUNK)
                        if part:
                            capture.add(part)
                        else:
                            poll.unregister(output)
            return True
        finally:
            os.close(handle)

    def become(self, command: str, environment: "dict[str, str]", uid: int, output: int, trouble: int) -> NoReturn:
        """In the forked child: give up everything, then be the shell."""
        try:
            with contextlib.suppress(OSError):  # when memory runs out, this dies and not the supervisor
                os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"1000")
            os.setsid()
            os.dup2(output, 1)
            os.dup2(output, 2)
            self.set_limits()
            if self.set_groups:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.umask(0o022)
            os.chdir(WORKSPACE)
            os.execve("/bin/sh", ["/bin/sh", "-c", command], environment)
        except OSError as error:
            # A command too long for the kernel is the agent's doing; anything else here is a broken sandbox
            if error.errno == errno.E2BIG:
                os.write(2, b"sh: the command is too long\n")
                os._exit(126)
            os.write(trouble, str(error).encode())
        except BaseException as error:  # noqa: BLE001 - a forked child must never return into the loop
            os.write(trouble, repr(error).encode())
        os._exit(127)

    def set_limits(self) -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.disk_bytes, self.disk_bytes))
        resource.setrlimit(resource.RLIMIT_NOFILE, (FD_LIMIT, FD_LIMIT))
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
        if self.memory_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (self.memory_bytes, self.memory_bytes))
        if self.processes:
            resource.setrlimit(resource.RLIMIT_NPROC, (self.processes, self.processes))

    # Files. No other process is alive while these run, so what was looked at stays as it was.

    def write(self, request: Header, payload: bytearray) -> "tuple[Header, bytes]":
        at, contents = 0, memoryview(payload)
        for path, size in request["files"]:
            self.put(path, contents[at : at + size])
            at += size
        return {}, b""

    def put(self, path: str, content: memoryview) -> None:
        """Create or replace one regular file; a link in its place is replaced, a link on the way is refused."""
        folder, name = self.parent(path, make=True)
        try:
            mode = 0o755 if content[:2] == b"#!" else 0o644
            with contextlib.suppress(FileNotFoundError):
                was = os.stat(name, dir_fd=folder, follow_symlinks=False)
                mode = was.st_mode & 0o777 | 0o600 if stat.S_ISREG(was.st_mode) else mode
                os.unlink(name, dir_fd=folder)
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
            try:
                os.fchmod(fd, mode)
                os.fchown(fd, self.users["agent"], self.users["agent"] if self.set_groups else -1)
                write_all(fd, content)
            finally:
                os.close(fd)
        finally:
            os.close(folder)

    def parent(self, path: str, *, make: bool) -> "tuple[int, str]":
        """An open folder and the last part of `path`, every part on the way a real folder of the workspace."""
        parts = path.split("/")
        if not path or any(part in ("", ".", "..") for part in parts) or "\0" in path:
            raise OSError(errno.EACCES, "not a plain path inside the workspace", path)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        folder = os.open(WORKSPACE, flags)
        for part in parts[:-1]:
            try:
                try:
                    inner = os.open(part, flags, dir_fd=folder)
                except FileNotFoundError:
                    if not make:
                        raise
                    os.mkdir(part, 0o755, dir_fd=folder)
                    inner = os.open(part, flags, dir_fd=folder)
                    os.fchown(inner, self.users["agent"], self.users["agent"] if self.set_groups else -1)
            finally:
                os.close(folder)
            folder = inner
        return folder, parts[-1]

    def read(self, request: Header, _: bytearray) -> "tuple[Header, bytes]":
        folder, name = self.parent(request["path"], make=False)
        try:
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a regular file", request["path"])
            return {}, file.read(request["max_bytes"])

    def tree(self, _: Header, __: bytearray) -> "tuple[Header, bytes]":
        """Regular files in the order of their paths; what would exceed the disk limit (holes count) is left out.

        The contents go out as they are read: the supervisor lives within the memory limit of the commands.
        """
        files, room = [], self.disk_bytes
        for path in sorted(regular_files(WORKSPACE)):
            with contextlib.suppress(OSError):
                size = os.lstat(f"{WORKSPACE}/{path}").st_size
                if size <= room:
                    room -= size
                    files.append([path, size])
        send(self.outlet, {"files": files, "bytes": self.disk_bytes - room})
        for path, size in files:
            with open(f"{WORKSPACE}/{path}", "rb") as file:
                while part := file.read(min(size, 1 << 20)):
                    write_all(self.outlet, part)
                    size -= len(part)
        return {}, b""

    def reset(self, request: Header, payload: bytearray) -> "tuple[Header, bytes]":
        kill_all(None)
        for folder in self.scratch:
            wipe(folder)
        return self.write(request, payload)


class Capture:
    """The first and the last half of `room` bytes of what came."""

    def __init__(self, room: int) -> None:
        self.half = room // 2
        self.head = bytearray()
        self.tail = bytearray()
        self.total = 0

    def add(self, part: bytes) -> None:
        self.total += len(part)
        missing = self.half - len(self.head)
        if missing > 0:
            self.head += part[:missing]
            part = part[missing:]
        self.tail += part
        if len(self.tail) > 4 * self.half + CHUNK:
            del self.tail[: -self.half]

    def text(self) -> bytes:
        left_out = self.total - 2 * self.half
        if left_out <= 0:
            return bytes(self.head + self.tail)
        return bytes(self.head) + b"\n(%d bytes left out)\n" % left_out + bytes(self.tail[-self.half :])


def kill_all(child: "int | None") -> int:
    """Kill and reap every process but this one (and an init above it); the status of `child`."""
    status = 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, ended = os.waitpid(-1, 0)
            if pid == child:
                status = ended
    return status


def regular_files(top: str) -> "list[str]":
    """Paths below `top` without links, `.git` and `__pycache__`; paths longer than the kernel takes are left out."""
    found, pending = [], [""]
    while pending:
        folder = pending.pop()
        try:
            entries = list(os.scandir(f"{top}/{folder}"))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in (".git", "__pycache__"):
                    pending.append(f"{folder}{entry.name}/")
            elif entry.is_file(follow_symlinks=False) and is_text(entry.name):
                found.append(folder + entry.name)
    return found


def is_text(name: str) -> bool:
    """Whether a name can travel as UTF-8."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def wipe(top: str) -> None:
    """Remove everything below `top`. Folders are moved up before they are emptied, so no depth can stop it."""
    pending, count = [], 0
    for entry in list(os.scandir(top)):
        if entry.is_dir(follow_symlinks=False):
            pending.append(entry.path)
        else:
            os.unlink(entry.path)
    while pending:
        folder = pending.pop()
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                count += 1
                moved = f"{top}/.wipe-{os.getpid()}-{time.monotonic_ns()}-{count}"
                os.rename(entry.path, moved)
                pending.append(moved)
            else:
                os.unlink(entry.path)
        os.rmdir(folder)


def prctl(option: int, *values: int) -> None:
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def filter_calls() -> None:
    """Refuse `DENIED` to this process and all it will start; on an unknown machine, nothing."""
    filters = seccomp_program()
    if filters is None:
        return
    code = ctypes.create_string_buffer(filters, len(filters))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(filters) // 8, ctypes.addressof(code)))
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(program))


def leave() -> NoReturn:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    os._exit(0)


def serve(settings: Header, inlet: int, outlet: int) -> None:
    """Answer requests until the other end is gone. A failed system call becomes an answer; anything else ends it."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    filter_calls()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    supervisor = Supervisor(settings, inlet, outlet)
    known = {name: getattr(supervisor, name) for name in ("run", "write", "read", "tree", "reset")}
    send(outlet, {"ready": True, "notes": settings.get("notes", [])})
    while (request := receive(inlet)) is not None:
        header, payload = request
        try:
            reply, data = known[header["op"]](header, payload)
        except OSError as error:
            reply, data = {"errno": error.errno or errno.EIO, "message": str(error)}, b""
        except RuntimeError as error:
            reply, data = {"broken": str(error)}, b""
        if header["op"] != "tree" or reply:  # a tree has been sent piece by piece
            send(outlet, reply, data)
    leave()


def take_stream() -> "tuple[int, int]":
    """The stream moves away from the standard descriptors, which become /dev/null for whatever is started."""
    inlet, outlet = os.dup(0), os.dup(1)  # close-on-exec
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    return inlet, outlet


if __name__ == "__main__":
    inlet, outlet = take_stream()
    first = receive(inlet)
    if first is None:
        sys.exit(0)
    serve(first[0], inlet, outlet)
