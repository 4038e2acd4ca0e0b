import pytest

from unitkit.compound import (
    Factor,
    collect,
    divide_units,
    multiply_units,
    normal,
    power_units,
    read_factor,
    read_factors,
    unit_dimension,
    unit_size,
    write_factors,
)
from unitkit.units import UnknownUnit


def test_read_factor():
    assert read_factor("m", 1) == Factor("m", 1)
    assert read_factor(" s^2 ", -1) == Factor("s", -2)
    assert read_factor("s^-2", 1) == Factor("s", -2)


def test_read_factor_refuses_other_text():
    for text in ("", "^2", "m^", "m^x"):
        with pytest.raises(UnknownUnit):
            read_factor(text, 1)


def test_read_factors():
    assert read_factors("km/h") == [Factor("km", 1), Factor("h", -1)]
    assert read_factors("kg*m/s^2") == [
        Factor("kg", 1),
        Factor("m", 1),
        Factor("s", -2),
    ]


def test_a_line_holds_for_the_next_symbol_only():
    assert read_factors("m/s*kg") == [Factor("m", 1), Factor("s", -1), Factor("kg", 1)]
    assert read_factors("m/s/s") == [Factor("m", 1), Factor("s", -1), Factor("s", -1)]


def test_one_above_the_line():
    assert read_factors("1/s") == [Factor("s", -1)]
    assert read_factors(" 1 / h") == [Factor("h", -1)]


def test_missing_units():
    for text in ("", "m*", "/s", "m//s"):
        with pytest.raises(UnknownUnit):
            read_factors(text)


def test_unit_size():
    assert unit_size([Factor("km", 1)]) == 1000
    assert unit_size([Factor("km", 2), Factor("min", -1)]) == 1000000 / 60
    assert unit_size([]) == 1


def test_unit_dimension():
    assert unit_dimension([Factor("N", 1), Factor("m", 1)]) == (2, 1, -2, 0, 0)
    assert unit_dimension([Factor("m", 1), Factor("s", -2)]) == (1, 0, -2, 0, 0)
    assert unit_dimension([]) == (0, 0, 0, 0, 0)


def test_collect():
    assert collect([Factor("m", 1), Factor("s", -1), Factor("m", 2)]) == [
        Factor("m", 3),
        Factor("s", -1),
    ]
    assert collect([Factor("m", 1), Factor("m", -1)]) == []


def test_write_factors():
    assert write_factors([Factor("s", -2), Factor("kg", 1), Factor("m", 2)]) == (
        "kg*m^2/s^2"
    )
    assert write_factors([Factor("s", -1), Factor("A", -1)]) == "1/s/A"
    assert write_factors([]) == ""


def test_normal():
    assert normal("m*m/s") == "m^2/s"
    assert normal("m/s/s") == "m/s^2"
    assert normal("h*km/h") == "km"
    assert normal("  ") == ""


def test_multiply_units():
    assert multiply_units("m", "m") == "m^2"
    assert multiply_units("km/h", "h") == "km"
    assert multiply_units("", "s") == "s"


def test_divide_units():
    assert divide_units("m", "s") == "m/s"
    assert divide_units("m", "m/s") == "s"
    assert divide_units("", "s") == "1/s"
    assert divide_units("m", "") == "m"


def test_power_units():
    assert power_units("m/s", 2) == "m^2/s^2"
    assert power_units("m", -1) == "1/m"
    assert power_units("m", 0) == ""
