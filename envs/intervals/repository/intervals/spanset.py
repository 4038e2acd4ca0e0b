"""A set of intervals, kept sorted and merged."""

from collections.abc import Iterable, Iterator

from intervals.span import Span


def merge(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Sort spans and join those that overlap or are at most gap apart."""
    merged: list[Span] = []
    for item in sorted(spans):
        if item.is_empty():
            continue
        if merged and item.start - merged[-1].end <= gap:
            merged[-1] = merged[-1].hull(item)
        else:
            merged.append(item)
    return merged


class SpanSet:
    """A set of whole numbers written as spans that do not touch."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.spans = merge(spans)

    def __repr__(self) -> str:
        return "{" + ", ".join(repr(item) for item in self.spans) + "}"

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SpanSet) and self.spans == other.spans

    def __contains__(self, point: int) -> bool:
        return self.find(point) is not None

    def size(self) -> int:
        """How many numbers are inside."""
        return sum(len(item) for item in self.spans)

    def find(self, point: int) -> Span | None:
        """The span that holds the point, by binary search."""
        low, high = 0, len(self.spans)
        while low < high:
            middle = (low + high) // 2
            if self.spans[middle].end <= point:
                low = middle + 1
            else:
                high = middle
        if low < len(self.spans) and point in self.spans[low]:
            return self.spans[low]
        return None

    def union(self, other: "SpanSet") -> "SpanSet":
        """Numbers in either set."""
        return SpanSet([*self.spans, *other.spans])

    def intersection(self, other: "SpanSet") -> "SpanSet":
        """Numbers in both sets, walking through both once."""
        shared = []
        left, right = 0, 0
        while left < len(self.spans) and right < len(other.spans):
            part = self.spans[left].intersection(other.spans[right])
            if part is not None:
                shared.append(part)
            if self.spans[left].end < other.spans[right].end:
                left += 1
            else:
                right += 1
        return SpanSet(shared)

    def difference(self, other: "SpanSet") -> "SpanSet":
        """Numbers in this set and not in the other."""
        rest = list(self.spans)
        for taken in other.spans:
            rest = [part for item in rest for part in item.difference(taken)]
        return SpanSet(rest)

    def gaps(self, within: Span) -> list[Span]:
        """The spans inside a window that this set does not hold."""
        return SpanSet([within]).difference(self).spans

    def longest(self) -> Span | None:
        """The longest span, the first of equals."""
        best = None
        for item in self.spans:
            if best is None or len(item) > len(best):
                best = item
        return best

    def nearest(self, point: int) -> int:
        """The number of the set nearest to the point; the lower of equals."""
        if not self.spans:
            raise ValueError("the set is empty")
        candidates = [item.clamp(point) for item in self.spans]
        return min(candidates, key=lambda number: (abs(number - point), number))


def coverage(spans: Iterable[Span], within: Span) -> float:
    """Which part of the window is covered, from 0 to 1."""
    if within.is_empty():
        return 0.0
    inside = SpanSet(spans).intersection(SpanSet([within]))
    return inside.size() / len(within)
