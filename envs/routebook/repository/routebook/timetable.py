"""Departures, and connections with time to change."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trip:
    """A ride from one place to another, in minutes after midnight."""

    line: str
    start: str
    end: str
    leaves: int
    arrives: int

    def minutes(self) -> int:
        """How long the ride takes."""
        return self.arrives - self.leaves


def clock(minutes: int) -> str:
    """Minutes after midnight as "7:05"."""
    return f"{minutes // 60 % 24}:{minutes % 60:02d}"


def departures(trips: list[Trip], place: str, after: int, count: int = 3) -> list[Trip]:
    """The next trips from a place at or after a time."""
    leaving = [trip for trip in trips if trip.start == place and trip.leaves >= after]
    leaving.sort(key=lambda trip: (trip.leaves, trip.line))
    return leaving[:count]


def every(first: Trip, gap: int, until: int) -> list[Trip]:
    """The same ride again and again, leaving no later than until."""
    trips = []
    shift = 0
    while first.leaves + shift <= until:
        leaves, arrives = first.leaves + shift, first.arrives + shift
        trips.append(Trip(first.line, first.start, first.end, leaves, arrives))
        shift += gap
    return trips


def can_change(first: Trip, second: Trip, change: int) -> bool:
    """True where the second can be caught; staying on a line takes no time."""
    if first.end != second.start:
        return False
    needed = 0 if first.line == second.line else change
    return second.leaves - first.arrives >= needed


def earliest_arrival(
    trips: list[Trip], start: str, end: str, after: int, change: int = 5
) -> list[Trip] | None:
    """The trips that arrive first, scanned in the order of leaving."""
    best: dict[str, list[Trip]] = {}
    for trip in sorted(trips, key=lambda each: (each.leaves, each.arrives)):
        if trip.start == start and trip.leaves >= after:
            route = [trip]
        elif trip.start in best and can_change(best[trip.start][-1], trip, change):
            route = [*best[trip.start], trip]
        else:
            continue
        if trip.end not in best or trip.arrives < best[trip.end][-1].arrives:
            best[trip.end] = route
    return best.get(end)


def waiting_time(route: list[Trip]) -> int:
    """Minutes spent at stations between the trips of a route."""
    return sum(
        second.leaves - first.arrives for first, second in zip(route, route[1:])
    )


def changes(route: list[Trip]) -> int:
    """How often one has to change to another line."""
    return sum(1 for first, second in zip(route, route[1:]) if first.line != second.line)


def on_time(route: list[Trip], delay: int, change: int = 5) -> bool:
    """True where all changes still work if the first trip is late."""
    if len(route) < 2:
        return True
    first = route[0]
    late = Trip(first.line, first.start, first.end, first.leaves, first.arrives + delay)
    return can_change(late, route[1], change)
