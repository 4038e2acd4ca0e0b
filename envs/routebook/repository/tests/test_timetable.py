from routebook.timetable import (
    Trip,
    can_change,
    changes,
    clock,
    departures,
    earliest_arrival,
    every,
    on_time,
    waiting_time,
)

FIRST = Trip("R1", "a", "b", 600, 630)
NEXT = Trip("R1", "b", "c", 630, 660)
FAST = Trip("X2", "b", "c", 634, 650)
LATER = Trip("X2", "b", "c", 640, 655)
TRIPS = [LATER, FIRST, NEXT, FAST]


def test_minutes():
    assert FIRST.minutes() == 30
    assert FAST.minutes() == 16


def test_clock():
    assert clock(425) == "7:05"
    assert clock(0) == "0:00"
    assert clock(1439) == "23:59"
    assert clock(1500) == "1:00"


def test_departures():
    assert departures(TRIPS, "b", 600) == [NEXT, FAST, LATER]
    assert departures(TRIPS, "b", 634) == [FAST, LATER]
    assert departures(TRIPS, "b", 635) == [LATER]
    assert departures(TRIPS, "b", 600, count=1) == [NEXT]
    many = every(FIRST, 10, 700)
    assert len(departures(many, "a", 0)) == 3


def test_departures_at_the_same_time_go_by_line():
    other = Trip("A1", "b", "d", 634, 700)
    assert departures([FAST, other], "b", 600) == [other, FAST]


def test_every():
    trips = every(FIRST, 20, 645)
    assert [trip.leaves for trip in trips] == [600, 620, 640]
    assert trips[1] == Trip("R1", "a", "b", 620, 650)
    assert len(every(FIRST, 20, 640)) == 3
    assert every(FIRST, 20, 599) == []


def test_can_change():
    assert can_change(FIRST, LATER, 10)
    assert not can_change(FIRST, LATER, 11)
    assert not can_change(FIRST, FAST, 5)
    assert not can_change(NEXT, FIRST, 0)


def test_staying_on_a_line_takes_no_time():
    assert can_change(FIRST, NEXT, 5)
    assert not can_change(Trip("R1", "a", "b", 600, 631), NEXT, 5)


def test_earliest_arrival():
    assert earliest_arrival(TRIPS, "a", "c", 600) == [FIRST, LATER]
    assert earliest_arrival(TRIPS, "a", "c", 600, change=4) == [FIRST, FAST]
    assert earliest_arrival(TRIPS, "a", "c", 600, change=11) == [FIRST, NEXT]


def test_earliest_arrival_uses_five_minutes_to_change():
    close = Trip("X3", "b", "c", 635, 640)
    assert earliest_arrival([*TRIPS, close], "a", "c", 0) == [FIRST, close]


def test_earliest_arrival_keeps_the_first_of_equals():
    slow = Trip("S9", "a", "b", 590, 630)
    assert earliest_arrival([FIRST, slow], "a", "b", 0) == [slow]


def test_no_connection():
    assert earliest_arrival(TRIPS, "a", "c", 601) is None
    assert earliest_arrival(TRIPS, "c", "a", 0) is None


def test_waiting_time():
    assert waiting_time([FIRST, NEXT]) == 0
    assert waiting_time([FIRST, LATER]) == 10
    assert waiting_time([FIRST]) == 0


def test_changes():
    assert changes([FIRST, NEXT]) == 0
    assert changes([FIRST, FAST]) == 1


def test_on_time():
    assert on_time([FIRST, LATER], 5)
    assert not on_time([FIRST, LATER], 6)
    assert on_time([FIRST, LATER], 6, change=4)
    assert on_time([FIRST], 99)
