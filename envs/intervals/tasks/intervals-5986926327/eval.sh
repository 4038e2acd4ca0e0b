#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 813341a72294d296db9620cbaf6f4585117f2d7d -- tests
rm -f -- tests/test_clock.py tests/test_recurrence.py
git apply -v --whitespace=nowarn - <<'EOF_cc7bba6053ff'
diff --git a/tests/test_clock.py b/tests/test_clock.py
new file mode 100644
--- /dev/null
+++ b/tests/test_clock.py
@@ -0,0 +1,100 @@
+import pytest
+
+from intervals.clock import (
+    format_duration,
+    format_time,
+    is_weekend,
+    next_weekday,
+    parse_duration,
+    parse_time,
+    round_down,
+    round_up,
+    weekday,
+    workdays,
+)
+
+
+def test_parse_time():
+    assert parse_time("00:00") == 0
+    assert parse_time("09:30") == 570
+    assert parse_time("23:59") == 1439
+    assert parse_time("24:00") == 1440
+
+
+def test_parse_time_refuses_what_is_no_time():
+    for text in ("9", "9h30", "ab:10", "10:cd", "10:60", "24:01", "25:00"):
+        with pytest.raises(ValueError):
+            parse_time(text)
+
+
+def test_format_time():
+    assert format_time(0) == "00:00"
+    assert format_time(570) == "09:30"
+    assert format_time(1439) == "23:59"
+
+
+def test_format_time_beyond_a_day():
+    assert format_time(1440) == "24:00"
+    assert format_time(1441) == "00:01+1"
+    assert format_time(2880) == "24:00+1"
+    assert format_time(3000) == "02:00+2"
+    with pytest.raises(ValueError):
+        format_time(-1)
+
+
+def test_parse_duration():
+    assert parse_duration("45") == 45
+    assert parse_duration("2h") == 120
+    assert parse_duration("1h30") == 90
+    assert parse_duration("1h59") == 119
+    with pytest.raises(ValueError):
+        parse_duration("1h60")
+
+
+def test_format_duration():
+    assert format_duration(0) == "0"
+    assert format_duration(59) == "59"
+    assert format_duration(60) == "1h"
+    assert format_duration(65) == "1h05"
+    assert format_duration(150) == "2h30"
+
+
+def test_weekday():
+    assert weekday(0) == "Mon"
+    assert weekday(6) == "Sun"
+    assert weekday(9) == "Wed"
+
+
+def test_is_weekend():
+    assert not is_weekend(4)
+    assert is_weekend(5)
+    assert is_weekend(6)
+    assert not is_weekend(7)
+    assert is_weekend(13)
+
+
+def test_next_weekday():
+    assert next_weekday(0, "Tue") == 1
+    assert next_weekday(0, "Mon") == 7
+    assert next_weekday(8, "Mon") == 14
+    assert next_weekday(4, "Thu") == 10
+
+
+def test_workdays():
+    assert workdays(0, 7) == 5
+    assert workdays(4, 8) == 2
+    assert workdays(5, 7) == 0
+    assert workdays(3, 3) == 0
+
+
+def test_round_up():
+    assert round_up(61, 15) == 75
+    assert round_up(60, 15) == 60
+    assert round_up(0, 15) == 0
+    assert round_up(74, 15) == 75
+
+
+def test_round_down():
+    assert round_down(61, 15) == 60
+    assert round_down(60, 15) == 60
+    assert round_down(74, 15) == 60
diff --git a/tests/test_recurrence.py b/tests/test_recurrence.py
new file mode 100644
--- /dev/null
+++ b/tests/test_recurrence.py
@@ -0,0 +1,83 @@
+import pytest
+
+from intervals.recurrence import Rule, clashes, next_day, occurrences, parse_rule
+from intervals.span import span
+
+
+def test_happens_every_few_days():
+    rule = Rule(first=2, every=3)
+    assert rule.happens(2)
+    assert not rule.happens(3)
+    assert rule.happens(5)
+    assert not rule.happens(-1)
+
+
+def test_happens_on_weekdays():
+    rule = Rule(first=1, weekdays=("Mon", "Wed"))
+    assert not rule.happens(0)
+    assert rule.happens(2)
+    assert rule.happens(7)
+    assert not rule.happens(8)
+
+
+def test_happens_every_second_week():
+    rule = Rule(first=8, every=2, weekdays=("Tue",))
+    assert rule.happens(8)
+    assert not rule.happens(15)
+    assert rule.happens(22)
+
+
+def test_days():
+    assert Rule(0).days(3) == [0, 1, 2]
+    assert Rule(1, every=2).days(7) == [1, 3, 5]
+    assert Rule(5).days(5) == []
+
+
+def test_days_stop_at_the_count():
+    assert Rule(0, every=2, count=3).days(100) == [0, 2, 4]
+    assert Rule(0, count=0).days(100) == []
+
+
+def test_rules_are_checked():
+    assert Rule(0, every=1).every == 1
+    with pytest.raises(ValueError):
+        Rule(0, every=0)
+    with pytest.raises(ValueError, match="no weekday 'Monday'"):
+        Rule(0, weekdays=("Monday",))
+
+
+def test_parse_rule():
+    assert parse_rule("daily", 4) == Rule(4)
+    assert parse_rule("every 3 days", 1) == Rule(1, 3)
+    assert parse_rule("weekly Mon Fri", 0) == Rule(0, 1, None, ("Mon", "Fri"))
+
+
+def test_parse_rule_with_a_count():
+    assert parse_rule("daily x5", 0) == Rule(0, 1, 5)
+    assert parse_rule("every 2 days x12", 0) == Rule(0, 2, 12)
+    assert parse_rule("weekly Tue x4", 0) == Rule(0, 1, 4, ("Tue",))
+
+
+def test_parse_rule_refuses_other_text():
+    for text in ("", "weekly", "every 3 weeks", "each 3 days", "every 3 days now"):
+        with pytest.raises(ValueError, match="cannot read"):
+            parse_rule(text, 0)
+
+
+def test_occurrences():
+    rule = Rule(0, every=2)
+    assert occurrences(rule, span(60, 90), 4) == [span(60, 90), span(2940, 2970)]
+    assert occurrences(rule, span(60, 90), 4, skip=(0,)) == [span(2940, 2970)]
+
+
+def test_next_day():
+    assert next_day(Rule(3, every=5), 3) == 8
+    assert next_day(Rule(3, every=5), 0) == 3
+    assert next_day(Rule(0, count=2), 1) is None
+    assert next_day(Rule(0, every=366), 0) is None
+    assert next_day(Rule(0, every=365), 0) == 365
+
+
+def test_clashes():
+    assert clashes(Rule(0, every=2), Rule(0, every=3), 13) == [0, 6, 12]
+    assert clashes(Rule(0, every=2), Rule(1, every=2), 13) == []
EOF_cc7bba6053ff
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_calendar.py tests/test_clock.py tests/test_recurrence.py tests/test_slots.py tests/test_span.py tests/test_spanset.py
: '>>>>> End Test Output'
rm -f -- tests/test_clock.py tests/test_recurrence.py
