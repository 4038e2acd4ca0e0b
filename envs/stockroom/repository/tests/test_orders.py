import pytest

from stockroom.orders import Line, Order, merge_lines
from stockroom.states import BadTransition


def order(number: str = "A1") -> Order:
    fresh = Order(number)
    fresh.add("bolt", 5)
    fresh.add("nut", 2)
    return fresh


def test_a_fresh_order():
    assert repr(Order("A1")) == "Order(A1, draft, 0 pieces)"
    assert repr(order()) == "Order(A1, draft, 7 pieces)"


def test_add():
    assert order().lines == [Line("bolt", 5), Line("nut", 2)]
    assert order().add("gear") == Line("gear", 1)


def test_adding_again_grows_the_line():
    draft = order()
    assert draft.add("bolt", 3) == Line("bolt", 8)
    assert draft.add("nut", 1) == Line("nut", 3)
    assert draft.lines == [Line("bolt", 8), Line("nut", 3)]


def test_add_needs_a_positive_amount():
    with pytest.raises(ValueError):
        order().add("bolt", 0)


def test_amount():
    assert order().amount("bolt") == 5
    assert order().amount("nut") == 2
    assert order().amount("gear") == 0


def test_remove():
    draft = order()
    assert draft.remove("bolt", 2) == 3
    assert draft.remove("nut", 2) == 0
    assert draft.lines == [Line("bolt", 3)]
    assert draft.remove("bolt") == 0
    assert draft.lines == []


def test_remove_too_many():
    draft = order()
    with pytest.raises(ValueError, match="nut: only 2 ordered"):
        draft.remove("nut", 3)
    with pytest.raises(KeyError):
        draft.remove("gear")
    assert draft.pieces() == 7


def test_only_drafts_change():
    confirmed = order()
    confirmed.go("confirmed")
    with pytest.raises(ValueError, match="order A1 is confirmed, not a draft"):
        confirmed.add("bolt")
    with pytest.raises(ValueError):
        confirmed.remove("bolt")


def test_go():
    moving = order()
    moving.go("confirmed", 3)
    moving.go("packed", 3)
    assert moving.state == "packed"
    assert moving.log == [(3, "confirmed"), (3, "packed")]


def test_go_refuses_wrong_steps_and_days():
    moving = order()
    with pytest.raises(BadTransition):
        moving.go("shipped", 1)
    moving.go("confirmed", 3)
    with pytest.raises(ValueError, match="day 2 lies before day 3"):
        moving.go("packed", 2)
    assert moving.state == "confirmed"


def test_days():
    moving = order()
    moving.go("confirmed", 2)
    moving.go("shipped", 7)
    assert moving.day_of("confirmed") == 2
    assert moving.day_of("packed") is None
    assert moving.days_between("confirmed", "shipped") == 5
    assert moving.days_between("confirmed", "delivered") is None
    assert moving.days_between("packed", "shipped") is None


def test_merge_lines():
    other = Order("A2")
    other.add("axle", 1)
    other.add("nut", 4)
    lines = merge_lines([order(), other])
    assert lines == [Line("axle", 1), Line("bolt", 5), Line("nut", 6)]
    assert merge_lines([]) == []
