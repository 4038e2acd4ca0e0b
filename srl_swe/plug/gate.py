"""The gate: which mutations become tasks.

A candidate is let in only if tests that pass on the pristine tree (three runs, one of them in another order) fail with
the bug, the same set in two runs; everything still collects; at most half of all tests fail; its symptom can be shown
by a short program that does one thing with the bug and another without; and, through the grader that gives the reward,
the reverse patch resolves it and the empty patch does not. Bug and fix together give the pristine tree to the byte.
"""

__all__ = ["Clean", "Funnel", "clean_runs", "prove", "sieve"]

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from srl_swe.errors import TaskError
from srl_swe.grade.grade import grade
from srl_swe.plug.issue_text import Outcome, issue_text, leaks
from srl_swe.plug.mutate import Mutation
from srl_swe.plug.snippets import Snippet, snippets
from srl_swe.plug.trial import Job, Runs, trial
from srl_swe.sandbox.sandbox import Sandbox
from srl_swe.tasks.checkout import Checkout, apply_patch, starting_tree
from srl_swe.tasks.patch import diff_trees
from srl_swe.tasks.task import Evidence, Task, content_id

STAGES = ("candidates", "finish", "collect", "fail", "stable", "narrow", "describable", "new", "kept")
CLEAN_RUNS = 3
BUGGY_RUNS = 2
MIN_CPU_S = 2  # what a run of a mutation may take at least; five times the pristine run where that is more
MAX_FAILING = 0.5  # of all ids: more is too broad to teach anything
MAX_ALIKE = 4  # tasks of one function with the same failing tests
MAX_SNIPPETS = 10
CRUDE = ("TypeError", "NameError", "UnboundLocalError", "AttributeError")  # a bug that any run would show


