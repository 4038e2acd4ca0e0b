#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 97b16464d777dca8b6a4ebb82f40918b0d9a0197 -- tests
rm -f -- tests/test_table.py
git apply -v --whitespace=nowarn - <<'EOF_c09315b57bbd'
diff --git a/tests/test_table.py b/tests/test_table.py
new file mode 100644
--- /dev/null
+++ b/tests/test_table.py
@@ -0,0 +1,155 @@
+import pytest
+
+from texttable import Table
+
+
+def parts() -> Table:
+    table = Table(["name", "qty:>", "price:>.2"])
+    table.add("bolt", 12, 0.25)
+    table.add("nut", 120, 0.1)
+    return table
+
+
+def test_render():
+    assert parts().render().split("\n") == [
+        "+------+-----+-------+",
+        "| name | qty | price |",
+        "+------+-----+-------+",
+        "| bolt |  12 |  0.25 |",
+        "| nut  | 120 |  0.10 |",
+        "+------+-----+-------+",
+    ]
+
+
+def test_render_without_rows():
+    assert Table(["a", "b"]).render() == "+---+---+\n| a | b |\n+---+---+"
+
+
+def test_render_simple():
+    table = Table(["a", "num:>"], style="simple")
+    table.add("x", 5)
+    assert table.render() == "a   num\n-- ----\nx     5"
+
+
+def test_render_plain_has_no_rules():
+    table = Table(["a", "b"], style="plain")
+    table.add("long", "x")
+    assert table.render() == "a      b\nlong   x"
+
+
+def test_render_with_title():
+    table = Table(["name:12"], title="parts")
+    table.add("bolt")
+    assert table.render().split("\n")[0] == "+- parts ------+"
+    assert table.render().split("\n")[2] == "+--------------+"
+
+
+def test_render_wraps_to_the_column_width():
+    table = Table(["note:6", "n"])
+    table.add("steel plated", 1)
+    assert table.render().split("\n")[3:5] == ["| steel  | 1 |", "| plated |   |"]
+
+
+def test_render_to_a_width():
+    table = Table(["a", "b"])
+    table.add("one two three", "four")
+    lines = table.render(max_width=20).split("\n")
+    assert lines[0] == "+-----------+------+"
+    assert lines[3] == "| one two   | four |"
+    assert lines[4] == "| three     |      |"
+
+
+def test_render_limits_lines_of_a_cell():
+    table = Table(["a:5"])
+    table.add("one two three four")
+    lines = table.render(max_lines=2).split("\n")
+    assert lines[3:5] == ["| one   |", "| ...   |"]
+
+
+def test_rules_between_rows():
+    table = Table(["a"])
+    table.add("x")
+    table.add_rule()
+    table.add("y")
+    assert table.render() == "+---+\n| a |\n+---+\n| x |\n+---+\n| y |\n+---+"
+
+
+def test_a_rule_at_the_end_is_drawn_once():
+    table = Table(["a"])
+    table.add_rule()
+    table.add("x")
+    table.add_rule()
+    assert table.render() == "+---+\n| a |\n+---+\n| x |\n+---+"
+
+
+def test_add_fills_missing_values():
+    table = Table(["a", "b", "c"])
+    table.add(1)
+    assert table.rows == [[1, None, None]]
+
+
+def test_add_refuses_too_many_values():
+    table = Table(["a", "b"])
+    table.add(1, 2)
+    with pytest.raises(ValueError, match="3 values for 2 columns"):
+        table.add(1, 2, 3)
+
+
+def test_len_and_repr():
+    assert len(parts()) == 2
+    assert repr(parts()) == "Table(3 columns, 2 rows)"
+
+
+def test_column():
+    assert parts().column("qty") == [12, 120]
+    assert parts().column("name") == ["bolt", "nut"]
+
+
+def test_sort():
+    table = parts()
+    table.sort("qty", descending=True)
+    assert table.column("name") == ["nut", "bolt"]
+    table.sort("price")
+    assert table.column("price") == [0.1, 0.25]
+
+
+def test_sort_puts_empty_values_last():
+    table = Table(["a"])
+    for value in (3, None, 1):
+        table.add(value)
+    table.sort("a")
+    assert table.column("a") == [1, 3, None]
+    table.sort("a", descending=True)
+    assert table.column("a") == [3, 1, None]
+
+
+def test_sort_forgets_rules():
+    table = Table(["a"])
+    table.add("y")
+    table.add_rule()
+    table.add("x")
+    table.sort("a")
+    assert table.render().count("+---+") == 3
+
+
+def test_total():
+    assert parts().total("qty") == 132
+    assert parts().total("price") == 0.35
+    assert parts().total("name") == 0
+
+
+def test_total_does_not_count_booleans():
+    table = Table(["a"])
+    for value in (True, 2, None, "3", 1.5):
+        table.add(value)
+    assert table.total("a") == 3.5
+
+
+def test_texts():
+    assert parts().texts() == [["bolt", "12", "0.25"], ["nut", "120", "0.10"]]
+
+
+def test_widths():
+    assert parts().widths() == [4, 3, 5]
+    assert parts().widths(max_width=20) == [3, 3, 4]
+    assert parts().widths(max_width=22) == [4, 3, 5]
EOF_c09315b57bbd
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_borders.py tests/test_cells.py tests/test_columns.py tests/test_csvtext.py tests/test_markdown.py tests/test_table.py tests/test_wrapping.py
: '>>>>> End Test Output'
rm -f -- tests/test_table.py
