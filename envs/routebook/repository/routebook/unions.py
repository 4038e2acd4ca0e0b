"""Union-find, and the cheapest network that joins everything."""

from routebook.graph import Graph, Road


class Groups:
    """Disjoint groups that can be joined."""

    def __init__(self, items: list[str]) -> None:
        self._parent = {item: item for item in items}
        self._size = {item: 1 for item in items}
        self.count = len(items)

    def __repr__(self) -> str:
        return f"Groups({self.count})"

    def root(self, item: str) -> str:
        """The item that stands for a group; paths are halved on the way."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, first: str, second: str) -> bool:
        """Join two groups; False where they are one already."""
        big, small = self.root(first), self.root(second)
        if big == small:
            return False
        if self._size[big] < self._size[small]:
            big, small = small, big
        self._parent[small] = big
        self._size[big] += self._size[small]
        self.count -= 1
        return True

    def together(self, first: str, second: str) -> bool:
        """True where two items are in one group."""
        return self.root(first) == self.root(second)

    def size(self, item: str) -> int:
        """How many items are in the group of an item."""
        return self._size[self.root(item)]

    def members(self, item: str) -> list[str]:
        """The items in the group of an item, sorted."""
        return sorted(other for other in self._parent if self.together(item, other))


def spanning_roads(graph: Graph) -> list[Road]:
    """The shortest set of roads that joins all that hangs together (Kruskal)."""
    groups = Groups(graph.places())
    chosen = []
    roads = sorted(graph.roads(), key=lambda road: (road.length, road))
    for road in roads:
        if groups.join(road.start, road.end):
            chosen.append(road)
    return chosen


def network_length(graph: Graph) -> int:
    """The length of the cheapest network."""
    return sum(road.length for road in spanning_roads(graph))


def is_connected(graph: Graph) -> bool:
    """True where one network joins all places."""
    return len(spanning_roads(graph)) >= len(graph.places()) - 1


def spare_roads(graph: Graph) -> list[Road]:
    """Roads both ways that the cheapest network does without, each once."""
    chosen = spanning_roads(graph)
    needed = [{road.start, road.end} for road in chosen]
    return [
        road
        for road in graph.roads()
        if road.start < road.end and {road.start, road.end} not in needed
    ]


def clusters(graph: Graph, count: int) -> list[list[str]]:
    """Cut the network at its longest roads until so many groups are left."""
    groups = Groups(graph.places())
    for road in spanning_roads(graph):
        if groups.count <= count:
            break
        groups.join(road.start, road.end)
    found = [groups.members(place) for place in graph.places()]
    return [group for place, group in zip(graph.places(), found) if group[0] == place]
