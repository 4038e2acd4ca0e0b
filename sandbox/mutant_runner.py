"""Runs many versions of one tree through pytest, and small snippets, each in a forked child. For making tasks only.

    python mutant_runner.py JOBS RESULTS        (working directory: the tree)

JOBS is JSON: {"timeout_s", "cpu_s", "memory_mb", "jobs": [{"path", "source", "tests": [[path, …], …], "snippets":
[{"setup", "expression"}]}]}.
A job puts `source` at `path` (no path: the pristine tree), runs pytest once for every list in `tests`, evaluates every
snippet, and puts the file back. RESULTS gets one JSON line per job. The limit that decides is processor time, so
that a busy machine refuses nothing that an idle one lets pass. pytest is imported once, here, in the parent;
the package under test is only ever imported in a child, so no version sees another. It grades nothing that is
rewarded: the grader proper has the last word on every task.
"""

import contextlib
import importlib
import io
import json
import os
import py_compile
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CLIP = 4000


class Recorder:
    """A pytest plugin: the outcome of every test id, and whether anything failed to collect."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.indices: dict[str, dict[str, int]] = {}
        self.broken: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(report.nodeid)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            call = getattr(item, "callspec", None)
            self.indices[item.nodeid] = dict(call.indices) if call else {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = self.outcomes.get(report.nodeid)
        if report.failed:
            self.outcomes[report.nodeid] = "failed"
        elif report.skipped and known is None:
            self.outcomes[report.nodeid] = "skipped"
        elif report.when == "call" and known is None:
            self.outcomes[report.nodeid] = "passed"


def run_tests(paths: list[str]) -> dict[str, Any]:
    """Outcomes by test id of one pytest run in this process."""
    recorder = Recorder()
    code = pytest.main(["-q", "--tb=no", "--no-header", "-p", "no:cacheprovider", *paths], plugins=[recorder])
    return {
        "outcomes": recorder.outcomes,
        "indices": recorder.indices,
        "broken": recorder.broken,
        "code": int(code),
        "cpu_s": time.process_time(),
    }


def run_snippet(snippet: dict[str, str]) -> dict[str, Any]:
    """What the set-up and the expression give: printed text, the value's two forms, or the error."""
    space = {"__name__": "__main__"}
    printed = io.StringIO()
    outcome: dict[str, Any] = {"error": None, "print": None, "repr": None, "text": False}
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(snippet["setup"], "<snippet>", "exec"), space)
            if snippet["expression"]:
                value = eval(compile(snippet["expression"], "<snippet>", "eval"), space)
                outcome.update(print=str(value)[:CLIP], repr=repr(value)[:CLIP], text=isinstance(value, str))
    except BaseException as error:  # noqa: BLE001 — whatever the code under test raises is the symptom
        outcome["error"] = f"{type(error).__name__}: {error}"[:CLIP]
    return outcome


def in_child(work: Callable[[], dict[str, Any]], timeout_s: float, cpu_s: int, memory_mb: int) -> Any:
    """The work's result from a child process, or None where it died or ran past a limit."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        with os.fdopen(writer, "w") as out:
            out.write(json.dumps(work()))
        os._exit(0)
    os.close(writer)
    chunks, end = [], time.monotonic() + timeout_s
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            chunks = []
            break
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
    os.close(reader)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(b"".join(chunks)) if chunks else None


def prepare() -> None:
    """Compile the tree once, so that children only compile what a job changed (checked by hash, not by time)."""
    for path in Path().rglob("*.py"):
        if "test" not in path.name and not path.parts[0].startswith("."):
            with contextlib.suppress(py_compile.PyCompileError, OSError):
                py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    for root in ("src", "."):
        if Path(root).is_dir():
            sys.path.insert(0, str(Path(root).resolve()))
    for name in ("_pytest.assertion.rewrite", "_pytest.junitxml", "_pytest.fixtures", "_pytest.capture", "difflib"):
        importlib.import_module(name)


def main(jobs_path: str, results_path: str) -> None:
    """Do every job, and write its line as soon as it is done."""
    plan = json.loads(Path(jobs_path).read_text())
    limits = plan["timeout_s"], plan["cpu_s"], plan["memory_mb"]
    prepare()
    with Path(results_path).open("w") as out:
        for job in plan["jobs"]:
            path = Path(job["path"]) if job.get("path") else None
            pristine = path.read_bytes() if path else b""
            sys.dont_write_bytecode = path is not None
            if path:
                path.write_bytes(job["source"].encode())
            tests = []
            for paths in job["tests"]:
                tests.append(in_child(lambda paths=paths: run_tests(paths), *limits))
                if tests[-1] is None or "failed" not in tests[-1]["outcomes"].values():
                    break
            snippets = [in_child(lambda snippet=snippet: run_snippet(snippet), *limits) for snippet in job["snippets"]]
            if path:
                path.write_bytes(pristine)
            line = {"tests": tests, "snippets": snippets}
            out.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
