"""Unit expressions: "km/h", "kg*m/s^2", "1/s"."""

from dataclasses import dataclass

from unitkit.dimension import PLAIN, Dimension, multiply, power, write_power
from unitkit.units import UnknownUnit, find_unit


@dataclass(frozen=True)
class Factor:
    """A symbol with its exponent; below the line the exponent is negative."""

    symbol: str
    exponent: int


def read_factor(text: str, sign: int) -> Factor:
    """Read "s^2" with a sign: 1 above the line, -1 below it."""
    symbol, mark, exponent = text.strip().partition("^")
    if not symbol:
        raise UnknownUnit("a unit is missing")
    if mark and not exponent.lstrip("-").isdigit():
        raise UnknownUnit(f"bad exponent in {text.strip()!r}")
    return Factor(symbol, sign * int(exponent) if mark else sign)


def read_factors(text: str) -> list[Factor]:
    """Read an expression; every "/" holds for the next symbol only."""
    factors = []
    start, sign = 0, 1
    for position, character in enumerate(text + "*"):
        if character not in "*/":
            continue
        piece = text[start:position]
        if piece.strip() != "1":
            factors.append(read_factor(piece, sign))
        start = position + 1
        sign = -1 if character == "/" else 1
    return factors


def unit_size(factors: list[Factor]) -> float:
    """The size of an expression in base units."""
    size = 1.0
    for factor in factors:
        size *= find_unit(factor.symbol).size ** factor.exponent
    return size


def unit_dimension(factors: list[Factor]) -> Dimension:
    """The dimension of an expression."""
    dimension = PLAIN
    for factor in factors:
        part = power(find_unit(factor.symbol).dimension, factor.exponent)
        dimension = multiply(dimension, part)
    return dimension


def collect(factors: list[Factor]) -> list[Factor]:
    """Join factors of the same symbol; those that cancel out vanish."""
    exponents: dict[str, int] = {}
    for factor in factors:
        before = exponents.get(factor.symbol, 0)
        exponents[factor.symbol] = before + factor.exponent
    return [Factor(symbol, total) for symbol, total in exponents.items() if total != 0]


def write_factors(factors: list[Factor]) -> str:
    """Write an expression; what is below the line comes last."""
    above = [factor for factor in factors if factor.exponent > 0]
    below = [factor for factor in factors if factor.exponent < 0]
    text = "*".join(write_power(each.symbol, each.exponent) for each in above)
    for factor in below:
        text = (text or "1") + "/" + write_power(factor.symbol, -factor.exponent)
    return text


def normal(text: str) -> str:
    """The expression with equal symbols joined: "m*m/s" becomes "m^2/s"."""
    return write_factors(collect(read_factors(text))) if text.strip() else ""


def multiply_units(first: str, second: str) -> str:
    """The expression of a product."""
    return write_factors(collect(parts(first) + parts(second)))


def divide_units(first: str, second: str) -> str:
    """The expression of a quotient."""
    turned = [Factor(each.symbol, -each.exponent) for each in parts(second)]
    return write_factors(collect(parts(first) + turned))


def power_units(text: str, exponent: int) -> str:
    """The expression of a power."""
    raised = [Factor(each.symbol, each.exponent * exponent) for each in parts(text)]
    return write_factors(collect(raised))


def parts(text: str) -> list[Factor]:
    """The factors of an expression; none where it is empty."""
    return read_factors(text) if text.strip() else []
