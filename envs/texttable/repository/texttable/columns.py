"""Column specs such as "price:>10.2", and how wide columns become."""

from dataclasses import dataclass

from texttable.wrapping import longest_line

MIN_WIDTH = 3


@dataclass(frozen=True)
class Column:
    """A column: its title, alignment, fixed width (or None) and decimals."""

    title: str
    align: str = "<"
    width: int | None = None
    decimals: int | None = None


def parse_column(spec: str) -> Column:
    """Read a spec "title[:[<>^][width][.decimals]]"."""
    title, colon, rest = spec.partition(":")
    if not colon:
        return Column(title)
    align = "<"
    if rest and rest[0] in "<>^":
        align = rest[0]
        rest = rest[1:]
    width_text, dot, decimals_text = rest.partition(".")
    width = _number(width_text, spec) if width_text else None
    decimals = _number(decimals_text, spec) if dot else None
    if width is not None and width < 1:
        raise ValueError(f"column {title!r}: width must be at least 1")
    return Column(title, align, width, decimals)


def _number(text: str, spec: str) -> int:
    if not text.isdigit():
        raise ValueError(f"bad column spec {spec!r}")
    return int(text)


def format_column(column: Column) -> str:
    """Write a column as the shortest spec that reads back as the same column."""
    spec = ""
    if column.align != "<":
        spec += column.align
    if column.width is not None:
        spec += str(column.width)
    if column.decimals is not None:
        spec += f".{column.decimals}"
    return f"{column.title}:{spec}" if spec else column.title


def natural_widths(columns: list[Column], rows: list[list[str]]) -> list[int]:
    """The fixed width of each column, or that of its longest line."""
    widths = []
    for number, column in enumerate(columns):
        if column.width is not None:
            widths.append(column.width)
            continue
        texts = [column.title] + [row[number] for row in rows]
        widths.append(max(longest_line(text) for text in texts))
    return widths


def fit_widths(widths: list[int], total: int, least: int = MIN_WIDTH) -> list[int]:
    """Take from the widest column, one at a time, until the sum is the total."""
    fitted = list(widths)
    while sum(fitted) > total:
        widest = max(fitted)
        if widest <= least:
            break
        fitted[fitted.index(widest)] -= 1
    return fitted


def stretch_widths(widths: list[int], total: int) -> list[int]:
    """Share the missing width among the columns, first columns first."""
    missing = total - sum(widths)
    if missing <= 0 or not widths:
        return list(widths)
    each, extra = divmod(missing, len(widths))
    return [
        width + each + (1 if number < extra else 0)
        for number, width in enumerate(widths)
    ]


def column_index(columns: list[Column], title: str) -> int:
    """The place of the column with this title."""
    for number, column in enumerate(columns):
        if column.title == title:
            return number
    raise KeyError(f"no column {title!r}")
