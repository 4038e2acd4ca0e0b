"""Breaking text into lines that fit a width."""


def split_long_word(word: str, width: int) -> list[str]:
    """Cut a word into pieces of the width; the last may be shorter."""
    if width < 1:
        raise ValueError("width must be at least 1")
    pieces = []
    start = 0
    while start < len(word):
        pieces.append(word[start : start + width])
        start += width
    return pieces


def wrap_line(text: str, width: int) -> list[str]:
    """Wrap one line at spaces; words longer than the width are cut."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        for piece in split_long_word(word, width):
            if not current:
                current = piece
            elif len(current) + 1 + len(piece) <= width:
                current += " " + piece
            else:
                lines.append(current)
                current = piece
    if current or not lines:
        lines.append(current)
    return lines


def wrap_text(text: str, width: int) -> list[str]:
    """Wrap every line of the text by itself, keeping empty lines."""
    lines = []
    for line in text.split("\n"):
        lines.extend(wrap_line(line, width))
    return lines


def limit_lines(lines: list[str], limit: int, mark: str = "...") -> list[str]:
    """Keep at most limit lines; a line with the mark stands for the rest."""
    if len(lines) <= limit:
        return list(lines)
    if limit < 1:
        return []
    return lines[: limit - 1] + [mark]


def longest_word(text: str) -> int:
    """The length of the longest word, 0 when there is none."""
    longest = 0
    for word in text.split():
        if len(word) > longest:
            longest = len(word)
    return longest


def longest_line(text: str) -> int:
    """The length of the longest line."""
    return max(len(line) for line in text.split("\n"))


def indent(text: str, spaces: int, first: int | None = None) -> str:
    """Indent every line; the first line may have another indentation."""
    lines = text.split("\n")
    result = []
    for number, line in enumerate(lines):
        depth = first if number == 0 and first is not None else spaces
        result.append(" " * depth + line if line else line)
    return "\n".join(result)


def justify_line(text: str, width: int) -> str:
    """Spread the words over the width; wider gaps stand on the left."""
    words = text.split()
    if len(words) < 2:
        return text.strip()
    gaps = len(words) - 1
    spaces = width - sum(len(word) for word in words)
    if spaces < gaps:
        return " ".join(words)
    each, extra = divmod(spaces, gaps)
    result = words[0]
    for number, word in enumerate(words[1:]):
        size = each + 1 if number < extra else each
        result += " " * size + word
    return result


def stack(cells: list[list[str]]) -> list[list[str]]:
    """Turn wrapped cells into rows of single lines, filling with empty text."""
    height = max((len(lines) for lines in cells), default=0)
    rows = []
    for number in range(height):
        row = [lines[number] if number < len(lines) else "" for lines in cells]
        rows.append(row)
    return rows
