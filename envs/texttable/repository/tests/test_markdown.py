import pytest

from texttable.markdown import (
    escape,
    format_markdown,
    parse_markdown,
    read_alignment,
    split_cells,
)


def test_escape():
    assert escape("a|b") == "a\\|b"
    assert escape("a\nb") == "a<br>b"


def test_split_cells():
    assert split_cells("| a | b |") == ["a", "b"]
    assert split_cells("a | b") == ["a", "b"]
    assert split_cells("| a | | c |") == ["a", "", "c"]
    assert split_cells("| | b |") == ["", "b"]


def test_split_cells_keeps_escaped_bars():
    assert split_cells("| a\\|b | c |") == ["a|b", "c"]


def test_read_alignment():
    assert read_alignment("---") == "<"
    assert read_alignment(":--") == "<"
    assert read_alignment("--:") == ">"
    assert read_alignment(":-:") == "^"


def test_read_alignment_refuses_other_marks():
    for mark in ("", ":", "-x-", "abc"):
        with pytest.raises(ValueError):
            read_alignment(mark)


def test_parse_markdown():
    text = "Parts:\n\n| name | qty |\n|---|--:|\n| bolt | 12 |\n| nut | 7 |\n\nEnd"
    titles, aligns, rows = parse_markdown(text)
    assert titles == ["name", "qty"]
    assert aligns == ["<", ">"]
    assert rows == [["bolt", "12"], ["nut", "7"]]


def test_parse_markdown_at_the_very_start_and_end():
    assert parse_markdown("a|b\n-|-") == (["a", "b"], ["<", "<"], [])


def test_parse_markdown_makes_rows_as_long_as_titles():
    rows = parse_markdown("|a|b|\n|-|-|\n|1|\n|1|2|3|\n")[2]
    assert rows == [["1", ""], ["1", "2"]]


def test_parse_markdown_without_a_table():
    with pytest.raises(ValueError, match="no table found"):
        parse_markdown("just text\n---\n")


def test_parse_markdown_with_too_few_marks():
    with pytest.raises(ValueError, match="2 titles but 1 marks"):
        parse_markdown("| a | b |\n|---|\n")


def test_format_markdown():
    text = format_markdown(["name", "n"], [["bolt", "12"], ["washer", "7"]])
    assert text.split("\n") == [
        "| name   | n   |",
        "| ------ | --- |",
        "| bolt   | 12  |",
        "| washer | 7   |",
    ]


def test_format_markdown_with_alignment():
    text = format_markdown(["left", "right", "mid"], [["a", "b", "c"]], ["<", ">", "^"])
    assert text.split("\n") == [
        "| left | right | mid |",
        "| ---- | ----: | :-: |",
        "| a    |     b |  c  |",
    ]


def test_format_markdown_escapes_bars():
    assert format_markdown(["a"], [["x|y"]]).split("\n")[2] == "| x\\|y |"


def test_round_trip():
    text = format_markdown(["a", "b"], [["x|y", "z"]], ["<", ">"])
    assert parse_markdown(text) == (["a", "b"], ["<", ">"], [["x|y", "z"]])
