"""What an order costs: tiers, bundles, vouchers, shipping, tax."""

from dataclasses import dataclass

from stockroom.money import percent
from stockroom.orders import Line

FREE_SHIPPING = 5000
BASE_SHIPPING = 490
EXTRA_SHIPPING = 50
PIECES_IN_BASE = 10


@dataclass(frozen=True)
class Tier:
    """From so many pieces of an article on, so many percent less."""

    sku: str
    least: int
    rate: float


@dataclass(frozen=True)
class Bundle:
    """Of every so many pieces of an article, so many are free."""

    sku: str
    size: int
    free: int


@dataclass(frozen=True)
class Voucher:
    """So much off, in cents or in percent, from an amount on."""

    code: str
    cents: int = 0
    rate: float = 0.0
    least: int = 0


def best_tier(line: Line, tiers: list[Tier]) -> Tier | None:
    """The tier with the highest rate that a line reaches."""
    best = None
    for tier in tiers:
        if tier.sku != line.sku or line.amount < tier.least:
            continue
        if best is None or tier.rate > best.rate:
            best = tier
    return best


def tier_discount(line: Line, price: int, tiers: list[Tier]) -> int:
    """What the best tier takes off a line."""
    tier = best_tier(line, tiers)
    if tier is None:
        return 0
    return percent(line.amount * price, tier.rate)


def bundle_discount(line: Line, price: int, bundles: list[Bundle]) -> int:
    """The price of the free pieces of a line; the best bundle counts."""
    best = 0
    for bundle in bundles:
        if bundle.sku == line.sku:
            free = line.amount // bundle.size * bundle.free
            best = max(best, free * price)
    return best


def line_total(
    line: Line, price: int, tiers: list[Tier], bundles: list[Bundle]
) -> int:
    """The price of a line; the larger of tier and bundle is taken off."""
    off = max(tier_discount(line, price, tiers), bundle_discount(line, price, bundles))
    return line.amount * price - off


def voucher_discount(subtotal: int, voucher: Voucher | None) -> int:
    """What a voucher takes off; never more than there is."""
    if voucher is None or subtotal < voucher.least:
        return 0
    return min(subtotal, voucher.cents + percent(subtotal, voucher.rate))


def shipping(subtotal: int, pieces: int) -> int:
    """Free from an amount on; beyond ten pieces each costs a little more."""
    if pieces == 0 or subtotal >= FREE_SHIPPING:
        return 0
    extra = max(0, pieces - PIECES_IN_BASE)
    return BASE_SHIPPING + extra * EXTRA_SHIPPING


def included_tax(gross: int, rate: float) -> int:
    """The tax inside a price that includes it."""
    hundred = 10000
    part = round(rate * 100)
    return (gross * part + (hundred + part) // 2) // (hundred + part)


def loyalty_points(total: int, years: int = 0) -> int:
    """A point for every full 100 cents, and a tenth more for each year, up to five."""
    points = total // 100
    return points + points * min(years, 5) // 10
