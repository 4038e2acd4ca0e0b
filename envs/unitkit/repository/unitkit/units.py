"""The table of units, metric prefixes, and looking a symbol up."""

from dataclasses import dataclass

from unitkit.dimension import (
    AREA,
    CURRENT,
    ENERGY,
    FORCE,
    FREQUENCY,
    LENGTH,
    MASS,
    PLAIN,
    POWER,
    PRESSURE,
    TEMPERATURE,
    TIME,
    VOLUME,
    Dimension,
)


class UnknownUnit(ValueError):
    """A symbol that no unit has."""


@dataclass(frozen=True)
class Unit:
    """A unit: its symbol, name, dimension and size in base units."""

    symbol: str
    name: str
    dimension: Dimension
    size: float
    prefixed: bool = False


PREFIXES = {
    "G": 1e9,
    "M": 1e6,
    "k": 1e3,
    "c": 1e-2,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
}

TABLE = (
    Unit("m", "metre", LENGTH, 1.0, True),
    Unit("in", "inch", LENGTH, 0.0254),
    Unit("ft", "foot", LENGTH, 0.3048),
    Unit("yd", "yard", LENGTH, 0.9144),
    Unit("mi", "mile", LENGTH, 1609.344),
    Unit("g", "gram", MASS, 0.001, True),
    Unit("t", "tonne", MASS, 1000.0),
    Unit("lb", "pound", MASS, 0.45359237),
    Unit("s", "second", TIME, 1.0, True),
    Unit("min", "minute", TIME, 60.0),
    Unit("h", "hour", TIME, 3600.0),
    Unit("d", "day", TIME, 86400.0),
    Unit("A", "ampere", CURRENT, 1.0, True),
    Unit("K", "kelvin", TEMPERATURE, 1.0),
    Unit("ha", "hectare", AREA, 10000.0),
    Unit("L", "litre", VOLUME, 0.001, True),
    Unit("Hz", "hertz", FREQUENCY, 1.0, True),
    Unit("N", "newton", FORCE, 1.0, True),
    Unit("J", "joule", ENERGY, 1.0, True),
    Unit("W", "watt", POWER, 1.0, True),
    Unit("Pa", "pascal", PRESSURE, 1.0, True),
    Unit("bar", "bar", PRESSURE, 100000.0),
    Unit("pct", "percent", PLAIN, 0.01),
)

SYMBOLS = {unit.symbol: unit for unit in TABLE}


def find_unit(symbol: str) -> Unit:
    """The unit of a symbol, with or without a prefix: "min", "km", "mL"."""
    if symbol in SYMBOLS:
        return SYMBOLS[symbol]
    factor = PREFIXES.get(symbol[:1])
    base = SYMBOLS.get(symbol[1:])
    if factor is None or base is None or not base.prefixed:
        raise UnknownUnit(f"unknown unit {symbol!r}{suggest(symbol)}")
    return Unit(symbol, base.name, base.dimension, round_size(base.size * factor))


def round_size(size: float) -> float:
    """A size without the noise of its last binary digits."""
    return float(f"{size:.12g}")


def suggest(symbol: str) -> str:
    """A hint at a symbol that differs in its case only, or nothing."""
    for known in SYMBOLS:
        if known.lower() == symbol.lower() and known != symbol:
            return f"; did you mean {known!r}?"
    return ""


def find_name(word: str) -> Unit:
    """The unit of a word such as "metre", "metres", "inches" or "feet"."""
    singular = singular_of(word)
    for unit in TABLE:
        if unit.name == singular:
            return unit
    raise UnknownUnit(f"unknown unit {word!r}")


def singular_of(word: str) -> str:
    """The singular of a unit's name."""
    if word == "feet":
        return "foot"
    if word.endswith("ches"):
        return word[:-2]
    if word.endswith("s") and len(word) > 2:
        return word[:-1]
    return word


def plural_of(name: str, count: float) -> str:
    """The name as it follows a count."""
    if count == 1 or name in ("hertz", "percent"):
        return name
    if name == "foot":
        return "feet"
    if name.endswith("ch"):
        return name + "es"
    return name + "s"


def units_of(dimension: Dimension) -> list[str]:
    """The symbols of a dimension, from the smallest unit to the largest."""
    found = [unit for unit in TABLE if unit.dimension == dimension]
    found.sort(key=lambda unit: unit.size)
    return [unit.symbol for unit in found]
