import pytest

from stockroom.states import (
    BadTransition,
    can_go,
    check,
    holds_stock,
    is_final,
    is_open,
    reachable,
    steps_between,
)


def test_can_go():
    assert can_go("draft", "confirmed")
    assert can_go("confirmed", "shipped")
    assert can_go("packed", "cancelled")
    assert not can_go("draft", "shipped")
    assert not can_go("shipped", "cancelled")
    assert not can_go("draft", "draft")


def test_check():
    assert check("draft", "confirmed") == "confirmed"
    with pytest.raises(BadTransition, match="that is draft cannot become shipped"):
        check("draft", "shipped")
    with pytest.raises(BadTransition, match="no state 'lost'"):
        check("draft", "lost")


def test_is_final():
    assert is_final("cancelled")
    assert is_final("returned")
    assert not is_final("delivered")
    assert not is_final("shipped")
    assert not is_final("draft")


def test_is_open():
    assert is_open("draft")
    assert is_open("confirmed")
    assert is_open("packed")
    assert not is_open("shipped")
    assert not is_open("cancelled")


def test_holds_stock():
    assert holds_stock("confirmed")
    assert holds_stock("packed")
    assert not holds_stock("draft")
    assert not holds_stock("shipped")


def test_reachable():
    assert reachable("packed") == ["shipped", "cancelled", "delivered", "returned"]
    assert reachable("shipped") == ["delivered", "returned"]
    assert reachable("returned") == []


def test_reachable_names_each_state_once():
    assert reachable("confirmed") == [
        "packed",
        "shipped",
        "cancelled",
        "delivered",
        "returned",
    ]


def test_steps_between():
    assert steps_between("draft", "draft") == 0
    assert steps_between("draft", "confirmed") == 1
    assert steps_between("draft", "shipped") == 2
    assert steps_between("draft", "returned") == 4


def test_no_steps_lead_back():
    assert steps_between("shipped", "draft") is None
    assert steps_between("cancelled", "returned") is None
