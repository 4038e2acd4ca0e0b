import pytest

from unitkit.dimension import (
    LENGTH,
    MASS,
    PLAIN,
    TIME,
    DimensionError,
    base_units,
    divide,
    is_plain,
    multiply,
    name,
    power,
    require_same,
    root,
    write_power,
)


def test_multiply():
    assert multiply(LENGTH, LENGTH) == (2, 0, 0, 0, 0)
    assert multiply(LENGTH, MASS) == (1, 1, 0, 0, 0)


def test_divide():
    assert divide(LENGTH, TIME) == (1, 0, -1, 0, 0)
    assert divide(MASS, MASS) == PLAIN


def test_power():
    assert power((1, 0, -1, 0, 0), 2) == (2, 0, -2, 0, 0)
    assert power(LENGTH, -1) == (-1, 0, 0, 0, 0)
    assert power(LENGTH, 0) == PLAIN


def test_root():
    assert root((2, 0, -4, 0, 0), 2) == (1, 0, -2, 0, 0)
    assert root((3, 0, 0, 0, 0), 3) == LENGTH
    with pytest.raises(DimensionError, match="volume has no root of degree 2"):
        root((3, 0, 0, 0, 0), 2)


def test_is_plain():
    assert is_plain(PLAIN)
    assert not is_plain(LENGTH)
    assert not is_plain((0, 0, 0, 0, -1))


def test_write_power():
    assert write_power("m", 1) == "m"
    assert write_power("m", 2) == "m^2"
    assert write_power("m", 0) == "m^0"


def test_base_units():
    assert base_units(LENGTH) == "m"
    assert base_units((1, 1, -2, 0, 0)) == "kg*m/s^2"
    assert base_units((0, 0, -1, 0, 0)) == "1/s"
    assert base_units((2, 0, -1, -1, 0)) == "m^2/A/s"
    assert base_units(PLAIN) == ""


def test_name():
    assert name(PLAIN) == "number"
    assert name((1, 0, -1, 0, 0)) == "speed"
    assert name((2, 1, -3, 0, 0)) == "power"
    assert name((4, 0, 0, 0, 0)) == "m^4"


def test_names_of_derived_dimensions():
    assert name((2, 0, 0, 0, 0)) == "area"
    assert name((3, 0, 0, 0, 0)) == "volume"
    assert name((1, 0, -2, 0, 0)) == "acceleration"
    assert name((1, 1, -2, 0, 0)) == "force"
    assert name((2, 1, -2, 0, 0)) == "energy"
    assert name((-1, 1, -2, 0, 0)) == "pressure"
    assert name((0, 0, -1, 0, 0)) == "frequency"


def test_base_dimensions():
    assert base_units((0, 1, 0, 0, 0)) == "kg"
    assert name((0, 1, 0, 0, 0)) == "mass"
    assert name((0, 0, 1, 0, 0)) == "time"
    assert name((0, 0, 0, 1, 0)) == "current"
    assert name((0, 0, 0, 0, 1)) == "temperature"


def test_require_same():
    require_same(LENGTH, LENGTH, "add")
    with pytest.raises(DimensionError, match="cannot add length and mass"):
        require_same(LENGTH, MASS, "add")
