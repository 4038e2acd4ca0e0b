"""A tree as text, with as few brackets as possible."""

from exprcalc.nodes import Binary, Call, Choice, Name, Node, Number, Unary
from exprcalc.parser import CHOICE, POSTFIX, POWERS, RIGHT_TO_LEFT, SIGN

ATOM = POSTFIX + 1


def format_number(value: float) -> str:
    """Write a number; whole numbers without a point."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def strength(node: Node) -> int:
    """How strongly the outermost operator of a tree binds."""
    if isinstance(node, Binary):
        return POWERS[node.op]
    if isinstance(node, Choice):
        return CHOICE
    if isinstance(node, Unary):
        return POSTFIX if node.op == "!" else SIGN
    if isinstance(node, Number) and node.value < 0:
        return SIGN
    return ATOM


def bracket(node: Node, least: int) -> str:
    """The text of a tree, in brackets where it binds less than least."""
    text = show(node)
    return f"({text})" if strength(node) < least else text


def show(node: Node) -> str:
    """The text of a tree; it parses back to the same tree."""
    if isinstance(node, Number):
        return format_number(node.value)
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Unary):
        if node.op == "!":
            return bracket(node.operand, POSTFIX) + "!"
        return "-" + bracket(node.operand, SIGN)
    if isinstance(node, Choice):
        condition = bracket(node.condition, CHOICE + 1)
        return f"{condition} ? {show(node.yes)} : {show(node.no)}"
    if isinstance(node, Call):
        arguments = ", ".join(show(argument) for argument in node.arguments)
        return f"{node.name}({arguments})"
    return show_binary(node)


def show_binary(node: Binary) -> str:
    """The text of an operator and its two sides."""
    power = POWERS[node.op]
    if node.op in RIGHT_TO_LEFT:
        left, right = bracket(node.left, power + 1), bracket(node.right, power)
    else:
        left, right = bracket(node.left, power), bracket(node.right, power + 1)
    return f"{left} {node.op} {right}"


def outline(node: Node, level: int = 0) -> str:
    """A tree with one node a line, indented by two spaces a level."""
    if isinstance(node, (Number, Name)):
        return "  " * level + show(node)
    if isinstance(node, Choice):
        title, below = "?", [node.condition, node.yes, node.no]
    elif isinstance(node, Call):
        title, below = f"{node.name}()", list(node.arguments)
    elif isinstance(node, Unary):
        title, below = node.op, [node.operand]
    else:
        title, below = node.op, [node.left, node.right]
    lines = ["  " * level + title]
    lines += [outline(child, level + 1) for child in below]
    return "\n".join(lines)
