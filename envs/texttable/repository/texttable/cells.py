"""One cell: the text of a value, and how it is padded, aligned and cut."""


def cell_text(value: object, decimals: int | None = None) -> str:
    """The text of a value: None is empty, booleans are yes and no."""
    if value is None:
        return ""
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, float) and decimals is not None:
        return f"{value:.{decimals}f}"
    return str(value)


def group_digits(number: int, separator: str = ",") -> str:
    """Write a whole number with a separator between groups of three digits."""
    digits = str(abs(number))
    groups = []
    while len(digits) > 3:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    groups.insert(0, digits)
    sign = "-" if number < 0 else ""
    return sign + separator.join(groups)


def pad_left(text: str, width: int, fill: str = " ") -> str:
    """Put fill characters before the text until it has the width."""
    missing = width - len(text)
    if missing <= 0:
        return text
    return fill * missing + text


def pad_right(text: str, width: int, fill: str = " ") -> str:
    """Put fill characters after the text until it has the width."""
    missing = width - len(text)
    if missing <= 0:
        return text
    return text + fill * missing


def center(text: str, width: int, fill: str = " ") -> str:
    """Put the text in the middle; an odd space goes to the right."""
    missing = width - len(text)
    if missing <= 0:
        return text
    left = missing // 2
    return fill * left + text + fill * (missing - left)


def align(text: str, width: int, mode: str) -> str:
    """Align the text: "<" to the left, ">" to the right, "^" to the middle."""
    if mode == "<":
        return pad_right(text, width)
    if mode == ">":
        return pad_left(text, width)
    if mode == "^":
        return center(text, width)
    raise ValueError(f"unknown alignment {mode!r}")


def truncate(text: str, width: int, mark: str = "...") -> str:
    """Cut the text to the width, ending in the mark where it fits."""
    if len(text) <= width:
        return text
    if width <= len(mark):
        return text[:width]
    return text[: width - len(mark)] + mark


def truncate_middle(text: str, width: int, mark: str = "..") -> str:
    """Cut the text in the middle, keeping its beginning and its end."""
    if len(text) <= width:
        return text
    room = width - len(mark)
    if room < 2:
        return text[:width]
    head = (room + 1) // 2
    tail = room - head
    return text[:head] + mark + text[len(text) - tail :]


def looks_numeric(text: str) -> bool:
    """True for text such as 12, -3.5 or 1,200."""
    digits = text.strip().replace(",", "")
    if digits[:1] in ("-", "+"):
        digits = digits[1:]
    whole, _, part = digits.partition(".")
    if part:
        return whole.isdigit() and part.isdigit()
    return whole.isdigit()
