"""Money in whole cents."""


def parse_money(text: str) -> int:
    """Cents of an amount such as "12", "3.5" or "-0.99"."""
    negative = text.startswith("-")
    whole, point, part = text.lstrip("-").partition(".")
    if not whole.isdigit() or (point and not part.isdigit()) or len(part) > 2:
        raise ValueError(f"not an amount: {text!r}")
    cents = int(whole) * 100 + int(part.ljust(2, "0"))
    return -cents if negative else cents


def format_money(cents: int) -> str:
    """Write cents as an amount with two decimals and grouped thousands."""
    sign = "-" if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{part:02d}"


def percent(cents: int, rate: float) -> int:
    """So many percent of an amount, rounded half up."""
    scaled = cents * round(rate * 100)
    return (scaled + 5000) // 10000


def split_evenly(cents: int, parts: int) -> list[int]:
    """Shares that differ by at most a cent; the first get the larger ones."""
    if parts < 1:
        raise ValueError("parts must be at least 1")
    share, extra = divmod(cents, parts)
    return [share + 1 if number < extra else share for number in range(parts)]


def split_by_weight(cents: int, weights: list[int]) -> list[int]:
    """Shares in proportion to weights; what rounding leaves goes to the first."""
    total = sum(weights)
    if total <= 0:
        raise ValueError("weights must have a positive sum")
    shares = [cents * weight // total for weight in weights]
    left = cents - sum(shares)
    for number in range(left):
        shares[number] += 1
    return shares


def round_to_step(cents: int, step: int) -> int:
    """The multiple of a step that is nearest; halves go up."""
    return (cents + step // 2) // step * step


def margin(price: int, cost: int) -> float:
    """What part of the price is profit, in percent with one decimal."""
    if price == 0:
        return 0.0
    return round((price - cost) * 100 / price, 1)
