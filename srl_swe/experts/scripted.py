"""The scripted expert: plays a task from its known fix, the way a careful engineer would come to it.

It runs the issue's example, searches, reads, edits, runs the example again and submits; every observation comes from a
real sandbox, every path and line number from an observation before it. It knows the fix, so it never looks in the
wrong place and never repairs a wrong edit: what it teaches is the straight way.
"""

__all__ = ["play", "play_all", "play_expert", "python_command", "script", "smallest_edit"]

import posixpath
import random
import re
import shlex
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher

from srl_swe.errors import TaskError
from srl_swe.experts.action import Action, Create, Edit, Search, Shell, Submit, View
from srl_swe.experts.editor import perform
from srl_swe.experts.places import defined, enclosing
from srl_swe.experts.trajectory import Step, Trajectory
from srl_swe.grade.grade import episode_patch, grade
from srl_swe.sandbox.open import open_sandbox
from srl_swe.tasks.checkout import Checkout, apply_patch, starting_tree
from srl_swe.tasks.task import Task

SOURCE = "scripted-expert"
TESTS_RUN = 0.3  # how often the visible tests are run before the submission, where there are any

Script = Generator[tuple[str, Action], str, None]

_THOUGHTS = {
    "reproduce": ("First I run the example from the issue.", "Let me see the symptom with my own eyes.",
                  "I start by reproducing the issue."),
    "search": ("Where is `{name}` defined?", "I look for the definition of `{name}`.", "Let me find `{name}`."),
    "view": ("I read the code from there.", "Let me read {path} there.", "Now I read the definition."),
    "deeper": ("The work is done in `{name}`, so I look for that.", "This leans on `{name}`; where is it?",
               "What matters here is `{name}`."),
    "scroll": ("I read on.", "The rest is further down.", "Let me see what follows."),
    "edit": ("This line is wrong; I correct it.", "Here is the mistake, and this is the fix.",
             "That explains the symptom. I fix it."),
    "verify": ("Does the example give the expected result now?", "I run the example again.", "Now to check the fix."),
    "tests": ("I also run the tests of this module.", "The other tests should still pass."),
    "submit": ("The example is right now, so I submit.", "Done.", "The issue is fixed; I submit."),
}  # fmt: skip


def play_expert(task: Task, checkout: Checkout, *, tier: str, seed: int = 0) -> Trajectory:
    """Play `task` in a sandbox of `tier` and say how it ended. Raises TaskError when the fix cannot be played.

    A patch that is the known fix to the byte has the verdict that let the task in; any other one is graded.
    """
    files = starting_tree(checkout, task)
    with open_sandbox(tier, checkout.root, files) as sandbox:
        steps = play(script(task, files, seed=seed), lambda action: perform(action, sandbox))
        patch = episode_patch(checkout, task, sandbox)
    proven = task.evidence is not None and task.evidence.gold_resolved and patch == task.gold_patch
    resolved = proven or grade(task, checkout, patch, tier=tier).resolved
    return Trajectory(f"{task.id}.expert", task.id, SOURCE, task.problem_statement, steps, patch, "submitted", resolved)


def play_all(
    tasks: Sequence[Task],
    checkouts: Mapping[str, Checkout],
    *,
    tier: str,
    seed: int = 0,
    workers: int = 2,
    left_out: list[str] | None = None,
) -> Iterator[Trajectory]:
    """The expert's trajectories in the order of `tasks`, played by several sandboxes at a time.

    What a task that cannot be played says goes to `left_out`; without such a list it raises TaskError.
    """

    def played(task: Task) -> Trajectory | TaskError:
        try:
            return play_expert(task, checkouts[task.repository], tier=tier, seed=seed)
        except TaskError as error:
            return error

    with ThreadPoolExecutor(workers) as pool:
        for outcome in pool.map(played, tasks):
            if isinstance(outcome, Trajectory):
                yield outcome
            elif left_out is None:
                raise outcome
            else:
                left_out.append(str(outcome))


def play(moves: Script, do: Callable[[Action], str]) -> tuple[Step, ...]:
    """Carry out a script: `do` performs each action, and its observation goes back into the script."""
    steps: list[Step] = []
    observation = None
    while True:
        try:
            thought, action = moves.send(observation) if observation is not None else next(moves)
        except StopIteration:
            return tuple(steps)
        observation = do(action)
        steps.append(Step(action, observation, thought))


