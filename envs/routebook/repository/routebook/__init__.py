"""Graphs of places and roads."""

from routebook.graph import Graph, read_graph, write_graph
from routebook.itinerary import describe
from routebook.paths import distance, shortest_path
from routebook.planning import schedule, topological_order
from routebook.unions import spanning_roads

__all__ = [
    "Graph",
    "describe",
    "distance",
    "read_graph",
    "schedule",
    "shortest_path",
    "spanning_roads",
    "topological_order",
    "write_graph",
]
