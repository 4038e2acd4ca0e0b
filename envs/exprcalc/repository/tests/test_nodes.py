from exprcalc.nodes import (
    Binary,
    Name,
    Number,
    Unary,
    children,
    depth,
    replace_name,
    size,
    variables,
    walk,
)
from exprcalc.parser import parse


def test_columns_play_no_part_in_equality():
    assert parse("x + 1") == parse("  x  + 1")
    assert Name("x", 3) == Name("x", 9)
    assert Name("x") != Name("y")


def test_children():
    assert children(Number(1.0)) == ()
    assert children(parse("-x")) == (Name("x"),)
    assert children(parse("x - 1")) == (Name("x"), Number(1.0))
    assert children(parse("a ? b : c")) == (Name("a"), Name("b"), Name("c"))
    assert children(parse("max(a, b)")) == (Name("a"), Name("b"))


def test_walk_goes_from_the_top():
    assert [type(node).__name__ for node in walk(parse("-x + 1"))] == [
        "Binary",
        "Unary",
        "Name",
        "Number",
    ]


def test_depth():
    assert depth(parse("x")) == 1
    assert depth(parse("x + 1")) == 2
    assert depth(parse("-(x + 1) * 2")) == 4


def test_size():
    assert size(parse("x")) == 1
    assert size(parse("x + 2 * y")) == 5
    assert size(parse("max(1, 2, 3)")) == 4


def test_variables():
    assert variables(parse("b * a + b")) == ["b", "a"]
    assert variables(parse("1 + 2")) == []


def test_replace_name():
    assert replace_name(parse("x + y"), "x", Number(2.0)) == parse("2 + y")
    assert replace_name(parse("-x"), "x", Name("y")) == Unary("-", Name("y"))
    assert replace_name(parse("a ? x : b"), "x", Name("c")) == parse("a ? c : b")
    assert replace_name(parse("max(x, 1)"), "x", Name("c")) == parse("max(c, 1)")


def test_replace_name_leaves_other_nodes():
    assert replace_name(Number(3.0), "x", Name("y")) == Number(3.0)
    expected = Binary("-", Name("a"), Name("b"))
    assert replace_name(parse("a - b"), "x", Name("y")) == expected
