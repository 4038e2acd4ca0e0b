import pytest

from intervals.span import Span, parse_span, span


def test_repr_length_and_order():
    assert repr(span(2, 5)) == "[2, 5)"
    assert len(span(2, 5)) == 3
    assert sorted([span(3, 4), span(1, 9), span(1, 2)])[0] == span(1, 2)


def test_a_span_cannot_end_before_it_starts():
    with pytest.raises(ValueError):
        Span(5, 4)


def test_contains_its_start_and_not_its_end():
    assert 2 in span(2, 5)
    assert 4 in span(2, 5)
    assert 5 not in span(2, 5)
    assert 1 not in span(2, 5)


def test_is_empty():
    assert span(3, 3).is_empty()
    assert not span(3, 4).is_empty()


def test_overlaps():
    assert span(1, 5).overlaps(span(4, 9))
    assert span(1, 9).overlaps(span(3, 4))
    assert not span(1, 5).overlaps(span(5, 9))
    assert not span(1, 5).overlaps(span(3, 3))


def test_touches():
    assert span(1, 5).touches(span(5, 9))
    assert span(5, 9).touches(span(1, 5))
    assert not span(1, 5).touches(span(4, 9))


def test_covers():
    assert span(1, 5).covers(span(1, 5))
    assert span(1, 5).covers(span(2, 4))
    assert not span(1, 5).covers(span(0, 3))
    assert not span(1, 5).covers(span(3, 6))
    assert span(1, 5).covers(span(8, 8))


def test_intersection():
    assert span(1, 5).intersection(span(3, 9)) == span(3, 5)
    assert span(3, 9).intersection(span(1, 5)) == span(3, 5)
    assert span(1, 5).intersection(span(5, 9)) is None


def test_hull():
    assert span(1, 3).hull(span(7, 9)) == span(1, 9)
    assert span(2, 9).hull(span(3, 5)) == span(2, 9)


def test_difference():
    assert span(1, 9).difference(span(3, 5)) == [span(1, 3), span(5, 9)]
    assert span(1, 9).difference(span(0, 5)) == [span(5, 9)]
    assert span(1, 9).difference(span(5, 10)) == [span(1, 5)]
    assert span(1, 9).difference(span(1, 9)) == []
    assert span(1, 9).difference(span(9, 12)) == [span(1, 9)]
    assert span(4, 4).difference(span(6, 7)) == []


def test_distance():
    assert span(1, 3).distance(span(7, 9)) == 4
    assert span(7, 9).distance(span(1, 3)) == 4
    assert span(1, 3).distance(span(3, 9)) == 0
    assert span(1, 5).distance(span(3, 9)) == 0


def test_shift_and_widen():
    assert span(1, 3).shift(10) == span(11, 13)
    assert span(1, 3).shift(-1) == span(0, 2)
    assert span(10, 12).widen(2, 5) == span(8, 17)


def test_clamp():
    assert span(2, 5).clamp(0) == 2
    assert span(2, 5).clamp(3) == 3
    assert span(2, 5).clamp(5) == 4
    assert span(2, 5).clamp(99) == 4
    with pytest.raises(ValueError):
        span(2, 2).clamp(2)


def test_split():
    assert span(0, 7).split(3) == [span(0, 3), span(3, 6), span(6, 7)]
    assert span(0, 2).split(1) == [span(0, 1), span(1, 2)]
    assert span(0, 0).split(3) == []
    with pytest.raises(ValueError):
        span(0, 7).split(0)


def test_parse_span():
    assert parse_span("[2, 5)") == span(2, 5)
    assert parse_span("2..4") == span(2, 5)


def test_parse_span_refuses_other_text():
    for text in ("2, 5)", "[2, 5]", "[2)", "[1, 2, 3)"):
        with pytest.raises(ValueError, match="not a span"):
            parse_span(text)
