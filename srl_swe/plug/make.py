"""From a repository to its tasks: mutations in the order of the seed, through the gate, split, and written to disk.

The split is by what training has seen. In a repository that is trained on, some lines never carry a training task
(`new_places`); at some of the other lines one kind of mutation is kept back (`new_bugs`). A repository that is held out
gives `new_repository` only. The same seed and files give the same folders, byte for byte, on any machine.
"""

__all__ = ["MakeReport", "make_tasks", "split_tasks"]

import hashlib
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from srl_swe.plug.gate import MAX_ALIKE, STAGES, Funnel, clean_runs, prove, sieve
from srl_swe.plug.mutate import Mutation, mutations
from srl_swe.sandbox.open import open_sandbox
from srl_swe.tasks.checkout import Checkout, checkout
from srl_swe.tasks.disk import write_repository, write_task
from srl_swe.tasks.repository import load_repository
from srl_swe.tasks.task import Task

BATCH = 40
MAX_PER_LINE = 6
NEW_PLACES = 0.15  # of all lines that can be mutated
NEW_BUGS = 0.16  # of the tasks at the other lines


@dataclass(frozen=True)
class MakeReport:
    """What was made, and how many mutations of each kind got past each stage of the gate."""

    name: str
    folder: Path
    valid: int
    splits: dict[str, int]
    funnel: dict[str, dict[str, int]]
    flaky: tuple[str, ...]
    seconds: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The stages, in order."""
        return STAGES

    def rows(self) -> list[tuple[str, ...]]:
        """One row for each kind of mutation, then all of them together."""
        rows = [
            (kind, *(str(counts.get(stage, 0)) for stage in STAGES)) for kind, counts in sorted(self.funnel.items())
        ]
        total = Counter[str]()
        for counts in self.funnel.values():
            total.update(counts)
        return [*rows, ("all", *(str(total[stage]) for stage in STAGES))]

    def to_json(self) -> dict[str, object]:
        """The report for programs."""
        return {
            "name": self.name,
            "valid": self.valid,
            "splits": self.splits,
            "funnel": self.funnel,
            "flaky": list(self.flaky),
            "seconds": round(self.seconds, 1),
        }


def make_tasks(
    name: str | Path,
    *,
    seed: int = 0,
    count: int = 120,
    tier: str = "auto",
    out: Path | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> MakeReport:
    """Make up to `count` tasks of a repository and write them below `out`, its own folder unless said otherwise.

    Tasks that lie there already are replaced once all are made. Raises InputError, TaskError, SandboxError.
    """
    began = time.monotonic()
    built = checkout(load_repository(name))
    funnel = Funnel()
    limits = built.repository.limits
    with (
        open_sandbox(tier, built.root, built.files, limits) as trials,
        open_sandbox(tier, built.root, {}, limits) as grader,
    ):
        clean = clean_runs(trials, built, seed=seed)
        kept: list[Task] = []
        for batch in _batches(built, seed, kept):
            for mutation, task in sieve(trials, built, clean, batch, seed=seed, funnel=funnel):
                if len(kept) < count and _is_new(task, kept):
                    funnel.passed(mutation, "new")
                    if proved := prove(task, built, sandbox=grader):
                        funnel.passed(mutation, "kept")
                        kept.append(proved)
                        progress(len(kept))
            if len(kept) >= count:
                break
    tasks = split_tasks(kept, held_out=built.repository.held_out)
    folder = out or built.repository.folder
    _write(folder, tasks, built)
    return MakeReport(
        name=built.repository.name,
        folder=folder,
        valid=len(tasks),
        splits=dict(sorted(Counter(task.split for task in tasks).items())),
        funnel={kind: dict(counts) for kind, counts in sorted(funnel.counts.items())},
        flaky=tuple(sorted(clean.flaky)),
        seconds=time.monotonic() - began,
    )


def split_tasks(tasks: Sequence[Task], *, held_out: bool) -> list[Task]:
    """The same tasks, each in its split; a function of the tasks alone. Checks that no set holds another's bug."""
    if held_out:
        return [replace(task, split="new_repository") for task in tasks]
    apart = {task.id for task in tasks if _is_new_place(task.repository, *_lines(task)[0])}
    known = [task for task in tasks if task.id not in apart]
    back = set(_kept_back(known, round(NEW_BUGS * len(known))))
    splits = {True: "new_places", False: "train"}
    done = [replace(task, split="new_bugs" if task.id in back else splits[task.id in apart]) for task in tasks]
    _check(done)
    return done


