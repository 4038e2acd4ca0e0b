"""Compound durations in whole seconds."""

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

PARTS = (("w", WEEK), ("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1))


def parse_duration(text: str) -> int:
    """Seconds of "1d 2h 30m", "90m" or "-5s"; larger units come first."""
    stripped = text.strip()
    negative = stripped.startswith("-")
    rest = stripped.lstrip("-").replace(" ", "")
    if not rest:
        raise ValueError("an empty duration")
    seconds = 0
    sizes: list[int] = []
    while rest:
        amount, size, rest = take_part(rest, text)
        if sizes and size >= sizes[-1]:
            raise ValueError(f"units out of order in {text!r}")
        sizes.append(size)
        seconds += amount * size
    return -seconds if negative else seconds


def take_part(rest: str, text: str) -> tuple[int, int, str]:
    """The amount and unit at the beginning, and what follows."""
    end = 0
    while end < len(rest) and rest[end].isdigit():
        end += 1
    size = dict(PARTS).get(rest[end : end + 1])
    if end == 0 or size is None:
        raise ValueError(f"not a duration: {text!r}")
    return int(rest[:end]), size, rest[end + 1 :]


def split_duration(seconds: int) -> list[tuple[int, str]]:
    """Amounts by unit, largest first, without those that are zero."""
    found = []
    left = abs(seconds)
    for letter, size in PARTS:
        amount, left = divmod(left, size)
        if amount > 0:
            found.append((amount, letter))
    return found


def format_duration(seconds: int, most: int = 5) -> str:
    """Write seconds as "1d 2h 30m", with at most so many units."""
    chosen = split_duration(seconds)[:most]
    if not chosen:
        return "0s"
    sign = "-" if seconds < 0 else ""
    return sign + " ".join(f"{amount}{letter}" for amount, letter in chosen)


def format_clock(seconds: int) -> str:
    """Write seconds as "2:05" or "1:02:05"."""
    hours, rest = divmod(abs(seconds), HOUR)
    minutes, left = divmod(rest, MINUTE)
    sign = "-" if seconds < 0 else ""
    if hours > 0:
        return f"{sign}{hours}:{minutes:02d}:{left:02d}"
    return f"{sign}{minutes}:{left:02d}"


def parse_clock(text: str) -> int:
    """Seconds of "2:05" or "1:02:05"."""
    fields = text.split(":")
    if not 2 <= len(fields) <= 3:
        raise ValueError(f"not a clock time: {text!r}")
    seconds = 0
    for number, field in enumerate(fields):
        if number > 0 and (len(field) != 2 or int(field) >= 60):
            raise ValueError(f"not a clock time: {text!r}")
        seconds = seconds * 60 + int(field)
    return seconds


def format_iso(seconds: int) -> str:
    """Write seconds as an ISO duration such as "P1DT2H30M"."""
    if seconds < 0:
        raise ValueError("an ISO duration cannot be negative")
    days, rest = divmod(seconds, DAY)
    date = f"{days}D" if days else ""
    time = ""
    for letter, size in PARTS[2:]:
        amount, rest = divmod(rest, size)
        if amount:
            time += f"{amount}{letter.upper()}"
    if not date and not time:
        return "PT0S"
    return f"P{date}T{time}" if time else f"P{date}"


def parse_iso(text: str) -> int:
    """Seconds of an ISO duration of weeks, days, hours, minutes and seconds."""
    if not text.startswith("P") or text in ("P", "PT"):
        raise ValueError(f"not an ISO duration: {text!r}")
    date, _, time = text[1:].partition("T")
    if any(letter in date for letter in "HMS"):
        raise ValueError(f"hours need a T before them: {text!r}")
    return parse_duration((date + time).lower())


def round_duration(seconds: int, step: int) -> int:
    """The nearest multiple of a step; halves go up."""
    return (seconds + step // 2) // step * step


def approximate(seconds: int) -> str:
    """Words for a duration: "just now", "about 3 hours"."""
    if seconds < 10:
        return "just now"
    names = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second"}
    letter, size = next(part for part in PARTS if seconds >= part[1])
    count = round_duration(seconds, size) // size
    plural = "" if count == 1 else "s"
    return f"about {count} {names[letter]}{plural}"


def pace(seconds: int, metres: int) -> str:
    """The time for a kilometre, as a clock time rounded down."""
    if metres <= 0:
        raise ValueError("metres must be positive")
    return format_clock(seconds * 1000 // metres) + " /km"
