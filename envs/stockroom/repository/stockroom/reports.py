"""Figures about stock and orders."""

from stockroom.desk import Desk
from stockroom.money import format_money
from stockroom.orders import Order
from stockroom.states import DELIVERED, SHIPPED
from stockroom.stock import Stock


def stock_value(stock: Stock, costs: dict[str, int]) -> int:
    """What the shelf is worth at cost; articles without a cost count nothing."""
    return sum(stock.on_hand(sku) * costs.get(sku, 0) for sku in stock.skus())


def was_sold(order: Order) -> bool:
    """True for orders that were sent and have not come back."""
    return order.state in (SHIPPED, DELIVERED)


def sold(orders: list[Order]) -> dict[str, int]:
    """Pieces sold of each article."""
    totals: dict[str, int] = {}
    for order in orders:
        if was_sold(order):
            for line in order.lines:
                totals[line.sku] = totals.get(line.sku, 0) + line.amount
    return totals


def best_sellers(orders: list[Order], count: int = 3) -> list[str]:
    """The articles sold most; the alphabet decides between equals."""
    totals = sold(orders)
    ranked = sorted(totals, key=lambda sku: (-totals[sku], sku))
    return ranked[:count]


def turnover(desk: Desk) -> int:
    """The sum of what was sold, before shipping."""
    return sum(
        desk.total(number) for number, order in desk.orders.items() if was_sold(order)
    )


def average_order(desk: Desk) -> int:
    """The turnover for each order sold, in whole cents."""
    count = sum(1 for order in desk.orders.values() if was_sold(order))
    if count == 0:
        return 0
    return turnover(desk) // count


def average_days(orders: list[Order], first: str, second: str) -> float | None:
    """The mean number of days between two states."""
    gaps = [order.days_between(first, second) for order in orders]
    known = [gap for gap in gaps if gap is not None]
    if not known:
        return None
    return round(sum(known) / len(known), 1)


def by_state(orders: list[Order]) -> dict[str, int]:
    """How many orders are in each state."""
    counts: dict[str, int] = {}
    for order in orders:
        counts[order.state] = counts.get(order.state, 0) + 1
    return counts


def abc_classes(values: dict[str, int]) -> dict[str, str]:
    """A for articles within the first 80 % of all value, B to 95 %, then C."""
    total = sum(values.values())
    classes = {}
    running = 0
    for sku in sorted(values, key=lambda each: (-values[each], each)):
        running += values[sku]
        if running * 100 <= total * 80:
            classes[sku] = "A"
        elif running * 100 <= total * 95:
            classes[sku] = "B"
        else:
            classes[sku] = "C"
    return classes


def stock_report(stock: Stock, prices: dict[str, int]) -> str:
    """One line for each article: available of on hand, and the price."""
    lines = []
    for sku in stock.skus():
        free = f"{stock.available(sku)}/{stock.on_hand(sku)}"
        mark = " !" if stock.available(sku) == 0 else ""
        price = format_money(prices.get(sku, 0))
        lines.append(f"{sku:<8}{free:>9}{price:>11}{mark}")
    return "\n".join(lines)
