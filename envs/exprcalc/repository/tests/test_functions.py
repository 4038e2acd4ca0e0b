import pytest

from exprcalc.functions import (
    FUNCTIONS,
    Function,
    choose,
    clamp,
    factorial,
    gcd,
    mean,
    median,
    root,
    round_to,
    sign,
)


def test_accepts():
    assert Function(abs, 1, 2).accepts(1)
    assert Function(abs, 1, 2).accepts(2)
    assert not Function(abs, 1, 2).accepts(0)
    assert not Function(abs, 1, 2).accepts(3)
    assert Function(max, 2, None).accepts(9)
    assert not Function(max, 2, None).accepts(1)


def test_arity():
    assert FUNCTIONS["abs"].arity() == "1"
    assert FUNCTIONS["clamp"].arity() == "3"
    assert FUNCTIONS["round"].arity() == "1 to 2"
    assert FUNCTIONS["max"].arity() == "at least 2"


def test_the_table_of_functions():
    arities = {name: item.arity() for name, item in FUNCTIONS.items()}
    assert arities["choose"] == arities["gcd"] == "2"
    assert arities["mean"] == arities["median"] == "at least 1"
    assert arities["min"] == "at least 2"
    assert arities["root"] == "1 to 2"
    assert arities["sign"] == "1"


def test_mean():
    assert mean(4) == 4
    assert mean(1, 2, 6) == 3


def test_median():
    assert median(3) == 3
    assert median(9, 1, 5) == 5
    assert median(8, 1, 2, 4) == 3
    assert median(10, 0) == 5


def test_clamp():
    assert clamp(5, 0, 10) == 5
    assert clamp(-1, 0, 10) == 0
    assert clamp(11, 0, 10) == 10


def test_sign():
    assert sign(2.5) == 1
    assert sign(-0.1) == -1
    assert sign(0) == 0


def test_gcd():
    assert gcd(12, 18) == 6
    assert gcd(18, 12) == 6
    assert gcd(7, 0) == 7
    assert gcd(-4, 6) == 2
    assert gcd(9, 28) == 1


def test_factorial():
    assert factorial(0) == 1
    assert factorial(1) == 1
    assert factorial(2) == 2
    assert factorial(5) == 120
    assert factorial(170) > 7e306


def test_factorial_refuses_other_numbers():
    for value in (-1, 2.5, 171):
        with pytest.raises(ValueError):
            factorial(value)


def test_choose():
    assert choose(5, 0) == 1
    assert choose(5, 2) == 10
    assert choose(5, 5) == 1
    assert choose(5, 6) == 0
    assert choose(5, -1) == 0
    assert choose(10, 3) == 120


def test_round_to():
    assert round_to(2.4) == 2
    assert round_to(2.5) == 3
    assert round_to(-2.5) == -3
    assert round_to(2.345, 1) == 2.3
    assert round_to(0.125, 2) == 0.13
    assert round_to(1250, -2) == 1300


def test_root():
    assert root(9) == 3
    assert root(0) == 0
    assert root(16, 4) == 2
    assert root(-8, 3) == -2
    with pytest.raises(ValueError):
        root(-4)
