"""A graph with weights; a road may lead one way or both ways."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Road:
    """A way from one place to another with its length."""

    start: str
    end: str
    length: int


class Graph:
    """Places and the roads that leave them."""

    def __init__(self) -> None:
        self._roads: dict[str, dict[str, int]] = {}

    def __repr__(self) -> str:
        return f"Graph({len(self._roads)} places, {len(self.roads())} roads)"

    def __contains__(self, place: str) -> bool:
        return place in self._roads

    def add_place(self, place: str) -> None:
        """Add a place without roads, unless it is known."""
        self._roads.setdefault(place, {})

    def add_road(self, start: str, end: str, length: int, one_way: bool = False) -> None:
        """Add a road; of two roads between the same places the shorter stays."""
        if length < 0:
            raise ValueError(f"a road cannot have the length {length}")
        if start == end:
            raise ValueError(f"a road cannot lead from {start} to itself")
        self._add(start, end, length)
        self.add_place(end)
        if not one_way:
            self._add(end, start, length)

    def _add(self, start: str, end: str, length: int) -> None:
        self.add_place(start)
        known = self._roads[start].get(end)
        if known is None or length < known:
            self._roads[start][end] = length

    def close_road(self, start: str, end: str) -> None:
        """Take away the road in this direction."""
        if self.length(start, end) is None:
            raise KeyError(f"no road from {start} to {end}")
        del self._roads[start][end]

    def places(self) -> list[str]:
        """All places, sorted."""
        return sorted(self._roads)

    def roads(self) -> list[Road]:
        """All roads, sorted; a road both ways counts twice."""
        return sorted(
            Road(start, end, length)
            for start, ends in self._roads.items()
            for end, length in ends.items()
        )

    def length(self, start: str, end: str) -> int | None:
        """The length of the road between two places, None without a road."""
        return self._roads.get(start, {}).get(end)

    def neighbours(self, place: str) -> list[str]:
        """Where roads from a place lead, sorted."""
        if place not in self._roads:
            raise KeyError(f"no place {place!r}")
        return sorted(self._roads[place])

    def incoming(self, place: str) -> list[str]:
        """From where roads lead to a place, sorted."""
        return sorted(start for start, ends in self._roads.items() if place in ends)

    def is_both_ways(self, start: str, end: str) -> bool:
        """True where the same length leads there and back."""
        there = self.length(start, end)
        return there is not None and there == self.length(end, start)

    def reversed(self) -> "Graph":
        """The graph with all directions turned."""
        turned = Graph()
        for place in self.places():
            turned.add_place(place)
        for road in self.roads():
            turned.add_road(road.end, road.start, road.length, one_way=True)
        return turned


def read_graph(text: str) -> Graph:
    """Read lines "A - B 4" and "A > B 4"; "#" starts a comment."""
    graph = Graph()
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) == 1:
            graph.add_place(words[0])
            continue
        if len(words) != 4 or words[1] not in ("-", ">") or not words[3].isdigit():
            raise ValueError(f"line {number}: not a road: {line.strip()!r}")
        graph.add_road(words[0], words[2], int(words[3]), one_way=words[1] == ">")
    return graph


def write_graph(graph: Graph) -> str:
    """Write a graph so that it reads back the same; both ways on one line."""
    lines = []
    for road in graph.roads():
        if not graph.is_both_ways(road.start, road.end):
            lines.append(f"{road.start} > {road.end} {road.length}")
        elif road.start < road.end:
            lines.append(f"{road.start} - {road.end} {road.length}")
    for place in graph.places():
        if not graph.neighbours(place) and not graph.incoming(place):
            lines.append(place)
    return "\n".join(lines)
