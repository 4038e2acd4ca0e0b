"""Runs pytest inside the grading sandbox and reports one outcome per test id: `python -P -s -S reporter.py`.

Two processes. The child runs the tests, and with them whatever the tested code does. The parent imports none of that,
holds the nonce, and writes the report once the child and everything it started are dead. What the child says counts
only with the token and the running number that it had before any tested code ran, and only if it came to its end.

This raises the price of forging; it is no proof. Tested code shares a process with the plugin below, and code that
knows this file can search the memory for the token. No output of the tests is ever read for results.
"""

import ctypes
import gc
import json
import os
import select
import signal
import site
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

NOT_STARTED = 97  # the tests could not be started, and no tested code has run
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36


def main(folder: Path) -> int:
    try:
        request = json.loads((folder / "request.json").read_bytes())
        sys.path.append(request["site"])
        import pytest  # noqa: F401  # before anything of the repository can be on the path
    except (ImportError, OSError, ValueError) as error:
        print(f"the tests could not be started: {error}")
        return NOT_STARTED
    results_in, results_out = os.pipe()
    token_in, token_out = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(results_in)
        os.close(token_out)
        token = os.read(token_in, 64).decode()
        os.close(token_in)
        run_tests(request, results_out, token)
    os.close(results_out)
    os.close(token_in)
    return watch(folder, child, results_in, token_out)


def watch(folder: Path, child: int, results: int, token_out: int) -> int:
    """The parent: let the child go, collect what it says, bury all that it started, write the report."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # its memory and descriptors are closed to processes of the same user
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what the child leaves running becomes ours to kill
    secret = json.loads((folder / "secret.json").read_bytes())
    for name in ("secret.json", "request.json", "reporter.py"):
        (folder / name).unlink()
    token = os.urandom(16).hex()
    os.write(token_out, token.encode())
    os.close(token_out)

    said = bytearray()
    ended = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([results, ended], [], [])
        if results in ready and (chunk := os.read(results, 1 << 16)):
            said += chunk
        elif ended in ready:
            break
        elif results in ready:  # closed early: nothing more to hear
            select.select([ended], [], [])
            break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    kill_all_below(os.getpid())
    while chunk := os.read(results, 1 << 16):
        said += chunk

    report = json.dumps(judge(bytes(said), token) | {"nonce": secret["nonce"], "status": status})
    with (folder / secret["report"]).open("x", encoding="utf-8") as stream:
        stream.write(report)
    return 0


def judge(said: bytes, token: str) -> dict[str, Any]:
    """What the child said; `damaged` when a line is not one that the plugin wrote, in its order."""
    results: list[Any] = []
    errors: list[Any] = []
    damaged, exit_code = not said.endswith(b"\n"), None
    for count, line in enumerate(said.splitlines()):
        try:
            mark, number, kind, *rest = json.loads(line)
        except (ValueError, TypeError):
            damaged = True
            continue
        damaged = damaged or mark != token or number != count or exit_code is not None
        if kind == "test":
            results.append(rest)
        elif kind == "collection":
            errors.append(rest)
        elif kind == "end":
            exit_code = rest[0]
    return {"results": results, "collection_errors": errors, "damaged": damaged, "exit_code": exit_code}


def kill_all_below(parent: int) -> None:
    """SIGKILL to every descendant, until there is none: orphans come to us one after the other."""
    while below := children(parent):
        for pid in below:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in below:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                stat = (folder / "stat").read_bytes()
                if int(stat.rpartition(b")")[2].split()[1]) == parent:
                    found.append(int(folder.name))
    return found


def run_tests(request: dict[str, Any], results: int, token: str) -> NoReturn:
    """The child: it never returns, and runs no exit handler of the tested code."""
    import pytest

    here = Path.cwd()
    paths = [str(here / path) for path in request["paths"]]
    sys.path[-1:-1] = paths  # behind the standard library, before the installed packages
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, request["site"]])
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    site.setquit()  # `exit` and `quit`, which -S leaves out
    arguments = [argument for module in request["plugins"] for argument in ("-p", module)]
    arguments += ["-c", request["config"]] if request["config"] else []
    arguments += ["--rootdir", str(here), "-p", "no:cacheprovider", "-q", "--no-header", "--tb=short"]
    arguments += ["--assert=plain"]  # nobody reads the explanations, and they cost 40 % of the time
    arguments += ["--continue-on-collection-errors", "--", *request["files"]]
    plugin = make_plugin(results, token, tuple(here / path for path in request["tests"]))
    code = 255
    gc.freeze()  # pytest itself is no longer walked, neither by collections nor by gc.get_objects
    try:
        code = int(pytest.main(arguments, plugins=[plugin]))
        plugin.end(code)
        sys.stdout.flush()
    finally:
        os._exit(code)


def make_plugin(results: int, token: str, tests: tuple[Path, ...]) -> Any:
    import pytest

    watched = machinery()
    originals = [getattr(owner, name) for owner, name in watched]
    write, dumps = os.write, json.dumps
    count = 0

    def say(kind: str, *rest: object) -> None:
        nonlocal count
        write(results, dumps([token, count, kind, *rest]).encode() + b"\n")
        count += 1

    class Reporter:
        def __init__(self) -> None:
            self.outcomes: dict[str, list[str]] = {}

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[Any]:
            gave_up = given_up_by_tested_code(call, tests)  # before pytest makes a new exception of it
            report = yield
            self.outcomes.setdefault(item.nodeid, []).append("failed" if gave_up else outcome(report, call))
            return report

        @pytest.hookimpl(tryfirst=True)
        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                say("collection", report.nodeid, str(report.longrepr)[-2000:])

        @pytest.hookimpl(trylast=True)
        def pytest_runtest_logfinish(self, nodeid: str) -> None:
            say("test", nodeid, worst(self.outcomes.pop(nodeid, [])))

        def end(self, code: int) -> None:
            same = all(getattr(owner, name) == old for (owner, name), old in zip(watched, originals, strict=True))
            say("end", code if same else "tampered")

    return Reporter()


def outcome(report: Any, call: Any) -> str:
    """One phase's outcome; where the report and the exception disagree, a failure."""
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfail", "passed": "xpass"}.get(report.outcome, "failed")
    if (call.excinfo is None) != (report.outcome == "passed"):
        return "failed"
    if report.outcome == "failed" and call.when != "call":
        return "error"
    return str(report.outcome)


