"""Quantities as text: significant digits, fitting prefixes, words."""

import math

from unitkit.quantity import Quantity, ratio
from unitkit.units import SYMBOLS, find_unit, plural_of

LADDER = (
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("", 1.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
)


def round_significant(value: float, digits: int) -> float:
    """Round to so many significant digits."""
    if digits < 1:
        raise ValueError("digits must be at least 1")
    if value == 0:
        return 0.0
    places = digits - 1 - magnitude(value)
    return round(value, places)


def magnitude(value: float) -> int:
    """The power of ten of the first digit: 2 for 345, -2 for 0.03."""
    if value == 0:
        return 0
    return math.floor(math.log10(abs(value)) + 1e-12)


def format_fixed(value: float, decimals: int) -> str:
    """Write so many decimals, with grouped thousands and no minus zero."""
    text = f"{value:,.{decimals}f}"
    if text.strip("-0.,") == "":
        return text.lstrip("-")
    return text


def trim_zeros(text: str) -> str:
    """Without zeros at the end of decimals: "1.50" becomes "1.5"."""
    if "." not in text:
        return text
    return text.rstrip("0").rstrip(".")


def scientific(value: float, digits: int = 3) -> str:
    """Write a value as "1.23e4"."""
    power = magnitude(value)
    mantissa = round_significant(value / 10**power, digits)
    if abs(mantissa) >= 10:
        mantissa, power = mantissa / 10, power + 1
    text = trim_zeros(f"{mantissa:.{digits - 1}f}")
    return f"{text}e{power}"


def best_prefix(value: float) -> str:
    """The prefix that leaves one to three digits before the point."""
    if value == 0:
        return ""
    best = LADDER[0][0]
    for prefix, factor in LADDER:
        if factor <= abs(value):
            best = prefix
    return best


def metric_base(unit: str) -> str | None:
    """A symbol without its prefix; None for units that take no prefix."""
    for symbol in (unit, unit[1:]):
        if symbol in SYMBOLS:
            return symbol if SYMBOLS[symbol].prefixed else None
    return None


def plain(value: float) -> str:
    """A value without an exponent and without zeros at its end."""
    return trim_zeros(f"{value:.9f}")


def humanize(quantity: Quantity, digits: int = 3) -> str:
    """A quantity with the prefix that suits it, where its unit takes one."""
    base = metric_base(quantity.unit)
    if base is not None:
        prefix = best_prefix(quantity.to(base).value)
        quantity = quantity.to(prefix + base)
    value = round_significant(quantity.value, digits)
    return f"{plain(value)} {quantity.unit}".strip()


def in_words(quantity: Quantity) -> str:
    """A quantity of a plain unit in words: "3 metres", "1 foot"."""
    unit = find_unit(quantity.unit)
    number = trim_zeros(format_fixed(quantity.value, 2))
    return f"{number} {plural_of(unit.name, quantity.value)}"


def feet_and_inches(quantity: Quantity) -> str:
    """A length as feet and whole inches."""
    inches = round(quantity.to("in").value)
    feet, rest = divmod(abs(inches), 12)
    sign = "-" if inches < 0 else ""
    if feet == 0:
        return f"{sign}{rest} in"
    return f"{sign}{feet} ft {rest} in" if rest else f"{sign}{feet} ft"


def percent(part: Quantity, whole: Quantity, decimals: int = 1) -> str:
    """One quantity as percent of another."""
    share = ratio(part, whole) * 100
    return trim_zeros(format_fixed(share, decimals)) + " %"


def table(quantity: Quantity, units: list[str]) -> str:
    """The same quantity in several units, a line for each."""
    width = max(len(unit) for unit in units)
    lines = []
    for unit in units:
        value = quantity.to(unit).value
        lines.append(f"{unit:<{width}} {value:>12.4f}")
    return "\n".join(lines)
