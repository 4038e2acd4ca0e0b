import pytest

from intervals.calendar import Booking, Calendar, Conflict, format_span
from intervals.span import span


def morning(pause: int = 0) -> Calendar:
    calendar = Calendar(pause)
    calendar.book("review", "10:00", "11:30")
    calendar.book("standup", "09:00", "09:15")
    return calendar


def test_format_span():
    assert format_span(span(540, 630)) == "09:00-10:30"


def test_book_returns_the_booking():
    booking = Calendar().book("call", "09:00", "09:30")
    assert booking == Booking("call", span(540, 570))
    assert str(booking) == "09:00-09:30 call"


def test_bookings_are_sorted():
    assert [booking.title for booking in morning().bookings] == ["standup", "review"]
    assert repr(morning()) == "Calendar(2 bookings)"


def test_overlapping_bookings_are_refused():
    with pytest.raises(Conflict, match="11:00-12:00 overlaps 10:00-11:30 review"):
        morning().book("lunch", "11:00", "12:00")


def test_touching_bookings_are_fine():
    assert morning().book("lunch", "11:30", "12:00").span == span(690, 720)


def test_a_pause_keeps_bookings_apart():
    with pytest.raises(Conflict):
        morning(pause=10).book("lunch", "11:39", "12:00")
    with pytest.raises(Conflict):
        morning(pause=10).book("call", "09:30", "09:51")
    assert morning(pause=10).book("lunch", "11:40", "12:00").title == "lunch"
    assert morning(pause=10).book("call", "09:30", "09:50").title == "call"


def test_book_refuses_empty_and_repeated():
    with pytest.raises(ValueError, match="at least one minute"):
        Calendar().book("call", "09:00", "09:00")
    with pytest.raises(ValueError, match="'review' is booked already"):
        morning().book("review", "15:00", "16:00")


def test_get():
    assert morning().get("standup").span == span(540, 555)
    with pytest.raises(KeyError):
        morning().get("lunch")


def test_cancel():
    calendar = morning()
    assert calendar.cancel("review").title == "review"
    assert [booking.title for booking in calendar.bookings] == ["standup"]


def test_move():
    calendar = morning()
    assert calendar.move("standup", "12:00").span == span(720, 735)
    assert [booking.title for booking in calendar.bookings] == ["review", "standup"]


def test_move_may_overlap_its_own_old_place():
    assert morning().move("review", "10:30").span == span(630, 720)


def test_move_refuses_a_conflict_and_changes_nothing():
    calendar = morning()
    with pytest.raises(Conflict):
        calendar.move("standup", "11:00")
    assert calendar.get("standup").span == span(540, 555)


def test_extend():
    calendar = morning()
    assert calendar.extend("standup", "45").span == span(540, 600)
    with pytest.raises(Conflict):
        calendar.extend("standup", "1")
    assert calendar.extend("review", "1h30").span == span(600, 780)
    assert len(calendar.bookings) == 2


def test_at():
    assert morning().at("09:00") == "standup"
    assert morning().at("09:14") == "standup"
    assert morning().at("09:15") is None
    assert morning().at("11:29") == "review"


def test_after():
    assert morning().after("08:00") == "standup"
    assert morning().after("09:00") == "standup"
    assert morning().after("09:01") == "review"
    assert morning().after("12:00") is None


def test_free():
    assert morning().free("09:00", "12:00") == ["09:15-10:00", "11:30-12:00"]
    assert morning().free("09:00", "12:00", at_least=31) == ["09:15-10:00"]
    assert morning().free("09:14", "10:01") == ["09:15-10:00"]
    assert morning().free("11:30", "11:31") == ["11:30-11:31"]


def test_booked():
    assert morning().booked() == "1h45"
    assert Calendar().booked() == "0"


def test_agenda():
    assert morning().agenda() == "09:00-09:15 standup (15)\n10:00-11:30 review (1h30)"
    assert Calendar().agenda() == "nothing booked"
