#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout fc5ab529824fb49d6a082cf9bf77752f413c2718 -- tests
rm -f -- tests/test_money.py
git apply -v --whitespace=nowarn - <<'EOF_ce940da55582'
diff --git a/tests/test_money.py b/tests/test_money.py
new file mode 100644
--- /dev/null
+++ b/tests/test_money.py
@@ -0,0 +1,80 @@
+import pytest
+
+from stockroom.money import (
+    format_money,
+    margin,
+    parse_money,
+    percent,
+    round_to_step,
+    split_by_weight,
+    split_evenly,
+)
+
+
+def test_parse_money():
+    assert parse_money("12") == 1200
+    assert parse_money("3.5") == 350
+    assert parse_money("0.09") == 9
+    assert parse_money("-1.25") == -125
+
+
+def test_parse_money_refuses_other_text():
+    for text in ("", "a", "1.", "1.234", "1.x", ".5"):
+        with pytest.raises(ValueError):
+            parse_money(text)
+
+
+def test_format_money():
+    assert format_money(1200) == "12.00"
+    assert format_money(9) == "0.09"
+    assert format_money(-125) == "-1.25"
+    assert format_money(0) == "0.00"
+    assert format_money(123456789) == "1,234,567.89"
+
+
+def test_percent():
+    assert percent(1000, 10) == 100
+    assert percent(1000, 0) == 0
+    assert percent(1999, 19) == 380
+    assert percent(200, 2.5) == 5
+
+
+def test_percent_rounds_half_up():
+    assert percent(50, 1) == 1
+    assert percent(49, 1) == 0
+    assert percent(150, 1) == 2
+    assert percent(1, 49.99) == 0
+    assert percent(1, 50) == 1
+
+
+def test_split_evenly():
+    assert split_evenly(100, 4) == [25, 25, 25, 25]
+    assert split_evenly(100, 3) == [34, 33, 33]
+    assert split_evenly(5, 1) == [5]
+    assert split_evenly(2, 3) == [1, 1, 0]
+    with pytest.raises(ValueError):
+        split_evenly(100, 0)
+
+
+def test_split_by_weight():
+    assert split_by_weight(100, [1, 3]) == [25, 75]
+    assert split_by_weight(100, [1, 1, 1]) == [34, 33, 33]
+    assert split_by_weight(101, [1, 1, 1]) == [34, 34, 33]
+    assert split_by_weight(10, [0, 1]) == [0, 10]
+    with pytest.raises(ValueError):
+        split_by_weight(100, [0, 0])
+
+
+def test_round_to_step():
+    assert round_to_step(1232, 5) == 1230
+    assert round_to_step(1233, 5) == 1235
+    assert round_to_step(150, 100) == 200
+    assert round_to_step(149, 100) == 100
+
+
+def test_margin():
+    assert margin(1000, 750) == 25.0
+    assert margin(300, 200) == 33.3
+    assert margin(100, 120) == -20.0
+    assert margin(0, 50) == 0.0
+    assert margin(1, 0) == 100.0
EOF_ce940da55582
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_desk.py tests/test_money.py tests/test_orders.py tests/test_pricing.py tests/test_reports.py tests/test_states.py tests/test_stock.py
: '>>>>> End Test Output'
rm -f -- tests/test_money.py
