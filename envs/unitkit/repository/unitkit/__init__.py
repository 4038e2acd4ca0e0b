"""Quantities with units."""

from unitkit.dimension import DimensionError
from unitkit.durations import format_duration, parse_duration
from unitkit.parsing import parse_quantity
from unitkit.quantity import Quantity
from unitkit.units import UnknownUnit

__all__ = [
    "DimensionError",
    "Quantity",
    "UnknownUnit",
    "format_duration",
    "parse_duration",
    "parse_quantity",
]
