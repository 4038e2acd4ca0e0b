#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 2eabe4868e64f0e1103642a4445fa3763a263b37 -- tests
rm -f -- tests/test_formatting.py
git apply -v --whitespace=nowarn - <<'EOF_8640520a3f51'
diff --git a/tests/test_formatting.py b/tests/test_formatting.py
new file mode 100644
--- /dev/null
+++ b/tests/test_formatting.py
@@ -0,0 +1,146 @@
+import pytest
+
+from unitkit.dimension import DimensionError
+from unitkit.formatting import (
+    best_prefix,
+    feet_and_inches,
+    format_fixed,
+    humanize,
+    in_words,
+    magnitude,
+    metric_base,
+    percent,
+    plain,
+    round_significant,
+    scientific,
+    table,
+    trim_zeros,
+)
+from unitkit.quantity import Quantity
+
+
+def test_round_significant():
+    assert round_significant(1234.5, 2) == 1200
+    assert round_significant(0.012345, 3) == 0.0123
+    assert round_significant(-98.76, 3) == -98.8
+    assert round_significant(5.5, 1) == 6
+    assert round_significant(0, 3) == 0
+    assert round_significant(1, 3) == 1
+    with pytest.raises(ValueError):
+        round_significant(1.5, 0)
+
+
+def test_magnitude():
+    assert magnitude(345) == 2
+    assert magnitude(1000) == 3
+    assert magnitude(999) == 2
+    assert magnitude(1) == 0
+    assert magnitude(0.03) == -2
+    assert magnitude(-50) == 1
+    assert magnitude(0) == 0
+
+
+def test_format_fixed():
+    assert format_fixed(1234.5, 2) == "1,234.50"
+    assert format_fixed(2.5, 0) == "2"
+    assert format_fixed(-1.25, 1) == "-1.2"
+
+
+def test_format_fixed_has_no_minus_zero():
+    assert format_fixed(-0.001, 2) == "0.00"
+    assert format_fixed(-0.01, 2) == "-0.01"
+
+
+def test_trim_zeros():
+    assert trim_zeros("1.50") == "1.5"
+    assert trim_zeros("2.00") == "2"
+    assert trim_zeros("100") == "100"
+
+
+def test_scientific():
+    assert scientific(12345) == "1.23e4"
+    assert scientific(0.00056) == "5.6e-4"
+    assert scientific(-700) == "-7e2"
+    assert scientific(0) == "0e0"
+    assert scientific(123456, 5) == "1.2346e5"
+
+
+def test_scientific_carries_over():
+    assert scientific(9999) == "1e4"
+    assert scientific(9994, 3) == "9.99e3"
+
+
+def test_best_prefix():
+    assert best_prefix(1) == ""
+    assert best_prefix(999) == ""
+    assert best_prefix(1000) == "k"
+    assert best_prefix(2500000) == "M"
+    assert best_prefix(3e9) == "G"
+    assert best_prefix(0) == ""
+
+
+def test_best_prefix_of_small_values():
+    assert best_prefix(0.5) == "m"
+    assert best_prefix(-0.001) == "m"
+    assert best_prefix(2e-5) == "u"
+    assert best_prefix(2e-8) == "n"
+    assert best_prefix(2e-12) == "n"
+
+
+def test_metric_base():
+    assert metric_base("km") == "m"
+    assert metric_base("m") == "m"
+    assert metric_base("kg") == "g"
+    assert metric_base("min") is None
+    assert metric_base("ft") is None
+    assert metric_base("m/s") is None
+
+
+def test_plain():
+    assert plain(1500.0) == "1500"
+    assert plain(0.25) == "0.25"
+    assert plain(0.00001) == "0.00001"
+
+
+def test_humanize():
+    assert humanize(Quantity(15300, "m")) == "15.3 km"
+    assert humanize(Quantity(0.0025, "kg")) == "2.5 g"
+    assert humanize(Quantity(1234, "W"), 2) == "1.2 kW"
+    assert humanize(Quantity(0, "m")) == "0 m"
+
+
+def test_humanize_leaves_other_units():
+    assert humanize(Quantity(90.123, "min")) == "90.1 min"
+    assert humanize(Quantity(12345, "km/h")) == "12300 km/h"
+    assert humanize(Quantity(7)) == "7"
+
+
+def test_in_words():
+    assert in_words(Quantity(3, "m")) == "3 metres"
+    assert in_words(Quantity(1, "ft")) == "1 foot"
+    assert in_words(Quantity(2.505, "h")) == "2.5 hours"
+    assert in_words(Quantity(1200.25, "in")) == "1,200.25 inches"
+
+
+def test_feet_and_inches():
+    assert feet_and_inches(Quantity(1.8, "m")) == "5 ft 11 in"
+    assert feet_and_inches(Quantity(11, "in")) == "11 in"
+    assert feet_and_inches(Quantity(12, "in")) == "1 ft"
+    assert feet_and_inches(Quantity(-13, "in")) == "-1 ft 1 in"
+    assert feet_and_inches(Quantity(-3, "in")) == "-3 in"
+    assert feet_and_inches(Quantity(0, "in")) == "0 in"
+
+
+def test_percent():
+    assert percent(Quantity(250, "m"), Quantity(1, "km")) == "25 %"
+    assert percent(Quantity(1, "h"), Quantity(3, "h")) == "33.3 %"
+    assert percent(Quantity(1, "h"), Quantity(3, "h"), 3) == "33.333 %"
+    with pytest.raises(DimensionError):
+        percent(Quantity(1, "h"), Quantity(1, "m"))
+
+
+def test_table():
+    assert table(Quantity(1, "km"), ["m", "mi"]).split("\n") == [
+        "m     1000.0000",
+        "mi       0.6214",
+    ]
EOF_8640520a3f51
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_compound.py tests/test_dimension.py tests/test_durations.py tests/test_formatting.py tests/test_parsing.py tests/test_quantity.py tests/test_temperature.py tests/test_units.py
: '>>>>> End Test Output'
rm -f -- tests/test_formatting.py
