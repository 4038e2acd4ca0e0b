"""The value of a tree under given variables."""

from collections.abc import Mapping

from exprcalc.functions import CONSTANTS, FUNCTIONS, factorial
from exprcalc.nodes import Binary, Call, Choice, Name, Node, Number, Unary
from exprcalc.parser import parse
from exprcalc.tokens import ExprError

Variables = Mapping[str, float]


def evaluate(node: Node, variables: Variables | None = None) -> float:
    """The value of a tree."""
    known = variables or {}
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return look_up(node, known)
    if isinstance(node, Unary):
        value = evaluate(node.operand, known)
        return -value if node.op == "-" else factorial(value)
    if isinstance(node, Choice):
        chosen = node.yes if evaluate(node.condition, known) != 0 else node.no
        return evaluate(chosen, known)
    if isinstance(node, Call):
        return call(node, known)
    left = evaluate(node.left, known)
    right = evaluate(node.right, known)
    return operate(node, left, right)


def look_up(node: Name, variables: Variables) -> float:
    """The value of a name; variables come before constants."""
    if node.name in variables:
        return float(variables[node.name])
    if node.name in CONSTANTS:
        return CONSTANTS[node.name]
    raise ExprError(f"unknown name {node.name!r}", node.column)


def operate(node: Binary, left: float, right: float) -> float:
    """Apply the operator of a node to two values."""
    if node.op == "+":
        return left + right
    if node.op == "-":
        return left - right
    if node.op == "*":
        return left * right
    if node.op == "^":
        return power(node, left, right)
    if node.op in ("/", "//", "%"):
        return divide(node, left, right)
    return compare(node.op, left, right)


def divide(node: Binary, left: float, right: float) -> float:
    """A quotient, a whole quotient or a remainder."""
    if right == 0:
        raise ExprError("division by zero", node.column)
    if node.op == "/":
        return left / right
    if node.op == "//":
        return left // right
    return left % right


def power(node: Binary, left: float, right: float) -> float:
    """A power, refused where the result is not a real number."""
    if left == 0 and right < 0:
        raise ExprError("zero has no negative power", node.column)
    if left < 0 and right != int(right):
        raise ExprError("a negative number has no such power", node.column)
    return left**right


def compare(op: str, left: float, right: float) -> float:
    """1 where the comparison holds, else 0."""
    results = {
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
        "==": left == right,
        "!=": left != right,
    }
    return 1.0 if results[op] else 0.0


def call(node: Call, variables: Variables) -> float:
    """The result of a function call."""
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise ExprError(f"unknown function {node.name!r}", node.column)
    count = len(node.arguments)
    if not function.accepts(count):
        message = f"{node.name} takes {function.arity()} arguments, not {count}"
        raise ExprError(message, node.column)
    values = [evaluate(argument, variables) for argument in node.arguments]
    try:
        return float(function.call(*values))
    except ValueError as error:
        raise ExprError(f"{node.name} {error}", node.column) from error


def calculate(text: str, variables: Variables | None = None) -> float:
    """The value of an expression given as text."""
    return evaluate(parse(text), variables)


def tabulate(text: str, name: str, start: int, stop: int) -> list[float]:
    """The values of an expression for a name from start to stop, both inside."""
    node = parse(text)
    return [evaluate(node, {name: value}) for value in range(start, stop + 1)]
