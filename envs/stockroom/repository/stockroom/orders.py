"""Orders: lines of articles, a state, and the days on which it changed."""

from dataclasses import dataclass

from stockroom.states import DRAFT, check


@dataclass(frozen=True)
class Line:
    """So many pieces of one article."""

    sku: str
    amount: int


class Order:
    """An order; its lines may change while it is a draft."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.state = DRAFT
        self.lines: list[Line] = []
        self.log: list[tuple[int, str]] = []

    def __repr__(self) -> str:
        return f"Order({self.number}, {self.state}, {self.pieces()} pieces)"

    def _find(self, sku: str) -> int:
        for position, line in enumerate(self.lines):
            if line.sku == sku:
                return position
        return -1

    def _only_draft(self) -> None:
        if self.state != DRAFT:
            raise ValueError(f"order {self.number} is {self.state}, not a draft")

    def amount(self, sku: str) -> int:
        """How many pieces of an article are ordered."""
        position = self._find(sku)
        return self.lines[position].amount if position >= 0 else 0

    def add(self, sku: str, amount: int = 1) -> Line:
        """Order more of an article; its line grows."""
        self._only_draft()
        if amount < 1:
            raise ValueError("amount must be at least 1")
        position = self._find(sku)
        if position < 0:
            line = Line(sku, amount)
            self.lines.append(line)
        else:
            line = Line(sku, self.lines[position].amount + amount)
            self.lines[position] = line
        return line

    def remove(self, sku: str, amount: int | None = None) -> int:
        """Order fewer, or none, of an article; returns how many are left."""
        self._only_draft()
        position = self._find(sku)
        if position < 0:
            raise KeyError(sku)
        before = self.lines[position].amount
        left = 0 if amount is None else before - amount
        if left < 0:
            raise ValueError(f"{sku}: only {before} ordered")
        if left == 0:
            del self.lines[position]
        else:
            self.lines[position] = Line(sku, left)
        return left

    def pieces(self) -> int:
        """How many pieces are ordered in all."""
        return sum(line.amount for line in self.lines)

    def go(self, target: str, day: int = 0) -> None:
        """Change the state on a day; days may not run backwards."""
        if self.log and day < self.log[-1][0]:
            raise ValueError(f"day {day} lies before day {self.log[-1][0]}")
        self.state = check(self.state, target)
        self.log.append((day, target))

    def day_of(self, state: str) -> int | None:
        """The day on which the order came into a state."""
        for day, entered in self.log:
            if entered == state:
                return day
        return None

    def days_between(self, first: str, second: str) -> int | None:
        """How many days lie between two states; None where one is missing."""
        start, end = self.day_of(first), self.day_of(second)
        if start is None or end is None:
            return None
        return end - start


def merge_lines(orders: list[Order]) -> list[Line]:
    """One line for each article over several orders, sorted by article."""
    totals: dict[str, int] = {}
    for order in orders:
        for line in order.lines:
            totals[line.sku] = totals.get(line.sku, 0) + line.amount
    return [Line(sku, totals[sku]) for sku in sorted(totals)]
