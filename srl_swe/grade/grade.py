"""Is the task solved? A patch, a pristine tree, a fresh sandbox, the hidden tests, a verdict.

Only the allowed paths of the patch are applied, on the host, in memory; tests and their configuration come from the
pristine tree. What the patch does wrong is the agent's and gives an unresolved verdict; a task or a sandbox that
cannot be used raises.

What stays possible: tested code runs in the process that runs the tests, so code written against this very reporter
may forge an outcome; and code may satisfy a test without being right (an object that equals everything). The first is
made expensive, the second cannot be seen here.
"""

__all__ = ["Verdict", "diff_trees", "episode_patch", "grade"]

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Literal

from srl_swe.grade.protected import allow, restored
from srl_swe.grade.reporter import Report, run_tests
from srl_swe.sandbox.open import open_sandbox
from srl_swe.sandbox.sandbox import Sandbox
from srl_swe.tasks.checkout import Checkout, starting_tree
from srl_swe.tasks.patch import apply_changes, diff_trees
from srl_swe.tasks.task import Task

_LITTER = {".pytest_cache", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", ".git"}
_MAX_NEW_FILE = 1 << 20  # a longer file that the episode made is not part of a fix


@dataclass(frozen=True)
class Verdict:
    """`tests` holds the task's own ids: passed, failed, error, skipped, xfail, xpass or missing."""

    status: Literal["resolved", "unresolved"]
    applied: bool
    tests: dict[str, str]
    reason: str
    seconds: float
    dropped: tuple[str, ...] = ()  # paths of the patch that were not let through

    @property
    def resolved(self) -> bool:
        """The reward: every fail_to_pass test passes and every pass_to_pass test still holds."""
        return self.status == "resolved"


def grade(task: Task, checkout: Checkout, patch: str, *, tier: str = "auto", sandbox: Sandbox | None = None) -> Verdict:
    """Judge a patch in a fresh sandbox of this tier, or in `sandbox`, which is reset first.

    Raises TaskError and SandboxError; neither is ever a verdict.
    """
    started = time.perf_counter()
    start = starting_tree(checkout, task)
    try:
        allowed = allow(patch, checkout.repository, checkout.files)
        changed = apply_changes(start, allowed.changes)
    except ValueError as error:
        reason = f"the patch does not apply: {error}"
        missing = dict.fromkeys((*task.fail_to_pass, *task.pass_to_pass), "missing")
        return Verdict("unresolved", False, missing, reason, time.perf_counter() - started)
    tree = restored(changed, checkout.files, checkout.repository, task.hidden_tests)
    files = sorted({test.split("::")[0] for test in (*task.fail_to_pass, *task.pass_to_pass)})
    with _sandbox(checkout, tier, sandbox) as fresh:
        report = run_tests(fresh, checkout, tree, files)
    verdict = _verdict(task, report)
    return replace(verdict, seconds=time.perf_counter() - started, dropped=allowed.dropped)


def episode_patch(checkout: Checkout, task: Task, sandbox: Sandbox) -> str:
    """What the episode changed, as a diff against its starting tree, without caches and very large new files."""
    start = starting_tree(checkout, task)
    after = {
        path: content
        for path, content in sandbox.tree().items()
        if not _LITTER.intersection(path.split("/")) and (path in start or len(content) <= _MAX_NEW_FILE)
    }
    return diff_trees(start, after)


def _sandbox(checkout: Checkout, tier: str, sandbox: Sandbox | None) -> AbstractContextManager[Sandbox]:
    if sandbox is not None:
        return nullcontext(sandbox)
    return open_sandbox(tier, checkout.root, {}, checkout.repository.limits)


def _verdict(task: Task, report: Report) -> Verdict:
    tests = {test: report.tests.get(test, "missing") for test in (*task.fail_to_pass, *task.pass_to_pass)}
    broken = [test for test in task.fail_to_pass if tests[test] not in ("passed", "xfail")]
    broken += [test for test in task.pass_to_pass if tests[test] not in ("passed", "xfail", "skipped")]
    if report.reason:
        return Verdict("unresolved", True, tests, report.reason, 0.0)
    if not broken and task.fail_to_pass:
        return Verdict("resolved", True, tests, f"all {len(tests)} hidden tests hold", 0.0)
    if report.collection_errors and all(tests[test] == "missing" for test in broken):
        path, error = next(iter(report.collection_errors.items()))
        last = error.strip().splitlines()[-1:] or [""]
        return Verdict("unresolved", True, tests, f"collection failed in {path}: {last[0]}", 0.0)
    shown = ", ".join(broken[:3]) + (", …" if len(broken) > 3 else "")
    return Verdict("unresolved", True, tests, f"{len(broken)} of {len(tests)} hidden tests fail: {shown}", 0.0)
