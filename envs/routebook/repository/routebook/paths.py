"""Shortest paths by length."""

import heapq

from routebook.graph import Graph
from routebook.search import trace


def explore(graph: Graph, start: str) -> tuple[dict[str, int], dict[str, str]]:
    """Dijkstra: distances from a start, and from where each place was reached."""
    distances = {start: 0}
    came_from: dict[str, str] = {}
    queue = [(0, start)]
    while queue:
        reached, place = heapq.heappop(queue)
        if reached > distances[place]:
            continue
        for neighbour in graph.neighbours(place):
            length = reached + (graph.length(place, neighbour) or 0)
            if neighbour not in distances or length < distances[neighbour]:
                distances[neighbour] = length
                came_from[neighbour] = place
                heapq.heappush(queue, (length, neighbour))
    return distances, came_from


def distances(graph: Graph, start: str) -> dict[str, int]:
    """The distance from a start to every place that can be reached."""
    return explore(graph, start)[0]


def distance(graph: Graph, start: str, end: str) -> int | None:
    """The distance between two places, None where there is no way."""
    return distances(graph, start).get(end)


def shortest_path(graph: Graph, start: str, end: str) -> list[str] | None:
    """The shortest path between two places, None where there is no way."""
    found, came_from = explore(graph, start)
    if end not in found:
        return None
    return trace(came_from, start, end)


def path_length(graph: Graph, path: list[str]) -> int:
    """The sum of the roads along a path."""
    total = 0
    for start, end in zip(path, path[1:]):
        length = graph.length(start, end)
        if length is None:
            raise ValueError(f"no road from {start} to {end}")
        total += length
    return total


def path_through(graph: Graph, stops: list[str]) -> list[str] | None:
    """The shortest path that visits some stops in their order."""
    path = stops[:1]
    for start, end in zip(stops, stops[1:]):
        part = shortest_path(graph, start, end)
        if part is None:
            return None
        path += part[1:]
    return path


def eccentricity(graph: Graph, place: str) -> int:
    """The distance to the farthest place that can be reached."""
    return max(distances(graph, place).values())


def centre(graph: Graph) -> str:
    """The place from which the farthest place is nearest."""
    return min(graph.places(), key=lambda place: (eccentricity(graph, place), place))


def diameter(graph: Graph) -> int:
    """The longest of all shortest distances."""
    return max(eccentricity(graph, place) for place in graph.places())


def within(graph: Graph, start: str, most: int) -> list[str]:
    """Other places no farther than so much, nearest first."""
    found = distances(graph, start)
    near = [place for place in found if 0 < found[place] <= most]
    return sorted(near, key=lambda place: (found[place], place))


def detour(graph: Graph, start: str, via: str, end: str) -> int | None:
    """How much longer the way becomes by passing through another place."""
    direct = distance(graph, start, end)
    first, second = distance(graph, start, via), distance(graph, via, end)
    if direct is None or first is None or second is None:
        return None
    return first + second - direct


def round_trip(graph: Graph, start: str) -> list[str]:
    """Visit every place that can be reached: always the nearest one next."""
    left = sorted(distances(graph, start))
    left.remove(start)
    tour = [start]
    while left:
        found = distances(graph, tour[-1])
        options = [place for place in left if place in found]
        if not options:
            break
        nearest = min(options, key=lambda place: (found[place], place))
        tour.append(nearest)
        left.remove(nearest)
    return tour
