from stockroom.desk import Desk
from stockroom.orders import Order
from stockroom.reports import (
    abc_classes,
    average_days,
    average_order,
    best_sellers,
    by_state,
    sold,
    stock_report,
    stock_value,
    turnover,
    was_sold,
)
from stockroom.stock import Stock


def order(number: str, state_days: dict[str, int], **amounts: int) -> Order:
    made = Order(number)
    for sku, amount in amounts.items():
        made.add(sku, amount)
    for state, day in state_days.items():
        made.go(state, day)
    return made


SENT = order("A1", {"confirmed": 1, "shipped": 3}, bolt=5, nut=2)
ARRIVED = order("A2", {"confirmed": 2, "shipped": 7, "delivered": 9}, nut=4, gear=5)
OPEN = order("A3", {"confirmed": 1}, bolt=50)
BACK = order("A4", {"confirmed": 1, "shipped": 2, "delivered": 3, "returned": 4}, nut=9)
ALL = [SENT, ARRIVED, OPEN, BACK]


def test_stock_value():
    stock = Stock()
    stock.receive("bolt", 10)
    stock.receive("nut", 3)
    assert stock_value(stock, {"bolt": 7, "nut": 50}) == 220
    assert stock_value(stock, {"bolt": 7}) == 70


def test_was_sold():
    assert [was_sold(each) for each in ALL] == [True, True, False, False]


def test_sold():
    assert sold(ALL) == {"bolt": 5, "nut": 6, "gear": 5}
    assert sold([OPEN]) == {}


def test_best_sellers():
    assert best_sellers(ALL) == ["nut", "bolt", "gear"]
    assert best_sellers(ALL, 1) == ["nut"]
    extra = order("A5", {"confirmed": 0, "shipped": 0}, axle=1)
    assert best_sellers([*ALL, extra]) == ["nut", "bolt", "gear"]


def test_turnover_and_average():
    desk = Desk(Stock(), {"bolt": 10, "nut": 100, "gear": 15})
    assert turnover(desk) == 0
    assert average_order(desk) == 0
    desk.orders = {each.number: each for each in ALL}
    assert turnover(desk) == 725
    assert average_order(desk) == 362


def test_average_of_a_single_order():
    desk = Desk(Stock(), {"bolt": 10, "nut": 100})
    desk.orders = {"A1": SENT}
    assert average_order(desk) == 250


def test_average_days():
    assert average_days(ALL, "confirmed", "shipped") == 2.7
    assert average_days(ALL, "shipped", "delivered") == 1.5
    assert average_days([OPEN], "confirmed", "shipped") is None


def test_by_state():
    assert by_state(ALL) == {
        "shipped": 1,
        "delivered": 1,
        "confirmed": 1,
        "returned": 1,
    }
    assert by_state([OPEN, OPEN]) == {"confirmed": 2}


def test_abc_classes():
    classes = abc_classes({"a": 50, "b": 30, "c": 15, "d": 5})
    assert classes == {"a": "A", "b": "A", "c": "B", "d": "C"}
    classes = abc_classes({"x": 1, "y": 79, "z": 20})
    assert classes == {"y": "A", "z": "C", "x": "C"}
    classes = abc_classes({"a": 805, "b": 150, "c": 45})
    assert classes == {"a": "B", "b": "C", "c": "C"}
    assert abc_classes({}) == {}


def test_stock_report():
    stock = Stock()
    stock.receive("nut", 120)
    stock.receive("bolt", 2)
    stock.reserve("bolt", 2)
    stock.reserve("nut", 1)
    assert stock_report(stock, {"nut": 100050}).split("\n") == [
        "bolt          0/2       0.00 !",
        "nut       119/120   1,000.50",
    ]
