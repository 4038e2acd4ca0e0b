import pytest

from intervals.clock import (
    format_duration,
    format_time,
    is_weekend,
    next_weekday,
    parse_duration,
    parse_time,
    round_down,
    round_up,
    weekday,
    workdays,
)


def test_parse_time():
    assert parse_time("00:00") == 0
    assert parse_time("09:30") == 570
    assert parse_time("23:59") == 1439
    assert parse_time("24:00") == 1440


def test_parse_time_refuses_what_is_no_time():
    for text in ("9", "9h30", "ab:10", "10:cd", "10:60", "24:01", "25:00"):
        with pytest.raises(ValueError):
            parse_time(text)


def test_format_time():
    assert format_time(0) == "00:00"
    assert format_time(570) == "09:30"
    assert format_time(1439) == "23:59"


def test_format_time_beyond_a_day():
    assert format_time(1440) == "24:00"
    assert format_time(1441) == "00:01+1"
    assert format_time(2880) == "24:00+1"
    assert format_time(3000) == "02:00+2"
    with pytest.raises(ValueError):
        format_time(-1)


def test_parse_duration():
    assert parse_duration("45") == 45
    assert parse_duration("2h") == 120
    assert parse_duration("1h30") == 90
    assert parse_duration("1h59") == 119
    with pytest.raises(ValueError):
        parse_duration("1h60")


def test_format_duration():
    assert format_duration(0) == "0"
    assert format_duration(59) == "59"
    assert format_duration(60) == "1h"
    assert format_duration(65) == "1h05"
    assert format_duration(150) == "2h30"


def test_weekday():
    assert weekday(0) == "Mon"
    assert weekday(6) == "Sun"
    assert weekday(9) == "Wed"


def test_is_weekend():
    assert not is_weekend(4)
    assert is_weekend(5)
    assert is_weekend(6)
    assert not is_weekend(7)
    assert is_weekend(13)


def test_next_weekday():
    assert next_weekday(0, "Tue") == 1
    assert next_weekday(0, "Mon") == 7
    assert next_weekday(8, "Mon") == 14
    assert next_weekday(4, "Thu") == 10


def test_workdays():
    assert workdays(0, 7) == 5
    assert workdays(4, 8) == 2
    assert workdays(5, 7) == 0
    assert workdays(3, 3) == 0


def test_round_up():
    assert round_up(61, 15) == 75
    assert round_up(60, 15) == 60
    assert round_up(0, 15) == 0
    assert round_up(74, 15) == 75


def test_round_down():
    assert round_down(61, 15) == 60
    assert round_down(60, 15) == 60
    assert round_down(74, 15) == 60
