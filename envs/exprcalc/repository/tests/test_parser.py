import pytest

from exprcalc.nodes import Binary, Call, Choice, Name, Number, Unary
from exprcalc.parser import parse, point_at
from exprcalc.printer import show
from exprcalc.tokens import ExprError


def column_of(text: str) -> int:
    with pytest.raises(ExprError) as caught:
        parse(text)
    return caught.value.column


def test_numbers_and_names():
    assert parse("2.5") == Number(2.5)
    assert parse("x") == Name("x")


def test_products_bind_more_than_sums():
    expected = Binary("+", Name("a"), Binary("*", Name("b"), Name("c")))
    assert parse("a + b * c") == expected
    expected = Binary("+", Binary("%", Name("a"), Name("b")), Name("c"))
    assert parse("a % b + c") == expected


def test_sums_bind_from_the_left():
    expected = Binary("-", Binary("-", Name("a"), Name("b")), Name("c"))
    assert parse("a - b - c") == expected
    assert parse("a // b / c") == parse("(a // b) / c")


def test_powers_bind_from_the_right():
    expected = Binary("^", Name("a"), Binary("^", Name("b"), Name("c")))
    assert parse("a ^ b ^ c") == expected


def test_powers_bind_more_than_products_and_signs():
    assert parse("a * b ^ c") == parse("a * (b ^ c)")
    assert parse("-a ^ 2") == Unary("-", parse("a ^ 2"))
    assert parse("2 ^ -a") == Binary("^", Number(2.0), Unary("-", Name("a")))


def test_signs():
    assert parse("-a * b") == Binary("*", Unary("-", Name("a")), Name("b"))
    assert parse("+a") == Name("a")
    assert parse("--a") == Unary("-", Unary("-", Name("a")))


def test_comparisons_bind_least():
    assert parse("a + 1 < b * 2") == parse("(a + 1) < (b * 2)")
    assert parse("a == b != c") == parse("(a == b) != c")
    assert parse("a >= b - c") == parse("a >= (b - c)")


def test_choice():
    assert parse("a ? b : c") == Choice(Name("a"), Name("b"), Name("c"))
    assert parse("a < 1 ? b : c + 1") == parse("(a < 1) ? b : (c + 1)")


def test_choices_nest_on_the_right():
    assert parse("a ? b : c ? d : e") == parse("a ? b : (c ? d : e)")


def test_factorial_binds_most():
    assert parse("a!") == Unary("!", Name("a"))
    assert parse("2 ^ a!") == parse("2 ^ (a!)")
    assert parse("-a!") == parse("-(a!)")


def test_calls():
    assert parse("f()") == Call("f", ())
    assert parse("f(a)") == Call("f", (Name("a"),))
    assert parse("f(a, b + 1)") == Call("f", (Name("a"), parse("b + 1")))


def test_columns_are_kept():
    assert parse("  a + b").column == 5
    assert parse(" max(1, 2)").column == 2
    assert parse("1 + xy").right.column == 5


def test_error_columns():
    assert column_of("2 + * 3") == 5
    assert column_of("(1 + 2") == 7
    assert column_of("1 2") == 3
    assert column_of("") == 1
    assert column_of("f(1 2)") == 5
    assert column_of("a ? b") == 6
    assert column_of("1 + 2)") == 6


def test_error_messages():
    with pytest.raises(ExprError, match="expected '\\)'"):
        parse("(1")
    with pytest.raises(ExprError, match="ends too early"):
        parse("1 +")
    with pytest.raises(ExprError, match="unexpected ','"):
        parse("1, 2")


def test_point_at():
    error = ExprError("unexpected '*'", 5)
    assert point_at("2 + * 3", error) == "2 + * 3\n    ^ unexpected '*'"
    assert point_at("*", ExprError("no", 1)) == "*\n^ no"


def test_brackets_leave_no_trace():
    assert show(parse("((a)) + (b * c)")) == "a + b * c"
