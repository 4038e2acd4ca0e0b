"""Text into tokens: numbers, names and operators, each with its column."""

from dataclasses import dataclass

TWO_CHARACTERS = ("<=", ">=", "==", "!=", "//")
ONE_CHARACTER = "+-*/%^()<>,?:!"


class ExprError(ValueError):
    """A wrong expression; the column counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


@dataclass(frozen=True)
class Token:
    """A piece of text; kind is "number", "name", "op" or "end"."""

    kind: str
    text: str
    column: int


def tokenize(text: str) -> list[Token]:
    """All tokens of a text, the last of kind "end"."""
    tokens = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        token = next_token(text, position)
        tokens.append(token)
        position += len(token.text)
    tokens.append(Token("end", "", len(text) + 1))
    return tokens


def next_token(text: str, position: int) -> Token:
    """The token that starts at a position."""
    character = text[position]
    column = position + 1
    if character.isdigit() or character == ".":
        return Token("number", read_number(text, position), column)
    if character.isalpha() or character == "_":
        return Token("name", read_name(text, position), column)
    if text[position : position + 2] in TWO_CHARACTERS:
        return Token("op", text[position : position + 2], column)
    if character in ONE_CHARACTER:
        return Token("op", character, column)
    raise ExprError(f"unexpected character {character!r}", column)


def read_digits(text: str, start: int) -> int:
    """The position after the digits that start here."""
    while start < len(text) and text[start].isdigit():
        start += 1
    return start


def read_number(text: str, start: int) -> str:
    """A number such as 12, 1.5, .5 or 2e-3."""
    end = read_digits(text, start)
    if end < len(text) and text[end] == ".":
        end = read_digits(text, end + 1)
    if text[start:end] == ".":
        raise ExprError("a number needs a digit", start + 1)
    if end < len(text) and text[end] in "eE":
        after = end + 1
        if after < len(text) and text[after] in "+-":
            after += 1
        last = read_digits(text, after)
        if last > after:
            end = last
    return text[start:end]


def read_name(text: str, start: int) -> str:
    """A name: letters, digits and underscores."""
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return text[start:end]
