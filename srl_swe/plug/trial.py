"""Many versions of a tree through its tests in one sandbox: the cheap sieve before the grader proper.

One long-lived program in the sandbox (`sandbox/mutant_runner.py`) imports pytest once and forks for every version.
What it says decides which candidates are worth grading; it never decides a reward.
"""

__all__ = ["Job", "Runs", "trial"]

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from srl_swe.bundled import bundled
from srl_swe.errors import SandboxError
from srl_swe.plug.issue_text import Outcome
from srl_swe.plug.snippets import Snippet
from srl_swe.sandbox.sandbox import Sandbox

FOLDER = ".trial"
MEMORY_MB = 400


@dataclass(frozen=True)
class Job:
    """One version of the tree (`source` at `path`; no path: pristine), test runs as lists of paths, and snippets."""

    path: str | None = None
    source: bytes = b""
    tests: tuple[tuple[str, ...], ...] = ()
    snippets: tuple[Snippet, ...] = ()


@dataclass(frozen=True)
class Runs:
    """What was seen: outcomes by test id for every run (None: killed at its limit), and every snippet's outcome."""

    tests: tuple[dict[str, str] | None, ...]
    broken: bool  # something did not collect
    snippets: tuple[Outcome | None, ...]
    cpu_s: float  # processor time of the longest run
    indices: dict[str, dict[str, int]] = field(default_factory=dict)

    def failed(self, run: int) -> frozenset[str]:
        """The ids that failed in one run."""
        outcomes = self.tests[run] or {}
        return frozenset(test for test, outcome in outcomes.items() if outcome == "failed")


def trial(sandbox: Sandbox, jobs: Sequence[Job], *, cpu_s: int) -> list[Runs]:
    """Run every job in a sandbox that holds the pristine tree; a run may take `cpu_s` of processor time.

    On the clock it may take ten times as long: what decides is the same on a busy machine. Raises SandboxError.
    """
    timeout_s = 10.0 * cpu_s
    plan = {"timeout_s": timeout_s, "cpu_s": cpu_s, "memory_mb": MEMORY_MB, "jobs": [_plan(job) for job in jobs]}
    sandbox.write(
        {
            f"{FOLDER}/runner.py": bundled("sandbox", "mutant_runner.py").read_bytes(),
            f"{FOLDER}/jobs.json": json.dumps(plan).encode(),
        }
    )
    longest = sum(timeout_s * (len(job.tests) + len(job.snippets)) for job in jobs) + 30
    command = f"python {FOLDER}/runner.py {FOLDER}/jobs.json {FOLDER}/results.jsonl"
    result = sandbox.run(command, timeout_s=longest)
    if result.returncode != 0:
        raise SandboxError(f"the trial of {len(jobs)} versions ended with {result.returncode}: {result.text[-500:]}")
    lines = sandbox.read(f"{FOLDER}/results.jsonl", max_bytes=1 << 28).splitlines()
    return [_runs(json.loads(line)) for line in lines]


def _plan(job: Job) -> dict[str, Any]:
    return {
        "path": job.path,
        "source": job.source.decode(),
        "tests": [list(paths) for paths in job.tests],
        "snippets": [{"setup": one.setup, "expression": one.expression} for one in job.snippets],
    }


def _runs(line: Mapping[str, Any]) -> Runs:
    tests = list(line["tests"])
    return Runs(
        tests=tuple(None if run is None else run["outcomes"] for run in tests),
        broken=any(run is not None and (run["broken"] or run["code"] not in (0, 1)) for run in tests),
        snippets=tuple(None if one is None else _outcome(one) for one in line["snippets"]),
        cpu_s=max([run["cpu_s"] for run in tests if run is not None], default=0.0),
        indices=next((run["indices"] for run in tests if run is not None), {}),
    )


def _outcome(one: Mapping[str, Any]) -> Outcome:
    return Outcome(error=one["error"], printed=one["print"], shown=one["repr"], text=one["text"])
