#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 2cffe591f07b9266cfe6e31ff12e5e4f218b570b -- tests
rm -f -- tests/test_itinerary.py
git apply -v --whitespace=nowarn - <<'EOF_e275a4b150b2'
diff --git a/tests/test_itinerary.py b/tests/test_itinerary.py
new file mode 100644
--- /dev/null
+++ b/tests/test_itinerary.py
@@ -0,0 +1,110 @@
+import pytest
+
+from routebook.graph import read_graph
+from routebook.itinerary import (
+    breaks_needed,
+    describe,
+    describe_trips,
+    driving_minutes,
+    elevation,
+    format_length,
+    format_minutes,
+    join_words,
+    plural,
+    steepest,
+    summary,
+)
+from routebook.timetable import Trip
+
+MAP = read_graph("Ada - Bern 400\nBern - Cork 1300\nCork > Dover 2")
+
+
+def test_format_length():
+    assert format_length(7) == "7 km"
+    assert format_length(1234) == "1,234 km"
+
+
+def test_format_minutes():
+    assert format_minutes(45) == "45 min"
+    assert format_minutes(0) == "0 min"
+    assert format_minutes(60) == "1 h"
+    assert format_minutes(125) == "2 h 05 min"
+
+
+def test_plural():
+    assert plural(0, "change") == "no changes"
+    assert plural(1, "change") == "1 change"
+    assert plural(2, "change") == "2 changes"
+
+
+def test_join_words():
+    assert join_words([]) == ""
+    assert join_words(["a"]) == "a"
+    assert join_words(["a", "b"]) == "a and b"
+    assert join_words(["a", "b", "c"]) == "a, b and c"
+
+
+def test_driving_minutes():
+    assert driving_minutes(100, 100) == 60
+    assert driving_minutes(100, 90) == 67
+    assert driving_minutes(0, 90) == 0
+
+
+def test_breaks_needed():
+    assert breaks_needed(120) == 0
+    assert breaks_needed(121) == 1
+    assert breaks_needed(240) == 1
+    assert breaks_needed(241) == 2
+    assert breaks_needed(0) == 0
+    assert breaks_needed(90, stretch=45) == 1
+
+
+def test_describe():
+    assert describe(MAP, ["Ada", "Bern", "Cork"]).split("\n") == [
+        "1. Ada to Bern, 400 km",
+        "2. Bern to Cork, 1,300 km",
+        "total 1,700 km",
+    ]
+    assert describe(MAP, ["Ada"]) == "total 0 km"
+
+
+def test_describe_refuses_a_path_without_roads():
+    with pytest.raises(ValueError):
+        describe(MAP, ["Dover", "Cork"])
+
+
+def test_summary():
+    assert summary(MAP, ["Ada", "Bern"]) == "Ada to Bern: 400 km."
+    assert summary(MAP, ["Ada", "Bern", "Cork"]) == "Ada to Cork via Bern: 1,700 km."
+    path = ["Ada", "Bern", "Cork", "Dover"]
+    assert summary(MAP, path) == "Ada to Dover via Bern and Cork: 1,702 km."
+    assert summary(MAP, ["Ada"]) == "You are there."
+
+
+def test_describe_trips():
+    route = [Trip("R1", "a", "b", 540, 630), Trip("X2", "b", "c", 640, 665)]
+    assert describe_trips(route).split("\n") == [
+        " 9:00 a - 10:30 b (R1)",
+        "10:40 b - 11:05 c (X2)",
+        "2 h 05 min, 1 change, 10 min waiting",
+    ]
+
+
+def test_describe_trips_without_waiting():
+    route = [Trip("R1", "a", "b", 600, 630)]
+    assert describe_trips(route) == "10:00 a - 10:30 b (R1)\n30 min, no changes"
+    route.append(Trip("R1", "b", "c", 631, 640))
+    assert describe_trips(route).endswith("40 min, no changes, 1 min waiting")
+
+
+def test_elevation():
+    assert elevation([100, 150, 120, 200]) == (130, 30)
+    assert elevation([100]) == (0, 0)
+    assert elevation([5, 5, 4]) == (0, 1)
+
+
+def test_steepest():
+    assert steepest([100, 150, 120, 200]) == 3
+    assert steepest([0, 10, 20]) == 1
+    assert steepest([9, 8, 7]) == 0
+    assert steepest([0, 1]) == 1
EOF_e275a4b150b2
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_graph.py tests/test_itinerary.py tests/test_paths.py tests/test_planning.py tests/test_search.py tests/test_timetable.py tests/test_unions.py
: '>>>>> End Test Output'
rm -f -- tests/test_itinerary.py
