"""Text into numbers and quantities."""

from unitkit.quantity import Quantity
from unitkit.units import find_name

FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}


def split_number(text: str) -> tuple[str, str]:
    """The number at the beginning of a text, and what follows it."""
    stripped = text.strip()
    end = 0
    while end < len(stripped) and belongs(stripped, end):
        end += 1
    return stripped[:end].strip(), stripped[end:].strip()


def belongs(text: str, position: int) -> bool:
    """True where the character still belongs to a number."""
    character = text[position]
    if character.isdigit() or character in "+-.,_" or character in FRACTIONS:
        return True
    after = text[position + 1 : position + 2]
    if character == "/":
        return after.isdigit()
    if character == " ":
        return after.isdigit() or after in FRACTIONS
    if character in "eE" and position > 0 and text[position - 1].isdigit():
        return after.isdigit() or after in ("+", "-")
    return False


def parse_number(text: str) -> float:
    """Read "1.5", "1,200", "3/4", "1 1/2", "2½" or "6e3"."""
    cleaned = text.strip().replace(",", "").replace("_", "")
    if cleaned[-1:] in FRACTIONS:
        whole = parse_number(cleaned[:-1]) if cleaned[:-1].strip() else 0.0
        return whole + FRACTIONS[cleaned[-1]]
    whole_text, space, part = cleaned.partition(" ")
    if space:
        return parse_mixed(whole_text, part)
    if "/" in cleaned:
        return parse_fraction(cleaned)
    return float(cleaned)


def parse_fraction(text: str) -> float:
    """Read "3/4"."""
    above, _, below = text.partition("/")
    divisor = float(below)
    if divisor == 0:
        raise ValueError(f"division by zero in {text!r}")
    return float(above) / divisor


def parse_mixed(whole_text: str, part: str) -> float:
    """Read a whole number and a fraction; a sign holds for both."""
    whole, fraction = float(whole_text), parse_fraction(part)
    if whole_text.startswith("-"):
        return whole - fraction
    return whole + fraction


def parse_quantity(text: str) -> Quantity:
    """Read a quantity such as "3.5 km/h", "12", "1 1/2 in" or "3 metres"."""
    number, unit = split_number(text)
    if not number:
        raise ValueError(f"no number in {text!r}")
    if len(unit) > 3 and unit.isalpha():
        unit = find_name(unit).symbol
    return Quantity(parse_number(number), "pct" if unit == "%" else unit)


def parse_sum(text: str) -> Quantity:
    """Read a sum such as "5 ft 3 in"; the first unit is that of the result."""
    words = text.split()
    if not words or len(words) % 2 != 0:
        raise ValueError(f"not a sum of quantities: {text!r}")
    result = parse_quantity(" ".join(words[:2]))
    for start in range(2, len(words), 2):
        result = result + parse_quantity(" ".join(words[start : start + 2]))
    return result


def parse_range(text: str) -> tuple[Quantity, Quantity]:
    """Read "2..5 km" or "200 m..1 km", the smaller first."""
    first, mark, second = text.partition("..")
    if not mark:
        raise ValueError(f"not a range: {text!r}")
    high = parse_quantity(second)
    number, unit = split_number(first)
    low = Quantity(parse_number(number), unit or high.unit)
    return (low, high) if low <= high else (high, low)


def parse_conversion(text: str) -> Quantity:
    """Read and carry out "3 mi in km" or "3 mi to km"."""
    for word in (" to ", " in "):
        source, mark, unit = text.partition(word)
        if mark:
            return parse_quantity(source).to(unit.strip())
    raise ValueError(f"not a conversion: {text!r}")
