import pytest

from routebook.graph import read_graph
from routebook.paths import (
    centre,
    detour,
    diameter,
    distance,
    distances,
    eccentricity,
    path_length,
    path_through,
    round_trip,
    shortest_path,
    within,
)

MAP = read_graph("a - b 4\na - c 2\nc - b 1\nb - d 5\nc - d 8\nd - e 3\nf > a 1")


def test_distances():
    assert distances(MAP, "a") == {"a": 0, "b": 3, "c": 2, "d": 8, "e": 11}
    assert distances(MAP, "e") == {"e": 0, "d": 3, "b": 8, "c": 9, "a": 11}


def test_distance():
    assert distance(MAP, "a", "d") == 8
    assert distance(MAP, "a", "a") == 0
    assert distance(MAP, "f", "b") == 4
    assert distance(MAP, "a", "f") is None


def test_shortest_path():
    assert shortest_path(MAP, "a", "b") == ["a", "c", "b"]
    assert shortest_path(MAP, "a", "e") == ["a", "c", "b", "d", "e"]
    assert shortest_path(MAP, "d", "d") == ["d"]
    assert shortest_path(MAP, "a", "f") is None


def test_shortest_path_keeps_the_first_of_equals():
    graph = read_graph("a - c 1\na - b 1\nb - d 1\nc - d 1")
    assert shortest_path(graph, "a", "d") == ["a", "b", "d"]


def test_path_length():
    assert path_length(MAP, ["a", "b", "d"]) == 9
    assert path_length(MAP, ["a"]) == 0
    with pytest.raises(ValueError, match="no road from a to d"):
        path_length(MAP, ["a", "d"])


def test_path_through():
    assert path_through(MAP, ["a", "b", "a"]) == ["a", "c", "b", "c", "a"]
    assert path_through(MAP, ["a", "d", "e"]) == ["a", "c", "b", "d", "e"]
    assert path_through(MAP, ["a"]) == ["a"]
    assert path_through(MAP, ["a", "f", "b"]) is None


def test_eccentricity():
    assert eccentricity(MAP, "a") == 11
    assert eccentricity(MAP, "d") == 8
    assert eccentricity(MAP, "f") == 12


def test_centre():
    assert centre(MAP) == "b"
    assert centre(read_graph("a - b 1")) == "a"
    assert centre(read_graph("a - b 3\nb - c 3\nc - d 1")) == "b"


def test_diameter():
    assert diameter(MAP) == 12
    assert diameter(read_graph("a - b 3")) == 3


def test_within():
    assert within(MAP, "a", 3) == ["c", "b"]
    assert within(MAP, "a", 2) == ["c"]
    assert within(MAP, "a", 1) == []
    assert within(read_graph("a - c 1\na - b 1"), "a", 1) == ["b", "c"]


def test_detour():
    assert detour(MAP, "a", "c", "b") == 0
    assert detour(MAP, "a", "e", "d") == 6
    assert detour(MAP, "f", "c", "b") == 0
    assert detour(MAP, "a", "f", "b") is None
    assert detour(MAP, "a", "b", "f") is None


def test_round_trip():
    assert round_trip(MAP, "a") == ["a", "c", "b", "d", "e"]
    assert round_trip(read_graph("a - b 5\na - c 2\nb - d 1\nc - d 9"), "a") == [
        "a",
        "c",
        "b",
        "d",
    ]


def test_round_trip_stops_where_no_way_leads_on():
    assert round_trip(read_graph("a > b 1\na > c 2"), "a") == ["a", "b"]
