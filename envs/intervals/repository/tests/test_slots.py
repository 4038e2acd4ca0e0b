from intervals.slots import (
    assign_rooms,
    best_fit,
    common_free,
    first_fit,
    free_slots,
    last_fit,
    most_disjoint,
    peak,
    starts,
)
from intervals.span import span

BUSY = [span(10, 20), span(25, 30), span(50, 55)]
DAY = span(0, 60)


def test_free_slots():
    gaps = free_slots(BUSY, DAY)
    assert gaps == [span(0, 10), span(20, 25), span(30, 50), span(55, 60)]


def test_free_slots_of_a_length():
    assert free_slots(BUSY, DAY, 10) == [span(0, 10), span(30, 50)]
    assert free_slots(BUSY, DAY, 11) == [span(30, 50)]
    assert free_slots([span(1, 2)], span(0, 4)) == [span(0, 1), span(2, 4)]


def test_first_fit():
    assert first_fit(BUSY, 10, DAY) == span(0, 10)
    assert first_fit(BUSY, 11, DAY) == span(30, 41)
    assert first_fit(BUSY, 20, DAY) == span(30, 50)
    assert first_fit(BUSY, 21, DAY) is None


def test_first_fit_on_a_step():
    assert first_fit([span(0, 21)], 4, span(0, 60), step=15) == span(30, 34)
    assert first_fit([span(0, 7), span(12, 14)], 5, span(0, 30), step=5) == span(15, 20)
    assert first_fit([span(0, 7)], 5, span(0, 15), step=10) == span(10, 15)


def test_last_fit():
    assert last_fit(BUSY, 5, DAY) == span(55, 60)
    assert last_fit(BUSY, 6, DAY) == span(44, 50)
    assert last_fit(BUSY, 30, DAY) is None


def test_best_fit():
    assert best_fit(BUSY, 4, DAY) == span(20, 25)
    assert best_fit(BUSY, 6, DAY) == span(0, 10)
    assert best_fit(BUSY, 12, DAY) == span(30, 50)
    assert best_fit(BUSY, 21, DAY) is None


def test_starts():
    assert starts(span(5, 40), 10, 10) == [10, 20, 30]
    assert starts(span(10, 25), 10, 5) == [10, 15]
    assert starts(span(0, 9), 10, 5) == []


def test_common_free():
    calendars = [[span(0, 10)], [span(5, 20)], [span(30, 60)]]
    assert common_free(calendars, DAY) == [span(20, 30)]
    assert common_free(calendars, DAY, 11) == []
    assert common_free([[span(1, 60)]], DAY) == [span(0, 1)]


def test_peak():
    assert peak([span(0, 10), span(5, 15), span(8, 9)]) == (3, 8)
    assert peak([span(0, 5), span(5, 9)]) == (1, 0)
    assert peak([span(4, 9), span(6, 7)]) == (2, 6)
    assert peak([]) == (0, 0)
    assert peak([span(4, 4)]) == (0, 0)


def test_assign_rooms():
    assert assign_rooms([span(0, 10), span(5, 15), span(10, 20)]) == [0, 1, 0]
    assert assign_rooms([span(5, 9), span(0, 5)]) == [0, 0]
    assert assign_rooms([span(0, 9), span(1, 9), span(2, 9)]) == [0, 1, 2]
    assert assign_rooms([]) == []


def test_assign_rooms_takes_the_lowest_free():
    spans = [span(0, 9), span(1, 4), span(4, 6), span(9, 12), span(10, 11)]
    assert assign_rooms(spans) == [0, 1, 1, 0, 1]


def test_most_disjoint():
    spans = [span(0, 10), span(1, 3), span(3, 5), span(4, 8), span(8, 9)]
    assert most_disjoint(spans) == [span(1, 3), span(3, 5), span(8, 9)]
    assert most_disjoint([span(2, 5), span(1, 5)]) == [span(1, 5)]
    assert most_disjoint([]) == []
