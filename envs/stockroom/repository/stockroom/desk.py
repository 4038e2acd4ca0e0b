"""The desk: orders, stock and prices together."""

from stockroom.orders import Order
from stockroom.pricing import (
    Bundle,
    Tier,
    Voucher,
    line_total,
    shipping,
    voucher_discount,
)
from stockroom.states import (
    CANCELLED,
    CONFIRMED,
    DELIVERED,
    PACKED,
    RETURNED,
    SHIPPED,
    check,
    holds_stock,
)
from stockroom.stock import OutOfStock, Stock


class Desk:
    """Takes orders and keeps stock in step with their states."""

    def __init__(
        self,
        stock: Stock,
        prices: dict[str, int],
        tiers: list[Tier] | None = None,
        bundles: list[Bundle] | None = None,
    ) -> None:
        self.stock = stock
        self.prices = prices
        self.tiers = tiers or []
        self.bundles = bundles or []
        self.orders: dict[str, Order] = {}

    def open(self, number: str) -> Order:
        """A fresh draft."""
        if number in self.orders:
            raise ValueError(f"order {number} exists already")
        self.orders[number] = Order(number)
        return self.orders[number]

    def missing(self, number: str) -> dict[str, int]:
        """How many pieces of each article are lacking for an order."""
        lacking = {}
        for line in self.orders[number].lines:
            short = line.amount - self.stock.available(line.sku)
            if short > 0:
                lacking[line.sku] = short
        return lacking

    def confirm(self, number: str, day: int = 0) -> None:
        """Promise stock to an order: all of its lines, or none."""
        order = self.orders[number]
        if not order.lines:
            raise ValueError(f"order {number} is empty")
        check(order.state, CONFIRMED)
        lacking = self.missing(number)
        if lacking:
            raise OutOfStock(f"order {number} lacks {', '.join(sorted(lacking))}")
        order.go(CONFIRMED, day)
        for line in order.lines:
            self.stock.reserve(line.sku, line.amount)

    def pack(self, number: str, day: int = 0) -> None:
        """Put an order into its box."""
        self.orders[number].go(PACKED, day)

    def ship(self, number: str, day: int = 0) -> None:
        """Send an order away."""
        order = self.orders[number]
        order.go(SHIPPED, day)
        for line in order.lines:
            self.stock.ship(line.sku, line.amount)

    def deliver(self, number: str, day: int = 0) -> None:
        """An order has arrived."""
        self.orders[number].go(DELIVERED, day)

    def cancel(self, number: str, day: int = 0) -> None:
        """Drop an order; promised stock is free again."""
        order = self.orders[number]
        held = holds_stock(order.state)
        order.go(CANCELLED, day)
        if held:
            for line in order.lines:
                self.stock.release(line.sku, line.amount)

    def take_back(self, number: str, day: int = 0) -> None:
        """A delivered order comes back onto the shelf."""
        order = self.orders[number]
        order.go(RETURNED, day)
        for line in order.lines:
            self.stock.receive(line.sku, line.amount, "return")

    def subtotal(self, number: str) -> int:
        """The price of all lines after tiers and bundles."""
        return sum(
            line_total(line, self.prices[line.sku], self.tiers, self.bundles)
            for line in self.orders[number].lines
        )

    def total(self, number: str, voucher: Voucher | None = None) -> int:
        """What is to be paid, before shipping."""
        subtotal = self.subtotal(number)
        return subtotal - voucher_discount(subtotal, voucher)

    def to_pay(self, number: str, voucher: Voucher | None = None) -> int:
        """What is to be paid, with shipping."""
        total = self.total(number, voucher)
        return total + shipping(total, self.orders[number].pieces())

    def waiting(self) -> list[str]:
        """Numbers of orders that hold stock, in the order of opening."""
        return [
            number for number, order in self.orders.items() if holds_stock(order.state)
        ]
