import pytest

from unitkit.dimension import LENGTH, MASS, TEMPERATURE, name
from unitkit.units import (
    Unit,
    UnknownUnit,
    find_name,
    find_unit,
    plural_of,
    round_size,
    singular_of,
    suggest,
    units_of,
)


def test_find_unit():
    assert find_unit("m").name == "metre"
    assert find_unit("h").size == 3600
    assert find_unit("lb").dimension == MASS


def test_prefixes():
    assert find_unit("km") == Unit("km", "metre", LENGTH, 1000.0)
    assert find_unit("mm").size == 0.001
    assert find_unit("kg").size == 1.0
    assert find_unit("MW").size == 1000000
    assert find_unit("mL").size == 0.000001


def test_a_unit_comes_before_a_prefix():
    assert find_unit("min").name == "minute"
    assert find_unit("ft").name == "foot"
    assert find_unit("ha").name == "hectare"


def test_unknown_units():
    for symbol in ("", "k", "x", "kmin", "xm", "kft"):
        with pytest.raises(UnknownUnit):
            find_unit(symbol)


def test_suggest():
    assert suggest("hz") == "; did you mean 'Hz'?"
    assert suggest("Hz") == ""
    assert suggest("xyz") == ""
    with pytest.raises(UnknownUnit, match="unknown unit 'LB'; did you mean 'lb'"):
        find_unit("LB")


def test_round_size():
    assert round_size(0.1 + 0.2) == 0.3
    assert round_size(1609.344) == 1609.344


def test_singular_of():
    assert singular_of("metres") == "metre"
    assert singular_of("metre") == "metre"
    assert singular_of("feet") == "foot"
    assert singular_of("inches") == "inch"
    assert singular_of("is") == "is"
    assert singular_of("gas") == "ga"


def test_find_name():
    assert find_name("metres").symbol == "m"
    assert find_name("inches").symbol == "in"
    assert find_name("hour").symbol == "h"
    with pytest.raises(UnknownUnit, match="unknown unit 'parsecs'"):
        find_name("parsecs")


def test_plural_of():
    assert plural_of("metre", 2) == "metres"
    assert plural_of("metre", 1) == "metre"
    assert plural_of("metre", 0) == "metres"
    assert plural_of("foot", 3) == "feet"
    assert plural_of("inch", 3) == "inches"
    assert plural_of("hertz", 3) == "hertz"
    assert plural_of("percent", 3) == "percent"


def test_units_of():
    assert units_of(LENGTH) == ["in", "ft", "yd", "m", "mi"]
    assert units_of(MASS) == ["g", "lb", "t"]
    assert units_of(TEMPERATURE) == ["K"]
    assert units_of((9, 0, 0, 0, 0)) == []


def test_kinds_of_units():
    assert name(find_unit("ha").dimension) == "area"
    assert name(find_unit("L").dimension) == "volume"
    assert name(find_unit("Hz").dimension) == "frequency"
    assert name(find_unit("N").dimension) == "force"
    assert name(find_unit("J").dimension) == "energy"
    assert name(find_unit("W").dimension) == "power"
    assert name(find_unit("bar").dimension) == "pressure"
    assert name(find_unit("mA").dimension) == "current"
    assert name(find_unit("pct").dimension) == "number"
