import pytest

from texttable.csvtext import CsvError, format_csv, parse_csv, quote, rectangular


def test_quote_only_where_needed():
    assert quote("plain") == "plain"
    assert quote("a,b") == '"a,b"'
    assert quote('say "hi"') == '"say ""hi"""'
    assert quote("two\nlines") == '"two\nlines"'
    assert quote(" edge") == '" edge"'


def test_quote_follows_the_separator():
    assert quote("a,b", ";") == "a,b"
    assert quote("a;b", ";") == '"a;b"'


def test_format_csv():
    assert format_csv([["a", "b"], ["1", "x,y"]]) == 'a,b\n1,"x,y"\n'
    assert format_csv([["a", "b"]], ";") == "a;b\n"
    assert format_csv([]) == ""


def test_parse_csv():
    assert parse_csv("a,b\n1,2\n") == [["a", "b"], ["1", "2"]]
    assert parse_csv("a,b\n1,2") == [["a", "b"], ["1", "2"]]
    assert parse_csv("") == []


def test_parse_csv_keeps_empty_fields():
    assert parse_csv("a,,c\n") == [["a", "", "c"]]
    assert parse_csv(",a\n") == [["", "a"]]
    assert parse_csv("a,\nb,c\n") == [["a", ""], ["b", "c"]]
    assert parse_csv("a,") == [["a", ""]]


def test_parse_csv_skips_blank_lines():
    assert parse_csv("\na\n\n\nb\n") == [["a"], ["b"]]


def test_parse_quoted_fields():
    assert parse_csv('"a,b",c\n') == [["a,b", "c"]]
    assert parse_csv('"say ""hi""",2\n') == [['say "hi"', "2"]]
    assert parse_csv('"two\nlines",x\n') == [["two\nlines", "x"]]
    assert parse_csv('x,""\n') == [["x", ""]]


def test_parse_with_another_separator():
    assert parse_csv("a;b,c\n", ";") == [["a", "b,c"]]


def test_unclosed_quote_names_its_first_line():
    with pytest.raises(CsvError) as caught:
        parse_csv('a,b\nc,"d\ne\n')
    assert caught.value.line == 2
    assert str(caught.value) == "line 2: a quoted field is not closed"


def test_text_after_a_closing_quote():
    with pytest.raises(CsvError) as caught:
        parse_csv('a\n\n"b"c,d\n')
    assert caught.value.line == 3


def test_line_numbers_count_lines_inside_quotes():
    with pytest.raises(CsvError) as caught:
        parse_csv('"a\n\nb"\n"c"d')
    assert caught.value.line == 4


def test_round_trip():
    rows = [["a", 'b"c'], ["", "d,e"], ["f\ng", " h"]]
    assert parse_csv(format_csv(rows)) == rows


def test_rectangular():
    assert rectangular([["a"], ["b", "c"]]) == [["a", ""], ["b", "c"]]
    assert rectangular([["a"], ["b", "c", "d"]], "-")[0] == ["a", "-", "-"]
    assert rectangular([]) == []
