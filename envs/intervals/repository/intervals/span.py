"""One half-open interval of whole numbers: its start is inside, its end is not."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """The numbers from start up to, but without, end."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a span cannot end at {self.end} before {self.start}")

    def __repr__(self) -> str:
        return f"[{self.start}, {self.end})"

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, point: int) -> bool:
        return self.start <= point < self.end

    def is_empty(self) -> bool:
        """True where no number is inside."""
        return self.start == self.end

    def overlaps(self, other: "Span") -> bool:
        """True where both hold a number; touching is not overlapping."""
        return max(self.start, other.start) < min(self.end, other.end)

    def touches(self, other: "Span") -> bool:
        """True where one ends exactly where the other starts."""
        return self.end == other.start or other.end == self.start

    def covers(self, other: "Span") -> bool:
        """True where every number of the other is inside."""
        if other.is_empty():
            return True
        return self.start <= other.start and other.end <= self.end

    def intersection(self, other: "Span") -> "Span | None":
        """The part that both hold, or None."""
        if not self.overlaps(other):
            return None
        return Span(max(self.start, other.start), min(self.end, other.end))

    def hull(self, other: "Span") -> "Span":
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def difference(self, other: "Span") -> list["Span"]:
        """What is left without the other: none, one or two spans."""
        if not self.overlaps(other):
            return [] if self.is_empty() else [self]
        rest = []
        if self.start < other.start:
            rest.append(Span(self.start, other.start))
        if other.end < self.end:
            rest.append(Span(other.end, self.end))
        return rest

    def distance(self, other: "Span") -> int:
        """How many numbers lie between the two; 0 where they meet."""
        if self.end <= other.start:
            return other.start - self.end
        if other.end <= self.start:
            return self.start - other.end
        return 0

    def shift(self, amount: int) -> "Span":
        """The span moved by an amount."""
        return Span(self.start + amount, self.end + amount)

    def widen(self, before: int, after: int) -> "Span":
        """The span with an earlier start and a later end."""
        return Span(self.start - before, self.end + after)

    def clamp(self, point: int) -> int:
        """The number inside the span that is nearest to the point."""
        if self.is_empty():
            raise ValueError("an empty span holds no number")
        if point < self.start:
            return self.start
        if point >= self.end:
            return self.end - 1
        return point

    def split(self, size: int) -> list["Span"]:
        """Pieces of the size; the last may be shorter."""
        if size < 1:
            raise ValueError("size must be at least 1")
        pieces = []
        start = self.start
        while start < self.end:
            pieces.append(Span(start, min(start + size, self.end)))
            start += size
        return pieces


def span(start: int, end: int) -> Span:
    """Short for Span(start, end)."""
    return Span(start, end)


def parse_span(text: str) -> Span:
    """Read "[2, 5)"; also "2..4", where both ends are inside."""
    if ".." in text:
        first, last = text.split("..", 1)
        return Span(int(first), int(last) + 1)
    if not (text.startswith("[") and text.endswith(")")):
        raise ValueError(f"not a span: {text!r}")
    parts = text[1:-1].split(",")
    if len(parts) != 2:
        raise ValueError(f"not a span: {text!r}")
    return Span(int(parts[0]), int(parts[1]))
