"""Border styles: how rules and rows are drawn around cells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Border:
    """The characters of a border; an empty rule character means no rule."""

    name: str
    vertical: str
    rule: str
    cross: str
    outer: bool = True


ASCII = Border("ascii", "|", "-", "+")
DOUBLE = Border("double", "|", "=", "+")
PLAIN = Border("plain", " ", "", "", outer=False)
SIMPLE = Border("simple", " ", "-", " ", outer=False)
DOTTED = Border("dotted", ":", ".", ":")

STYLES = {style.name: style for style in (ASCII, DOUBLE, PLAIN, SIMPLE, DOTTED)}


def border(name: str) -> Border:
    """The style with this name."""
    if name not in STYLES:
        known = ", ".join(sorted(STYLES))
        raise ValueError(f"unknown border {name!r}; known are {known}")
    return STYLES[name]


def rule(style: Border, widths: list[int], padding: int = 1) -> str:
    """A horizontal rule over columns of these widths; empty when there is none."""
    if not style.rule:
        return ""
    parts = [style.rule * (width + 2 * padding) for width in widths]
    line = style.cross.join(parts)
    if style.outer:
        return style.cross + line + style.cross
    return line[padding : len(line) - padding]


def row(style: Border, cells: list[str], padding: int = 1) -> str:
    """A line of cells between vertical characters, without trailing spaces."""
    space = " " * padding
    line = style.vertical.join(space + cell + space for cell in cells)
    if style.outer:
        return style.vertical + line + style.vertical
    return line[padding:].rstrip()


def overhead(style: Border, count: int, padding: int = 1) -> int:
    """How many characters of a row of count cells are not cells."""
    if count == 0:
        return 0
    inner = (count - 1) * len(style.vertical) + 2 * padding * count
    if style.outer:
        return inner + 2 * len(style.vertical)
    return inner - 2 * padding


def title_rule(style: Border, widths: list[int], title: str) -> str:
    """The top rule with a title set into it, two characters from the left."""
    line = rule(style, widths)
    label = f" {title} "
    if len(label) + 4 > len(line):
        return line
    return line[:2] + label + line[2 + len(label) :]
