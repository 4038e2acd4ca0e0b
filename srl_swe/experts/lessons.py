"""Lessons: one expert step each, as a prompt with a target action.

N steps give N−1 lessons (arXiv 2510.25992, section 3: the last step is never a target). A submission before the end is
never one; the last one is where all N steps are kept. The prompt is the issue and the expert's earlier rounds of action
and observation, thoughts taken out. A lesson refers to its trajectory and holds no text of its own; what becomes of the
text as tokens is the trainer's business.
"""

__all__ = ["Lesson", "Turn", "chat_rows", "lessons", "prompt_of", "prompt_text", "split_by_trajectory"]

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from srl_swe.errors import InputError
from srl_swe.experts.action import Action, Submit, render, render_reply
from srl_swe.experts.trajectory import Trajectory


class Turn(NamedTuple):
    """One turn of a prompt. `role` is "user" (the issue, an observation) or "assistant" (an expert's action)."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """Predict the action of step `step` (0-based) from the issue and the rounds `first` … `step − 1`."""

    trajectory: Trajectory
    step: int
    first: int = 0

    @property
    def action(self) -> Action:
        """The target: what the expert did."""
        return self.trajectory.steps[self.step].action

    @property
    def target(self) -> str:
        """The target's canonical text, which a reply is compared with."""
        return render(self.action)


def lessons(
    trajectories: Iterable[Trajectory],
    *,
    context_rounds: int | None = None,
    length: Callable[[str], int] = len,
    length_budget: int | None = None,
    block: int = 4,
    keep_last: bool = False,
    resolved_only: bool = False,
    max_steps: int | None = None,
    max_action_chars: int | None = None,
    left_out: Counter[str] | None = None,
) -> list[Lesson]:
    """The lessons of `trajectories`, in their order.

    `context_rounds` None shows the whole history, else that many rounds. A prompt whose texts add up to more than
    `length_budget` (by `length`, such as a token count) loses its oldest rounds, `block` of them at a time, so that the
    window's start moves seldom and neighbouring lessons share prefixes. What is not used is counted by reason in
    `left_out`.
    """
    counts: Counter[str] = Counter() if left_out is None else left_out
    result: list[Lesson] = []
    for trajectory in trajectories:
        if resolved_only and not trajectory.resolved:
            counts["trajectory is not known to be resolved"] += 1
            continue
        if max_steps is not None and len(trajectory.steps) > max_steps:
            counts[f"trajectory has more than {max_steps} steps"] += 1
            continue
        starts = _starts(trajectory, context_rounds, length, length_budget, block)
        for step, first in enumerate(starts if keep_last else starts[:-1]):
            action = trajectory.steps[step].action
            early = isinstance(action, Submit) and step < len(starts) - 1
            reason = "submission before the end" if early else _too_long(action, max_action_chars)
            if first is None:
                reason = "issue is longer than the budget"
            if reason:
                counts[reason] += 1
            else:
                result.append(Lesson(trajectory, step, first or 0))
        if not keep_last and starts:
            counts["last step of its trajectory"] += 1
    return result


def _too_long(action: Action, max_action_chars: int | None) -> str:
    if max_action_chars is not None and len(render(action)) > max_action_chars:
        return f"action is longer than {max_action_chars} characters"
    return ""


def _starts(
    trajectory: Trajectory, rounds: int | None, length: Callable[[str], int], budget: int | None, block: int
) -> list[int | None]:
    """The first round that each step's prompt shows; None where even the issue alone is beyond the budget."""
    steps = range(len(trajectory.steps))
    starts: list[int | None] = [0 if rounds is None else max(0, step - rounds) for step in steps]
    if budget is None:
        return starts
    issue = length(trajectory.problem_statement)
    if issue > budget:
        return [None for _ in steps]
    sizes = (length(_reply(trajectory, k)) + length(trajectory.steps[k].observation) for k in steps)
    before = [0, *accumulate(sizes)]
    window = 0
    for step in steps:
        start = max(window, starts[step] or 0)
        if issue + before[step] - before[start] > budget:
            fits = bisect_left(before, issue + before[step] - budget)
            start = window = min(step, max(fits, window + block))
        starts[step] = start
    return starts


def _reply(trajectory: Trajectory, step: int) -> str:
    return render_reply(trajectory.steps[step].action)


def prompt_of(lesson: Lesson) -> list[Turn]:
    """The prompt as turns: the issue, then the shown rounds, each action with an empty think block."""
    turns = [Turn("user", lesson.trajectory.problem_statement)]
    for step in range(lesson.first, lesson.step):
        turns.append(Turn("assistant", _reply(lesson.trajectory, step)))
        turns.append(Turn("user", lesson.trajectory.steps[step].observation))
    return turns


def prompt_text(lesson: Lesson) -> str:
    """The prompt as one plain text, for people and for text environments."""
    return "\n\n".join(turn.text for turn in prompt_of(lesson))


def split_by_trajectory(
    trajectories: Sequence[Trajectory], holdout: int, seed: int = 0
) -> tuple[list[Trajectory], list[Trajectory]]:
    """Training and validation trajectories. All trajectories of one task fall on the same side.

    `holdout` counts trajectories; whole tasks are drawn until at least as many are held out. Raises InputError when
    nothing would be left to train on.
    """
    tasks = sorted({trajectory.task for trajectory in trajectories})
    random.Random(seed).shuffle(tasks)
    sizes = Counter(trajectory.task for trajectory in trajectories)
    held: set[str] = set()
    for task in tasks:
        if sum(sizes[name] for name in held) >= holdout:
            break
        held.add(task)
    if held and len(held) == len(tasks):
        raise InputError(f"holding out {holdout} of {len(trajectories)} trajectories leaves none to train on")
    train = [trajectory for trajectory in trajectories if trajectory.task not in held]
    return train, [trajectory for trajectory in trajectories if trajectory.task in held]


def chat_rows(taught: Iterable[Lesson]) -> Iterator[dict[str, object]]:
    """Lessons as prompt-completion rows of chat turns, as TRL reads them; the column `expert` is for `trl_reward`."""
    for lesson in taught:
        yield {
            "prompt": [{"role": turn.role, "content": turn.text} for turn in prompt_of(lesson)],
            "completion": [{"role": "assistant", "content": render_reply(lesson.action)}],
            "expert": lesson.target,
            "trajectory": lesson.trajectory.id,
            "step": lesson.step,
        }
