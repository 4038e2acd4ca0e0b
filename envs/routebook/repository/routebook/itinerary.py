"""Paths and trips as text."""

from routebook.graph import Graph
from routebook.paths import path_length
from routebook.timetable import Trip, changes, clock, waiting_time


def format_length(km: int) -> str:
    """Write a length with grouped thousands."""
    return f"{km:,} km"


def format_minutes(minutes: int) -> str:
    """Write minutes as "2 h 05 min", "2 h" or "45 min"."""
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return f"{rest} min"
    if rest == 0:
        return f"{hours} h"
    return f"{hours} h {rest:02d} min"


def plural(count: int, word: str) -> str:
    """A count with its word: no changes, 1 change, 2 changes."""
    if count == 0:
        return f"no {word}s"
    if count == 1:
        return f"1 {word}"
    return f"{count} {word}s"


def join_words(words: list[str]) -> str:
    """Words as "a", "a and b" or "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def driving_minutes(km: int, speed: int) -> int:
    """Minutes for a length at a speed in km/h, rounded up."""
    return -(-km * 60 // speed)


def breaks_needed(minutes: int, stretch: int = 120) -> int:
    """How many breaks a drive needs: one after each full stretch, none at the end."""
    if minutes <= stretch:
        return 0
    return (minutes - 1) // stretch


def describe(graph: Graph, path: list[str]) -> str:
    """One numbered line for each road of a path, and the total."""
    lines = []
    for number, (start, end) in enumerate(zip(path, path[1:]), start=1):
        length = format_length(path_length(graph, [start, end]))
        lines.append(f"{number}. {start} to {end}, {length}")
    lines.append(f"total {format_length(path_length(graph, path))}")
    return "\n".join(lines)


def summary(graph: Graph, path: list[str]) -> str:
    """A path in one sentence."""
    if len(path) < 2:
        return "You are there."
    total = format_length(path_length(graph, path))
    stops = path[1:-1]
    via = f" via {join_words(stops)}" if stops else ""
    return f"{path[0]} to {path[-1]}{via}: {total}."


def describe_trips(route: list[Trip]) -> str:
    """One line for each trip, and the time it takes in all."""
    lines = [
        f"{clock(trip.leaves):>5} {trip.start} - {clock(trip.arrives):>5} {trip.end}"
        f" ({trip.line})"
        for trip in route
    ]
    whole = format_minutes(route[-1].arrives - route[0].leaves)
    lines.append(f"{whole}, {plural(changes(route), 'change')}")
    if waiting_time(route) > 0:
        lines[-1] += f", {format_minutes(waiting_time(route))} waiting"
    return "\n".join(lines)


def elevation(heights: list[int]) -> tuple[int, int]:
    """Metres up and metres down along a list of heights."""
    up, down = 0, 0
    for before, after in zip(heights, heights[1:]):
        if after > before:
            up += after - before
        else:
            down += before - after
    return up, down


def steepest(heights: list[int]) -> int:
    """The number of the step with the largest climb; the first of equals."""
    best, where = 0, 0
    for number in range(1, len(heights)):
        climb = heights[number] - heights[number - 1]
        if climb > best:
            best, where = climb, number
    return where
