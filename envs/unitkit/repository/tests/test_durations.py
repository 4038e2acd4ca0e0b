import pytest

from unitkit.durations import (
    approximate,
    format_clock,
    format_duration,
    format_iso,
    pace,
    parse_clock,
    parse_duration,
    parse_iso,
    round_duration,
    split_duration,
    take_part,
)


def test_parse_duration():
    assert parse_duration("45s") == 45
    assert parse_duration("90m") == 5400
    assert parse_duration("1d 2h 30m") == 95400
    assert parse_duration("1w1s") == 604801
    assert parse_duration("-5s") == -5
    assert parse_duration("- 1m 1s") == -61


def test_parse_duration_wants_order():
    for text in ("30m 2h", "1h 1h"):
        with pytest.raises(ValueError, match="units out of order"):
            parse_duration(text)


def test_parse_duration_refuses_other_text():
    for text in ("", "-", "5", "h", "5x", "5 h 3"):
        with pytest.raises(ValueError):
            parse_duration(text)


def test_take_part():
    assert take_part("12h30m", "") == (12, 3600, "30m")
    assert take_part("5s", "") == (5, 1, "")
    with pytest.raises(ValueError, match="not a duration: 'all'"):
        take_part("h", "all")


def test_split_duration():
    assert split_duration(3661) == [(1, "h"), (1, "m"), (1, "s")]
    assert split_duration(86400) == [(1, "d")]
    assert split_duration(-90) == [(1, "m"), (30, "s")]
    assert split_duration(0) == []


def test_format_duration():
    assert format_duration(95400) == "1d 2h 30m"
    assert format_duration(604800) == "1w"
    assert format_duration(0) == "0s"
    assert format_duration(-61) == "-1m 1s"
    assert format_duration(694861) == "1w 1d 1h 1m 1s"


def test_format_duration_with_fewer_units():
    assert format_duration(95400, most=2) == "1d 2h"
    assert format_duration(95400, most=1) == "1d"


def test_format_clock():
    assert format_clock(125) == "2:05"
    assert format_clock(3599) == "59:59"
    assert format_clock(3600) == "1:00:00"
    assert format_clock(3725) == "1:02:05"
    assert format_clock(0) == "0:00"
    assert format_clock(-65) == "-1:05"
    assert format_clock(-3600) == "-1:00:00"


def test_parse_clock():
    assert parse_clock("2:05") == 125
    assert parse_clock("1:02:05") == 3725
    assert parse_clock("90:59") == 5459


def test_parse_clock_refuses_other_text():
    for text in ("5", "1:2:3:4", "1:5", "1:60", "1:99:00", "1:00:60"):
        with pytest.raises(ValueError):
            parse_clock(text)


def test_format_iso():
    assert format_iso(95400) == "P1DT2H30M"
    assert format_iso(86400) == "P1D"
    assert format_iso(61) == "PT1M1S"
    assert format_iso(3600) == "PT1H"
    assert format_iso(0) == "PT0S"
    with pytest.raises(ValueError):
        format_iso(-1)


def test_parse_iso():
    assert parse_iso("P1DT2H30M") == 95400
    assert parse_iso("PT45S") == 45
    assert parse_iso("P2W") == 1209600
    assert parse_iso("P3D") == 259200


def test_parse_iso_refuses_other_text():
    for text in ("", "P", "PT", "1D", "P1H", "P5M", "P2DX"):
        with pytest.raises(ValueError):
            parse_iso(text)


def test_round_duration():
    assert round_duration(149, 60) == 120
    assert round_duration(150, 60) == 180
    assert round_duration(60, 60) == 60
    assert round_duration(7, 5) == 5
    assert round_duration(8, 5) == 10


def test_approximate():
    assert approximate(9) == "just now"
    assert approximate(10) == "about 10 seconds"
    assert approximate(60) == "about 1 minute"
    assert approximate(90) == "about 2 minutes"
    assert approximate(3 * 3600 + 1000) == "about 3 hours"
    assert approximate(100000) == "about 1 day"
    assert approximate(604800) == "about 1 week"


def test_pace():
    assert pace(1500, 5000) == "5:00 /km"
    assert pace(1000, 3000) == "5:33 /km"
    assert pace(1, 1) == "16:40 /km"
    with pytest.raises(ValueError):
        pace(100, 0)
