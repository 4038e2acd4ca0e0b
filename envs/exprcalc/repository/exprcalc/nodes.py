"""The nodes of an expression tree, and walks over it.

A column says where a node was read; it plays no part in comparing trees.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Name:
    """A variable or a named constant."""

    name: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Unary:
    """An operator before its operand, or "!" after it."""

    op: str
    operand: "Node"


@dataclass(frozen=True)
class Binary:
    """An operator between two operands."""

    op: str
    left: "Node"
    right: "Node"
    column: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Choice:
    """One of two values, by a condition."""

    condition: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True)
class Call:
    """A function applied to arguments."""

    name: str
    arguments: tuple["Node", ...]
    column: int = field(default=0, compare=False)


Node = Number | Name | Unary | Binary | Choice | Call


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, from left to right."""
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Choice):
        return (node.condition, node.yes, node.no)
    if isinstance(node, Call):
        return node.arguments
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below, each before what is below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Node) -> int:
    """How many levels a tree has; 1 for a single node."""
    return 1 + max((depth(child) for child in children(node)), default=0)


def size(node: Node) -> int:
    """How many nodes a tree has."""
    return sum(1 for _ in walk(node))


def variables(node: Node) -> list[str]:
    """The names in a tree, each once, in the order of appearance."""
    found: list[str] = []
    for item in walk(node):
        if isinstance(item, Name) and item.name not in found:
            found.append(item.name)
    return found


def replace_name(node: Node, name: str, by: Node) -> Node:
    """The tree with every use of a name replaced."""
    if isinstance(node, Name):
        return by if node.name == name else node
    if isinstance(node, Unary):
        return Unary(node.op, replace_name(node.operand, name, by))
    parts = tuple(replace_name(child, name, by) for child in children(node))
    if isinstance(node, Binary):
        return Binary(node.op, parts[0], parts[1], node.column)
    if isinstance(node, Choice):
        return Choice(parts[0], parts[1], parts[2])
    if isinstance(node, Call):
        return Call(node.name, parts, node.column)
    return node
