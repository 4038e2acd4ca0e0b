#!/bin/bash
set -uxo pipefail
cd /testbed
git config --global --add safe.directory /testbed
git checkout 334c1171d1bc4f2112acc625e5db4414969a43b4 -- tests
rm -f -- tests/test_unions.py
git apply -v --whitespace=nowarn - <<'EOF_35249efa373f'
diff --git a/tests/test_unions.py b/tests/test_unions.py
new file mode 100644
--- /dev/null
+++ b/tests/test_unions.py
@@ -0,0 +1,87 @@
+from routebook.graph import Road, read_graph
+from routebook.unions import (
+    Groups,
+    clusters,
+    is_connected,
+    network_length,
+    spanning_roads,
+    spare_roads,
+)
+
+MAP = read_graph("a - b 4\na - c 2\nc - b 1\nb - d 5\nc - d 8\nd - e 3")
+ISLANDS = read_graph("a - b 1\nc - d 2")
+
+
+def test_groups_start_apart():
+    groups = Groups(["a", "b", "c"])
+    assert groups.count == 3
+    assert not groups.together("a", "b")
+    assert groups.size("a") == 1
+    assert repr(groups) == "Groups(3)"
+
+
+def test_join():
+    groups = Groups(["a", "b", "c"])
+    assert groups.join("a", "b") is True
+    assert groups.join("b", "a") is False
+    assert groups.count == 2
+    assert groups.together("a", "b")
+    assert not groups.together("a", "c")
+
+
+def test_sizes_add_up():
+    groups = Groups(["a", "b", "c", "d", "e"])
+    groups.join("a", "b")
+    groups.join("c", "d")
+    groups.join("b", "d")
+    assert groups.size("a") == 4
+    assert groups.size("e") == 1
+    assert groups.members("c") == ["a", "b", "c", "d"]
+
+
+def test_the_larger_group_keeps_its_root():
+    groups = Groups(["a", "b", "c", "d"])
+    groups.join("b", "c")
+    groups.join("a", "b")
+    assert groups.root("a") == "b"
+    groups.join("b", "d")
+    assert groups.root("d") == "b"
+
+
+def test_the_first_root_stays_among_equals():
+    groups = Groups(["a", "b"])
+    groups.join("b", "a")
+    assert groups.root("a") == "b"
+
+
+def test_spanning_roads():
+    assert spanning_roads(MAP) == [
+        Road("b", "c", 1),
+        Road("a", "c", 2),
+        Road("d", "e", 3),
+        Road("b", "d", 5),
+    ]
+
+
+def test_network_length():
+    assert network_length(MAP) == 11
+    assert network_length(ISLANDS) == 3
+    assert network_length(read_graph("a")) == 0
+
+
+def test_is_connected():
+    assert is_connected(MAP)
+    assert not is_connected(ISLANDS)
+    assert is_connected(read_graph("a"))
+
+
+def test_spare_roads():
+    assert spare_roads(MAP) == [Road("a", "b", 4), Road("c", "d", 8)]
+    assert spare_roads(ISLANDS) == []
+
+
+def test_clusters():
+    assert clusters(MAP, 2) == [["a", "b", "c"], ["d", "e"]]
+    assert clusters(MAP, 3) == [["a", "b", "c"], ["d"], ["e"]]
+    assert clusters(MAP, 1) == [["a", "b", "c", "d", "e"]]
+    assert clusters(MAP, 5) == [["a"], ["b"], ["c"], ["d"], ["e"]]
EOF_35249efa373f
: '>>>>> Start Test Output'
python -m pytest -rA -p no:cacheprovider tests/test_graph.py tests/test_itinerary.py tests/test_paths.py tests/test_planning.py tests/test_search.py tests/test_timetable.py tests/test_unions.py
: '>>>>> End Test Output'
rm -f -- tests/test_unions.py
