"""What is on the shelf, what of it is promised, and how that came to be."""

from dataclasses import dataclass


class OutOfStock(ValueError):
    """More was asked for than is available."""


@dataclass(frozen=True)
class Move:
    """A change of what is on hand; reasons are receive, ship, return, count."""

    sku: str
    amount: int
    reason: str


class Stock:
    """Quantities by article number ("sku")."""

    def __init__(self) -> None:
        self._on_hand: dict[str, int] = {}
        self._reserved: dict[str, int] = {}
        self._levels: dict[str, tuple[int, int]] = {}
        self.moves: list[Move] = []

    def __repr__(self) -> str:
        pieces = sum(self._on_hand.values())
        return f"Stock({len(self._on_hand)} articles, {pieces} pieces)"

    def on_hand(self, sku: str) -> int:
        """How many lie on the shelf."""
        return self._on_hand.get(sku, 0)

    def reserved(self, sku: str) -> int:
        """How many are promised to orders."""
        return self._reserved.get(sku, 0)

    def available(self, sku: str) -> int:
        """How many can still be promised."""
        return self.on_hand(sku) - self.reserved(sku)

    def skus(self) -> list[str]:
        """All article numbers, sorted."""
        return sorted(self._on_hand)

    def _change(self, sku: str, amount: int, reason: str) -> None:
        self._on_hand[sku] = self.on_hand(sku) + amount
        self.moves.append(Move(sku, amount, reason))

    def receive(self, sku: str, amount: int, reason: str = "receive") -> int:
        """Put pieces on the shelf; returns how many lie there now."""
        if amount < 1:
            raise ValueError("amount must be at least 1")
        self._change(sku, amount, reason)
        return self.on_hand(sku)

    def reserve(self, sku: str, amount: int) -> None:
        """Promise pieces to an order."""
        if amount < 1:
            raise ValueError("amount must be at least 1")
        if amount > self.available(sku):
            raise OutOfStock(f"{sku}: {amount} wanted, {self.available(sku)} available")
        self._reserved[sku] = self.reserved(sku) + amount

    def release(self, sku: str, amount: int) -> None:
        """Take a promise back."""
        if amount > self.reserved(sku):
            raise ValueError(f"{sku}: only {self.reserved(sku)} reserved")
        self._reserved[sku] = self.reserved(sku) - amount

    def ship(self, sku: str, amount: int) -> None:
        """Send promised pieces away."""
        self.release(sku, amount)
        self._change(sku, -amount, "ship")

    def count(self, sku: str, found: int) -> int:
        """Correct the shelf after counting; returns the difference."""
        if found < self.reserved(sku):
            raise ValueError(f"{sku}: {self.reserved(sku)} are reserved")
        difference = found - self.on_hand(sku)
        if difference != 0:
            self._change(sku, difference, "count")
        return difference

    def set_level(self, sku: str, low: int, target: int) -> None:
        """Reorder up to the target once no more than low are available."""
        if target <= low:
            raise ValueError("target must be above low")
        self._levels[sku] = (low, target)

    def to_reorder(self) -> dict[str, int]:
        """How many to order of each article that is low."""
        wanted = {}
        for sku in sorted(self._levels):
            low, target = self._levels[sku]
            if self.available(sku) <= low:
                wanted[sku] = target - self.available(sku)
        return wanted

    def history(self, sku: str) -> list[int]:
        """How many were on hand after each move of an article."""
        levels = []
        level = 0
        for move in self.moves:
            if move.sku == sku:
                level += move.amount
                levels.append(level)
        return levels

    def moved(self, reason: str) -> dict[str, int]:
        """How many pieces moved for a reason, by article."""
        totals: dict[str, int] = {}
        for move in self.moves:
            if move.reason == reason:
                totals[move.sku] = totals.get(move.sku, 0) + abs(move.amount)
        return totals
