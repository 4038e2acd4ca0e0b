"""Free slots, load, and time that several people have in common."""

from intervals.clock import round_up
from intervals.span import Span
from intervals.spanset import SpanSet


def free_slots(busy: list[Span], within: Span, at_least: int = 1) -> list[Span]:
    """The gaps in a window that are at least so long."""
    gaps = SpanSet(busy).gaps(within)
    return [gap for gap in gaps if len(gap) >= at_least]


def first_fit(busy: list[Span], length: int, within: Span, step: int = 1) -> Span | None:
    """The earliest free span of a length that starts on a multiple of step."""
    for gap in free_slots(busy, within, length):
        start = round_up(gap.start, step)
        if start + length <= gap.end:
            return Span(start, start + length)
    return None


def last_fit(busy: list[Span], length: int, within: Span) -> Span | None:
    """The latest free span of a length."""
    gaps = free_slots(busy, within, length)
    if not gaps:
        return None
    return Span(gaps[-1].end - length, gaps[-1].end)


def best_fit(busy: list[Span], length: int, within: Span) -> Span | None:
    """The shortest gap that is long enough; the earliest of equals."""
    best = None
    for gap in free_slots(busy, within, length):
        if best is None or len(gap) < len(best):
            best = gap
    return best


def starts(gap: Span, length: int, step: int) -> list[int]:
    """Every multiple of step at which something of this length fits."""
    result = []
    start = round_up(gap.start, step)
    while start + length <= gap.end:
        result.append(start)
        start += step
    return result


def common_free(
    calendars: list[list[Span]], within: Span, at_least: int = 1
) -> list[Span]:
    """Gaps that all calendars share."""
    everything = [item for calendar in calendars for item in calendar]
    return free_slots(everything, within, at_least)


def peak(spans: list[Span]) -> tuple[int, int]:
    """The highest number of spans at one moment, and the first such moment."""
    changes = [(item.start, 1) for item in spans if not item.is_empty()]
    changes += [(item.end, -1) for item in spans if not item.is_empty()]
    best, moment, running = 0, 0, 0
    for point, change in sorted(changes):
        running += change
        if running > best:
            best, moment = running, point
    return best, moment


def assign_rooms(spans: list[Span]) -> list[int]:
    """A room number for each span, always the lowest that is free."""
    free_from: list[int] = []
    rooms = [0] * len(spans)
    order = sorted(range(len(spans)), key=lambda number: spans[number])
    for number in order:
        item = spans[number]
        for room, moment in enumerate(free_from):
            if moment <= item.start:
                break
        else:
            room = len(free_from)
            free_from.append(0)
        free_from[room] = item.end
        rooms[number] = room
    return rooms


def most_disjoint(spans: list[Span]) -> list[Span]:
    """The largest choice of spans that do not overlap: earliest end first."""
    chosen: list[Span] = []
    for item in sorted(spans, key=lambda each: (each.end, each.start)):
        if not chosen or item.start >= chosen[-1].end:
            chosen.append(item)
    return chosen
