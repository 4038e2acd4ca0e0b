"""The Table: rows under columns, sorted, summed and rendered."""

from texttable.borders import border, overhead, row, rule, title_rule
from texttable.cells import align, cell_text
from texttable.columns import (
    Column,
    column_index,
    fit_widths,
    natural_widths,
    parse_column,
)
from texttable.wrapping import limit_lines, stack, wrap_text


class Table:
    """Rows of values under columns given as specs."""

    def __init__(self, specs: list[str], style: str = "ascii", title: str = "") -> None:
        self.columns: list[Column] = [parse_column(spec) for spec in specs]
        self.style = border(style)
        self.title = title
        self.rows: list[list[object]] = []
        self.rules: set[int] = set()

    def __repr__(self) -> str:
        return f"Table({len(self.columns)} columns, {len(self.rows)} rows)"

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, *values: object) -> None:
        """Add a row; missing values are empty, too many are an error."""
        if len(values) > len(self.columns):
            raise ValueError(f"{len(values)} values for {len(self.columns)} columns")
        missing = len(self.columns) - len(values)
        self.rows.append(list(values) + [None] * missing)

    def add_rule(self) -> None:
        """Draw a rule below the last row."""
        if self.rows:
            self.rules.add(len(self.rows) - 1)

    def column(self, title: str) -> list[object]:
        """All values of one column."""
        index = column_index(self.columns, title)
        return [values[index] for values in self.rows]

    def sort(self, title: str, descending: bool = False) -> None:
        """Sort rows by a column; rows without a value come last."""
        index = column_index(self.columns, title)
        filled = [values for values in self.rows if values[index] is not None]
        empty = [values for values in self.rows if values[index] is None]
        filled.sort(key=lambda values: values[index], reverse=descending)
        self.rows = filled + empty
        self.rules.clear()

    def total(self, title: str) -> float:
        """The sum of the numbers in a column; other values count as nothing."""
        result = 0
        for value in self.column(title):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                result += value
        return result

    def texts(self) -> list[list[str]]:
        """Every row as text."""
        return [
            [
                cell_text(value, column.decimals)
                for value, column in zip(values, self.columns)
            ]
            for values in self.rows
        ]

    def widths(self, max_width: int | None = None) -> list[int]:
        """The width of each column, shrunk so that a line has max_width."""
        widths = natural_widths(self.columns, self.texts())
        if max_width is None:
            return widths
        return fit_widths(widths, max_width - overhead(self.style, len(widths)))

    def render(self, max_width: int | None = None, max_lines: int = 100) -> str:
        """The table as text; a cell has at most max_lines lines."""
        widths = self.widths(max_width)
        line = rule(self.style, widths)
        top = title_rule(self.style, widths, self.title) if self.title else line
        lines = [top] if self.style.outer else []
        titles = [column.title for column in self.columns]
        lines += self._block(titles, widths, max_lines) + [line]
        for number, texts in enumerate(self.texts()):
            lines += self._block(texts, widths, max_lines)
            if number in self.rules:
                lines.append(line)
        if self.style.outer and len(self.rows) - 1 not in self.rules and self.rows:
            lines.append(line)
        return "\n".join(text for text in lines if text)

    def _block(self, texts: list[str], widths: list[int], limit: int) -> list[str]:
        cells = [
            limit_lines(wrap_text(text, width), limit)
            for text, width in zip(texts, widths)
        ]
        return [
            row(self.style, self._aligned(parts, widths)) for parts in stack(cells)
        ]

    def _aligned(self, parts: list[str], widths: list[int]) -> list[str]:
        return [
            align(part, width, column.align)
            for part, width, column in zip(parts, widths, self.columns)
        ]
