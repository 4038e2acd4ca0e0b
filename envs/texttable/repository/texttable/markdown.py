"""Markdown tables in and out."""

from texttable.cells import align

MARKS = {"<": "---", ">": "--:", "^": ":-:"}


def escape(text: str) -> str:
    """Make text safe inside a Markdown cell."""
    return text.replace("|", "\\|").replace("\n", "<br>")


def split_cells(line: str) -> list[str]:
    """Split a Markdown row at its bars; an escaped bar belongs to its cell."""
    cells = []
    current = ""
    position = 0
    while position < len(line):
        if line[position : position + 2] == "\\|":
            current += "|"
            position += 2
            continue
        if line[position] == "|":
            cells.append(current.strip())
            current = ""
        else:
            current += line[position]
        position += 1
    cells.append(current.strip())
    if cells and cells[0] == "":
        cells = cells[1:]
    if cells and cells[-1] == "":
        cells = cells[:-1]
    return cells


def read_alignment(mark: str) -> str:
    """The alignment that a mark such as ":--" or "--:" stands for."""
    if not mark.strip(":") or mark.strip(":").strip("-"):
        raise ValueError(f"not an alignment mark: {mark!r}")
    if mark.startswith(":") and mark.endswith(":"):
        return "^"
    if mark.endswith(":"):
        return ">"
    return "<"


def parse_markdown(text: str) -> tuple[list[str], list[str], list[list[str]]]:
    """Titles, alignments and rows of the first table in the text."""
    lines = [line.strip() for line in text.split("\n")]
    for number in range(len(lines) - 1):
        if "|" not in lines[number] or "-" not in lines[number + 1]:
            continue
        titles = split_cells(lines[number])
        aligns = [read_alignment(mark) for mark in split_cells(lines[number + 1])]
        if len(aligns) != len(titles):
            raise ValueError(f"{len(titles)} titles but {len(aligns)} marks")
        return titles, aligns, _body(lines[number + 2 :], len(titles))
    raise ValueError("no table found")


def _body(lines: list[str], count: int) -> list[list[str]]:
    rows = []
    for line in lines:
        if "|" not in line:
            break
        cells = split_cells(line)
        rows.append((cells + [""] * count)[:count])
    return rows


def format_markdown(
    titles: list[str], rows: list[list[str]], aligns: list[str] | None = None
) -> str:
    """A Markdown table with cells padded to the width of their column."""
    aligns = aligns or ["<"] * len(titles)
    body = [[escape(cell) for cell in row] for row in [titles, *rows]]
    widths = [max(len(row[n]) for row in body) for n in range(len(titles))]
    widths = [max(width, 3) for width in widths]
    lines = [_line(row, widths, aligns) for row in body]
    marks = [_mark(width, mode) for width, mode in zip(widths, aligns)]
    lines.insert(1, "| " + " | ".join(marks) + " |")
    return "\n".join(lines)


def _line(cells: list[str], widths: list[int], aligns: list[str]) -> str:
    padded = [align(*parts) for parts in zip(cells, widths, aligns)]
    return "| " + " | ".join(padded) + " |"


def _mark(width: int, mode: str) -> str:
    first, last = MARKS[mode][0], MARKS[mode][-1]
    return first + "-" * (width - 2) + last
