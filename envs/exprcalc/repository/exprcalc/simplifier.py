"""Smaller trees with the same value: constant folding, identities; derivatives."""

from exprcalc.evaluator import evaluate
from exprcalc.nodes import Binary, Call, Choice, Name, Node, Number, Unary, variables
from exprcalc.tokens import ExprError

ZERO = Number(0.0)
ONE = Number(1.0)
TWO = Number(2.0)


def simplify(node: Node) -> Node:
    """Simplify from the leaves up."""
    if isinstance(node, Unary):
        return fold(_unary(node.op, simplify(node.operand)))
    if isinstance(node, Binary):
        left, right = simplify(node.left), simplify(node.right)
        return fold(_binary(Binary(node.op, left, right, node.column)))
    if isinstance(node, Choice):
        return _choice(simplify(node.condition), simplify(node.yes), simplify(node.no))
    if isinstance(node, Call):
        arguments = tuple(simplify(argument) for argument in node.arguments)
        return fold(Call(node.name, arguments, node.column))
    return node


def fold(node: Node) -> Node:
    """A number in place of a tree without names, unless it has no value."""
    if isinstance(node, Number) or variables(node):
        return node
    try:
        return Number(evaluate(node))
    except ExprError:
        return node


def _unary(op: str, operand: Node) -> Node:
    if op == "-" and isinstance(operand, Unary) and operand.op == "-":
        return operand.operand
    return Unary(op, operand)


def _binary(node: Binary) -> Node:
    if node.op == "+":
        return _sum(node)
    if node.op == "-":
        return _difference(node)
    if node.op == "*":
        return _product(node)
    if node.op == "/" and node.right == ONE:
        return node.left
    if node.op == "^":
        return _power(node)
    return node


def _sum(node: Binary) -> Node:
    if node.left == ZERO:
        return node.right
    if node.right == ZERO:
        return node.left
    if node.left == node.right:
        return Binary("*", TWO, node.left, node.column)
    return node


def _difference(node: Binary) -> Node:
    if node.right == ZERO:
        return node.left
    if node.left == ZERO:
        return Unary("-", node.right)
    if node.left == node.right:
        return ZERO
    return node


def _product(node: Binary) -> Node:
    if ZERO in (node.left, node.right):
        return ZERO
    if node.left == ONE:
        return node.right
    if node.right == ONE:
        return node.left
    if isinstance(node.right, Number) and not isinstance(node.left, Number):
        return Binary("*", node.right, node.left, node.column)
    return node


def _power(node: Binary) -> Node:
    if node.right == ZERO:
        return ONE
    if node.right == ONE:
        return node.left
    return node


def _choice(condition: Node, yes: Node, no: Node) -> Node:
    if isinstance(condition, Number):
        return yes if condition.value != 0 else no
    return yes if yes == no else Choice(condition, yes, no)


def derive(node: Node, name: str) -> Node:
    """The derivative by a name, simplified."""
    return simplify(_derive(node, name))


def _derive(node: Node, name: str) -> Node:
    if name not in variables(node):
        return ZERO
    if isinstance(node, Name):
        return ONE
    if isinstance(node, Unary) and node.op == "-":
        return Unary("-", _derive(node.operand, name))
    if isinstance(node, Binary):
        return _derive_binary(node, name)
    raise ValueError("no rule for this derivative")


def _derive_binary(node: Binary, name: str) -> Node:
    left, right = _derive(node.left, name), _derive(node.right, name)
    if node.op in ("+", "-"):
        return Binary(node.op, left, right)
    if node.op == "*":
        return Binary("+", Binary("*", left, node.right), Binary("*", node.left, right))
    if node.op == "/":
        first = Binary("*", left, node.right)
        second = Binary("*", node.left, right)
        square = Binary("^", node.right, TWO)
        return Binary("/", Binary("-", first, second), square)
    if node.op == "^" and isinstance(node.right, Number):
        lower = Binary("^", node.left, Number(node.right.value - 1))
        return Binary("*", Binary("*", node.right, lower), left)
    raise ValueError("no rule for this derivative")
