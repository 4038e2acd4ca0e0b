"""CSV in and out, with quoted fields."""


class CsvError(ValueError):
    """A CSV text that cannot be read, with the line where it went wrong."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


def quote(field: str, separator: str = ",") -> str:
    """Quote a field where it holds a separator, a quote or a line end."""
    special = (separator, '"', "\n")
    if any(mark in field for mark in special) or field != field.strip():
        return '"' + field.replace('"', '""') + '"'
    return field


def format_csv(rows: list[list[str]], separator: str = ",") -> str:
    """Write rows as CSV, each ended by a newline."""
    lines = [separator.join(quote(field, separator) for field in row) for row in rows]
    return "".join(line + "\n" for line in lines)


def parse_csv(text: str, separator: str = ",") -> list[list[str]]:
    """Read CSV text into rows of fields; blank lines are skipped."""
    rows: list[list[str]] = []
    row: list[str] = []
    position = 0
    line = 1
    while position < len(text):
        if not row and text[position] == "\n":
            position += 1
            line += 1
            continue
        field, position, line = _field(text, position, separator, line)
        row.append(field)
        if position < len(text) and text[position] == separator:
            position += 1
            if position == len(text) or text[position] == "\n":
                row.append("")
        if position >= len(text) or text[position] == "\n":
            rows.append(row)
            row = []
            position += 1
            line += 1
    return rows


def _field(text: str, start: int, separator: str, line: int) -> tuple[str, int, int]:
    """The field at start, the position after it, and the line reached."""
    if text[start] != '"':
        end = start
        while end < len(text) and text[end] not in (separator, "\n"):
            end += 1
        return text[start:end], end, line
    first_line = line
    position = start + 1
    field = ""
    while position < len(text):
        if text[position : position + 2] == '""':
            field += '"'
            position += 2
        elif text[position] == '"':
            return field, _after_quote(text, position + 1, separator, line), line
        else:
            if text[position] == "\n":
                line += 1
            field += text[position]
            position += 1
    raise CsvError("a quoted field is not closed", first_line)


def _after_quote(text: str, position: int, separator: str, line: int) -> int:
    if position < len(text) and text[position] not in (separator, "\n"):
        raise CsvError("text after a closing quote", line)
    return position


def rectangular(rows: list[list[str]], fill: str = "") -> list[list[str]]:
    """Fill short rows so that all are as long as the longest."""
    longest = max((len(row) for row in rows), default=0)
    return [row + [fill] * (longest - len(row)) for row in rows]
