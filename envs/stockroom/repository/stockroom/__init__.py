"""A small inventory."""

from stockroom.desk import Desk
from stockroom.orders import Line, Order
from stockroom.pricing import Bundle, Tier, Voucher
from stockroom.states import BadTransition
from stockroom.stock import OutOfStock, Stock

__all__ = [
    "BadTransition",
    "Bundle",
    "Desk",
    "Line",
    "Order",
    "OutOfStock",
    "Stock",
    "Tier",
    "Voucher",
]
