"""Agents of mixed quality that play practice exercises: their episodes are what the tiny model is brought up on.

The careful agent is the scripted expert over files in memory; the others look at too little, at the wrong thing, or
change the wrong line. A repair is no episode: a piece of code and its right edit, under an opening of its own.
"""

__all__ = ["AGENTS", "Turns", "episode", "repair"]

import random
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

from srl_swe.errors import TaskError
from srl_swe.experts.action import Action, Edit, Search, Shell, Submit, View, render_reply
from srl_swe.experts.editor import viewed
from srl_swe.experts.scripted import play, python_command, script, smallest_edit
from srl_swe.tasks.patch import diff_trees
from srl_swe.tasks.task import Task
from srl_swe.train.practice import Exercise, observe

Script = Generator[tuple[str, Action], str, None]

_HEAD = re.compile(r" *def (\w+).*")
ABLE, UNDIRECTED = 3, 2  # how a reply counts in the loss: see pretrain.WEIGHTS


@dataclass(frozen=True)
class Turns:
    """A conversation: the opening, then replies with what was observed after them, and how the replies count."""

    opening: str
    replies: tuple[tuple[str, str], ...]
    grade: int


def episode(exercise: Exercise, agent: str, dice: random.Random) -> Turns | None:
    """One agent's whole play of an exercise; None where the expert's script does not fit it."""
    files = dict(exercise.files)
    try:
        steps = play(AGENTS[agent](exercise, dice), lambda action: observe(action, files))
    except TaskError:
        return None
    bare, mute = dice.random() < 0.7, dice.random() < 0.5
    replies = []
    for number, step in enumerate(steps):
        thought = "" if mute or (bare and number < len(steps) - 1) else step.thought
        replies.append((render_reply(step.action, thought), step.observation))
    return Turns(exercise.issue, tuple(replies), ABLE if agent == "careful" else UNDIRECTED)


def repair(exercise: Exercise, dice: random.Random, *, with_issue: bool) -> Turns | None:
    """The buggy code as a view, and the right edit at once."""
    source = exercise.files[exercise.path]
    edit = smallest_edit(exercise.path, source, exercise.fixed)
    last_line = exercise.line + edit.old.count("\n")
    starts = [
        number for number, line in enumerate(source.split("\n"), 1)
        if re.match(r" *(def|class) ", line) and number <= exercise.line and last_line < number + 40
    ]  # fmt: skip
    start = starts[-1] if starts and dice.random() < 0.7 else dice.choice(starts or [max(1, exercise.line - 5)])
    end = None if dice.random() < 0.25 else last_line + dice.randint(0, 12)
    shown = viewed(exercise.path, source, start, end)
    opening = f"{exercise.issue}\n\n{shown}" if with_issue else shown
    return Turns(f"Repair this code.\n\n{opening}", ((render_reply(edit), ""),), ABLE)


def _careful(exercise: Exercise, dice: random.Random) -> Script:
    before = {path: text.encode() for path, text in exercise.files.items()}
    patch = diff_trees(before, before | {exercise.path: exercise.fixed.encode()})
    seed = dice.randrange(1 << 30)
    task = Task(f"practice-{seed}", "practice", exercise.issue, patch, "", (), (), ())
    return script(task, before, seed=seed)


def _hasty(exercise: Exercise, dice: random.Random) -> Script:
    """Edits what it has not read, or nothing, and submits."""
    if dice.random() < 0.5 and exercise.snippet:
        yield "Let me run it.", Shell(python_command(exercise.snippet))
    for _ in range(dice.choice((0, 0, 1, 2))):
        name = exercise.name.split(".")[-1]
        lines = (f"    return {name}", "    return None", f"def {name}(self):", "    return 0", "        pass")
        guess = dice.choice(lines)
        path = dice.choice((exercise.path, *_sources(exercise)))
        yield "This must be it.", Edit(path, guess, guess.replace("return", "return not", 1) + "  # fixed")
    yield "That is all.", Submit()


def _wandering(exercise: Exercise, dice: random.Random) -> Script:
    """Looks around without a plan and gives up."""
    name = exercise.name.split(".")[-1]
    moves: list[tuple[str, Callable[[], Action]]] = [
        ("What is here?", lambda: Shell(dice.choice(("ls", f"ls {exercise.path.split('/')[0]}")))),
        ("I look at a folder.", lambda: View(dice.choice((".", exercise.path.split("/")[0])))),
        ("I read a file.", lambda: View(dice.choice(_sources(exercise)))),
        ("Maybe this one.", lambda: View(dice.choice(list(exercise.files)), 1, dice.choice((10, 20)))),
        ("I search.", lambda: Search(dice.choice(("import", "return", "class", "raise", name)))),
        ("I run the example.", lambda: Shell(python_command(exercise.snippet) if exercise.snippet else "ls")),
    ]  # fmt: skip
    for _ in range(dice.randint(1, 4)):
        thought, move = dice.choice(moves)
        yield thought, move()
    yield dice.choice(("I give up.", "It looks fine to me.")), Submit()


def _wrong(exercise: Exercise, dice: random.Random) -> Script:
    """Goes to the right file and changes a line that was right."""
    if dice.random() < 0.5 and exercise.snippet:
        yield "First I run it.", Shell(python_command(exercise.snippet))
    source = exercise.files[exercise.path]
    edits = [smallest_edit(exercise.path, exercise.fixed, decoy) for decoy in exercise.decoys]
    edits = [edit for edit in edits if source.count(edit.old) == 1]
    if not edits:
        yield "Nothing to do.", Submit()
        return
    edit = dice.choice(edits)
    at = source.count("\n", 0, source.index(edit.old)) + 1
    heads = [number for number, text in enumerate(source.split("\n"), 1) if _HEAD.match(text) and number <= at]
    head = heads[-1] if heads else None
    if head and dice.random() < 0.6:
        name = _HEAD.sub(r"\1", source.split("\n")[head - 1])
        yield f"Where is `{name}`?", Search(f"def {name}")
    yield "I read the code.", View(exercise.path, head if dice.random() < 0.8 else None)
    yield "This line looks odd.", edit
    if dice.random() < 0.3 and exercise.snippet:
        yield "Again.", Shell(python_command(exercise.snippet))
    yield "Done.", Submit()


def _careless(exercise: Exercise, dice: random.Random) -> Script:
    """Begins like the careful agent and submits before it has changed anything."""
    moves = _careful(exercise, dice)
    left = dice.randint(1, 3)
    observation: str | None = None
    while True:
        thought, action = moves.send(observation) if observation is not None else next(moves)
        if left == 0 or isinstance(action, Edit | Submit):
            break
        observation = yield thought, action
        left -= 1
    yield "Nothing looks wrong.", Submit()


def _sources(exercise: Exercise) -> list[str]:
    return [path for path in exercise.files if path.endswith(".py")]


AGENTS: dict[str, Callable[[Exercise, random.Random], Script]] = {
    "careful": _careful, "hasty": _hasty, "wandering": _wandering, "wrong": _wrong, "careless": _careless,
}  # fmt: skip
