"""The functions and constants that expressions may use."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """A function with the least and the most arguments it takes."""

    call: Callable[..., float]
    least: int
    most: int | None

    def accepts(self, count: int) -> bool:
        """True where it may be called with so many arguments."""
        return count >= self.least and (self.most is None or count <= self.most)

    def arity(self) -> str:
        """How many arguments it takes, in words."""
        if self.most is None:
            return f"at least {self.least}"
        if self.least == self.most:
            return str(self.least)
        return f"{self.least} to {self.most}"


def mean(*values: float) -> float:
    """The sum divided by the count."""
    return sum(values) / len(values)


def median(*values: float) -> float:
    """The middle value; the mean of the two middle ones of an even count."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def clamp(value: float, low: float, high: float) -> float:
    """The value, but not below low nor above high."""
    if value < low:
        return low
    if value > high:
        return high
    return value


def sign(value: float) -> float:
    """1, 0 or -1."""
    if value > 0:
        return 1.0
    if value < 0:
        return -1.0
    return 0.0


def gcd(first: float, second: float) -> float:
    """The greatest common divisor of two whole numbers."""
    while second:
        first, second = second, first % second
    return abs(first)


def factorial(value: float) -> float:
    """1 * 2 * ... * value, for whole numbers from 0 to 170."""
    if value < 0 or value != int(value) or value > 170:
        raise ValueError("needs a whole number from 0 to 170")
    result = 1.0
    for factor in range(2, int(value) + 1):
        result *= factor
    return result


def choose(total: float, count: float) -> float:
    """In how many ways count things can be taken out of total."""
    if count < 0 or count > total:
        return 0.0
    result = 1
    for step in range(1, int(count) + 1):
        result = result * (int(total) - step + 1) // step
    return float(result)


def round_to(value: float, digits: float = 0) -> float:
    """Round half away from zero."""
    scale = 10 ** int(digits)
    return sign(value) * math.floor(abs(value) * scale + 0.5) / scale


def root(value: float, degree: float = 2) -> float:
    """The real root of a degree; odd roots of negative numbers exist."""
    if value < 0:
        if degree % 2 != 1:
            raise ValueError("no real root of a negative number")
        return -(abs(value) ** (1 / degree))
    return value ** (1 / degree)


CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}

FUNCTIONS = {
    "abs": Function(abs, 1, 1),
    "choose": Function(choose, 2, 2),
    "clamp": Function(clamp, 3, 3),
    "gcd": Function(gcd, 2, 2),
    "max": Function(max, 2, None),
    "mean": Function(mean, 1, None),
    "median": Function(median, 1, None),
    "min": Function(min, 2, None),
    "root": Function(root, 1, 2),
    "round": Function(round_to, 1, 2),
    "sign": Function(sign, 1, 1),
}