@dataclass
class Funnel:
    """How many mutations of each kind got past each stage."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def passed(self, mutation: Mutation, stage: str) -> None:
        """Count one more."""
        self.counts[mutation.kind][stage] += 1


@dataclass(frozen=True)
class Clean:
    """What the pristine tree does: the ids that pass in every run, those that do not agree."""

    ids: frozenset[str]
    flaky: frozenset[str]
    indices: dict[str, dict[str, int]]
    cpu_s: int  # what one run of a mutation may take
    known: dict[str, Outcome | None] = field(default_factory=dict)  # outcomes of snippets, by their code


def clean_runs(sandbox: Sandbox, checkout: Checkout, *, seed: int) -> Clean:
    """Run the pristine tests three times, the last one in another order of files. Raises TaskError if none pass."""
    paths = tuple(checkout.repository.test.paths)
    limit = math.ceil(checkout.repository.test.timeout_s)
    [first] = trial(sandbox, [Job(tests=(paths,))], cpu_s=limit)
    files = sorted({test.split("::")[0] for test in first.tests[0] or ()})
    random.Random(seed).shuffle(files)
    [again] = trial(sandbox, [Job(tests=(paths, tuple(files)))], cpu_s=limit)
    seen = [_passing(run) for run in (*first.tests, *again.tests)]
    ids = frozenset.intersection(*seen)
    if not ids or first.broken or again.broken:
        raise TaskError(f"{checkout.repository.name}: the tests do not collect and pass on the pristine tree")
    cpu_s = max(MIN_CPU_S, math.ceil(5 * max(first.cpu_s, again.cpu_s)))
    return Clean(ids, frozenset.union(*seen) - ids, first.indices, cpu_s)


def _passing(run: Mapping[str, str] | None) -> frozenset[str]:
    return frozenset(test for test, outcome in (run or {}).items() if outcome == "passed")


def sieve(
    sandbox: Sandbox, checkout: Checkout, clean: Clean, batch: Sequence[Mutation], *, seed: int, funnel: Funnel
) -> list[tuple[Mutation, Task]]:
    """The mutations of a batch that fail in a narrow, stable, describable way, as tasks that are not proved yet."""
    paths = tuple(checkout.repository.test.paths)
    jobs = [Job(mutation.file, mutation.source, tests=(paths,) * BUGGY_RUNS) for mutation in batch]
    seen = zip(batch, trial(sandbox, jobs, cpu_s=clean.cpu_s), strict=True)
    failing = {mutation: ids for mutation, runs in seen if (ids := _failing(mutation, runs, clean, funnel))}
    texts = _texts(sandbox, checkout, clean, failing, seed)
    tasks = []
    for mutation, ids in failing.items():
        if text := texts.get(mutation):
            funnel.passed(mutation, "describable")
            tasks.append((mutation, _task(checkout, clean, mutation, ids, text, seed)))
    return tasks


def _failing(mutation: Mutation, runs: Runs, clean: Clean, funnel: Funnel) -> frozenset[str]:
    """The clean ids that a bug breaks; empty where the candidate is refused."""
    funnel.passed(mutation, "candidates")
    if None in runs.tests:
        return frozenset()
    funnel.passed(mutation, "finish")
    if runs.broken or clean.ids - (runs.tests[0] or {}).keys():
        return frozenset()
    funnel.passed(mutation, "collect")
    first = runs.failed(0) & clean.ids
    if not first:
        return frozenset()
    funnel.passed(mutation, "fail")
    if len(runs.tests) != BUGGY_RUNS or first != runs.failed(1) & clean.ids:
        return frozenset()
    funnel.passed(mutation, "stable")
    if len(first) > MAX_FAILING * len(clean.ids):
        return frozenset()
    funnel.passed(mutation, "narrow")
    return first


def _texts(
    sandbox: Sandbox, checkout: Checkout, clean: Clean, failing: Mapping[Mutation, frozenset[str]], seed: int
) -> dict[Mutation, str]:
    """The issue of every mutation whose symptom a short program shows."""
    programs = {mutation: _programs(checkout, clean, mutation, ids) for mutation, ids in failing.items()}
    unknown = {one.code(as_repr=False): one for ones in programs.values() for one in ones}
    unknown = {code: one for code, one in unknown.items() if code not in clean.known}
    jobs = [Job(snippets=tuple(unknown.values()))] * 2
    jobs += [Job(mutation.file, mutation.source, snippets=tuple(ones)) for mutation, ones in programs.items()]
    first, second, *buggy = trial(sandbox, jobs, cpu_s=clean.cpu_s)
    for code, one, other in zip(unknown, first.snippets, second.snippets, strict=True):
        clean.known[code] = one if one == other else None
    texts = {}
    for (mutation, ones), runs in zip(programs.items(), buggy, strict=True):
        said = (
            _said(mutation, one, got, clean.known[one.code(as_repr=False)], seed)
            for one, got in zip(ones, runs.snippets, strict=True)
        )
        if text := next(filter(None, said), None):
            texts[mutation] = text
    return texts


def _programs(checkout: Checkout, clean: Clean, mutation: Mutation, ids: frozenset[str]) -> list[Snippet]:
    """Programs from the failing tests: first those that call the mutated function, then one of each test in turn."""
    own = mutation.function.rpartition(".")[2]
    ranked: dict[str, tuple[tuple[bool, int, int, str], Snippet]] = {}
    for test in sorted(ids):
        for turn, one in enumerate(snippets(checkout.files, test, clean.indices.get(test))):
            code = one.code(as_repr=False)
            rank = (one.subject != own, turn, len(code), code)
            if code not in ranked or rank < ranked[code][0]:
                ranked[code] = (rank, one)
    return [one for _, one in sorted(ranked.values(), key=lambda pair: pair[0])][:MAX_SNIPPETS]


def _said(mutation: Mutation, one: Snippet, got: Outcome | None, expected: Outcome | None, seed: int) -> str | None:
    if got is None or expected is None or (got.error and got.error.split(":")[0] in CRUDE):
        return None
    text = issue_text(one, got, expected, seed=f"{seed}\0{mutation.file}\0{mutation.line}\0{mutation.after_line}")
    return None if text is None or leaks(text, mutation) else text


def _task(checkout: Checkout, clean: Clean, mutation: Mutation, failing: frozenset[str], text: str, seed: int) -> Task:
    buggy = {**checkout.files, mutation.file: mutation.source}
    bug_patch = diff_trees(checkout.files, buggy)
    generator = {
        "by": "mutate",
        "kind": mutation.kind,
        "file": mutation.file,
        "line": str(mutation.line),
        "last_line": str(mutation.last_line),
        "function": mutation.function,
        "seed": str(seed),
    }
    return Task(
        id=content_id(checkout.repository.name, bug_patch, checkout.tree_hash),
        repository=checkout.repository.name,
        problem_statement=text + "\n",
        gold_patch=diff_trees(buggy, checkout.files),
        bug_patch=bug_patch,
        hidden_tests=tuple(sorted({test.split("::")[0] for test in failing})),
        fail_to_pass=tuple(sorted(failing)),
        pass_to_pass=tuple(sorted(clean.ids - failing)),
        generator=generator,
    )


def prove(task: Task, checkout: Checkout, *, tier: str = "auto", sandbox: Sandbox | None = None) -> Task | None:
    """The task with its evidence, or None where the grader does not agree that it is one."""
    start = starting_tree(checkout, task)
    hidden = {path: checkout.files[path] for path in task.hidden_tests}
    if apply_patch(start, task.gold_patch) | hidden != checkout.files:
        return None
    gold = grade(task, checkout, task.gold_patch, tier=tier, sandbox=sandbox)
    if not gold.resolved:
        return None
    empty = grade(task, checkout, "", tier=tier, sandbox=sandbox)
    held = {test for test, outcome in empty.tests.items() if outcome == "passed"}
    if empty.resolved or held != set(task.pass_to_pass):
        return None
    evidence = Evidence(CLEAN_RUNS, BUGGY_RUNS, gold_resolved=True, empty_resolved=False)
    return replace(task, evidence=evidence)
