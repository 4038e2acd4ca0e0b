"""Temperature scales, which do not start at zero."""

FREEZING = 273.15
SCALES = ("K", "C", "F", "R")


def to_kelvin(value: float, scale: str) -> float:
    """A temperature of a scale in kelvin; below absolute zero is refused."""
    if scale == "K":
        kelvin = value
    elif scale == "C":
        kelvin = value + FREEZING
    elif scale == "F":
        kelvin = (value - 32) * 5 / 9 + FREEZING
    elif scale == "R":
        kelvin = value * 5 / 9
    else:
        raise ValueError(f"unknown scale {scale!r}; known are {', '.join(SCALES)}")
    if round(kelvin, 9) < 0:
        raise ValueError(f"{value:g} {scale} is below absolute zero")
    return kelvin


def from_kelvin(kelvin: float, scale: str) -> float:
    """Kelvin in another scale."""
    if scale == "C":
        return kelvin - FREEZING
    if scale == "F":
        return (kelvin - FREEZING) * 9 / 5 + 32
    if scale == "R":
        return kelvin * 9 / 5
    return kelvin


def convert(value: float, source: str, target: str) -> float:
    """A temperature in another scale, rounded to six decimals."""
    return round(from_kelvin(to_kelvin(value, source), target), 6)


def parse_temperature(text: str) -> tuple[float, str]:
    """Read "21.5 C", "70°F" or "300K"."""
    cleaned = text.replace("°", " ").strip()
    scale = cleaned[-1:].upper()
    if scale not in SCALES:
        raise ValueError(f"not a temperature: {text!r}")
    return float(cleaned[:-1]), scale


def difference(value: float, source: str, target: str) -> float:
    """A difference of temperatures in another scale; no offset is involved."""
    fine = ("F", "R")
    if source in fine and target not in fine:
        return value * 5 / 9
    if target in fine and source not in fine:
        return value * 9 / 5
    return value


def wind_chill(celsius: float, kmh: float) -> float:
    """How cold wind feels; without wind or when it is warm, the temperature."""
    if celsius > 10 or kmh < 4.8:
        return celsius
    factor = kmh**0.16
    felt = 13.12 + 0.6215 * celsius - 11.37 * factor + 0.3965 * celsius * factor
    return round(felt, 1)


def describe(celsius: float) -> str:
    """A word for a temperature."""
    limits = ((0, "freezing"), (10, "cold"), (18, "cool"), (25, "warm"))
    for limit, word in limits:
        if celsius < limit:
            return word
    return "hot"


def degree_days(means: list[float], base: float = 15.0) -> float:
    """The sum of how far daily means lie below a base."""
    return sum(base - mean for mean in means if mean < base)
