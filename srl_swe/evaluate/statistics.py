"""What a resolve rate is worth: Wilson's interval, pass@k, and a paired comparison of two models on the same tasks."""

__all__ = ["mcnemar", "pass_at_k", "wilson"]

from collections.abc import Sequence
from math import comb, sqrt

Z_95 = 1.959963984540054


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927). With no trials it is [0, 1]: nothing is known."""
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    spread = Z_95 * sqrt(rate * (1 - rate) / trials + Z_95**2 / (4 * trials**2))
    center = rate + Z_95**2 / (2 * trials)
    scale = 1 + Z_95**2 / trials
    return max(0.0, (center - spread) / scale), min(1.0, (center + spread) / scale)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The unbiased chance that one of k samples is right, of which `correct` of `samples` were (Chen et al. 2021)."""
    if samples - correct < k:
        return 1.0
    return 1.0 - comb(samples - correct, k) / comb(samples, k)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """The exact two-sided p-value that two models resolve the same tasks equally often."""
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    disagree = only_first + only_second
    if disagree == 0:
        return 1.0
    tail = sum(comb(disagree, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2.0 * tail / 2.0**disagree)
