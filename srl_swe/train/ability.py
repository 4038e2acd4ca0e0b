"""What a base model can do when it is led to the edit: the careful agent plays up to the edit, the model goes on.

Measured: replies that are one well-formed action, edits whose old text stands in what was viewed, and edits that
make the file right. It plays no episode and needs no sandbox; observations are made in memory.
"""

__all__ = ["Ability", "Prefix", "measure", "prefixes", "trajectory_prefixes"]

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from srl_swe.errors import FormatError
from srl_swe.experts.action import Action, Edit, parse_reply, render_reply
from srl_swe.experts.trajectory import Trajectory
from srl_swe.policy.chat import ChatFormat
from srl_swe.policy.policy import Policy
from srl_swe.train.players import episode
from srl_swe.train.practice import Exercise

MAX_TOKENS = 160


@dataclass(frozen=True)
class Prefix:
    """A conversation up to the edit, and the edit that the careful agent made there."""

    token_ids: tuple[int, ...]
    seen: str  # all observations so far
    edit: Edit


@dataclass(frozen=True)
class Ability:
    """Shares of greedy replies, and of prefixes that at least one of several samples got right."""

    prefixes: int
    well_formed: float
    edits: float
    verbatim: float  # of the edits: their old text stands in a viewed run of lines
    right_place: float  # of all: the old text touches the line of the bug
    right: float  # of all: the same change of the same file
    right_of_samples: float  # of all: the same, for at least one of the samples


def prefixes(chat: ChatFormat, found: Iterable[Exercise], dice: random.Random, *, count: int) -> Iterator[Prefix]:
    """Careful prefixes of the first `count` exercises that have one."""
    for exercise in found:
        turns = episode(exercise, "careful", dice)
        rounds = [(parse_reply(reply).action, seen) for reply, seen in turns.replies] if turns else []
        prefix = _prefix(chat, exercise.issue, rounds)
        if prefix is not None:
            yield prefix
            count -= 1
        if count <= 0:
            return


def trajectory_prefixes(chat: ChatFormat, trajectories: Iterable[Trajectory]) -> Iterator[Prefix]:
    """The same for recorded trajectories, whoever played them."""
    for trajectory in trajectories:
        rounds = [(step.action, step.observation) for step in trajectory.steps]
        prefix = _prefix(chat, trajectory.problem_statement, rounds)
        if prefix is not None:
            yield prefix


def _prefix(chat: ChatFormat, issue: str, rounds: Sequence[tuple[Action, str]]) -> Prefix | None:
    talk, seen = chat.start(issue), ""
    for action, observation in rounds:
        if isinstance(action, Edit):
            return Prefix(talk.token_ids, seen, action)
        reply = chat.reply(talk, [*chat.encode(render_reply(action)), chat.stop_id])
        talk, seen = chat.observe(reply, observation), f"{seen}{observation}\n"
    return None


def measure(policy: Policy, cases: Sequence[Prefix], *, samples: int = 8, seed: int = 0) -> Ability:
    """Greedy once, and `samples` times at temperature 1, for every prefix."""
    prompts = [case.token_ids for case in cases]
    greedy = policy.sample(prompts, max_tokens=MAX_TOKENS, temperature=0.0, seed=seed)
    judged = [_judge(case, group[0].text) for case, group in zip(cases, greedy, strict=True)]
    drawn = policy.sample(prompts, group_size=samples, max_tokens=MAX_TOKENS, seed=seed) if samples else []
    hits = sum(any(_judge(case, one.text)[4] for one in group) for case, group in zip(cases, drawn, strict=False))
    sums = [sum(row[index] for row in judged) for index in range(5)]
    total = max(len(cases), 1)
    return Ability(
        len(cases), sums[0] / total, sums[1] / total, sums[2] / max(sums[1], 1), sums[3] / total, sums[4] / total,
        hits / total,
    )  # fmt: skip


def _judge(case: Prefix, text: str) -> tuple[bool, bool, bool, bool, bool]:
    """Well-formed, an edit, its old text seen, at the right place, right."""
    try:
        action = parse_reply(text).action
    except FormatError:
        return False, False, False, False, False
    if not isinstance(action, Edit):
        return True, False, False, False, False
    shown = re.sub(r"(?m)^\d+\t", "", case.seen)
    place = bool(set(action.old.split("\n")) & set(case.edit.old.split("\n")))
    right = action.path == case.edit.path and _change(action) == _change(case.edit)
    return True, True, action.old in shown, place, right


def _change(edit: Edit) -> tuple[list[str], list[str]]:
    """The lines that an edit takes away and puts in, without those that it leaves as they are."""
    old, new = edit.old.split("\n"), edit.new.split("\n")
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return old, new
