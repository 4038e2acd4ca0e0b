"""Search without lengths: what can be reached, in how many steps, and cycles."""

from routebook.graph import Graph


def levels(graph: Graph, start: str) -> dict[str, int]:
    """How many roads it takes to each place, by breadth-first search."""
    found = {start: 0}
    waiting = [start]
    while waiting:
        place = waiting.pop(0)
        for neighbour in graph.neighbours(place):
            if neighbour not in found:
                found[neighbour] = found[place] + 1
                waiting.append(neighbour)
    return found


def reachable(graph: Graph, start: str, steps: int | None = None) -> list[str]:
    """Places that can be reached, within so many steps, sorted."""
    found = levels(graph, start)
    if steps is None:
        return sorted(found)
    return sorted(place for place, level in found.items() if level <= steps)


def fewest_stops(graph: Graph, start: str, end: str) -> list[str] | None:
    """A path with the fewest roads, whatever their lengths."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        place = waiting.pop(0)
        if place == end:
            return trace(came_from, start, end)
        for neighbour in graph.neighbours(place):
            if neighbour != start and neighbour not in came_from:
                came_from[neighbour] = place
                waiting.append(neighbour)
    return None


def trace(came_from: dict[str, str], start: str, end: str) -> list[str]:
    """The path that ends at a place, walked backwards to its start."""
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    path.reverse()
    return path


def depth_first(graph: Graph, start: str) -> list[str]:
    """Places in the order of a depth-first walk."""
    order: list[str] = []
    stack = [start]
    while stack:
        place = stack.pop()
        if place in order:
            continue
        order.append(place)
        for neighbour in reversed(graph.neighbours(place)):
            if neighbour not in order:
                stack.append(neighbour)
    return order


def all_paths(graph: Graph, start: str, end: str, most: int = 10) -> list[list[str]]:
    """Every path without repeated places over at most so many roads."""
    found: list[list[str]] = []

    def extend(path: list[str]) -> None:
        if path[-1] == end:
            found.append(path)
            return
        if len(path) > most:
            return
        for neighbour in graph.neighbours(path[-1]):
            if neighbour not in path:
                extend([*path, neighbour])

    extend([start])
    return found


def components(graph: Graph) -> list[list[str]]:
    """Groups of places that hang together, ignoring directions."""
    groups: list[list[str]] = []
    seen: list[str] = []
    for start in graph.places():
        if start in seen:
            continue
        group = [start]
        for place in group:
            for other in graph.neighbours(place) + graph.incoming(place):
                if other not in group:
                    group.append(other)
        seen += group
        groups.append(sorted(group))
    return groups


def find_cycle(graph: Graph) -> list[str] | None:
    """Places along a one-way circle, the first and the last being the same."""
    done: list[str] = []

    def visit(path: list[str]) -> list[str] | None:
        place = path[-1]
        if place in path[:-1]:
            return path[path.index(place) :]
        if place in done:
            return None
        for neighbour in graph.neighbours(place):
            cycle = visit([*path, neighbour])
            if cycle is not None:
                return cycle
        done.append(place)
        return None

    for start in graph.places():
        cycle = visit([start])
        if cycle is not None:
            return cycle
    return None
