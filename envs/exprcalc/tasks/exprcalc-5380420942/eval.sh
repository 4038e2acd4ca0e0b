#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 2390b02021045e9c7e5f6a381f350486b7a54142 -- tests
rm -f -- tests/test_evaluator.py tests/test_simplifier.py
git apply -v --whitespace=nowarn - <<'EOF_d02327818019'
diff --git a/tests/test_evaluator.py b/tests/test_evaluator.py
new file mode 100644
--- /dev/null
+++ b/tests/test_evaluator.py
@@ -0,0 +1,108 @@
+import pytest
+
+from exprcalc.evaluator import calculate, compare, tabulate
+from exprcalc.tokens import ExprError
+
+
+def test_sums_and_products():
+    assert calculate("2 + 3 * 4") == 14
+    assert calculate("(2 + 3) * 4") == 20
+    assert calculate("10 - 4 - 3") == 3
+    assert calculate("-3 + 5") == 2
+
+
+def test_division():
+    assert calculate("7 / 2") == 3.5
+    assert calculate("7 // 2") == 3
+    assert calculate("-7 // 2") == -4
+    assert calculate("7 % 4") == 3
+    assert calculate("-1 % 5") == 4
+
+
+def test_powers():
+    assert calculate("2 ^ 10") == 1024
+    assert calculate("2 ^ 3 ^ 2") == 512
+    assert calculate("-2 ^ 2") == -4
+    assert calculate("(-2) ^ 3") == -8
+    assert calculate("0 ^ 0") == 1
+    assert calculate("4 ^ -1") == 0.25
+
+
+def test_impossible_powers():
+    with pytest.raises(ExprError, match="column 3: zero has no negative power"):
+        calculate("0 ^ -1")
+    with pytest.raises(ExprError, match="no such power"):
+        calculate("(-8) ^ 0.5")
+    assert calculate("0 ^ 0.5") == 0
+
+
+def test_division_by_zero_names_its_column():
+    for text in ("10 / (3 - 3)", "10 % 0", "1 // 0"):
+        with pytest.raises(ExprError, match="division by zero"):
+            calculate(text)
+    with pytest.raises(ExprError) as caught:
+        calculate("1 + 10 / 0")
+    assert caught.value.column == 8
+
+
+def test_compare():
+    assert [compare(op, 1, 2) for op in ("<", "<=", ">", ">=")] == [1, 1, 0, 0]
+    assert [compare(op, 2, 2) for op in ("<", "<=", ">", ">=")] == [0, 1, 0, 1]
+    assert [compare(op, 3, 2) for op in ("<", "<=", ">", ">=")] == [0, 0, 1, 1]
+    assert compare("==", 2, 2) == 1
+    assert compare("==", 2, 3) == 0
+    assert compare("!=", 2, 3) == 1
+    assert compare("!=", 2, 2) == 0
+
+
+def test_choice():
+    assert calculate("1 < 2 ? 10 : 20") == 10
+    assert calculate("1 > 2 ? 10 : 20") == 20
+    assert calculate("-1 ? 10 : 20") == 10
+
+
+def test_choice_evaluates_one_side_only():
+    assert calculate("x == 0 ? 0 : 1 / x", {"x": 0}) == 0
+
+
+def test_names():
+    assert calculate("a * b", {"a": 3, "b": 4}) == 12
+    assert calculate("tau / pi") == 2
+    assert calculate("pi + 1", {"pi": 1}) == 2
+    with pytest.raises(ExprError, match="column 5: unknown name 'rate'"):
+        calculate("2 * rate")
+
+
+def test_factorial():
+    assert calculate("3!") == 6
+    assert calculate("2 * 4!") == 48
+
+
+def test_calls():
+    assert calculate("max(1, 5, 3)") == 5
+    assert calculate("abs(-2) + min(4, 3)") == 5
+    assert calculate("round(2.345, 2)") == 2.35
+    assert calculate("clamp(x, 0, 1)", {"x": 7}) == 1
+
+
+def test_unknown_function():
+    with pytest.raises(ExprError, match="column 3: unknown function 'sum'"):
+        calculate("1+sum(1, 2)")
+
+
+def test_wrong_number_of_arguments():
+    with pytest.raises(ExprError, match="max takes at least 2 arguments, not 1"):
+        calculate("max(1)")
+    with pytest.raises(ExprError, match="abs takes 1 arguments, not 2"):
+        calculate("abs(1, 2)")
+
+
+def test_errors_inside_functions_get_a_column():
+    with pytest.raises(ExprError, match="column 5: root no real root"):
+        calculate("1 + root(-4)")
+
+
+def test_tabulate():
+    assert tabulate("x ^ 2", "x", 0, 3) == [0, 1, 4, 9]
+    assert tabulate("n - 1", "n", 5, 5) == [4]
+    assert tabulate("n", "n", 5, 4) == []
diff --git a/tests/test_simplifier.py b/tests/test_simplifier.py
new file mode 100644
--- /dev/null
+++ b/tests/test_simplifier.py
@@ -0,0 +1,112 @@
+import pytest
+
+from exprcalc.nodes import Number
+from exprcalc.parser import parse
+from exprcalc.printer import show
+from exprcalc.simplifier import derive, fold, simplify
+
+
+def simple(text: str) -> str:
+    return show(simplify(parse(text)))
+
+
+def slope(text: str, name: str = "x") -> str:
+    return show(derive(parse(text), name))
+
+
+def test_fold():
+    assert fold(parse("2 * 3")) == Number(6.0)
+    assert fold(parse("x + 1")) == parse("x + 1")
+    assert fold(parse("1 / 0")) == parse("1 / 0")
+
+
+def test_constants_are_folded():
+    assert simple("2 * 3 + x") == "6 + x"
+    assert simple("max(2, 3) * x") == "3 * x"
+    assert simple("-(2 + 3)") == "-5"
+
+
+def test_sum_identities():
+    assert simple("x + 0") == "x"
+    assert simple("0 + x") == "x"
+    assert simple("x + x") == "2 * x"
+    assert simple("x + y") == "x + y"
+
+
+def test_difference_identities():
+    assert simple("x - 0") == "x"
+    assert simple("0 - x") == "-x"
+    assert simple("x - x") == "0"
+    assert simple("x - y") == "x - y"
+
+
+def test_product_identities():
+    assert simple("x * 0") == "0"
+    assert simple("0 * x") == "0"
+    assert simple("1 * x") == "x"
+    assert simple("x * 1") == "x"
+    assert simple("x * y") == "x * y"
+
+
+def test_numbers_go_first_in_products():
+    assert simple("x * 3") == "3 * x"
+    assert simple("3 * x") == "3 * x"
+
+
+def test_quotients_and_powers():
+    assert simple("x / 1") == "x"
+    assert simple("x / 2") == "x / 2"
+    assert simple("x ^ 0") == "1"
+    assert simple("x ^ 1") == "x"
+    assert simple("x ^ 2") == "x ^ 2"
+
+
+def test_double_signs_vanish():
+    assert simple("--x") == "x"
+    assert simple("-x") == "-x"
+    assert simple("---x") == "-x"
+    assert simple("-(x!)") == "-x!"
+
+
+def test_choices():
+    assert simple("1 ? x : y") == "x"
+    assert simple("2 < 1 ? x : y") == "y"
+    assert simple("a ? x : x + 0") == "x"
+    assert simple("a ? x : y * 1") == "a ? x : y"
+
+
+def test_simplify_works_from_the_leaves():
+    assert simple("(x * (2 - 1)) ^ (3 - 2) + 0 * y") == "x"
+    assert simple("max(x + 0, 1 + 1)") == "max(x, 2)"
+
+
+def test_derive_sums():
+    assert slope("x") == "1"
+    assert slope("5") == "0"
+    assert slope("y") == "0"
+    assert slope("x + y") == "1"
+    assert slope("y - x") == "-1"
+    assert slope("-x") == "-1"
+
+
+def test_derive_products():
+    assert slope("3 * x") == "3"
+    assert slope("x * y") == "y"
+    assert slope("x * x") == "2 * x"
+
+
+def test_derive_powers():
+    assert slope("x ^ 2") == "2 * x"
+    assert slope("x ^ 3") == "3 * x ^ 2"
+    assert slope("(2 * x) ^ 2") == "2 * (2 * (2 * x))"
+
+
+def test_derive_quotients():
+    assert slope("x / y") == "y / y ^ 2"
+    assert slope("1 / x") == "-1 / x ^ 2"
+
+
+def test_derive_without_a_rule():
+    for text in ("abs(x)", "2 ^ x", "x!", "x % 2"):
+        with pytest.raises(ValueError, match="no rule"):
+            slope(text)
EOF_d02327818019
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_evaluator.py tests/test_functions.py tests/test_nodes.py tests/test_parser.py tests/test_printer.py tests/test_simplifier.py tests/test_tokens.py
: '>>>>> End Test Output'
rm -f -- tests/test_evaluator.py tests/test_simplifier.py