def given_up_by_tested_code(call: Any, tests: tuple[Path, ...]) -> bool:
    """Did a skip or an expected failure come out of the repository's code, and not out of a test?"""
    import unittest

    import pytest

    ways = (pytest.skip.Exception, pytest.xfail.Exception, unittest.SkipTest)
    if call.excinfo is None or not isinstance(call.excinfo.value, ways):
        return False
    here = Path.cwd()
    paths = [Path(entry.path) for entry in call.excinfo.traceback]
    ours = [path for path in paths if path.is_relative_to(here) and path.name != "conftest.py"]
    return not all(any(path.is_relative_to(place) for place in tests) for path in ours)


def worst(outcomes: list[str]) -> str:
    order = ("error", "failed", "xpass", "xfail", "skipped", "passed")
    return next((one for one in order if one in outcomes), "error")


def machinery() -> list[tuple[Any, str]]:
    """The functions by which pytest comes to an outcome; a run in which one was replaced is void."""
    import pluggy._callers
    import pluggy._hooks
    from _pytest import python, reports, runner, skipping

    return [
        (runner, "call_and_report"), (runner, "runtestprotocol"), (runner, "pytest_runtest_makereport"),
        (runner.CallInfo, "from_call"), (reports.TestReport, "from_item_and_call"), (reports.TestReport, "__init__"),
        (python.Function, "runtest"), (python, "pytest_pyfunc_call"), (skipping, "pytest_runtest_makereport"),
        (pluggy._callers, "_multicall"), (pluggy._hooks.HookCaller, "__call__"), (json, "dumps"), (os, "write"),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
