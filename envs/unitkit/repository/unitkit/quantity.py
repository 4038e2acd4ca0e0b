"""A number with a unit, and calculating with it."""

from unitkit.compound import (
    divide_units,
    multiply_units,
    normal,
    parts,
    power_units,
    unit_dimension,
    unit_size,
)
from unitkit.dimension import Dimension, DimensionError, name, require_same

TOLERANCE = 1e-9


class Quantity:
    """A value in a unit such as "km/h"; an empty unit is a plain number."""

    def __init__(self, value: float, unit: str = "") -> None:
        self.value = value
        self.unit = normal(unit)
        self.dimension: Dimension = unit_dimension(parts(self.unit))

    def __repr__(self) -> str:
        return f"Quantity({self.value:.6g}, {self.unit!r})"

    def __str__(self) -> str:
        return f"{self.value:.6g} {self.unit}".strip()

    def base(self) -> float:
        """The value in base units."""
        return self.value * unit_size(parts(self.unit))

    def kind(self) -> str:
        """The name of the dimension, such as "speed"."""
        return name(self.dimension)

    def to(self, unit: str) -> "Quantity":
        """The same quantity in another unit of the same dimension."""
        factors = parts(unit)
        require_same(self.dimension, unit_dimension(factors), "convert")
        return Quantity(self.base() / unit_size(factors), unit)

    def __add__(self, other: "Quantity") -> "Quantity":
        require_same(self.dimension, other.dimension, "add")
        return Quantity(self.value + other.to(self.unit).value, self.unit)

    def __sub__(self, other: "Quantity") -> "Quantity":
        require_same(self.dimension, other.dimension, "subtract")
        return Quantity(self.value - other.to(self.unit).value, self.unit)

    def __neg__(self) -> "Quantity":
        return Quantity(-self.value, self.unit)

    def __abs__(self) -> "Quantity":
        return Quantity(abs(self.value), self.unit)

    def __mul__(self, other: "Quantity | float") -> "Quantity":
        if not isinstance(other, Quantity):
            return Quantity(self.value * other, self.unit)
        unit = multiply_units(self.unit, other.unit)
        return Quantity(self.value * other.value, unit)

    def __truediv__(self, other: "Quantity | float") -> "Quantity":
        if not isinstance(other, Quantity):
            return Quantity(self.value / other, self.unit)
        unit = divide_units(self.unit, other.unit)
        return Quantity(self.value / other.value, unit)

    def __pow__(self, exponent: int) -> "Quantity":
        return Quantity(self.value**exponent, power_units(self.unit, exponent))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity) or self.dimension != other.dimension:
            return False
        return close(self.base(), other.base())

    def __lt__(self, other: "Quantity") -> bool:
        require_same(self.dimension, other.dimension, "compare")
        return self.base() < other.base() and self != other

    def __le__(self, other: "Quantity") -> bool:
        return self < other or self == other


def close(first: float, second: float) -> bool:
    """True where two numbers differ by rounding only."""
    return abs(first - second) <= TOLERANCE * max(abs(first), abs(second))


def total(quantities: list[Quantity], unit: str) -> Quantity:
    """The sum in a unit."""
    result = Quantity(0.0, unit)
    for quantity in quantities:
        result = result + quantity
    return result


def mean(quantities: list[Quantity], unit: str) -> Quantity:
    """The mean in a unit."""
    if not quantities:
        raise ValueError("the mean of nothing is not defined")
    return total(quantities, unit) / len(quantities)


def ratio(first: Quantity, second: Quantity) -> float:
    """How often the second goes into the first."""
    require_same(first.dimension, second.dimension, "compare")
    if second.value == 0:
        raise DimensionError("nothing goes into zero")
    return first.base() / second.base()


def largest(quantities: list[Quantity]) -> Quantity:
    """The largest quantity, the first of equals."""
    best = quantities[0]
    for quantity in quantities[1:]:
        if best < quantity:
            best = quantity
    return best


def steps(start: Quantity, stop: Quantity, count: int) -> list[Quantity]:
    """Evenly spaced quantities from start to stop, both included."""
    if count < 2:
        raise ValueError("count must be at least 2")
    gap = (stop - start) / (count - 1)
    return [start + gap * number for number in range(count)]
