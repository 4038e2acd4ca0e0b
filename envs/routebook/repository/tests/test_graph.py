import pytest

from routebook.graph import Graph, Road, read_graph, write_graph

TEXT = "Ada - Bern 4\nBern > Cork 3\nDover"


def test_read_graph():
    graph = read_graph(TEXT)
    assert graph.places() == ["Ada", "Bern", "Cork", "Dover"]
    assert graph.roads() == [
        Road("Ada", "Bern", 4),
        Road("Bern", "Ada", 4),
        Road("Bern", "Cork", 3),
    ]
    assert repr(graph) == "Graph(4 places, 3 roads)"


def test_read_graph_skips_comments_and_blank_lines():
    graph = read_graph("# roads\n\nA - B 4 # slow\n  \n")
    assert graph.places() == ["A", "B"]


def test_read_graph_names_the_bad_line():
    for line in ("A B 4", "A - B", "A - B x", "A = B 4", "A -> B 4", "A - B 4 5"):
        with pytest.raises(ValueError, match="line 2: not a road"):
            read_graph("A - B 1\n" + line)


def test_contains():
    assert "Dover" in read_graph(TEXT)
    assert "Essen" not in read_graph(TEXT)


def test_the_shorter_of_two_roads_stays():
    graph = Graph()
    graph.add_road("a", "b", 5)
    graph.add_road("a", "b", 3, one_way=True)
    graph.add_road("b", "a", 7)
    assert graph.length("a", "b") == 3
    assert graph.length("b", "a") == 5


def test_impossible_roads():
    graph = Graph()
    graph.add_road("a", "b", 0)
    with pytest.raises(ValueError):
        graph.add_road("a", "b", -1)
    with pytest.raises(ValueError):
        graph.add_road("a", "a", 1)


def test_adding_a_place_again_keeps_its_roads():
    graph = read_graph(TEXT)
    graph.add_place("Ada")
    assert graph.neighbours("Ada") == ["Bern"]


def test_length():
    graph = read_graph(TEXT)
    assert graph.length("Bern", "Cork") == 3
    assert graph.length("Cork", "Bern") is None
    assert graph.length("Nowhere", "Bern") is None


def test_neighbours_and_incoming():
    graph = read_graph(TEXT)
    assert graph.neighbours("Bern") == ["Ada", "Cork"]
    assert graph.neighbours("Cork") == []
    assert graph.incoming("Cork") == ["Bern"]
    assert graph.incoming("Ada") == ["Bern"]
    with pytest.raises(KeyError):
        graph.neighbours("Essen")


def test_close_road():
    graph = read_graph(TEXT)
    graph.close_road("Ada", "Bern")
    assert graph.length("Ada", "Bern") is None
    assert graph.length("Bern", "Ada") == 4
    with pytest.raises(KeyError):
        graph.close_road("Ada", "Bern")


def test_is_both_ways():
    graph = read_graph(TEXT)
    assert graph.is_both_ways("Ada", "Bern")
    assert not graph.is_both_ways("Bern", "Cork")
    assert not graph.is_both_ways("Ada", "Dover")


def test_reversed():
    turned = read_graph(TEXT).reversed()
    assert turned.length("Cork", "Bern") == 3
    assert turned.length("Bern", "Cork") is None
    assert turned.places() == ["Ada", "Bern", "Cork", "Dover"]


def test_write_graph():
    assert write_graph(read_graph(TEXT)) == "Ada - Bern 4\nBern > Cork 3\nDover"
    assert write_graph(read_graph("a > b 1\nb > a 2")) == "a > b 1\nb > a 2"
    assert write_graph(Graph()) == ""
