"""A calendar of bookings that may not overlap."""

from dataclasses import dataclass, replace

from intervals.clock import format_duration, format_time, parse_duration, parse_time
from intervals.slots import free_slots
from intervals.span import Span


class Conflict(ValueError):
    """A booking that would overlap another."""


@dataclass(frozen=True)
class Booking:
    """A title and the span of minutes that it takes."""

    title: str
    span: Span

    def __str__(self) -> str:
        return f"{format_span(self.span)} {self.title}"


def format_span(item: Span) -> str:
    """Write a span of minutes as "09:00-10:30"."""
    return f"{format_time(item.start)}-{format_time(item.end)}"


class Calendar:
    """The bookings of one day, with a pause in minutes between any two."""

    def __init__(self, pause: int = 0) -> None:
        self.pause = pause
        self.bookings: list[Booking] = []

    def __repr__(self) -> str:
        return f"Calendar({len(self.bookings)} bookings)"

    def _check(self, item: Span, ignore: str | None = None) -> None:
        for booking in self.bookings:
            if booking.title == ignore:
                continue
            if booking.span.widen(self.pause, self.pause).overlaps(item):
                raise Conflict(f"{format_span(item)} overlaps {booking}")

    def _place(self, booking: Booking) -> Booking:
        self.bookings.append(booking)
        self.bookings.sort(key=lambda each: each.span)
        return booking

    def book(self, title: str, start: str, end: str) -> Booking:
        """Add a booking; a title may be used once."""
        item = Span(parse_time(start), parse_time(end))
        if item.is_empty():
            raise ValueError("a booking needs at least one minute")
        if any(booking.title == title for booking in self.bookings):
            raise ValueError(f"{title!r} is booked already")
        self._check(item)
        return self._place(Booking(title, item))

    def get(self, title: str) -> Booking:
        """The booking with this title."""
        for booking in self.bookings:
            if booking.title == title:
                return booking
        raise KeyError(title)

    def cancel(self, title: str) -> Booking:
        """Remove a booking and return it."""
        booking = self.get(title)
        self.bookings.remove(booking)
        return booking

    def move(self, title: str, start: str) -> Booking:
        """Give a booking another start and keep its length."""
        old = self.get(title)
        begin = parse_time(start)
        item = Span(begin, begin + len(old.span))
        self._check(item, ignore=title)
        self.bookings.remove(old)
        return self._place(replace(old, span=item))

    def extend(self, title: str, duration: str) -> Booking:
        """Make a booking longer at its end."""
        old = self.get(title)
        item = old.span.widen(0, parse_duration(duration))
        self._check(item, ignore=title)
        self.bookings.remove(old)
        return self._place(replace(old, span=item))

    def at(self, time: str) -> str | None:
        """The title of the booking at a time, or None."""
        point = parse_time(time)
        for booking in self.bookings:
            if point in booking.span:
                return booking.title
        return None

    def after(self, time: str) -> str | None:
        """The title of the first booking that starts at or after a time."""
        point = parse_time(time)
        for booking in self.bookings:
            if booking.span.start >= point:
                return booking.title
        return None

    def free(self, start: str, end: str, at_least: int = 1) -> list[str]:
        """The free slots of a window, as text."""
        busy = [booking.span for booking in self.bookings]
        window = Span(parse_time(start), parse_time(end))
        return [format_span(gap) for gap in free_slots(busy, window, at_least)]

    def booked(self) -> str:
        """The time booked in all, as a duration."""
        return format_duration(sum(len(booking.span) for booking in self.bookings))

    def agenda(self) -> str:
        """One line for each booking, in order, with its duration."""
        lines = [
            f"{booking} ({format_duration(len(booking.span))})"
            for booking in self.bookings
        ]
        return "\n".join(lines) if lines else "nothing booked"
