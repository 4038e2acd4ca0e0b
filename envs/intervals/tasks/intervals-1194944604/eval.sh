#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 3de9083a126d306cc1eb5046f06c2a9a1c278bbb -- tests
rm -f -- tests/test_calendar.py tests/test_span.py tests/test_spanset.py
git apply -v --whitespace=nowarn - <<'EOF_a28ffd5de2d8'
diff --git a/tests/test_calendar.py b/tests/test_calendar.py
new file mode 100644
--- /dev/null
+++ b/tests/test_calendar.py
@@ -0,0 +1,120 @@
+import pytest
+
+from intervals.calendar import Booking, Calendar, Conflict, format_span
+from intervals.span import span
+
+
+def morning(pause: int = 0) -> Calendar:
+    calendar = Calendar(pause)
+    calendar.book("review", "10:00", "11:30")
+    calendar.book("standup", "09:00", "09:15")
+    return calendar
+
+
+def test_format_span():
+    assert format_span(span(540, 630)) == "09:00-10:30"
+
+
+def test_book_returns_the_booking():
+    booking = Calendar().book("call", "09:00", "09:30")
+    assert booking == Booking("call", span(540, 570))
+    assert str(booking) == "09:00-09:30 call"
+
+
+def test_bookings_are_sorted():
+    assert [booking.title for booking in morning().bookings] == ["standup", "review"]
+    assert repr(morning()) == "Calendar(2 bookings)"
+
+
+def test_overlapping_bookings_are_refused():
+    with pytest.raises(Conflict, match="11:00-12:00 overlaps 10:00-11:30 review"):
+        morning().book("lunch", "11:00", "12:00")
+
+
+def test_touching_bookings_are_fine():
+    assert morning().book("lunch", "11:30", "12:00").span == span(690, 720)
+
+
+def test_a_pause_keeps_bookings_apart():
+    with pytest.raises(Conflict):
+        morning(pause=10).book("lunch", "11:39", "12:00")
+    with pytest.raises(Conflict):
+        morning(pause=10).book("call", "09:30", "09:51")
+    assert morning(pause=10).book("lunch", "11:40", "12:00").title == "lunch"
+    assert morning(pause=10).book("call", "09:30", "09:50").title == "call"
+
+
+def test_book_refuses_empty_and_repeated():
+    with pytest.raises(ValueError, match="at least one minute"):
+        Calendar().book("call", "09:00", "09:00")
+    with pytest.raises(ValueError, match="'review' is booked already"):
+        morning().book("review", "15:00", "16:00")
+
+
+def test_get():
+    assert morning().get("standup").span == span(540, 555)
+    with pytest.raises(KeyError):
+        morning().get("lunch")
+
+
+def test_cancel():
+    calendar = morning()
+    assert calendar.cancel("review").title == "review"
+    assert [booking.title for booking in calendar.bookings] == ["standup"]
+
+
+def test_move():
+    calendar = morning()
+    assert calendar.move("standup", "12:00").span == span(720, 735)
+    assert [booking.title for booking in calendar.bookings] == ["review", "standup"]
+
+
+def test_move_may_overlap_its_own_old_place():
+    assert morning().move("review", "10:30").span == span(630, 720)
+
+
+def test_move_refuses_a_conflict_and_changes_nothing():
+    calendar = morning()
+    with pytest.raises(Conflict):
+        calendar.move("standup", "11:00")
+    assert calendar.get("standup").span == span(540, 555)
+
+
+def test_extend():
+    calendar = morning()
+    assert calendar.extend("standup", "45").span == span(540, 600)
+    with pytest.raises(Conflict):
+        calendar.extend("standup", "1")
+    assert calendar.extend("review", "1h30").span == span(600, 780)
+    assert len(calendar.bookings) == 2
+
+
+def test_at():
+    assert morning().at("09:00") == "standup"
+    assert morning().at("09:14") == "standup"
+    assert morning().at("09:15") is None
+    assert morning().at("11:29") == "review"
+
+
+def test_after():
+    assert morning().after("08:00") == "standup"
+    assert morning().after("09:00") == "standup"
+    assert morning().after("09:01") == "review"
+    assert morning().after("12:00") is None
+
+
+def test_free():
+    assert morning().free("09:00", "12:00") == ["09:15-10:00", "11:30-12:00"]
+    assert morning().free("09:00", "12:00", at_least=31) == ["09:15-10:00"]
+    assert morning().free("09:14", "10:01") == ["09:15-10:00"]
+    assert morning().free("11:30", "11:31") == ["11:30-11:31"]
+
+
+def test_booked():
+    assert morning().booked() == "1h45"
+    assert Calendar().booked() == "0"
+
+
+def test_agenda():
+    assert morning().agenda() == "09:00-09:15 standup (15)\n10:00-11:30 review (1h30)"
+    assert Calendar().agenda() == "nothing booked"
diff --git a/tests/test_span.py b/tests/test_span.py
new file mode 100644
--- /dev/null
+++ b/tests/test_span.py
@@ -0,0 +1,108 @@
+import pytest
+
+from intervals.span import Span, parse_span, span
+
+
+def test_repr_length_and_order():
+    assert repr(span(2, 5)) == "[2, 5)"
+    assert len(span(2, 5)) == 3
+    assert sorted([span(3, 4), span(1, 9), span(1, 2)])[0] == span(1, 2)
+
+
+def test_a_span_cannot_end_before_it_starts():
+    with pytest.raises(ValueError):
+        Span(5, 4)
+
+
+def test_contains_its_start_and_not_its_end():
+    assert 2 in span(2, 5)
+    assert 4 in span(2, 5)
+    assert 5 not in span(2, 5)
+    assert 1 not in span(2, 5)
+
+
+def test_is_empty():
+    assert span(3, 3).is_empty()
+    assert not span(3, 4).is_empty()
+
+
+def test_overlaps():
+    assert span(1, 5).overlaps(span(4, 9))
+    assert span(1, 9).overlaps(span(3, 4))
+    assert not span(1, 5).overlaps(span(5, 9))
+    assert not span(1, 5).overlaps(span(3, 3))
+
+
+def test_touches():
+    assert span(1, 5).touches(span(5, 9))
+    assert span(5, 9).touches(span(1, 5))
+    assert not span(1, 5).touches(span(4, 9))
+
+
+def test_covers():
+    assert span(1, 5).covers(span(1, 5))
+    assert span(1, 5).covers(span(2, 4))
+    assert not span(1, 5).covers(span(0, 3))
+    assert not span(1, 5).covers(span(3, 6))
+    assert span(1, 5).covers(span(8, 8))
+
+
+def test_intersection():
+    assert span(1, 5).intersection(span(3, 9)) == span(3, 5)
+    assert span(3, 9).intersection(span(1, 5)) == span(3, 5)
+    assert span(1, 5).intersection(span(5, 9)) is None
+
+
+def test_hull():
+    assert span(1, 3).hull(span(7, 9)) == span(1, 9)
+    assert span(2, 9).hull(span(3, 5)) == span(2, 9)
+
+
+def test_difference():
+    assert span(1, 9).difference(span(3, 5)) == [span(1, 3), span(5, 9)]
+    assert span(1, 9).difference(span(0, 5)) == [span(5, 9)]
+    assert span(1, 9).difference(span(5, 10)) == [span(1, 5)]
+    assert span(1, 9).difference(span(1, 9)) == []
+    assert span(1, 9).difference(span(9, 12)) == [span(1, 9)]
+    assert span(4, 4).difference(span(6, 7)) == []
+
+
+def test_distance():
+    assert span(1, 3).distance(span(7, 9)) == 4
+    assert span(7, 9).distance(span(1, 3)) == 4
+    assert span(1, 3).distance(span(3, 9)) == 0
+    assert span(1, 5).distance(span(3, 9)) == 0
+
+
+def test_shift_and_widen():
+    assert span(1, 3).shift(10) == span(11, 13)
+    assert span(1, 3).shift(-1) == span(0, 2)
+    assert span(10, 12).widen(2, 5) == span(8, 17)
+
+
+def test_clamp():
+    assert span(2, 5).clamp(0) == 2
+    assert span(2, 5).clamp(3) == 3
+    assert span(2, 5).clamp(5) == 4
+    assert span(2, 5).clamp(99) == 4
+    with pytest.raises(ValueError):
+        span(2, 2).clamp(2)
+
+
+def test_split():
+    assert span(0, 7).split(3) == [span(0, 3), span(3, 6), span(6, 7)]
+    assert span(0, 2).split(1) == [span(0, 1), span(1, 2)]
+    assert span(0, 0).split(3) == []
+    with pytest.raises(ValueError):
+        span(0, 7).split(0)
+
+
+def test_parse_span():
+    assert parse_span("[2, 5)") == span(2, 5)
+    assert parse_span("2..4") == span(2, 5)
+
+
+def test_parse_span_refuses_other_text():
+    for text in ("2, 5)", "[2, 5]", "[2)", "[1, 2, 3)"):
+        with pytest.raises(ValueError, match="not a span"):
+            parse_span(text)
diff --git a/tests/test_spanset.py b/tests/test_spanset.py
new file mode 100644
--- /dev/null
+++ b/tests/test_spanset.py
@@ -0,0 +1,105 @@
+import pytest
+
+from intervals.span import span
+from intervals.spanset import SpanSet, coverage, merge
+
+WORK = SpanSet([span(9, 12), span(13, 17)])
+
+
+def test_merge_sorts_and_joins():
+    assert merge([span(5, 9), span(1, 3), span(2, 4)]) == [span(1, 4), span(5, 9)]
+
+
+def test_merge_joins_touching_spans():
+    assert merge([span(1, 3), span(3, 5)]) == [span(1, 5)]
+    assert merge([span(1, 3), span(4, 5)]) == [span(1, 3), span(4, 5)]
+
+
+def test_merge_with_a_gap():
+    assert merge([span(1, 3), span(5, 6)], gap=2) == [span(1, 6)]
+    assert merge([span(1, 3), span(6, 7)], gap=2) == [span(1, 3), span(6, 7)]
+
+
+def test_merge_drops_empty_spans_and_keeps_the_longest():
+    assert merge([span(2, 2), span(1, 9), span(3, 4)]) == [span(1, 9)]
+
+
+def test_repr_and_equality():
+    assert repr(WORK) == "{[9, 12), [13, 17)}"
+    assert SpanSet([span(1, 2), span(2, 3)]) == SpanSet([span(1, 3)])
+    assert SpanSet([span(1, 3)]) != [span(1, 3)]
+
+
+def test_size_and_iteration():
+    assert WORK.size() == 7
+    assert SpanSet().size() == 0
+    assert list(WORK) == [span(9, 12), span(13, 17)]
+
+
+def test_contains():
+    assert 9 in WORK
+    assert 12 not in WORK
+    assert 16 in WORK
+    assert 17 not in WORK
+
+
+def test_find():
+    spans = SpanSet([span(n, n + 2) for n in (0, 10, 20, 30, 40)])
+    assert spans.find(0) == span(0, 2)
+    assert spans.find(11) == span(10, 12)
+    assert spans.find(21) == span(20, 22)
+    assert spans.find(41) == span(40, 42)
+    assert spans.find(42) is None
+    assert spans.find(15) is None
+    assert spans.find(-1) is None
+
+
+def test_union():
+    assert WORK.union(SpanSet([span(12, 13)])) == SpanSet([span(9, 17)])
+
+
+def test_intersection():
+    other = SpanSet([span(8, 10), span(11, 14), span(16, 20)])
+    expected = SpanSet([span(9, 10), span(11, 12), span(13, 14), span(16, 17)])
+    assert WORK.intersection(other) == expected
+    assert other.intersection(WORK) == expected
+
+
+def test_intersection_where_ends_agree():
+    left = SpanSet([span(0, 5), span(6, 9)])
+    right = SpanSet([span(2, 5), span(7, 9)])
+    assert left.intersection(right) == right
+
+
+def test_difference():
+    lunch = SpanSet([span(10, 14)])
+    assert WORK.difference(lunch) == SpanSet([span(9, 10), span(14, 17)])
+    assert WORK.difference(WORK) == SpanSet()
+
+
+def test_gaps():
+    assert WORK.gaps(span(8, 18)) == [span(8, 9), span(12, 13), span(17, 18)]
+    assert WORK.gaps(span(9, 12)) == []
+    assert SpanSet().gaps(span(0, 3)) == [span(0, 3)]
+
+
+def test_longest():
+    assert WORK.longest() == span(13, 17)
+    assert SpanSet([span(0, 2), span(5, 7)]).longest() == span(0, 2)
+    assert SpanSet().longest() is None
+
+
+def test_nearest():
+    assert WORK.nearest(10) == 10
+    assert WORK.nearest(5) == 9
+    assert WORK.nearest(12) == 11
+    assert WORK.nearest(30) == 16
+    with pytest.raises(ValueError):
+        SpanSet().nearest(1)
+
+
+def test_coverage():
+    assert coverage([span(0, 3), span(2, 5)], span(0, 10)) == 0.5
+    assert coverage([span(0, 20)], span(5, 10)) == 1.0
+    assert coverage([span(0, 20)], span(5, 5)) == 0.0
+    assert coverage([span(0, 2)], span(0, 1)) == 1.0
EOF_a28ffd5de2d8
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_calendar.py tests/test_clock.py tests/test_recurrence.py tests/test_slots.py tests/test_span.py tests/test_spanset.py
: '>>>>> End Test Output'
rm -f -- tests/test_calendar.py tests/test_span.py tests/test_spanset.py