def script(task: Task, files: Mapping[str, bytes], *, seed: int = 0) -> Script:
    """The expert's moves for a task that starts from `files`; it is sent the observation of each.

    The same task and seed give the same moves for the same observations.
    """
    dice = random.Random(f"{task.id}:{seed}")
    try:
        fixed = apply_patch(files, task.gold_patch)
    except ValueError as error:
        raise TaskError(f"task {task.id}: its fix does not apply: {error}") from error
    changed = [path for path in sorted({*files, *fixed}) if files.get(path) != fixed.get(path)]
    if not changed:
        raise TaskError(f"task {task.id}: its fix changes nothing")

    def say(move: str, **words: str) -> str:
        return dice.choice(_THOUGHTS[move]).format(**words)

    issue = _Issue.read(task.problem_statement)
    if issue.snippet:
        yield say("reproduce"), Shell(python_command(issue.snippet))
    for number, path in enumerate(changed):
        if path not in fixed:
            yield say("edit"), Shell(f"rm {shlex.quote(path)}")
            continue
        text, after = (tree.get(path, b"").decode("utf-8", "replace") for tree in (files, fixed))
        if path not in files:
            yield say("edit"), Create(path, after)
            continue
        name = issue.name if number == 0 else None
        for first, last, _ in _blocks(text, after):
            yield from _read_up_to(say, files, path, (first, last), name)
            name = None
        while text != after:
            edit = smallest_edit(path, text, after)
            yield say("edit"), edit
            text = text.replace(edit.old, edit.new)
    if issue.snippet:
        yield say("verify"), Shell(python_command(issue.snippet))
    tests = _visible_tests(files, changed)
    if tests and dice.random() < TESTS_RUN:
        yield say("tests"), Shell(f"python -m pytest -qq {tests[0]}")
    yield say("submit"), Submit()


def python_command(snippet: str) -> str:
    """A shell command that runs a few lines of Python; the quote is the one that leaves them as they are."""
    if not re.search(r'["$`\\]', snippet):
        return f'python -c "{snippet}"'
    if "'" not in snippet:
        return f"python -c '{snippet}'"
    return f"python -c {shlex.quote(snippet)}"


def smallest_edit(path: str, before: str, after: str) -> Edit:
    """The first difference as an edit of whole lines: the fewest that hold it and occur once in `before`."""
    first, last, replacement = _blocks(before, after)[0]
    lines = before.split("\n")
    for size in range(max(last - first, 1), len(lines) + 1):
        for above in range(size - (last - first) + 1):
            start = first - above
            if start < 0 or start + size > len(lines):
                continue
            old = "\n".join(lines[start : start + size])
            new = "\n".join([*lines[start:first], *replacement, *lines[last : start + size]])
            if before.count(old) == 1 and old.strip() and old != new:
                return Edit(path, old, new)
    raise TaskError(f"{path}: no run of whole lines makes the fix's place unique")


@dataclass(frozen=True)
class _Issue:
    """What an issue names: the function or class it is about, and its example."""

    name: str | None
    snippet: str

    @classmethod
    def read(cls, statement: str) -> "_Issue":
        name = re.search(r"`([A-Za-z_][\w.]*)(?:\([^`]*\))?`", statement)
        snippet = re.search(r"```(?:python|py)?\n(.*?)\n```", statement, re.DOTALL)
        return cls(name.group(1) if name else None, snippet.group(1).strip("\n") if snippet else "")


def _blocks(before: str, after: str) -> list[tuple[int, int, list[str]]]:
    """The differing runs of lines: first and past-last line in `before` (0-based), and the lines that replace them."""
    old, new = before.split("\n"), after.split("\n")
    merged: list[tuple[int, int, int, int]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if merged and i1 - merged[-1][1] <= 2:  # one edit for changes that almost touch
            i1, _, j1, _ = merged.pop()
        merged.append((i1, i2, j1, j2))
    return [(i1, i2, new[j1:j2]) for i1, i2, j1, j2 in merged]


def _read_up_to(
    say: Callable[..., str], files: Mapping[str, bytes], path: str, block: tuple[int, int], name: str | None
) -> Script:
    """Search and view until the lines of `block` (0-based, end exclusive) of `path` have been shown."""
    text = files[path].decode("utf-8", "replace")
    first = min(block[0], text.rstrip("\n").count("\n"))  # what is missing at the very end is seen from the last line
    wanted = set(range(first + 1, max(block[1], first + 1) + 1))
    shown: set[int] = set()
    places = [*defined(files, name, path)[:1], *enclosing(path, text, first + 1)]
    for number, place in enumerate(places):
        if wanted <= shown or (place.path == path and place.line in shown):
            break
        where = path if "__" in place.text else "."
        results = yield say("deeper" if number else "search", name=place.text.split()[-1]), Search(place.text, where)
        if re.search(rf"^{re.escape(place.path)}:{place.line}: ", results, re.MULTILINE):
            seen = yield say("view", path=place.path), View(place.path, start=place.line)
            shown |= _lines_of(seen) if place.path == path else set()
    while not wanted <= shown:
        above = [line for line in shown if line < min(wanted)]
        seen = yield say("scroll"), View(path, start=max(above) if above else None)
        if _lines_of(seen) <= shown:
            raise TaskError(f"{path}: the scripted expert finds no way to lines {sorted(wanted)}")
        shown |= _lines_of(seen)


def _lines_of(observation: str) -> set[int]:
    return {int(number) for number in re.findall(r"^(\d+)\t", observation, re.MULTILINE)}


def _visible_tests(files: Mapping[str, bytes], changed: Sequence[str]) -> list[str]:
    stems = {posixpath.splitext(posixpath.basename(path))[0].strip("_") for path in changed}
    return sorted(path for path in files if posixpath.basename(path) in {f"test_{stem}.py" for stem in stems})
