import pytest

from exprcalc.nodes import Number
from exprcalc.parser import parse
from exprcalc.printer import show
from exprcalc.simplifier import derive, fold, simplify


def simple(text: str) -> str:
    return show(simplify(parse(text)))


def slope(text: str, name: str = "x") -> str:
    return show(derive(parse(text), name))


def test_fold():
    assert fold(parse("2 * 3")) == Number(6.0)
    assert fold(parse("x + 1")) == parse("x + 1")
    assert fold(parse("1 / 0")) == parse("1 / 0")


def test_constants_are_folded():
    assert simple("2 * 3 + x") == "6 + x"
    assert simple("max(2, 3) * x") == "3 * x"
    assert simple("-(2 + 3)") == "-5"


def test_sum_identities():
    assert simple("x + 0") == "x"
    assert simple("0 + x") == "x"
    assert simple("x + x") == "2 * x"
    assert simple("x + y") == "x + y"


def test_difference_identities():
    assert simple("x - 0") == "x"
    assert simple("0 - x") == "-x"
    assert simple("x - x") == "0"
    assert simple("x - y") == "x - y"


def test_product_identities():
    assert simple("x * 0") == "0"
    assert simple("0 * x") == "0"
    assert simple("1 * x") == "x"
    assert simple("x * 1") == "x"
    assert simple("x * y") == "x * y"


def test_numbers_go_first_in_products():
    assert simple("x * 3") == "3 * x"
    assert simple("3 * x") == "3 * x"


def test_quotients_and_powers():
    assert simple("x / 1") == "x"
    assert simple("x / 2") == "x / 2"
    assert simple("x ^ 0") == "1"
    assert simple("x ^ 1") == "x"
    assert simple("x ^ 2") == "x ^ 2"


def test_double_signs_vanish():
    assert simple("--x") == "x"
    assert simple("-x") == "-x"
    assert simple("---x") == "-x"
    assert simple("-(x!)") == "-x!"


def test_choices():
    assert simple("1 ? x : y") == "x"
    assert simple("2 < 1 ? x : y") == "y"
    assert simple("a ? x : x + 0") == "x"
    assert simple("a ? x : y * 1") == "a ? x : y"


def test_simplify_works_from_the_leaves():
    assert simple("(x * (2 - 1)) ^ (3 - 2) + 0 * y") == "x"
    assert simple("max(x + 0, 1 + 1)") == "max(x, 2)"


def test_derive_sums():
    assert slope("x") == "1"
    assert slope("5") == "0"
    assert slope("y") == "0"
    assert slope("x + y") == "1"
    assert slope("y - x") == "-1"
    assert slope("-x") == "-1"


def test_derive_products():
    assert slope("3 * x") == "3"
    assert slope("x * y") == "y"
    assert slope("x * x") == "2 * x"


def test_derive_powers():
    assert slope("x ^ 2") == "2 * x"
    assert slope("x ^ 3") == "3 * x ^ 2"
    assert slope("(2 * x) ^ 2") == "2 * (2 * (2 * x))"


def test_derive_quotients():
    assert slope("x / y") == "y / y ^ 2"
    assert slope("1 / x") == "-1 / x ^ 2"


def test_derive_without_a_rule():
    for text in ("abs(x)", "2 ^ x", "x!", "x % 2"):
        with pytest.raises(ValueError, match="no rule"):
            slope(text)
