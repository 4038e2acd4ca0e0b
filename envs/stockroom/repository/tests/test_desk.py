import pytest

from stockroom.desk import Desk
from stockroom.pricing import Bundle, Tier, Voucher
from stockroom.states import BadTransition
from stockroom.stock import Move, OutOfStock, Stock

PRICES = {"bolt": 25, "nut": 100}


def desk() -> Desk:
    stock = Stock()
    stock.receive("bolt", 100)
    stock.receive("nut", 5)
    made = Desk(stock, PRICES, [Tier("bolt", 50, 10)])
    order = made.open("A1")
    order.add("bolt", 60)
    order.add("nut", 2)
    return made


def test_open_refuses_a_used_number():
    with pytest.raises(ValueError, match="order A1 exists already"):
        desk().open("A1")


def test_confirm_reserves():
    made = desk()
    made.confirm("A1", 3)
    assert made.orders["A1"].log == [(3, "confirmed")]
    assert made.stock.available("bolt") == 40
    assert made.stock.available("nut") == 3


def test_confirm_refuses_an_empty_order():
    made = desk()
    made.open("A2")
    with pytest.raises(ValueError, match="order A2 is empty"):
        made.confirm("A2")


def test_confirm_is_all_or_nothing():
    made = desk()
    made.orders["A1"].add("nut", 4)
    with pytest.raises(OutOfStock, match="order A1 lacks nut"):
        made.confirm("A1")
    assert made.stock.reserved("bolt") == 0
    assert made.orders["A1"].state == "draft"


def test_confirm_twice():
    made = desk()
    made.confirm("A1")
    with pytest.raises(BadTransition):
        made.confirm("A1")
    assert made.stock.reserved("bolt") == 60


def test_missing():
    made = desk()
    assert made.missing("A1") == {}
    made.orders["A1"].add("nut", 3)
    assert made.missing("A1") == {}
    made.orders["A1"].add("nut", 1)
    assert made.missing("A1") == {"nut": 1}
    made.orders["A1"].add("gear", 7)
    assert made.missing("A1") == {"nut": 1, "gear": 7}


def test_the_whole_way():
    made = desk()
    made.confirm("A1", 1)
    made.pack("A1", 2)
    made.ship("A1", 3)
    made.deliver("A1", 5)
    assert [day for day, _ in made.orders["A1"].log] == [1, 2, 3, 5]
    assert made.orders["A1"].state == "delivered"
    assert made.stock.on_hand("bolt") == 40
    assert made.stock.reserved("bolt") == 0


def test_the_day_is_zero_unless_given():
    made = desk()
    made.confirm("A1")
    made.pack("A1")
    made.ship("A1")
    made.deliver("A1")
    made.take_back("A1")
    assert [day for day, _ in made.orders["A1"].log] == [0, 0, 0, 0, 0]
    made.open("A2")
    made.cancel("A2")
    assert made.orders["A2"].log == [(0, "cancelled")]


def test_ship_needs_a_confirmed_order():
    made = desk()
    with pytest.raises(BadTransition):
        made.ship("A1")
    assert made.stock.on_hand("bolt") == 100


def test_cancel_releases():
    made = desk()
    made.confirm("A1")
    made.cancel("A1", 4)
    assert made.stock.available("bolt") == 100
    assert made.orders["A1"].log[-1] == (4, "cancelled")


def test_cancel_a_draft_releases_nothing():
    made = desk()
    made.open("A2").add("bolt", 10)
    made.confirm("A2")
    made.cancel("A1")
    assert made.stock.reserved("bolt") == 10


def test_take_back():
    made = desk()
    made.confirm("A1")
    made.ship("A1")
    made.deliver("A1")
    made.take_back("A1", 9)
    assert made.stock.on_hand("bolt") == 100
    assert made.stock.moves[-1] == Move("nut", 2, "return")
    assert made.orders["A1"].day_of("returned") == 9


def test_totals():
    assert desk().subtotal("A1") == 1550
    assert desk().total("A1") == 1550
    assert desk().total("A1", Voucher("TEN", rate=10)) == 1395


def test_bundles_count():
    made = Desk(Stock(), PRICES, bundles=[Bundle("nut", 2, 1)])
    made.open("A1").add("nut", 5)
    assert made.total("A1") == 300


def test_to_pay():
    made = desk()
    assert made.to_pay("A1") == 1550 + 490 + 52 * 50
    assert made.to_pay("A1", Voucher("ALL", cents=9999)) == 3090
    made.orders["A1"].add("nut", 40)
    assert made.to_pay("A1") == 5550


def test_waiting():
    made = desk()
    for number in ("B2", "B1", "B3"):
        made.open(number).add("bolt", 1)
        made.confirm(number)
    made.pack("B1")
    made.ship("B3")
    assert made.waiting() == ["B2", "B1"]
