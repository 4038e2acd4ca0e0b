import pytest

from intervals.recurrence import Rule, clashes, next_day, occurrences, parse_rule
from intervals.span import span


def test_happens_every_few_days():
    rule = Rule(first=2, every=3)
    assert rule.happens(2)
    assert not rule.happens(3)
    assert rule.happens(5)
    assert not rule.happens(-1)


def test_happens_on_weekdays():
    rule = Rule(first=1, weekdays=("Mon", "Wed"))
    assert not rule.happens(0)
    assert rule.happens(2)
    assert rule.happens(7)
    assert not rule.happens(8)


def test_happens_every_second_week():
    rule = Rule(first=8, every=2, weekdays=("Tue",))
    assert rule.happens(8)
    assert not rule.happens(15)
    assert rule.happens(22)


def test_days():
    assert Rule(0).days(3) == [0, 1, 2]
    assert Rule(1, every=2).days(7) == [1, 3, 5]
    assert Rule(5).days(5) == []


def test_days_stop_at_the_count():
    assert Rule(0, every=2, count=3).days(100) == [0, 2, 4]
    assert Rule(0, count=0).days(100) == []


def test_rules_are_checked():
    assert Rule(0, every=1).every == 1
    with pytest.raises(ValueError):
        Rule(0, every=0)
    with pytest.raises(ValueError, match="no weekday 'Monday'"):
        Rule(0, weekdays=("Monday",))


def test_parse_rule():
    assert parse_rule("daily", 4) == Rule(4)
    assert parse_rule("every 3 days", 1) == Rule(1, 3)
    assert parse_rule("weekly Mon Fri", 0) == Rule(0, 1, None, ("Mon", "Fri"))


def test_parse_rule_with_a_count():
    assert parse_rule("daily x5", 0) == Rule(0, 1, 5)
    assert parse_rule("every 2 days x12", 0) == Rule(0, 2, 12)
    assert parse_rule("weekly Tue x4", 0) == Rule(0, 1, 4, ("Tue",))


def test_parse_rule_refuses_other_text():
    for text in ("", "weekly", "every 3 weeks", "each 3 days", "every 3 days now"):
        with pytest.raises(ValueError, match="cannot read"):
            parse_rule(text, 0)


def test_occurrences():
    rule = Rule(0, every=2)
    assert occurrences(rule, span(60, 90), 4) == [span(60, 90), span(2940, 2970)]
    assert occurrences(rule, span(60, 90), 4, skip=(0,)) == [span(2940, 2970)]


def test_next_day():
    assert next_day(Rule(3, every=5), 3) == 8
    assert next_day(Rule(3, every=5), 0) == 3
    assert next_day(Rule(0, count=2), 1) is None
    assert next_day(Rule(0, every=366), 0) is None
    assert next_day(Rule(0, every=365), 0) == 365


def test_clashes():
    assert clashes(Rule(0, every=2), Rule(0, every=3), 13) == [0, 6, 12]
    assert clashes(Rule(0, every=2), Rule(1, every=2), 13) == []
