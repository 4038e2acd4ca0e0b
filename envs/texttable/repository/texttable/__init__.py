"""Plain-text tables."""

from texttable.columns import Column, parse_column
from texttable.csvtext import format_csv, parse_csv
from texttable.markdown import format_markdown, parse_markdown
from texttable.table import Table

__all__ = [
    "Column",
    "Table",
    "format_csv",
    "format_markdown",
    "parse_column",
    "parse_csv",
    "parse_markdown",
]
