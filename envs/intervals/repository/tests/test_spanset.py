import pytest

from intervals.span import span
from intervals.spanset import SpanSet, coverage, merge

WORK = SpanSet([span(9, 12), span(13, 17)])


def test_merge_sorts_and_joins():
    assert merge([span(5, 9), span(1, 3), span(2, 4)]) == [span(1, 4), span(5, 9)]


def test_merge_joins_touching_spans():
    assert merge([span(1, 3), span(3, 5)]) == [span(1, 5)]
    assert merge([span(1, 3), span(4, 5)]) == [span(1, 3), span(4, 5)]


def test_merge_with_a_gap():
    assert merge([span(1, 3), span(5, 6)], gap=2) == [span(1, 6)]
    assert merge([span(1, 3), span(6, 7)], gap=2) == [span(1, 3), span(6, 7)]


def test_merge_drops_empty_spans_and_keeps_the_longest():
    assert merge([span(2, 2), span(1, 9), span(3, 4)]) == [span(1, 9)]


def test_repr_and_equality():
    assert repr(WORK) == "{[9, 12), [13, 17)}"
    assert SpanSet([span(1, 2), span(2, 3)]) == SpanSet([span(1, 3)])
    assert SpanSet([span(1, 3)]) != [span(1, 3)]


def test_size_and_iteration():
    assert WORK.size() == 7
    assert SpanSet().size() == 0
    assert list(WORK) == [span(9, 12), span(13, 17)]


def test_contains():
    assert 9 in WORK
    assert 12 not in WORK
    assert 16 in WORK
    assert 17 not in WORK


def test_find():
    spans = SpanSet([span(n, n + 2) for n in (0, 10, 20, 30, 40)])
    assert spans.find(0) == span(0, 2)
    assert spans.find(11) == span(10, 12)
    assert spans.find(21) == span(20, 22)
    assert spans.find(41) == span(40, 42)
    assert spans.find(42) is None
    assert spans.find(15) is None
    assert spans.find(-1) is None


def test_union():
    assert WORK.union(SpanSet([span(12, 13)])) == SpanSet([span(9, 17)])


def test_intersection():
    other = SpanSet([span(8, 10), span(11, 14), span(16, 20)])
    expected = SpanSet([span(9, 10), span(11, 12), span(13, 14), span(16, 17)])
    assert WORK.intersection(other) == expected
    assert other.intersection(WORK) == expected


def test_intersection_where_ends_agree():
    left = SpanSet([span(0, 5), span(6, 9)])
    right = SpanSet([span(2, 5), span(7, 9)])
    assert left.intersection(right) == right


def test_difference():
    lunch = SpanSet([span(10, 14)])
    assert WORK.difference(lunch) == SpanSet([span(9, 10), span(14, 17)])
    assert WORK.difference(WORK) == SpanSet()


def test_gaps():
    assert WORK.gaps(span(8, 18)) == [span(8, 9), span(12, 13), span(17, 18)]
    assert WORK.gaps(span(9, 12)) == []
    assert SpanSet().gaps(span(0, 3)) == [span(0, 3)]


def test_longest():
    assert WORK.longest() == span(13, 17)
    assert SpanSet([span(0, 2), span(5, 7)]).longest() == span(0, 2)
    assert SpanSet().longest() is None


def test_nearest():
    assert WORK.nearest(10) == 10
    assert WORK.nearest(5) == 9
    assert WORK.nearest(12) == 11
    assert WORK.nearest(30) == 16
    with pytest.raises(ValueError):
        SpanSet().nearest(1)


def test_coverage():
    assert coverage([span(0, 3), span(2, 5)], span(0, 10)) == 0.5
    assert coverage([span(0, 20)], span(5, 10)) == 1.0
    assert coverage([span(0, 20)], span(5, 5)) == 0.0
    assert coverage([span(0, 2)], span(0, 1)) == 1.0
