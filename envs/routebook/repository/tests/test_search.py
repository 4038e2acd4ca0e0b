from routebook.graph import read_graph
from routebook.search import (
    all_paths,
    components,
    depth_first,
    fewest_stops,
    find_cycle,
    levels,
    reachable,
    trace,
)

GRID = read_graph("a - b 1\nb - c 1\na - d 1\nd - e 1\nc - f 1\ne - f 1")
ONE_WAY = read_graph("a > b 1\nb > c 1\nc > d 1\nx - y 1")


def test_levels():
    assert levels(GRID, "a") == {"a": 0, "b": 1, "d": 1, "c": 2, "e": 2, "f": 3}
    assert levels(ONE_WAY, "c") == {"c": 0, "d": 1}


def test_reachable():
    assert reachable(ONE_WAY, "b") == ["b", "c", "d"]
    assert reachable(ONE_WAY, "d") == ["d"]


def test_reachable_within_steps():
    assert reachable(GRID, "a", 1) == ["a", "b", "d"]
    assert reachable(GRID, "a", 0) == ["a"]
    assert reachable(GRID, "a", 2) == ["a", "b", "c", "d", "e"]


def test_fewest_stops():
    assert fewest_stops(GRID, "a", "c") == ["a", "b", "c"]
    assert fewest_stops(GRID, "a", "f") == ["a", "b", "c", "f"]
    assert fewest_stops(GRID, "a", "a") == ["a"]
    assert fewest_stops(ONE_WAY, "b", "a") is None


def test_fewest_stops_ignores_lengths():
    graph = read_graph("a - c 100\na - b 1\nb - c 1")
    assert fewest_stops(graph, "a", "c") == ["a", "c"]


def test_trace():
    assert trace({"b": "a", "c": "b"}, "a", "c") == ["a", "b", "c"]
    assert trace({}, "a", "a") == ["a"]


def test_depth_first():
    assert depth_first(GRID, "a") == ["a", "b", "c", "f", "e", "d"]
    assert depth_first(ONE_WAY, "b") == ["b", "c", "d"]
    assert depth_first(read_graph("a > c 1\na > b 1"), "a") == ["a", "b", "c"]


def test_all_paths():
    assert all_paths(GRID, "a", "f") == [["a", "b", "c", "f"], ["a", "d", "e", "f"]]
    assert all_paths(ONE_WAY, "d", "a") == []
    assert all_paths(GRID, "a", "a") == [["a"]]


def test_all_paths_limits_the_roads():
    assert all_paths(GRID, "a", "c", most=2) == [["a", "b", "c"]]
    assert all_paths(GRID, "a", "c", most=1) == []
    assert len(all_paths(GRID, "a", "c", most=4)) == 2


def test_components():
    assert components(ONE_WAY) == [["a", "b", "c", "d"], ["x", "y"]]
    assert components(GRID) == [["a", "b", "c", "d", "e", "f"]]
    assert components(read_graph("b > c 1\na > c 1\nz")) == [["a", "b", "c"], ["z"]]


def test_find_cycle():
    assert find_cycle(read_graph("a > b 1\nb > c 1\nc > b 1")) == ["b", "c", "b"]
    assert find_cycle(read_graph("a > b 1\na > c 1\nb > d 1\nc > d 1")) is None
    assert find_cycle(read_graph("a > b 1\nb > c 1\nc > a 1")) == ["a", "b", "c", "a"]
