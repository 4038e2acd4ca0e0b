import pytest

from texttable.wrapping import (
    indent,
    justify_line,
    limit_lines,
    longest_line,
    longest_word,
    split_long_word,
    stack,
    wrap_line,
    wrap_text,
)


def test_split_long_word():
    assert split_long_word("abcdefg", 3) == ["abc", "def", "g"]
    assert split_long_word("abc", 3) == ["abc"]
    assert split_long_word("abc", 1) == ["a", "b", "c"]
    assert split_long_word("", 3) == []


def test_split_long_word_needs_a_width():
    with pytest.raises(ValueError):
        split_long_word("abc", 0)


def test_wrap_line_at_spaces():
    assert wrap_line("one two three", 7) == ["one two", "three"]
    assert wrap_line("one two three", 6) == ["one", "two", "three"]


def test_wrap_line_joins_extra_spaces():
    assert wrap_line("  one   two ", 20) == ["one two"]


def test_wrap_line_cuts_long_words():
    assert wrap_line("a keyboard b", 4) == ["a", "keyb", "oard", "b"]
    assert wrap_line("keyboards b", 4) == ["keyb", "oard", "s b"]


def test_wrap_line_of_nothing_is_one_empty_line():
    assert wrap_line("", 5) == [""]


def test_wrap_text_keeps_lines_apart():
    assert wrap_text("one two\nthree", 20) == ["one two", "three"]
    assert wrap_text("one\n\ntwo", 3) == ["one", "", "two"]


def test_limit_lines():
    assert limit_lines(["a", "b"], 2) == ["a", "b"]
    assert limit_lines(["a", "b", "c"], 2) == ["a", "..."]
    assert limit_lines(["a", "b", "c"], 1) == ["..."]
    assert limit_lines(["a"], 0) == []
    assert limit_lines(["a", "b", "c", "d"], 3, "more") == ["a", "b", "more"]


def test_longest_word():
    assert longest_word("a bcd ef") == 3
    assert longest_word("") == 0


def test_longest_line():
    assert longest_line("a b\ncdefg\nh") == 5
    assert longest_line("") == 0


def test_indent():
    assert indent("a\nb", 2) == "  a\n  b"
    assert indent("a\nb", 2, first=1) == " a\n  b"
    assert indent("a\nb\nc", 3, first=0) == "a\n   b\n   c"


def test_indent_leaves_empty_lines():
    assert indent("a\n\nb", 2) == "  a\n\n  b"


def test_justify_line():
    assert justify_line("a b c", 7) == "a  b  c"
    assert justify_line("a b c", 8) == "a   b  c"
    assert justify_line("a b", 6) == "a    b"


def test_justify_line_without_room():
    assert justify_line("one two", 7) == "one two"
    assert justify_line("one two", 3) == "one two"
    assert justify_line("one  two  six", 10) == "one two six"


def test_justify_single_word():
    assert justify_line(" one ", 9) == "one"


def test_stack():
    assert stack([["a", "b"], ["c"]]) == [["a", "c"], ["b", ""]]
    assert stack([["a"], ["b", "c", "d"]]) == [["a", "b"], ["", "c"], ["", "d"]]
    assert stack([]) == []