def _batches(built: Checkout, seed: int, kept: Sequence[Task]) -> Iterator[list[Mutation]]:
    """Mutations in order, without those whose lines lie on both sides of the split or whose line has enough tasks."""
    ordered = mutations(built.files, seed=seed, test_paths=built.repository.test.paths)
    usable = [one for one in ordered if len({_is_new_place(built.repository.name, *site) for site in one.sites}) == 1]
    for start in range(0, len(usable), BATCH):
        full = Counter((task.generator["file"], task.generator["line"]) for task in kept)
        batch = usable[start : start + BATCH]
        yield [one for one in batch if full[one.file, str(one.line)] < MAX_PER_LINE]


def _is_new(task: Task, kept: Sequence[Task]) -> bool:
    """Not the same symptom in the same function too often, not the same line too often, not the same bug."""
    place = (task.generator["file"], task.generator["function"])
    line = (task.generator["file"], task.generator["line"])
    alike = [
        other
        for other in kept
        if (other.generator["file"], other.generator["function"]) == place and other.fail_to_pass == task.fail_to_pass
    ]
    of_line = [other for other in kept if (other.generator["file"], other.generator["line"]) == line]
    return len(alike) < MAX_ALIKE and len(of_line) < MAX_PER_LINE and all(other.id != task.id for other in kept)


def _lines(task: Task) -> list[tuple[str, int]]:
    """The pristine lines that its bug touches."""
    first, last = int(task.generator["line"]), int(task.generator["last_line"])
    return [(task.generator["file"], line) for line in range(first, last + 1)]


def _is_new_place(repository: str, file: str, line: int) -> bool:
    return _fraction(f"{repository}\0{file}\0{line}") < NEW_PLACES


def _kept_back(known: Sequence[Task], wanted: int) -> Iterator[str]:
    """Ids to keep back: one for each line, of a kind that no other task of that line has."""
    lines: dict[tuple[str, int], list[Task]] = defaultdict(list)
    for task in known:
        lines[_lines(task)[0]].append(task)
    found = 0
    for line in sorted(lines, key=lambda line: _fraction(f"new bugs\0{line}")):
        kinds = Counter(task.generator["kind"] for task in lines[line])
        single = [task for task in lines[line] if kinds[task.generator["kind"]] == 1]
        if found < wanted and len(lines[line]) > 1 and single:
            found += 1
            yield min(single, key=lambda task: _fraction(task.id)).id


def _fraction(text: str) -> float:
    """A number in [0, 1) that is the text's own, everywhere."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 16**12


def _check(tasks: Sequence[Task]) -> None:
    train = [task for task in tasks if task.split == "train"]
    held = [task for task in tasks if task.split != "train"]
    bugs = {task.bug_patch for task in train}
    lines = {line for task in train for line in _lines(task)}
    starts = {_lines(task)[0] for task in train}
    assert len({task.id for task in tasks}) == len(tasks), "two tasks have one id"
    assert not any(task.bug_patch in bugs for task in held), "a held-out bug is in training"
    for task in held:
        if task.split == "new_places":
            assert lines.isdisjoint(_lines(task)), f"{task.id}: a new place was a bug in training"
        else:
            assert _lines(task)[0] in starts, f"{task.id}: a new bug at a line that training has not seen"


def _write(folder: Path, tasks: Sequence[Task], built: Checkout) -> None:
    """All tasks beside the old ones first, then the change of folders."""
    fresh = folder / ".making"
    shutil.rmtree(fresh, ignore_errors=True)
    for task in tasks:
        write_task(fresh, task, built)
    shutil.rmtree(folder / "tasks", ignore_errors=True)
    if tasks:
        (fresh / "tasks").rename(folder / "tasks")
    shutil.rmtree(fresh, ignore_errors=True)
    write_repository(folder, built)
