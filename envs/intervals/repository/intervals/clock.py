"""Times of day and durations as minutes."""

HOUR = 60
DAY = 24 * HOUR
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def parse_time(text: str) -> int:
    """Minutes after midnight of a time such as "09:30"; "24:00" is allowed."""
    hours_text, colon, minutes_text = text.partition(":")
    if not colon or not hours_text.isdigit() or not minutes_text.isdigit():
        raise ValueError(f"not a time: {text!r}")
    hours, minutes = int(hours_text), int(minutes_text)
    if minutes >= HOUR or hours * HOUR + minutes > DAY:
        raise ValueError(f"no such time: {text!r}")
    return hours * HOUR + minutes


def format_time(minutes: int) -> str:
    """Write minutes as a time of day; later days follow as +1, +2."""
    if minutes < 0:
        raise ValueError("a time cannot be negative")
    days, rest = divmod(minutes, DAY)
    if days > 0 and rest == 0:
        days, rest = days - 1, DAY
    text = f"{rest // HOUR:02d}:{rest % HOUR:02d}"
    return f"{text}+{days}" if days else text


def parse_duration(text: str) -> int:
    """Minutes of a duration such as "45", "2h" or "1h30"."""
    hours_text, mark, minutes_text = text.partition("h")
    if not mark:
        return int(text)
    minutes = int(minutes_text) if minutes_text else 0
    if minutes >= HOUR:
        raise ValueError(f"too many minutes: {text!r}")
    return int(hours_text) * HOUR + minutes


def format_duration(minutes: int) -> str:
    """Write minutes as a duration, the inverse of parse_duration."""
    if minutes < HOUR:
        return str(minutes)
    hours, rest = divmod(minutes, HOUR)
    return f"{hours}h{rest:02d}" if rest else f"{hours}h"


def weekday(day: int) -> str:
    """The name of a day number; day 0 is a Monday."""
    return WEEKDAYS[day % 7]


def is_weekend(day: int) -> bool:
    """True for Saturdays and Sundays."""
    return day % 7 >= 5


def next_weekday(day: int, name: str) -> int:
    """The first day after the given one that has this name."""
    ahead = (WEEKDAYS.index(name) - day) % 7
    return day + (ahead or 7)


def workdays(start: int, end: int) -> int:
    """How many days from start to before end are not on a weekend."""
    return sum(1 for day in range(start, end) if not is_weekend(day))


def round_up(minutes: int, step: int) -> int:
    """The first multiple of the step that is not before the minutes."""
    rest = minutes % step
    return minutes if rest == 0 else minutes + step - rest


def round_down(minutes: int, step: int) -> int:
    """The last multiple of the step that is not after the minutes."""
    return minutes - minutes % step
