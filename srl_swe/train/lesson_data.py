"""Lessons as a trainer needs them: read and split as the recipe says, and turned into token ids.

The ids of a lesson's prompt are put together turn by turn, exactly as an episode's are, so the lessons of one
trajectory share their beginnings token for token.
"""

__all__ = ["LessonData", "find", "prompt_ids", "read_lessons", "target_ids"]

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from srl_swe.bundled import bundled
from srl_swe.errors import InputError
from srl_swe.experts.action import render_reply
from srl_swe.experts.lessons import Lesson, lessons, prompt_of, split_by_trajectory
from srl_swe.experts.trajectory import Trajectory, read_trajectories
from srl_swe.policy.chat import ChatFormat
from srl_swe.recipe import Data

Length = Callable[[str], int]


@dataclass(frozen=True)
class LessonData:
    """Training lessons by trajectory, held-out lessons, and what was left out for which reason."""

    train: tuple[tuple[Lesson, ...], ...]
    held_out: tuple[Lesson, ...]
    left_out: dict[str, int]


def read_lessons(data: Data, *, seed: int, length: Length) -> LessonData:
    """The lessons that a recipe names. `length` counts the tokens of a text. Raises InputError when none are left."""
    trajectories = list(islice(_read(data.trajectories), data.max_trajectories))
    if data.resolved_only:
        trajectories = [trajectory for trajectory in trajectories if trajectory.resolved]
    if not trajectories:
        raise InputError(
            f"[data] trajectories = {list(data.trajectories)} holds no usable trajectory; import some with "
            "srl-swe data import, or set data.resolved_only=false to keep those without a verdict"
        )
    left_out: Counter[str] = Counter()
    train, held_out = split_by_trajectory(trajectories, data.holdout, seed)
    taught = _lessons(train, data, length, left_out)
    if not taught:
        raise InputError(f"no lesson is left of {len(train)} trajectories: {dict(left_out)}")
    by_trajectory = tuple(tuple(group) for _, group in groupby(taught, key=lambda lesson: id(lesson.trajectory)))
    return LessonData(by_trajectory, tuple(_lessons(held_out, data, length, Counter())), dict(left_out))


def _lessons(trajectories: Sequence[Trajectory], data: Data, length: Length, left_out: Counter[str]) -> list[Lesson]:
    return lessons(
        trajectories,
        context_rounds=data.context_rounds,
        length=length,
        length_budget=data.token_budget,
        keep_last=data.keep_last,
        max_steps=data.max_steps,
        max_action_chars=data.max_action_chars,
        left_out=left_out,
    )


def prompt_ids(lesson: Lesson, chat: ChatFormat) -> tuple[int, ...]:
    """The token ids of a lesson's prompt; they end where the reply begins."""
    issue, *rounds = prompt_of(lesson)
    conversation = chat.start(issue.text)
    for action, observation in zip(rounds[::2], rounds[1::2], strict=True):
        conversation = chat.reply(conversation, chat.encode(action.text), written=False)
        conversation = chat.observe(conversation, observation.text)
    return conversation.token_ids


def target_ids(lesson: Lesson, chat: ChatFormat) -> tuple[int, ...]:
    """The token ids of the expert's reply with an empty monologue, and the stop token."""
    return (*chat.encode(render_reply(lesson.action)), chat.stop_id)


def find(path: str) -> Path:
    """A file or folder that a recipe names: relative to the current folder, then among the bundled ones."""
    for candidate in (Path(path), bundled(path)):
        if candidate.exists():
            return candidate
    raise InputError(f"{path}: no such file or folder, neither here nor among the bundled ones")


def _read(names: Sequence[str]) -> Iterator[Trajectory]:
    for name in names:
        path = find(name)
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path}: the folder holds no .jsonl file of trajectories")
        for file in files:
            yield from read_trajectories(file)
