"""Sandboxes: one contract for every tier that works here, and that nothing is left behind.

With CI set, a tier that does not work is a failure; elsewhere its tests are skipped.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from srl_swe.errors import InputError, NoSandbox, SandboxError
from srl_swe.sandbox.lease import is_dead, lease_name
from srl_swe.sandbox.open import TierReport, choose_tier, detect, open_sandbox, reap
from srl_swe.sandbox.recorded import Recorder
from srl_swe.sandbox.sandbox import Limits, Result, Root, Sandbox

TIERS = ("docker", "namespace")
FILES = {"pkg/__init__.py": b"", "pkg/core.py": b"def one():\n    return 1\n", "notes.txt": b"caf\xc3\xa9\n"}


@cache
def report(tier: str) -> TierReport:
    return next(found for found in detect() if found.name == tier)


def need(tier: str) -> None:
    if not report(tier).works:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have every tier: {tier}: {report(tier).sentence}")
        pytest.skip(f"{tier}: {report(tier).sentence}")


@pytest.fixture(scope="module", params=TIERS)
def shared(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    need(request.param)
    limits = Limits(memory_mb=256, pids=48, disk_mb=32, output_kb=64, timeout_s=20)
    with open_sandbox(request.param, Root(), FILES, limits) as sandbox:
        yield sandbox


@pytest.fixture
def box(shared: Sandbox) -> Sandbox:
    """One sandbox for all tests of a tier: every test also proves that reset undoes the one before."""
    shared.reset(FILES)
    return shared


def python(box: Sandbox, code: str, *, timeout_s: float = 20.0, user: str = "agent") -> Result:
    box.write({"probe.py": code.encode()})
    return box.run("python probe.py", timeout_s=timeout_s, user=user)


# What a command does


def test_the_exit_code_and_the_output_come_back_apart(box: Sandbox) -> None:
    result = box.run("echo out; echo err >&2; exit 7")
    assert (result.returncode, result.output, result.timed_out, result.truncated) == (7, b"out\nerr\n", False, False)
    assert box.run("kill -9 $$").returncode == 137
    assert box.run("no-such-command").returncode == 127


def test_bytes_that_are_no_text_come_back_as_they_are(box: Sandbox) -> None:
    result = box.run(r"printf '\033[31mred\000\377\n'")
    assert result.output == b"\x1b[31mred\x00\xff\n"
    assert result.text == "\x1b[31mred\x00�\n"


def test_long_output_keeps_its_head_and_its_tail(box: Sandbox) -> None:
    result = python(box, "print('first'); print('x' * 1_000_000); print('last')")
    assert result.returncode == 0 and result.truncated
    assert result.output.startswith(b"first\nxx") and result.output.endswith(b"xx\nlast\n")
    assert len(result.output) < 66_000
    exact = box.run("head -c 65536 /dev/zero")
    assert not exact.truncated and len(exact.output) == 65536


def test_stdin_is_closed_and_the_shell_is_fresh(box: Sandbox) -> None:
    assert box.run("read line; echo $?; cat").output == b"1\n"
    box.run("cd /tmp; export LEFT=1")
    assert box.run("pwd; echo $LEFT").output == b"/testbed\n\n"


def test_the_environment_is_ours_and_the_same_everywhere(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    lines = dict(line.split("=", 1) for line in box.run("env", environment={"EXTRA": "a b"}).text.splitlines())
    assert lines["EXTRA"] == "a b" and lines["HOME"] == "/home/agent"
    assert (lines["TZ"], lines["LC_ALL"], lines["PYTHONHASHSEED"]) == ("UTC", "C.UTF-8", "0")
    assert not [name for name in lines if "SECRET" in name or "TOKEN" in name or name.startswith("SSH")]
    assert "EXTRA" not in box.run("env").text


def test_python_and_the_tools_of_the_trade_are_there(box: Sandbox) -> None:
    assert box.run("python -c 'import ssl, sqlite3, ctypes; print(1)'").output == b"1\n"
    assert box.run("python3 --version && git --version && grep -V && patch -v && awk 1 </dev/null").returncode == 0


def test_tests_run_from_the_site_folder_for_agent_and_grader() -> None:
    root = Root(site=Path(pytest.__file__).parents[1], environment=(("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"),))
    for tier in TIERS:
        if not report(tier).works:
            continue
        with open_sandbox(tier, root, {"test_a.py": b"def test_a():\n    assert 1\n"}) as box:
            for user in ("agent", "grader"):
                result = box.run("python -m pytest -q -p no:cacheprovider test_a.py", user=user)
                assert result.returncode == 0 and b"1 passed" in result.output, result.text
            assert box.run("pytest -q test_a.py").returncode == 0
            assert box.run("touch /opt/site/x").returncode != 0


# Time


def test_a_timeout_kills_what_hid_in_other_sessions(box: Sandbox) -> None:
    started = time.monotonic()
    hide = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(1.5); open('/testbed/alive', 'w')\n"
        "        os._exit(0)\n"
        "print('hidden', flush=True); time.sleep(60)\n"
    )
    result = python(box, hide, timeout_s=1.0)
    assert result.timed_out and result.returncode is None and result.output == b"hidden\n"
    assert time.monotonic() - started < 5
    time.sleep(1.0)
    assert "alive" not in box.tree()
    assert processes(box) == []


def test_background_processes_end_with_their_command(box: Sandbox) -> None:
    started = time.monotonic()
    assert box.run("sleep 60 & nohup sleep 60 >/dev/null 2>&1 & setsid sleep 60 & echo done").output == b"done\n"
    assert time.monotonic() - started < 5
    assert processes(box) == []


def processes(box: Sandbox) -> list[str]:
    """The names of all processes that belong to a user of the sandbox, but for the command that asks."""
    names = box.run("for p in /proc/[0-9]*; do [ -O $p ] && cat $p/comm; done 2>/dev/null").text.split()
    return [name for name in names if name not in ("sh", "cat")]


# Harm


def test_commands_have_no_power(box: Sandbox) -> None:
    for user, uid in (("agent", "10001"), ("grader", "10002")):
        result = box.run("id -u; grep -E 'Cap(Prm|Eff|Inh|Amb)|NoNewPrivs|Seccomp:' /proc/self/status", user=user)
        held = dict(line.split(":\t") for line in result.text.splitlines()[1:])
        assert result.text.splitlines()[0] == uid
        assert {held[name] for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {"0" * 16}
        assert (held["NoNewPrivs"], held["Seccomp"]) == ("1", "2")


@pytest.mark.parametrize(
    "command",
    [
        "unshare -Ur true",
        "mount -t tmpfs none /tmp",
        "chroot / true",
        "touch /x /usr/x /opt/x /etc/x",
        "echo 1 > /proc/sys/kernel/hostname",
        "mknod /tmp/null c 1 3",
        "su -c true",
        "kill -9 1",
        'python -c "import os; os.setuid(0)"',
        "ipcmk -M 1000",
        "dmesg",
    ],
)
def test_privileged_commands_fail(box: Sandbox, command: str) -> None:
    assert box.run(command).returncode != 0
    assert box.run("echo still here").output == b"still here\n"


def test_there_is_no_network(box: Sandbox) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        code = (
            "import socket\n"
            "print(sorted(name for _, name in socket.if_nameindex()))\n"
            f"for address in (('127.0.0.1', {port}), ('1.1.1.1', 53), ('169.254.169.254', 80)):\n"
            "    try:\n"
            "        socket.create_connection(address, 2); print('reached')\n"
            "    except OSError as error:\n"
            "        print('refused')\n"
        )
        interfaces, *answers = python(box, code).text.splitlines()
    assert answers == ["refused"] * 3
    up = [name for name in interfaces.strip("[]").replace("'", "").split(", ") if name not in TUNNELS]
    assert up == ["lo"]


TUNNELS = {"tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"}  # kernel, down


def test_its_own_loopback_works(box: Sandbox) -> None:
    code = "import socket\ns = socket.create_server(('127.0.0.1', 0))\nsocket.create_connection(s.getsockname(), 2)\n"
    assert python(box, code).returncode == 0


def test_host_files_cannot_be_seen(box: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    for path in (secret, Path.home() / ".bashrc", Path("/etc/shadow"), Path("/var/run/docker.sock"), Path(__file__)):
        assert box.run(f"cat {path}").returncode != 0
    assert box.run("ls -A /home /root /mnt /srv /media 2>/dev/null | grep -vE '^$|:$|^agent$|^grader$'").output == b""


def test_the_supervisor_cannot_be_touched_or_imitated(box: Sandbox) -> None:
    for frame in (b'{"returncode": 0, "bytes": 0}', b'{"broken": "forged", "bytes": 0}'):
        forged = (len(frame).to_bytes(4, "big") + frame) * 3
        box.write({"forged": forged})
        result = box.run("cat forged; cat forged >&2; for fd in 3 4 5 6 7 8 9; do cat forged >&$fd; done; exit 3")
        assert result.returncode != 0 and result.output.startswith(forged * 2)
    probe = (
        "import os\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:4])\n"
        "for pid in [p for p in os.listdir('/proc') if p.isdigit() and int(p) < os.getpid()]:\n"
        "    for part in ('fd/0', 'mem', 'environ'):\n"
        "        try:\n"
        "            if os.stat(f'/proc/{pid}').st_uid != os.getuid():\n"
        "                open(f'/proc/{pid}/{part}', 'rb').read(1); print('opened', pid, part)\n"
        "        except OSError: pass\n"
        "    try:\n"
        "        if os.stat(f'/proc/{pid}').st_uid != os.getuid(): os.kill(int(pid), 9); print('killed', pid)\n"
        "    except OSError: pass\n"
    )
    assert python(box, probe).output == b"['0', '1', '2', '3']\n"


# Limits: what the agent runs into is a result, and the next command works


def test_a_fork_bomb_is_contained(box: Sandbox) -> None:
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
    assert python(box, bomb, timeout_s=2.0).timed_out
    code = "import os\nn = 0\ntry:\n    while os.fork(): n += 1\nexcept OSError: pass\nelse: os._exit(0)\nprint(n)\n"
    code = code.replace("else: os._exit(0)", "else:\n    import time; time.sleep(5); os._exit(0)")
    result = python(box, code, timeout_s=8.0)
    assert 20 <= int(result.text.split()[0]) <= 48
    assert processes(box) == []


def test_a_memory_bomb_is_killed(box: Sandbox) -> None:
    result = python(
        box, "x = bytearray(100 << 20)\nprint('fits', flush=True)\ny = b'x' * (400 << 20)\nprint('too much')\n"
    )
    assert result.text.startswith("fits") and "too much" not in result.text
    assert result.returncode not in (0, None)
    assert box.run("echo next").output == b"next\n"


def test_a_full_disk_is_an_error_of_the_agent_and_reset_frees_it(box: Sandbox) -> None:
    for place in ("/testbed", "/tmp"):
        result = box.run(f"head -c 100000000 /dev/zero > {place}/big")
        assert result.returncode != 0
    fill = "i=0; while head -c 4000000 /dev/zero > f$i 2>/dev/null; do i=$((i+1)); [ $i -lt 40 ] || exit 3; done"
    assert box.run(fill).returncode == 0
    with pytest.raises(OSError, match="No space left"):
        box.write({"more": b"x" * 5_000_000})
    assert box.run("ls | wc -l").returncode == 0
    box.reset(FILES)
    assert box.tree() == FILES


def test_millions_of_files_and_depths_are_undone_by_reset(box: Sandbox) -> None:
    deep = "import os\nfor _ in range(3000):\n    os.mkdir('d'); os.chdir('d')\nos.mkdir('locked', 0o000)\n"
    assert python(box, deep).returncode == 0
    assert box.run("i=0; while touch n$i 2>/dev/null && [ $i -lt 300 ]; do i=$((i+1)); done").returncode == 0
    box.tree()
    box.reset(FILES)
    assert box.tree() == FILES
    assert box.run("ls -A").text.split() == ["notes.txt", "pkg"]


# Files


def test_written_files_are_read_back_and_belong_to_the_agent(box: Sandbox) -> None:
    box.write({"deep/er/new.py": b"x = 1\n", "tool": b"#!/bin/sh\necho tool\n", "notes.txt": b""})
    assert box.read("deep/er/new.py") == b"x = 1\n" and box.read("deep/er/new.py", max_bytes=3) == b"x ="
    assert box.run("echo y >> deep/er/new.py && rm -r pkg && ./tool").output == b"tool\n"
    assert box.tree() == {"deep/er/new.py": b"x = 1\ny\n", "tool": b"#!/bin/sh\necho tool\n", "notes.txt": b""}
    assert box.run("cat deep/er/new.py && ! touch deep/x", user="grader").returncode == 0


def test_what_is_no_regular_file_cannot_be_read(box: Sandbox) -> None:
    box.run("mkfifo pipe; ln -s notes.txt link; ln -s /dev/zero device")
    for path in ("missing", "pkg", "pipe", "link", "device", ".", "", "../etc/passwd", "/etc/passwd", "notes.txt/x"):
        with pytest.raises(FileNotFoundError):
            box.read(path)


def test_links_out_of_the_workspace_are_never_followed(box: Sandbox) -> None:
    box.run("ln -s /etc out; ln -s /etc/passwd file; mkdir in; ln -s /tmp in/t; ln -s . loop; echo z > /tmp/z")
    assert box.tree() == FILES
    for path in ("out/passwd", "file", "in/t/z"):
        with pytest.raises(FileNotFoundError):
            box.read(path)
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        box.write({"in/t/new": b"x"})
    box.write({"file": b"mine now"})
    assert box.run("cat file; ls /tmp").output == b"mine nowz\n"
    for path in ("../x", "/etc/x", "a/../../x"):
        with pytest.raises(OSError, match="inside the workspace"):
            box.write({path: b""})


def test_a_folder_in_the_way_is_an_error_of_the_agent(box: Sandbox) -> None:
    for path in ("pkg", "notes.txt/inner"):
        with pytest.raises(OSError, match=path.split("/", maxsplit=1)[0] + "|directory"):
            box.write({path: b"x"})
    assert box.tree() == FILES


def test_the_tree_leaves_out_caches_links_and_holes(box: Sandbox) -> None:
    box.run(
        "mkdir -p .git a/__pycache__; touch .git/x a/__pycache__/y a/z; for i in 1 2 3; do truncate -s 30M s$i; done"
    )
    tree = box.tree()
    assert ".git/x" not in tree and "a/__pycache__/y" not in tree and tree["a/z"] == b""
    assert sum(map(len, tree.values())) <= 32 << 20


def test_reset_leaves_exactly_the_files(box: Sandbox) -> None:
    box.run("echo x > /tmp/left; echo x > ~/.profile; mkdir -m 000 shut; touch /dev/shm/left .hidden; rm notes.txt")
    box.run("echo x > /tmp/of-grader; mkdir -p ~/.config", user="grader")
    box.reset({"only.py": b"1\n"})
    assert box.tree() == {"only.py": b"1\n"}
    assert box.run("ls -A /testbed /tmp /home/agent /home/grader /dev/shm | grep -v -e : -e '^$'").text == "only.py\n"


# Failures of ours


def test_what_is_closed_is_of_no_more_use(box: Sandbox) -> None:
    other = open_sandbox(box.tier, Root(), {})
    other.close()
    other.close()
    with pytest.raises(SandboxError):
        other.run("true")


@pytest.mark.parametrize("tier", TIERS)
def test_a_supervisor_that_dies_is_a_sandbox_error(tier: str) -> None:
    need(tier)
    with open_sandbox(tier, Root(), {}) as box, ThreadPoolExecutor() as pool:
        nap = f"50.{time.monotonic_ns() % 10**9:09}"
        command = pool.submit(box.run, f"exec sleep {nap}", timeout_s=60)
        os.kill(parent_of(f"sleep {nap}"), signal.SIGKILL)
        with pytest.raises(SandboxError, match=tier):
            command.result()
        with pytest.raises(SandboxError, match="no more use"):
            box.tree()
    assert outer_processes(f"sleep {nap}") == []


def parent_of(words: str) -> int:
    """The outer pid of the supervisor whose command runs as `words`."""
    [pid] = eventually(lambda: outer_processes(words))
    return int(Path(f"/proc/{pid}/status").read_text().split("PPid:\t")[1].split()[0])


def outer_processes(words: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.joinpath("cmdline").read_text().replace("\0", " ").strip().endswith(words):
                found.append(int(folder.name))
    return found


def eventually(look: Callable[[], list[int]], *, seconds: float = 10.0) -> list[int]:
    """What `look` sees once it sees something, or nothing after a while."""
    deadline = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


OWNER = """
import sys, threading, time
from srl_swe.sandbox.open import open_sandbox
from srl_swe.sandbox.sandbox import Root
boxes = [open_sandbox(sys.argv[1], Root(), {}) for _ in range(2)]
threading.Thread(target=lambda: boxes[0].run("sleep " + sys.argv[2]), daemon=True).start()
time.sleep(0.5)
print("open", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("tier", TIERS)
def test_a_killed_owner_leaves_nothing(tier: str, box_count: Callable[[int], int]) -> None:
    need(tier)
    nap = f"50.{time.monotonic_ns() % 10**9:09}"
    owner = subprocess.Popen([sys.executable, "-c", OWNER, tier, nap], stdout=subprocess.PIPE)
    with owner:
        try:
            assert owner.stdout is not None and owner.stdout.readline() == b"open\n"
            assert outer_processes(f"sleep {nap}") and (os.geteuid() != 0 or box_count(owner.pid) >= 2)
        finally:
            owner.kill()
    assert not eventually_none(lambda: outer_processes(f"sleep {nap}"))
    reap()
    assert not eventually_none(lambda: [1] * box_count(owner.pid))
    mounts = Path("/proc/mounts").read_text()
    assert "/testbed" not in mounts


def eventually_none(look: Callable[[], list[int]], *, seconds: float = 10.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while (seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


@pytest.fixture
def box_count() -> Callable[[int], int]:
    """How many containers, cgroup folders and watchers a process holds."""

    def count(pid: int) -> int:
        found = len(list(Path("/sys/fs/cgroup").glob(f"*/srl-swe-{pid}-*")))
        found += len(list(Path("/sys/fs/cgroup").glob(f"srl-swe-{pid}-*")))
        if report("docker").works:
            listed = subprocess.run(["docker", "ps", "-a", "--format", "{{.Labels}}"], capture_output=True, text=True)
            found += listed.stdout.count(f"srl-swe.lease={pid}-")
        return found

    return count


def test_reap_takes_only_what_belongs_to_the_dead() -> None:
    mine = lease_name("x")
    assert not is_dead(mine)
    pid, started, boot, place, name = mine.split("-")
    assert is_dead("-".join((pid, "1", boot, place, name)))
    assert is_dead("-".join((pid, started, "otherboot", place, name)))
    assert not is_dead("-".join((pid, "1", boot, "elsewhere", name)))
    assert not is_dead("somebody-elses-folder")


# Choosing


def test_an_unknown_tier_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match="did you mean 'namespace'"):
        choose_tier("namespaces")


def test_no_engine_is_one_sentence_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(NoSandbox, match=r"no engine answers.*--sandbox namespace") as caught:
        choose_tier("docker")
    assert "\n" not in str(caught.value)
    found = {one.name: one for one in detect()}
    assert not found["docker"].works
    if found["namespace"].works:
        assert choose_tier("auto") == "namespace"


# Recorded and bare


def test_a_cassette_replays_what_was_recorded_and_nothing_else(tmp_path: Path) -> None:
    tier = next(name for name in (*reversed(TIERS), "none") if name == "none" or report(name).works)
    cassette = tmp_path / "cassette.json"
    steps = ("cat notes.txt", "echo more >> notes.txt; rm pkg/core.py; exit 4", r"printf '\377'", "cat notes.txt")

    def play(box: Sandbox) -> list[object]:
        seen: list[object] = [box.run(step) for step in steps]
        box.write({"a/b": b"1"})
        return [*seen, box.tree(), box.read("notes.txt")]

    with Recorder(open_sandbox(tier, Root(), FILES), cassette) as box:
        recorded = play(box)
    with open_sandbox(f"recorded:{cassette}", Root(), FILES) as box:
        assert box.tier == "recorded"
        assert play(box) == recorded
        with pytest.raises(SandboxError, match="'ls' was never recorded"):
            box.run("ls")
        box.reset({"x": b"1"})
        assert box.tree() == {"x": b"1"}
        with pytest.raises(FileNotFoundError):
            box.read("notes.txt")
        with pytest.raises(OSError, match="in the way"):
            box.write({"x/y": b""})
    cassette.write_text(cassette.read_text()[:-40])
    with pytest.raises(InputError, match="no cassette"):
        open_sandbox(f"recorded:{cassette}", Root(), {})


def test_the_tier_none_runs_in_a_folder_that_goes_away(capsys: pytest.CaptureFixture[str]) -> None:
    with open_sandbox("none", Root(), FILES, Limits(timeout_s=0.5)) as box:
        assert "unisolated" in capsys.readouterr().err
        folder = box.run("pwd").text.strip()
        assert box.run("cat notes.txt; exit 3").returncode == 3
        assert box.run("sleep 5").timed_out
        with pytest.raises(FileNotFoundError):
            box.read("../../etc/passwd")
        assert box.tree() == FILES
    assert not Path(folder).exists()
