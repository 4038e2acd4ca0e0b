"""The policy protocol: token ids in, token ids and log-probabilities out. Nothing is decoded and encoded again."""

__all__ = ["Policy", "Sample"]

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from srl_swe.policy.chat import ChatFormat


@dataclass(frozen=True)
class Sample:
    """One answer as the engine produced it. `token_ids` ends with the stop token when `finish` is "stop"."""

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]  # of each token under the sampling distribution, at the sampling temperature
    text: str  # decoded for parsing, without the stop token
    finish: str  # "stop" or "length"


class Policy(Protocol):
    """Something that answers prompts."""

    chat: ChatFormat

    def sample(
        self,
        prompts_B: Sequence[Sequence[int]],
        *,
        group_size: int = 1,
        max_tokens: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[Sample]]:
        """`group_size` samples for each of B prompts of token ids. Temperature 0 is greedy."""
        ...
