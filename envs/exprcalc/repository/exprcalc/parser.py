"""A Pratt parser: binding powers decide what belongs together."""

from exprcalc.nodes import Binary, Call, Choice, Name, Node, Number, Unary
from exprcalc.tokens import ExprError, Token, tokenize

CHOICE = 1
COMPARE = 2
SUM = 3
PRODUCT = 4
SIGN = 5
POWER = 6
POSTFIX = 7

POWERS = {
    "?": CHOICE,
    "<": COMPARE,
    "<=": COMPARE,
    ">": COMPARE,
    ">=": COMPARE,
    "==": COMPARE,
    "!=": COMPARE,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "//": PRODUCT,
    "%": PRODUCT,
    "^": POWER,
    "!": POSTFIX,
}
RIGHT_TO_LEFT = ("^",)


class Parser:
    """Reads one expression from a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    @property
    def current(self) -> Token:
        return self.tokens[self.position]

    def advance(self) -> Token:
        """Return the current token and go to the next."""
        token = self.current
        if token.kind != "end":
            self.position += 1
        return token

    def expect(self, text: str) -> Token:
        """The current token, which must be this one."""
        if self.current.text != text:
            raise ExprError(f"expected {text!r}", self.current.column)
        return self.advance()

    def expression(self, least: int = 0) -> Node:
        """An expression whose operators bind more than least."""
        left = self.prefix()
        while POWERS.get(self.current.text, 0) > least:
            left = self.infix(left)
        return left

    def prefix(self) -> Node:
        """A number, name, call, sign or bracket."""
        token = self.advance()
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind == "name":
            if self.current.text == "(":
                return Call(token.text, self.arguments(), token.column)
            return Name(token.text, token.column)
        if token.text in ("+", "-"):
            operand = self.expression(SIGN)
            return Unary("-", operand) if token.text == "-" else operand
        if token.text == "(":
            inner = self.expression()
            self.expect(")")
            return inner
        if token.kind == "end":
            raise ExprError("the expression ends too early", token.column)
        raise ExprError(f"unexpected {token.text!r}", token.column)

    def infix(self, left: Node) -> Node:
        """The node of the current operator, with left as its left side."""
        token = self.advance()
        power = POWERS[token.text]
        if token.text == "!":
            return Unary("!", left)
        if token.text == "?":
            yes = self.expression()
            self.expect(":")
            return Choice(left, yes, self.expression(CHOICE - 1))
        if token.text in RIGHT_TO_LEFT:
            power -= 1
        return Binary(token.text, left, self.expression(power), token.column)

    def arguments(self) -> tuple[Node, ...]:
        """The arguments of a call, with its brackets."""
        self.expect("(")
        found: list[Node] = []
        if self.current.text != ")":
            found.append(self.expression())
            while self.current.text == ",":
                self.advance()
                found.append(self.expression())
        self.expect(")")
        return tuple(found)


def parse(text: str) -> Node:
    """The tree of an expression; all of the text must belong to it."""
    parser = Parser(tokenize(text))
    node = parser.expression()
    if parser.current.kind != "end":
        token = parser.current
        raise ExprError(f"unexpected {token.text!r}", token.column)
    return node


def point_at(text: str, error: ExprError) -> str:
    """The text with a mark below the column of an error, and its message."""
    message = str(error).split(": ", 1)[1]
    return f"{text}\n{' ' * (error.column - 1)}^ {message}"
