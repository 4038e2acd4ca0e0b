import pytest

from texttable.columns import (
    Column,
    column_index,
    fit_widths,
    format_column,
    natural_widths,
    parse_column,
    stretch_widths,
)


def test_parse_a_title_alone():
    assert parse_column("name") == Column("name", "<", None, None)


def test_parse_alignment():
    assert parse_column("qty:>") == Column("qty", ">")
    assert parse_column("qty:^") == Column("qty", "^")
    assert parse_column("qty:<") == Column("qty", "<")


def test_parse_width_and_decimals():
    assert parse_column("price:>10.2") == Column("price", ">", 10, 2)
    assert parse_column("price:8") == Column("price", "<", 8)
    assert parse_column("price:.3") == Column("price", "<", None, 3)
    assert parse_column("price:1") == Column("price", "<", 1)
    assert parse_column("price:5.0") == Column("price", "<", 5, 0)


def test_parse_keeps_an_empty_spec():
    assert parse_column("name:") == Column("name")


def test_parse_refuses_bad_specs():
    for spec in ("a:x", "a:>5.", "a:0", "a:5.x", "a:>>5"):
        with pytest.raises(ValueError):
            parse_column(spec)


def test_format_column():
    assert format_column(Column("name")) == "name"
    assert format_column(Column("price", ">", 10, 2)) == "price:>10.2"
    assert format_column(Column("price", "^")) == "price:^"
    assert format_column(Column("price", "<", 4)) == "price:4"
    assert format_column(Column("price", "<", None, 0)) == "price:.0"


def test_natural_widths():
    columns = [Column("id"), Column("name"), Column("note", width=6)]
    rows = [["1", "bolt", "a long note"], ["1000", "nut", ""]]
    assert natural_widths(columns, rows) == [4, 4, 6]
    assert natural_widths(columns, []) == [2, 4, 6]


def test_natural_width_counts_the_longest_line():
    assert natural_widths([Column("a")], [["one\nthree\nto"]]) == [5]


def test_fit_widths_takes_from_the_widest():
    assert fit_widths([10, 5], 12) == [7, 5]
    assert fit_widths([6, 6], 10) == [5, 5]
    assert fit_widths([6, 6], 11) == [5, 6]


def test_fit_widths_leaves_what_fits():
    assert fit_widths([10, 5], 15) == [10, 5]
    assert fit_widths([10, 5], 30) == [10, 5]


def test_fit_widths_stops_at_the_least():
    assert fit_widths([10, 5], 2) == [3, 3]
    assert fit_widths([4, 2], 1, least=2) == [2, 2]


def test_stretch_widths():
    assert stretch_widths([2, 3], 9) == [4, 5]
    assert stretch_widths([2, 3], 8) == [4, 4]
    assert stretch_widths([1, 1, 1], 8) == [3, 3, 2]


def test_stretch_widths_never_shrinks():
    assert stretch_widths([5, 5], 10) == [5, 5]
    assert stretch_widths([5, 5], 3) == [5, 5]
    assert stretch_widths([], 10) == []


def test_column_index():
    columns = [Column("a"), Column("b"), Column("c")]
    assert column_index(columns, "a") == 0
    assert column_index(columns, "c") == 2


def test_column_index_of_an_unknown_title():
    with pytest.raises(KeyError):
        column_index([Column("a")], "z")
