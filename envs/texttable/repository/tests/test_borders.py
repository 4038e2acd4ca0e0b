import pytest

from texttable.borders import (
    ASCII,
    DOTTED,
    DOUBLE,
    PLAIN,
    SIMPLE,
    border,
    overhead,
    row,
    rule,
    title_rule,
)


def test_border_by_name():
    assert border("ascii") == ASCII
    assert border("plain") == PLAIN


def test_unknown_border_names_the_known():
    with pytest.raises(ValueError, match="ascii, dotted, double, plain, simple"):
        border("round")


def test_rule():
    assert rule(ASCII, [2, 3]) == "+----+-----+"
    assert rule(DOUBLE, [1]) == "+===+"
    assert rule(DOTTED, [1, 1]) == ":...:...:"


def test_rule_without_outer_border():
    assert rule(SIMPLE, [2, 3]) == "--- ----"
    assert rule(PLAIN, [2, 3]) == ""


def test_rule_with_padding():
    assert rule(ASCII, [2], padding=0) == "+--+"
    assert rule(ASCII, [2], padding=2) == "+------+"


def test_row():
    assert row(ASCII, ["ab", "c"]) == "| ab | c |"
    assert row(ASCII, ["ab", "c"], padding=0) == "|ab|c|"
    assert row(ASCII, ["ab"], padding=2) == "|  ab  |"


def test_row_without_outer_border_has_no_trailing_space():
    assert row(SIMPLE, ["ab", "c  "]) == "ab   c"
    assert row(PLAIN, ["ab", ""]) == "ab"


def test_overhead():
    assert overhead(ASCII, 1) == 4
    assert overhead(ASCII, 3) == 10
    assert overhead(ASCII, 0) == 0
    assert overhead(ASCII, 2, padding=0) == 3


def test_overhead_without_outer_border():
    assert overhead(SIMPLE, 1) == 0
    assert overhead(SIMPLE, 3) == 6
    assert overhead(PLAIN, 2, padding=2) == 5


def test_overhead_is_what_a_row_adds():
    cells = ["ab", "cde", "f"]
    assert len(row(ASCII, cells)) == 6 + overhead(ASCII, 3)
    assert len(row(SIMPLE, cells)) == 6 + overhead(SIMPLE, 3)


def test_title_rule():
    assert title_rule(ASCII, [10], "parts") == "+- parts ----+"


def test_title_rule_needs_room():
    assert title_rule(ASCII, [7], "parts") == "+- parts -+"
    assert title_rule(ASCII, [6], "parts") == "+--------+"
