#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout bbf8b5c9a9ff90971e07787cf860e800b4ec51a0 -- tests
rm -f -- tests/test_cells.py
git apply -v --whitespace=nowarn - <<'EOF_2738ed933bab'
diff --git a/tests/test_cells.py b/tests/test_cells.py
new file mode 100644
--- /dev/null
+++ b/tests/test_cells.py
@@ -0,0 +1,118 @@
+import pytest
+
+from texttable.cells import (
+    align,
+    cell_text,
+    center,
+    group_digits,
+    looks_numeric,
+    pad_left,
+    pad_right,
+    truncate,
+    truncate_middle,
+)
+
+
+def test_cell_text_of_plain_values():
+    assert cell_text("bolt") == "bolt"
+    assert cell_text(12) == "12"
+    assert cell_text(None) == ""
+
+
+def test_cell_text_of_booleans():
+    assert cell_text(True) == "yes"
+    assert cell_text(False) == "no"
+
+
+def test_zero_and_one_are_not_booleans():
+    assert cell_text(0) == "0"
+    assert cell_text(1) == "1"
+
+
+def test_cell_text_rounds_floats_only():
+    assert cell_text(2.345, 1) == "2.3"
+    assert cell_text(2.0, 2) == "2.00"
+    assert cell_text(7.9, 0) == "8"
+    assert cell_text(7, 2) == "7"
+    assert cell_text(0.5) == "0.5"
+
+
+def test_group_digits():
+    assert group_digits(7) == "7"
+    assert group_digits(999) == "999"
+    assert group_digits(1000) == "1,000"
+    assert group_digits(1234567) == "1,234,567"
+
+
+def test_group_digits_of_zero_and_negatives():
+    assert group_digits(0) == "0"
+    assert group_digits(-1) == "-1"
+    assert group_digits(-45000) == "-45,000"
+
+
+def test_group_digits_with_another_separator():
+    assert group_digits(1234567, "_") == "1_234_567"
+
+
+def test_pad_left():
+    assert pad_left("ab", 5) == "   ab"
+    assert pad_left("ab", 3, ".") == ".ab"
+    assert pad_left("ab", 2) == "ab"
+    assert pad_left("abc", 2) == "abc"
+
+
+def test_pad_right():
+    assert pad_right("ab", 5) == "ab   "
+    assert pad_right("ab", 3, ".") == "ab."
+    assert pad_right("ab", 2) == "ab"
+    assert pad_right("abc", 2) == "abc"
+
+
+def test_center_puts_the_odd_space_right():
+    assert center("ab", 6) == "  ab  "
+    assert center("ab", 5) == " ab  "
+    assert center("ab", 3, "*") == "ab*"
+    assert center("abc", 2) == "abc"
+
+
+def test_align_modes():
+    assert align("x", 3, "<") == "x  "
+    assert align("x", 3, ">") == "  x"
+    assert align("x", 3, "^") == " x "
+
+
+def test_align_refuses_other_modes():
+    with pytest.raises(ValueError):
+        align("x", 3, "=")
+
+
+def test_truncate():
+    assert truncate("keyboard", 8) == "keyboard"
+    assert truncate("keyboard", 7) == "keyb..."
+    assert truncate("keyboard", 4) == "k..."
+    assert truncate("keyboard", 3) == "key"
+    assert truncate("keyboard", 6, "~") == "keybo~"
+
+
+def test_truncate_middle():
+    assert truncate_middle("abcdefgh", 8) == "abcdefgh"
+    assert truncate_middle("abcdefgh", 6) == "ab..gh"
+    assert truncate_middle("abcdefgh", 7) == "abc..gh"
+    assert truncate_middle("abcdefgh", 4) == "a..h"
+    assert truncate_middle("abcdefgh", 3) == "abc"
+
+
+def test_looks_numeric():
+    assert looks_numeric("12")
+    assert looks_numeric("-3.5")
+    assert looks_numeric("+7")
+    assert looks_numeric(" 1,200 ")
+
+
+def test_looks_numeric_refuses_words():
+    assert not looks_numeric("")
+    assert not looks_numeric("-")
+    assert not looks_numeric("12a")
+    assert not looks_numeric("1.x")
+    assert not looks_numeric("x.5")
+    assert not looks_numeric("1.2.3")
EOF_2738ed933bab
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_borders.py tests/test_cells.py tests/test_columns.py tests/test_csvtext.py tests/test_markdown.py tests/test_table.py tests/test_wrapping.py
: '>>>>> End Test Output'
rm -f -- tests/test_cells.py
