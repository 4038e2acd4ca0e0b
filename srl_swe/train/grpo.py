"""GRPO as pure functions of numbers: advantages, the filter of dynamic sampling, the clipped objective.

Equation and section numbers are those of arXiv 2510.25992. There is no KL term: its coefficient is 0 in the paper.
Nothing here knows a model, a lesson or a sandbox.

Shapes: B prompts, G samples of each, T tokens of one sample (ragged, so a list of tensors over B*G samples).
"""

__all__ = ["Objective", "Surrogate", "advantages", "clipped_objective", "informative", "policy_loss", "spread"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def spread(rewards_BG: Floats) -> Floats:
    """The population standard deviation of each group, shape (B,): the root of Σ(r − r̄)²/G of the paper's section 4."""
    return np.asarray(rewards_BG.std(axis=-1, ddof=0))


def informative(rewards_BG: Floats, *, min_std: float) -> NDArray[np.bool_]:
    """Which groups have a gradient, shape (B,): those whose spread exceeds `min_std`.

    Equal rewards have a spread of some 1e-17 in floating point, so a `min_std` of 0 means "not all equal".
    """
    unequal = rewards_BG.max(axis=-1) > rewards_BG.min(axis=-1)
    return np.asarray(unequal & (spread(rewards_BG) > min_std))


def advantages(rewards_BG: Floats, *, std: Literal["sample", "population"] = "sample") -> Floats:
    """(r − mean)/std within each group, shape (B, G).

    The paper does not say which deviation; `sample` (n−1) is that of the trainer it used, `population` that of the
    filter. They differ by a constant factor: 0.935 at G = 8. The 1e-6 keeps a group of equals at 0.
    """
    deviation = rewards_BG.std(axis=-1, ddof=1 if std == "sample" else 0, keepdims=True)
    return np.asarray((rewards_BG - rewards_BG.mean(axis=-1, keepdims=True)) / (deviation + 1e-6))


@dataclass(frozen=True)
class Surrogate:
    """A part of the batch's loss, ready for backward, and how many of its tokens were clipped."""

    loss: torch.Tensor  # scalar; the parts of a batch add up to the batch's loss
    clipped: int
    tokens: int


def policy_loss(
    logprobs: Sequence[torch.Tensor],
    old_logprobs: Sequence[torch.Tensor],
    advantages: Sequence[float],
    *,
    clip: float,
    loss: Literal["seq-mean", "token-mean"],
    normaliser: int,
) -> Surrogate:
    """The negated clipped objective of Equation 1 over some samples of a batch.

    "seq-mean" averages each sample over its own tokens (1/|o|) and divides by `normaliser`, the number of samples in
    the whole batch; "token-mean" sums all tokens and divides by `normaliser`, the number of tokens in the whole batch.
    """
    total = torch.zeros(())
    clipped = tokens = 0
    for new_T, old_T, advantage in zip(logprobs, old_logprobs, advantages, strict=True):
        if not len(new_T):
            continue  # a prompt that filled the context got an empty answer; its mean would be 0/0
        ratio_T = torch.exp(new_T - old_T)
        bounded_T = ratio_T.clamp(1 - clip, 1 + clip)
        objective_T = torch.minimum(ratio_T * advantage, bounded_T * advantage)
        total = total.to(new_T.device) - (objective_T.mean() if loss == "seq-mean" else objective_T.sum())
        clipped += int((ratio_T * advantage > bounded_T * advantage).sum())
        tokens += len(new_T)
    return Surrogate(total / normaliser, clipped, tokens)


# The loss of some rows of a batch: their places in it, and the log-probabilities of their scored tokens
Objective = Callable[[Sequence[int], Sequence[torch.Tensor]], Surrogate]


def clipped_objective(
    old_logprobs: Sequence[Sequence[float]],
    advantages: Sequence[float],
    *,
    clip: float,
    loss: Literal["seq-mean", "token-mean"],
) -> Objective:
    """`policy_loss` of a whole batch, to be asked for part by part: the normaliser is always that of the batch."""
    normaliser = len(old_logprobs) if loss == "seq-mean" else sum(len(old_T) for old_T in old_logprobs)

    def of(part: Sequence[int], logprobs: Sequence[torch.Tensor]) -> Surrogate:
        old = [torch.tensor(old_logprobs[i], device=new.device) for i, new in zip(part, logprobs, strict=True)]
        return policy_loss(logprobs, old, [advantages[i] for i in part], clip=clip, loss=loss, normaliser=normaliser)

    return of
