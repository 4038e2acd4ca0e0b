import pytest

from unitkit.temperature import (
    convert,
    degree_days,
    describe,
    difference,
    from_kelvin,
    parse_temperature,
    to_kelvin,
    wind_chill,
)


def test_to_kelvin():
    assert to_kelvin(300, "K") == 300
    assert to_kelvin(0, "C") == 273.15
    assert to_kelvin(32, "F") == 273.15
    assert to_kelvin(9, "R") == 5


def test_to_kelvin_refuses_what_cannot_be():
    assert to_kelvin(0, "K") == 0
    assert abs(to_kelvin(-459.67, "F")) < 1e-9
    with pytest.raises(ValueError, match="-274 C is below absolute zero"):
        to_kelvin(-274, "C")
    with pytest.raises(ValueError, match="unknown scale 'X'; known are K, C, F, R"):
        to_kelvin(1, "X")


def test_from_kelvin():
    assert from_kelvin(300, "K") == 300
    assert from_kelvin(273.15, "C") == 0
    assert from_kelvin(273.15, "F") == 32
    assert from_kelvin(5, "R") == 9


def test_convert():
    assert convert(100, "C", "F") == 212
    assert convert(-40, "F", "C") == -40
    assert convert(20, "C", "K") == 293.15
    assert convert(0, "K", "R") == 0


def test_parse_temperature():
    assert parse_temperature("21.5 C") == (21.5, "C")
    assert parse_temperature("70°F") == (70.0, "F")
    assert parse_temperature("300k") == (300.0, "K")
    for text in ("", "21", "21 X"):
        with pytest.raises(ValueError, match="not a temperature"):
            parse_temperature(text)


def test_difference():
    assert difference(18, "F", "C") == 10
    assert difference(10, "C", "F") == 18
    assert difference(10, "C", "K") == 10
    assert difference(10, "R", "F") == 10


def test_wind_chill():
    assert wind_chill(0, 30) == -6.5
    assert wind_chill(-10, 20) == -17.9
    assert wind_chill(10, 4.8) != 10
    assert wind_chill(10.1, 50) == 10.1
    assert wind_chill(5, 4.7) == 5


def test_describe():
    assert describe(-1) == "freezing"
    assert describe(0) == "cold"
    assert describe(9.9) == "cold"
    assert describe(10) == "cool"
    assert describe(18) == "warm"
    assert describe(24.9) == "warm"
    assert describe(25) == "hot"


def test_degree_days():
    assert degree_days([10, 15, 20, 5]) == 15
    assert degree_days([17], base=20) == 3
    assert degree_days([]) == 0
