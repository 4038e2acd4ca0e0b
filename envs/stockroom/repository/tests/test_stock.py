import pytest

from stockroom.stock import Move, OutOfStock, Stock


def shelf() -> Stock:
    stock = Stock()
    stock.receive("bolt", 10)
    stock.receive("nut", 4)
    return stock


def test_an_empty_shelf():
    assert Stock().on_hand("bolt") == 0
    assert Stock().available("bolt") == 0
    assert Stock().skus() == []


def test_receive():
    assert shelf().on_hand("bolt") == 10
    assert shelf().receive("bolt", 5) == 15
    assert shelf().receive("bolt", 1) == 11
    assert shelf().skus() == ["bolt", "nut"]


def test_amounts_must_be_positive():
    with pytest.raises(ValueError):
        shelf().receive("bolt", 0)
    with pytest.raises(ValueError):
        shelf().reserve("bolt", 0)


def test_repr():
    assert repr(shelf()) == "Stock(2 articles, 14 pieces)"


def test_reserve():
    stock = shelf()
    stock.reserve("bolt", 3)
    stock.reserve("bolt", 1)
    assert stock.reserved("bolt") == 4
    assert stock.available("bolt") == 6
    assert stock.on_hand("bolt") == 10


def test_reserve_all_and_no_more():
    stock = shelf()
    stock.reserve("nut", 4)
    with pytest.raises(OutOfStock, match="nut: 1 wanted, 0 available"):
        stock.reserve("nut", 1)


def test_release():
    stock = shelf()
    stock.reserve("bolt", 3)
    stock.release("bolt", 2)
    assert stock.reserved("bolt") == 1
    stock.release("bolt", 1)
    assert stock.available("bolt") == 10
    with pytest.raises(ValueError, match="only 0 reserved"):
        stock.release("bolt", 1)


def test_ship():
    stock = shelf()
    stock.reserve("bolt", 3)
    stock.ship("bolt", 2)
    assert stock.on_hand("bolt") == 8
    assert stock.reserved("bolt") == 1
    assert stock.moves[-1] == Move("bolt", -2, "ship")


def test_ship_needs_a_reservation():
    stock = shelf()
    with pytest.raises(ValueError):
        stock.ship("bolt", 1)
    assert stock.on_hand("bolt") == 10


def test_count():
    stock = shelf()
    assert stock.count("bolt", 8) == -2
    assert stock.on_hand("bolt") == 8
    assert stock.count("nut", 5) == 1
    assert stock.moves[-1] == Move("nut", 1, "count")


def test_counting_what_is_there_moves_nothing():
    stock = shelf()
    assert stock.count("bolt", 10) == 0
    assert len(stock.moves) == 2


def test_count_may_not_lose_reserved_pieces():
    stock = shelf()
    stock.reserve("bolt", 5)
    assert stock.count("bolt", 5) == -5
    with pytest.raises(ValueError, match="5 are reserved"):
        stock.count("bolt", 4)


def test_to_reorder():
    stock = shelf()
    stock.set_level("nut", 4, 20)
    stock.set_level("bolt", 9, 30)
    assert stock.to_reorder() == {"nut": 16}
    stock.reserve("bolt", 1)
    assert stock.to_reorder() == {"bolt": 21, "nut": 16}


def test_set_level_needs_room():
    with pytest.raises(ValueError):
        shelf().set_level("nut", 5, 5)
    with pytest.raises(ValueError):
        shelf().set_level("nut", 5, 4)


def test_history():
    stock = shelf()
    stock.reserve("bolt", 3)
    stock.ship("bolt", 3)
    stock.receive("bolt", 1)
    assert stock.history("bolt") == [10, 7, 8]
    assert stock.history("nut") == [4]
    assert stock.history("gear") == []


def test_moved():
    stock = shelf()
    stock.receive("bolt", 2)
    stock.reserve("nut", 3)
    stock.ship("nut", 3)
    assert stock.moved("receive") == {"bolt": 12, "nut": 4}
    assert stock.moved("ship") == {"nut": 3}
    assert stock.moved("return") == {}
