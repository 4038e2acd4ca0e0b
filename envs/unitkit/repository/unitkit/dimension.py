"""Dimensions as exponents of length, mass, time, current and temperature."""

Dimension = tuple[int, int, int, int, int]

BASES = ("m", "kg", "s", "A", "K")
PLAIN: Dimension = (0, 0, 0, 0, 0)
LENGTH: Dimension = (1, 0, 0, 0, 0)
MASS: Dimension = (0, 1, 0, 0, 0)
TIME: Dimension = (0, 0, 1, 0, 0)
CURRENT: Dimension = (0, 0, 0, 1, 0)
TEMPERATURE: Dimension = (0, 0, 0, 0, 1)
AREA: Dimension = (2, 0, 0, 0, 0)
VOLUME: Dimension = (3, 0, 0, 0, 0)
SPEED: Dimension = (1, 0, -1, 0, 0)
ACCELERATION: Dimension = (1, 0, -2, 0, 0)
FORCE: Dimension = (1, 1, -2, 0, 0)
ENERGY: Dimension = (2, 1, -2, 0, 0)
POWER: Dimension = (2, 1, -3, 0, 0)
PRESSURE: Dimension = (-1, 1, -2, 0, 0)
FREQUENCY: Dimension = (0, 0, -1, 0, 0)

NAMES = {
    PLAIN: "number",
    LENGTH: "length",
    MASS: "mass",
    TIME: "time",
    CURRENT: "current",
    TEMPERATURE: "temperature",
    AREA: "area",
    VOLUME: "volume",
    SPEED: "speed",
    ACCELERATION: "acceleration",
    FORCE: "force",
    ENERGY: "energy",
    POWER: "power",
    PRESSURE: "pressure",
    FREQUENCY: "frequency",
}


class DimensionError(ValueError):
    """Two things that cannot be added, compared or converted."""


def multiply(first: Dimension, second: Dimension) -> Dimension:
    """The dimension of a product."""
    return tuple(a + b for a, b in zip(first, second))


def divide(first: Dimension, second: Dimension) -> Dimension:
    """The dimension of a quotient."""
    return tuple(a - b for a, b in zip(first, second))


def power(dimension: Dimension, exponent: int) -> Dimension:
    """The dimension of a power."""
    return tuple(each * exponent for each in dimension)


def root(dimension: Dimension, degree: int) -> Dimension:
    """The dimension of a root; every exponent must be divisible."""
    if any(each % degree != 0 for each in dimension):
        raise DimensionError(f"{name(dimension)} has no root of degree {degree}")
    return tuple(each // degree for each in dimension)


def is_plain(dimension: Dimension) -> bool:
    """True for numbers without a unit."""
    return all(each == 0 for each in dimension)


def write_power(symbol: str, exponent: int) -> str:
    """A symbol with its exponent, which is left out where it is one."""
    return symbol if exponent == 1 else f"{symbol}^{exponent}"


def base_units(dimension: Dimension) -> str:
    """A dimension in base units, such as "kg*m/s^2"."""
    pairs = sorted(zip(BASES, dimension))
    above = [write_power(base, each) for base, each in pairs if each > 0]
    below = [write_power(base, -each) for base, each in pairs if each < 0]
    if not above and not below:
        return ""
    text = "*".join(above) or "1"
    return "/".join([text, *below])


def name(dimension: Dimension) -> str:
    """The name of a dimension, or its base units where it has none."""
    return NAMES.get(dimension) or base_units(dimension)


def require_same(first: Dimension, second: Dimension, verb: str) -> None:
    """Refuse two different dimensions, with a sentence that names both."""
    if first != second:
        raise DimensionError(f"cannot {verb} {name(first)} and {name(second)}")
