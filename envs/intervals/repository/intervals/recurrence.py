"""Events that repeat: every so many days, or on some weekdays."""

from dataclasses import dataclass

from intervals.clock import DAY, WEEKDAYS
from intervals.span import Span


@dataclass(frozen=True)
class Rule:
    """From a first day on, every so many days or on weekdays, so many times."""

    first: int
    every: int = 1
    count: int | None = None
    weekdays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ValueError("every must be at least 1")
        for name in self.weekdays:
            if name not in WEEKDAYS:
                raise ValueError(f"no weekday {name!r}")

    def happens(self, day: int) -> bool:
        """True where the rule would fall on the day, whatever its count."""
        if day < self.first:
            return False
        if self.weekdays:
            weeks = day // 7 - self.first // 7
            return weeks % self.every == 0 and WEEKDAYS[day % 7] in self.weekdays
        return (day - self.first) % self.every == 0

    def days(self, until: int) -> list[int]:
        """The days of the rule before the day until."""
        found: list[int] = []
        for day in range(self.first, until):
            if self.count is not None and len(found) >= self.count:
                break
            if self.happens(day):
                found.append(day)
        return found


def parse_rule(text: str, first: int) -> Rule:
    """Read "daily", "every 3 days", "weekly Mon Fri", each with " x5" after it."""
    words = text.split()
    count = None
    if words and words[-1].startswith("x"):
        count = int(words.pop()[1:])
    if words == ["daily"]:
        return Rule(first, 1, count)
    if len(words) == 3 and words[0] == "every" and words[2] == "days":
        return Rule(first, int(words[1]), count)
    if len(words) > 1 and words[0] == "weekly":
        return Rule(first, 1, count, tuple(words[1:]))
    raise ValueError(f"cannot read the rule {text!r}")


def occurrences(
    rule: Rule, times: Span, until: int, skip: tuple[int, ...] = ()
) -> list[Span]:
    """The span of every occurrence, in minutes since day 0."""
    days = [day for day in rule.days(until) if day not in skip]
    return [times.shift(day * DAY) for day in days]


def next_day(rule: Rule, after: int) -> int | None:
    """The first day of the rule after a day, looking ahead one year."""
    for day in rule.days(max(after, rule.first) + 366):
        if day > after:
            return day
    return None


def clashes(one: Rule, other: Rule, until: int) -> list[int]:
    """The days on which both rules fall."""
    theirs = other.days(until)
    return [day for day in one.days(until) if day in theirs]
