import pytest

from unitkit.parsing import (
    belongs,
    parse_conversion,
    parse_fraction,
    parse_mixed,
    parse_number,
    parse_quantity,
    parse_range,
    parse_sum,
    split_number,
)


def test_split_number():
    assert split_number("3.5 km/h") == ("3.5", "km/h")
    assert split_number("3.5km/h") == ("3.5", "km/h")
    assert split_number(" 12 ") == ("12", "")
    assert split_number("m") == ("", "m")


def test_split_number_with_fractions():
    assert split_number("1 1/2 in") == ("1 1/2", "in")
    assert split_number("2½ h") == ("2½", "h")
    assert split_number("2 ½ h") == ("2 ½", "h")
    assert split_number("3/s") == ("3", "/s")


def test_split_number_with_exponents():
    assert split_number("2e3 m") == ("2e3", "m")
    assert split_number("2E-3m") == ("2E-3", "m")
    assert split_number("2 em") == ("2", "em")
    assert split_number("e5") == ("", "e5")


def test_belongs():
    assert belongs("1e5", 1)
    assert not belongs("1em", 1)
    assert not belongs("ae5", 1)
    assert belongs("1 2", 1)
    assert not belongs("1 m", 1)
    assert not belongs("1 ", 1)


def test_parse_number():
    assert parse_number("1.5") == 1.5
    assert parse_number(" -7 ") == -7
    assert parse_number("1,200") == 1200
    assert parse_number("1_000.5") == 1000.5
    assert parse_number("6e3") == 6000


def test_parse_number_with_fractions():
    assert parse_number("3/4") == 0.75
    assert parse_number("1 1/2") == 1.5
    assert parse_number("2½") == 2.5
    assert parse_number("2 ¼") == 2.25
    assert parse_number("¾") == 0.75


def test_parse_number_refuses_words():
    for text in ("", "abc", "1/x", "1-2"):
        with pytest.raises(ValueError):
            parse_number(text)


def test_parse_fraction():
    assert parse_fraction("1/8") == 0.125
    assert parse_fraction("-3/2") == -1.5
    with pytest.raises(ValueError, match="division by zero in '1/0'"):
        parse_fraction("1/0")


def test_parse_mixed():
    assert parse_mixed("2", "3/4") == 2.75
    assert parse_mixed("-2", "3/4") == -2.75
    assert parse_mixed("0", "1/2") == 0.5


def test_parse_quantity():
    assert str(parse_quantity("3.5 km/h")) == "3.5 km/h"
    assert str(parse_quantity("12")) == "12"
    assert str(parse_quantity("1 1/2 in")) == "1.5 in"
    assert str(parse_quantity("-40 m")) == "-40 m"


def test_parse_quantity_in_words():
    assert str(parse_quantity("3 metres")) == "3 m"
    assert str(parse_quantity("6 feet")) == "6 ft"
    assert str(parse_quantity("2 bar")) == "2 bar"
    assert str(parse_quantity("50 %")) == "50 pct"


def test_parse_quantity_needs_a_number():
    with pytest.raises(ValueError, match="no number in 'km'"):
        parse_quantity("km")


def test_parse_sum():
    assert str(parse_sum("5 ft 3 in")) == "5.25 ft"
    assert str(parse_sum("1 h 30 min 36 s")) == "1.51 h"
    assert str(parse_sum("4 kg")) == "4 kg"


def test_parse_sum_needs_pairs():
    for text in ("", "5", "5 ft 3"):
        with pytest.raises(ValueError, match="not a sum"):
            parse_sum(text)


def test_parse_range():
    low, high = parse_range("2..5 km")
    assert (str(low), str(high)) == ("2 km", "5 km")
    low, high = parse_range("3 km..200 m")
    assert (str(low), str(high)) == ("200 m", "3 km")
    low, high = parse_range("1 km..1000 m")
    assert (str(low), str(high)) == ("1 km", "1000 m")
    with pytest.raises(ValueError, match="not a range"):
        parse_range("2 km")


def test_parse_conversion():
    assert str(parse_conversion("3 km in m")) == "3000 m"
    assert str(parse_conversion("36 km/h to m/s")) == "10 m/s"
    assert str(parse_conversion("24 in to ft")) == "2 ft"
    with pytest.raises(ValueError, match="not a conversion"):
        parse_conversion("3 km")
