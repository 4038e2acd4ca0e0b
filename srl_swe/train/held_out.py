"""A look at the held-out lessons: how close the policy's greedy actions come to the expert's.

The step reward means nothing without its floors (`reward.floors`): an action that ignores its prompt is far above 0.
"""

__all__ = ["Look", "evenly", "look"]

from collections.abc import Sequence
from dataclasses import dataclass

from srl_swe.experts.lessons import Lesson
from srl_swe.policy.policy import Policy
from srl_swe.reward import FORMAT_PENALTY, step_reward
from srl_swe.train.lesson_data import prompt_ids

_AT_ONCE = 64  # prompts of one call to the engine


@dataclass(frozen=True)
class Look:
    """Means over the held-out lessons."""

    step_reward: float
    format_rate: float
    lessons: int


def look(policy: Policy, held_out: Sequence[Lesson], *, max_tokens: int, compare: str = "action") -> Look:
    """The mean reward of one greedy reply to each lesson, and the share of replies that were well-formed."""
    rewards: list[float] = []
    for start in range(0, len(held_out), _AT_ONCE):
        lessons_B = held_out[start : start + _AT_ONCE]
        replies_B1 = policy.sample(
            [prompt_ids(lesson, policy.chat) for lesson in lessons_B], max_tokens=max_tokens, temperature=0.0
        )
        rewards += [
            step_reward(reply.text, lesson.action, compare=compare)
            for lesson, (reply,) in zip(lessons_B, replies_B1, strict=True)
        ]
    count = max(1, len(rewards))
    return Look(sum(rewards) / count, sum(reward != FORMAT_PENALTY for reward in rewards) / count, len(rewards))


def evenly(held_out: Sequence[Lesson], most: int) -> list[Lesson]:
    """At most `most` lessons at even distances; 0 for all."""
    count = min(most or len(held_out), len(held_out))
    return [held_out[index * len(held_out) // count] for index in range(count)]
