"""The host's half of a test run: what the program in `sandbox/reporter.py` is told, and what its report is worth.

A report is believed when it carries this run's nonce, is whole, and its outcomes explain pytest's exit code. Anything
else is said in `reason` and counts as no outcome at all. The residual risk is in the program's docstring.
"""

__all__ = ["Report", "run_tests"]

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path

from srl_swe.bundled import bundled
from srl_swe.errors import TaskError
from srl_swe.sandbox.sandbox import Result, Sandbox
from srl_swe.tasks.checkout import Checkout

_NOT_STARTED = {97, 126, 127}  # the program's own code for it, and the shell's for "no python here"
_MAX_REPORT = 16 << 20


@dataclass(frozen=True)
class Report:
    """Outcome by test id (passed, failed, error, skipped, xfail, xpass); empty with a reason when none is believed."""

    tests: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    collection_errors: dict[str, str] = field(default_factory=dict)  # test file to the end of its traceback


def run_tests(
    sandbox: Sandbox,
    checkout: Checkout,
    tree: Mapping[str, bytes],
    test_files: Sequence[str],
    *,
    timeout_s: float | None = None,
) -> Report:
    """Reset the sandbox to `tree` and run these test files in it as the grader.

    Raises TaskError when the tests cannot even be started, which no tree can bring about.
    """
    folder = f".grade-{secrets.token_hex(8)}"
    secret = {"nonce": secrets.token_hex(16), "report": secrets.token_hex(16)}
    sandbox.reset({**tree, **_program(folder, secret, checkout, test_files)})
    sandbox.run("chmod -R a+rwX .")  # tests may write beside themselves, and the report lies there
    result = sandbox.run(
        f"exec python -P -s -S {folder}/reporter.py",
        timeout_s=timeout_s or checkout.repository.test.timeout_s,
        environment={"PYTHONPATH": "", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        user="grader",
    )
    if result.timed_out:
        return Report(reason="the tests ran out of time")
    if result.returncode in _NOT_STARTED:
        raise TaskError(f"{checkout.repository.name}: the tests cannot be started: {result.text.strip()[-500:]}")
    try:
        content = sandbox.read(f"{folder}/{secret['report']}", max_bytes=_MAX_REPORT)
    except FileNotFoundError:
        return Report(reason=f"the tests left no report ({_ending(result)})")
    return _believed(content, secret["nonce"])


def _program(folder: str, secret: Mapping[str, str], checkout: Checkout, test_files: Sequence[str]) -> dict[str, bytes]:
    has_config = any(path in checkout.files for path in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"))
    search = dict(checkout.root.environment).get("PYTHONPATH", "").split(":")
    request = {
        "files": list(test_files),
        "site": "/opt/site",
        "paths": [path for path in ("src", ".") if path == "." or "/testbed/src" in search],
        "tests": [*checkout.repository.test.paths, *test_files],
        "plugins": _plugins(checkout.root.site),
        "config": None if has_config else "/dev/null",
    }
    return {
        f"{folder}/reporter.py": bundled("sandbox", "reporter.py").read_bytes(),
        f"{folder}/request.json": json.dumps(request).encode(),
        f"{folder}/secret.json": json.dumps(secret).encode(),
    }


@lru_cache(maxsize=64)
def _plugins(site: Path | None) -> list[str]:
    """The pytest plugins that were installed for the repository; those of its own tree are not loaded."""
    if site is None:
        return []
    found = [entry for dist in distributions(path=[str(site)]) for entry in dist.entry_points]
    return sorted(entry.module for entry in found if entry.group == "pytest11")


def _believed(content: bytes, nonce: str) -> Report:
    try:
        report = json.loads(content)
    except ValueError:
        return Report(reason="the report is not readable")
    if report.get("nonce") != nonce:
        return Report(reason="the report is not this run's")
    errors = dict(report["collection_errors"])
    if report["exit_code"] is None:
        return Report(reason=f"the tests died before their end (status {report['status']})", collection_errors=errors)
    if report["damaged"] or report["exit_code"] == "tampered":
        return Report(reason="the report was tampered with", collection_errors=errors)
    tests: dict[str, str] = {}
    for name, outcome in report["results"]:
        tests[name] = "failed" if name in tests else outcome  # an id that comes twice is nobody's
    failed = bool(errors) or any(outcome in ("failed", "error") for outcome in tests.values())
    if report["status"] != report["exit_code"] or failed != (report["exit_code"] != 0):
        code = report["exit_code"]
        why = f"pytest ended with {code} and status {report['status']}, which its outcomes do not explain"
        return Report(reason=why, collection_errors=errors)
    return Report(tests, "", errors)


def _ending(result: Result) -> str:
    last = result.text.strip().splitlines()[-1:] or ["no output"]
    return f"exit code {result.returncode}: {last[0][-200:]}"
