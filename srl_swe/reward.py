"""How close an action comes to the expert's: 2M/T on the characters of their texts, −1 for a broken format.

The monologue is never looked at. Both actions are compared in canonical text, so that white space around parameters
earns and costs nothing, and white space inside them counts as it stands. Nothing is run, and nothing is cut: the time
of a pair grows faster than its length (about 1 ms at 1,000 characters, 40 ms at 8,000), so cap the tokens of a sample
and score big batches with `rewards`.
"""

__all__ = ["FORMAT_PENALTY", "Floors", "floors", "rewards", "similarity", "step_reward", "trl_reward"]

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from multiprocessing import get_context
from typing import Any

from cydifflib import SequenceMatcher

from srl_swe.errors import FormatError, InputError
from srl_swe.experts.action import Action, parse, parse_reply, render
from srl_swe.experts.lessons import Lesson

FORMAT_PENALTY = -1.0


def similarity(sample_text: str, expert_text: str) -> float:
    """2M/T of arXiv 2510.25992, equation 3, exactly `difflib`'s ratio with `autojunk=False`.

    The measure depends a little on the order of its arguments; the sample always comes first.
    """
    return float(SequenceMatcher(None, sample_text, expert_text, autojunk=False).ratio())


def step_reward(reply: str, expert: Action | str, *, compare: str = "action") -> float:
    """The reward of a whole reply: similarity of its action to the expert's, −1 when it is not one well-formed reply.

    `compare` "action" takes the canonical text with its markup, "values" the parameter values alone (and 0 for another
    kind of action): the markup that all actions share then earns nothing.
    """
    wanted = parse(expert) if isinstance(expert, str) else expert
    try:
        action = parse_reply(reply).action
        if compare == "action":
            return similarity(render(action), render(wanted))
    except FormatError:
        return FORMAT_PENALTY
    if compare != "values":
        raise InputError(f"compare is {compare!r}; it must be 'action' or 'values'")
    return similarity(_values(action), _values(wanted)) if type(action) is type(wanted) else 0.0


def _values(action: Action) -> str:
    return "\n".join(str(value) for field in fields(action) if (value := getattr(action, field.name)) is not None)


def rewards(pairs: Sequence[tuple[str, str]], *, compare: str = "action", workers: int = 1) -> list[float]:
    """`step_reward` of many (reply, expert's action text) pairs, on `workers` processes."""
    if workers <= 1 or len(pairs) < 2:
        return [step_reward(reply, expert, compare=compare) for reply, expert in pairs]
    # Forked children of a process that holds an engine's threads can hang; fresh ones import only this chapter
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        chunk = max(1, len(pairs) // (workers * 4))
        replies, experts = zip(*pairs, strict=True)
        return list(pool.map(partial(step_reward, compare=compare), replies, experts, chunksize=chunk))


@dataclass(frozen=True)
class Floors:
    """What doing nothing clever earns on some lessons; a step reward means nothing until it is above both."""

    constant: float  # the one action that does best when it is always given
    previous_action: float  # the expert's last action again (at a first step, the constant one)
    constant_action: str = ""


def floors(lessons: Sequence[Lesson], *, compare: str = "action", candidates: int = 16, most: int = 400) -> Floors:
    """Both floors on `lessons`, or on `most` of them at even distances.

    The constant action is the best of `candidates`: the most frequent actions and some at even distances.
    """
    if not lessons:
        raise InputError("floors need at least one lesson")
    chosen = [lessons[i * len(lessons) // min(most, len(lessons))] for i in range(min(most, len(lessons)))]
    targets = [lesson.target for lesson in chosen]
    frequent = [text for text, _ in Counter(targets).most_common(candidates // 2)]
    spread = [targets[i * len(targets) // candidates] for i in range(candidates)]

    def mean(texts: Sequence[str]) -> float:
        scored = rewards([(f"<think></think>\n{text}", target) for text, target in zip(texts, targets, strict=True)],
                         compare=compare)  # fmt: skip
        return sum(scored) / len(scored)

    constant, text = max((mean([text] * len(targets)), text) for text in sorted({*frequent, *spread}))
    previous = [render(lesson.trajectory.steps[lesson.step - 1].action) if lesson.step else text for lesson in chosen]
    return Floors(constant, mean(previous), text)


def trl_reward(completions: Sequence[Any], expert: Sequence[str], **_: Any) -> list[float]:
    """The reward in the signature of TRL's GRPOTrainer: completions (texts or chat turns) and the column `expert`."""
    replies = [turns if isinstance(turns, str) else str(turns[-1]["content"]) for turns in completions]
    return rewards(list(zip(replies, expert, strict=True)))
