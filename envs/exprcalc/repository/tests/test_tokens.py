import pytest

from exprcalc.tokens import (
    ExprError,
    Token,
    next_token,
    read_digits,
    read_name,
    read_number,
    tokenize,
)


def texts(text: str) -> list[str]:
    return [token.text for token in tokenize(text)]


def test_tokenize():
    assert tokenize("a + 12") == [
        Token("name", "a", 1),
        Token("op", "+", 3),
        Token("number", "12", 5),
        Token("end", "", 7),
    ]


def test_tokenize_without_spaces():
    assert texts("2*(x-1)") == ["2", "*", "(", "x", "-", "1", ")", ""]
    assert texts("") == [""]
    assert texts(" \t ") == [""]


def test_operators_of_two_characters():
    assert texts("a<=b//c!=d") == ["a", "<=", "b", "//", "c", "!=", "d", ""]


def test_unexpected_character():
    with pytest.raises(ExprError) as caught:
        tokenize("1 + $")
    assert caught.value.column == 5
    assert str(caught.value) == "column 5: unexpected character '$'"


def test_next_token():
    assert next_token("ab+1", 0) == Token("name", "ab", 1)
    assert next_token("ab+1", 2) == Token("op", "+", 3)
    assert next_token("ab+1", 3) == Token("number", "1", 4)
    assert next_token("_x", 0) == Token("name", "_x", 1)


def test_read_digits():
    assert read_digits("123a", 0) == 3
    assert read_digits("123", 1) == 3
    assert read_digits("abc", 0) == 0


def test_read_number():
    assert read_number("12", 0) == "12"
    assert read_number("1.5+2", 0) == "1.5"
    assert read_number(".5", 0) == ".5"
    assert read_number("3.", 0) == "3."
    assert read_number("3.+2", 0) == "3."
    assert read_number("x7", 1) == "7"


def test_read_number_with_exponent():
    assert read_number("2e3", 0) == "2e3"
    assert read_number("2E-3*x", 0) == "2E-3"
    assert read_number("1.5e+10", 0) == "1.5e+10"


def test_read_number_leaves_an_e_without_digits():
    assert read_number("2e", 0) == "2"
    assert read_number("2e+", 0) == "2"
    assert read_number("2ex", 0) == "2"


def test_a_lone_point_is_no_number():
    with pytest.raises(ExprError) as caught:
        tokenize("1 + .")
    assert caught.value.column == 5


def test_read_name():
    assert read_name("abc", 0) == "abc"
    assert read_name("x_1+y", 0) == "x_1"
    assert read_name("2*rate", 2) == "rate"
