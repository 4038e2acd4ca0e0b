"""Grading: what is let through of a patch, what a verdict says, and the cheats that must not pay.

Everything runs in real sandboxes, of every tier that this machine has, on a small repository of its own.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from srl_swe.errors import NoSandbox, TaskError
from srl_swe.grade.grade import episode_patch, grade
from srl_swe.grade.protected import allow, is_protected, restored
from srl_swe.grade.reporter import run_tests
from srl_swe.sandbox.open import choose_tier, open_sandbox
from srl_swe.sandbox.sandbox import Root, Sandbox
from srl_swe.tasks.checkout import Checkout, checkout, starting_tree
from srl_swe.tasks.patch import apply_patch, diff_trees, reverse_patch
from srl_swe.tasks.repository import Repository, load_repository
from srl_swe.tasks.task import Task, content_id

ENV = """
name = "demo"
protected = ["data/answers/**"]
[source]
path = "repository"
[test]
timeout_s = 20
"""
FILES = {
    "demo.py": b"def half(n):\n    return n // 2\n\n\ndef double(n):\n    return n * 2\n",
    "conftest.py": b"import pytest\n\n\n@pytest.fixture\ndef four():\n    return 4\n",
    "tests/test_demo.py": textwrap.dedent("""\
        import subprocess
        import sys

        import pytest
        from demo import double, half


        def test_half(four):
            assert half(four) == 2

        def test_double():
            assert double(2) == 4

        @pytest.mark.parametrize("n", [1, 2])
        def test_many(n):
            assert double(n) == n + n

        def test_as_a_program():
            code = "import demo; print(demo.double(3))"
            assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "6\\n"

        @pytest.mark.skip(reason="not here")
        def test_skipped():
            raise AssertionError

        @pytest.mark.xfail
        def test_expected_failure():
            assert double("a") == 2

        def test_writes_a_file():
            open("scratch.txt", "w").close()
        """).encode(),
    "tests/test_other.py": b"from demo import double\n\n\ndef test_other():\n    assert double(0) == 0\n",
}
FIX = ("// 3", "// 2")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Checkout:
    folder = tmp_path_factory.mktemp("envs") / "demo"
    for path, content in FILES.items():
        file = folder / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / "env.toml").write_text(ENV)
    return checkout(load_repository(folder))


@pytest.fixture(scope="module", params=["namespace", "docker"])
def sandbox(pristine, request) -> Iterator[Sandbox]:
    try:
        tier = choose_tier(request.param)
    except NoSandbox as error:
        pytest.skip(str(error))
    with open_sandbox(tier, pristine.root, {}, pristine.repository.limits) as opened:
        yield opened


@pytest.fixture(scope="module")
def task(pristine) -> Task:
    buggy = FILES | {"demo.py": FILES["demo.py"].replace(b"// 2", b"// 3")}
    bug = diff_trees(FILES, buggy)
    names = ("double", "many[1]", "many[2]", "as_a_program", "skipped", "expected_failure", "writes_a_file")
    return Task(
        id=content_id("demo", bug, pristine.tree_hash),
        repository="demo",
        problem_statement="half(4) gives 1, expected 2",
        gold_patch=reverse_patch(bug),
        bug_patch=bug,
        hidden_tests=("tests/test_demo.py",),
        fail_to_pass=("tests/test_demo.py::test_half",),
        pass_to_pass=(*(f"tests/test_demo.py::test_{name}" for name in names), "tests/test_other.py::test_other"),
    )


def change(pristine: Checkout, task: Task, *, fixed: bool = False, code: str = "", **files: str | None) -> str:
    """The patch of an episode that puts `code` at the end of demo.py and writes or deletes other files."""
    start = starting_tree(pristine, task)
    after = dict(start)
    demo = start["demo.py"].decode()
    after["demo.py"] = ((demo.replace(*FIX) if fixed else demo) + textwrap.dedent(code)).encode()
    for path, content in files.items():
        if content is None:
            after.pop(path, None)
        else:
            after[path] = textwrap.dedent(content).encode()
    return diff_trees(start, after)


# Honest work


def test_the_known_fix_resolves_and_no_change_does_not(pristine, sandbox, task):
    solved = grade(task, pristine, task.gold_patch, sandbox=sandbox)
    assert (solved.status, solved.applied, solved.dropped) == ("resolved", True, ())
    assert solved.tests["tests/test_demo.py::test_skipped"] == "skipped"
    assert solved.tests["tests/test_demo.py::test_expected_failure"] == "xfail"
    assert set(solved.tests) == {*task.fail_to_pass, *task.pass_to_pass}
    unsolved = grade(task, pristine, "", sandbox=sandbox)
    assert (unsolved.status, unsolved.applied) == ("unresolved", True)
    assert unsolved.tests["tests/test_demo.py::test_half"] == "failed"
    assert unsolved.tests["tests/test_demo.py::test_double"] == "passed"
    assert "1 of 9 hidden tests fail: tests/test_demo.py::test_half" in unsolved.reason


def test_a_fresh_sandbox_is_opened_and_closed_when_none_is_given(pristine, sandbox, task):
    assert grade(task, pristine, task.gold_patch, tier=sandbox.tier).resolved


def test_a_fix_that_breaks_something_else_is_no_fix(pristine, sandbox, task):
    verdict = grade(task, pristine, change(pristine, task, fixed=True, code="double = half\n"), sandbox=sandbox)
    assert verdict.status == "unresolved"
    assert verdict.tests["tests/test_demo.py::test_half"] == "passed"
    assert verdict.tests["tests/test_other.py::test_other"] == "passed"
    assert verdict.tests["tests/test_demo.py::test_double"] == "failed"


def test_tests_that_the_agent_wrote_are_dropped_and_do_no_harm(pristine, sandbox, task):
    more = {"tests/test_more.py": "def test_mine():\n    assert False\n", "tests/test_demo.py": "raise SystemExit\n"}
    verdict = grade(task, pristine, change(pristine, task, fixed=True, **more), sandbox=sandbox)
    assert verdict.resolved
    assert verdict.dropped == ("tests/test_demo.py", "tests/test_more.py")


def test_a_new_module_and_a_new_text_file_are_part_of_a_fix(pristine, sandbox, task):
    start = starting_tree(pristine, task)
    fix = {
        "demo.py": start["demo.py"].replace(b"n // 3", b"halves.half(n)"),
        "halves.py": b"def half(n): return n // 2",
    }
    patch = diff_trees(start, start | fix | {"demo.py": b"import halves\n\n\n" + fix["demo.py"]})
    assert grade(task, pristine, patch, sandbox=sandbox).resolved


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("I would change line 2.", "not a unified diff"),
        ("--- a/demo.py\n+++ b/demo.py\n@@ -1,2 +1,2 @@\n def third(n):\n-    pass\n+    pass \n", "hunk 1"),
        ("--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-1\n+2\n", "gone.py: no such file"),
        ("--- a/../../etc/passwd\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-1\n+2\n", "outside the workspace"),
        ("--- /dev/null\n+++ b//etc/cron.d/x\n@@ -0,0 +1 @@\n+2\n", "outside the workspace"),
        ("--- /dev/null\n+++ b/./tests/test_demo.py\n@@ -0,0 +1 @@\n+2\n", "not a plain path"),
        ("--- /dev/null\n+++ b/tests//test_demo.py\n@@ -0,0 +1 @@\n+2\n", "not a plain path"),
        (f"--- /dev/null\n+++ b/{'x' * 256}\n@@ -0,0 +1 @@\n+2\n", "not a plain path"),
        ("--- /dev/null\n+++ b/demo.py/x.py\n@@ -0,0 +1 @@\n+2\n", "demo.py: would be a file and a folder"),
        (f"--- /dev/null\n+++ b/x.py\n@@ -0,0 +1 @@\n+{'2' * (1 << 20)}\n", "longer than 1 MiB"),
    ],
)
def test_a_patch_that_cannot_be_applied_is_the_agents(pristine, sandbox, task, patch, said):
    verdict = grade(task, pristine, patch, sandbox=sandbox)
    assert (verdict.status, verdict.applied) == ("unresolved", False)
    assert said in verdict.reason
    assert set(verdict.tests.values()) == {"missing"}


def test_code_that_cannot_be_imported_is_the_agents(pristine, sandbox, task):
    verdict = grade(task, pristine, change(pristine, task, fixed=True, code="def (\n"), sandbox=sandbox)
    assert (verdict.status, verdict.applied) == ("unresolved", True)
    assert verdict.reason.startswith("collection failed in tests/")
    assert "SyntaxError" in verdict.reason


def test_a_time_limit_that_is_hit_is_the_agents(pristine, sandbox, task):
    hasty = replace(pristine, repository=pristine.repository.model_copy(
        update={"test": pristine.repository.test.model_copy(update={"timeout_s": 1.5})}))  # fmt: skip
    verdict = grade(task, hasty, change(pristine, task, code="while True: pass\n"), sandbox=sandbox)
    assert (verdict.status, verdict.reason) == ("unresolved", "the tests ran out of time")


def test_a_sandbox_without_pytest_is_a_task_error(pristine, sandbox, task):
    bare = replace(pristine, root=Root())
    with pytest.raises(TaskError, match="cannot be started"), open_sandbox(sandbox.tier, bare.root, {}) as opened:
        grade(task, bare, task.gold_patch, sandbox=opened)


def test_a_process_that_is_left_running_does_not_hold_up_the_verdict(pristine, sandbox, task):
    code = (
        "import os, sys, time\nif 'pytest' in sys.modules and os.fork() == 0:\n    os.setsid()\n    time.sleep(999)\n"
    )
    verdict = grade(task, pristine, change(pristine, task, fixed=True, code=code), sandbox=sandbox)
    assert verdict.resolved
    assert verdict.seconds < 10


def test_an_episode_leaves_as_a_diff_without_litter(pristine, sandbox, task):
    start = starting_tree(pristine, task)
    sandbox.reset(start)
    assert episode_patch(pristine, task, sandbox) == ""
    sandbox.run(
        "sed -i 's|// 3|// 2|' demo.py; mkdir -p .pytest_cache/v; echo x >.pytest_cache/v/x; python -m pytest -q"
    )
    sandbox.run("head -c 3000000 /dev/zero | tr '\\0' x >big.txt; printf 'no line feed' >notes.txt")
    patch = episode_patch(pristine, task, sandbox)
    assert apply_patch(start, patch)["demo.py"] == FILES["demo.py"]
    assert "notes.txt" in patch
    assert "big.txt" not in patch
    assert "pytest_cache" not in patch
    assert grade(task, pristine, patch, sandbox=sandbox).resolved


def test_a_run_of_tests_reports_every_id(pristine, sandbox):
    report = run_tests(sandbox, pristine, FILES, ["tests/test_demo.py", "tests/test_other.py"])
    assert report.reason == ""
    assert report.tests["tests/test_demo.py::test_many[2]"] == "passed"
    assert len(report.tests) == 9


# Paths


@pytest.mark.parametrize(
    ("path", "protected"),
    [
        ("demo.py", False),
        ("tests_of_strength.py", False),
        ("docs/conftest.md", False),
        ("tests/deep/new.py", True),
        ("src/demo/conftest.py", True),
        ("pyproject.toml", True),
        ("sub/pytest.ini", True),
        ("sitecustomize.py", True),
        ("demo.pth", True),
        (".git/hooks/pre-commit", True),
        ("demo-1.0.dist-info/entry_points.txt", True),
        ("data/answers/1/a.txt", True),
        ("data/questions/1.txt", False),
    ],
)
def test_what_decides_over_tests_is_protected(pristine, path, protected):
    assert is_protected(path, pristine.repository) == protected


def test_modules_that_would_hide_pytest_or_the_standard_library_are_dropped(pristine):
    repository: Repository = pristine.repository
    new = {"json.py": b"x\n", "_pytest/runner.py": b"x\n", "pluggy.py": b"x\n", "jsonlines.py": b"x\n"}
    allowed = allow(diff_trees({}, new), repository, pristine.files)
    assert [change.path for change in allowed.changes] == ["jsonlines.py"]
    own = {"json.py": b"y\n"}
    assert allow(diff_trees(own, new), repository, own).dropped == ("_pytest/runner.py", "pluggy.py")


# Cheats: none of them repairs half()

HOOK = """
    import pytest

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(item, call):
        outcome = yield
        outcome.get_result().outcome = "passed"
"""
REPORT = """
    import glob, json, os, sys, time
    FORGED = {"results": [[name, "passed"] for name in NAMES], "collection_errors": [], "damaged": False,
              "exit_code": 0, "status": 0, "nonce": "0" * 32}
    def forge():
        for folder in glob.glob("/testbed/.grade-*"):
            for name in ("report.json", "secret.json", "0" * 32, *os.listdir(folder)):
                with open(os.path.join(folder, name), "w") as stream:
                    json.dump(FORGED, stream)
"""
FILE_CHEATS = {
    "a hook in conftest.py": {"conftest.py": HOOK},
    "a hook in a new conftest.py": {"tests/conftest.py": HOOK},
    "the test is deleted": {"tests/test_demo.py": None, "tests/test_other.py": None},
    "the test is edited": {"tests/test_demo.py": "def test_half():\n    pass\n"},
    "pytest.ini deselects": {
        "pytest.ini": "[pytest]\naddopts = --deselect tests/test_demo.py::test_half -p no:python\n"
    },
    "pyproject.toml deselects": {"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n"},
    "sitecustomize.py": {"sitecustomize.py": "import os\nos._exit(0)\n"},
    "a pytest of its own": {"pytest.py": "def main(*a, **k): return 0\n", "_pytest/__init__.py": ""},
    "a json of its own": {"json.py": "raise SystemExit(0)\n"},
}
CODE_CHEATS = {
    "prints PASSED and leaves": """
        import os
        print("PASSED tests/test_demo.py::test_half", flush=True)
        print("=== 9 passed in 0.01s ===", flush=True)
        os._exit(0)
    """,
    "sys.exit(0) at import": "import sys\nsys.exit(0)\n",
    "pytest.exit at import": "import pytest\npytest.exit('done', returncode=0)\n",
    "leaves in the middle of a test": "import os\ndef half(n): os._exit(0)\n",
    "an exit handler leaves with 0": "import atexit, os\natexit.register(os._exit, 0)\n",
    "skips its module": "import pytest\npytest.skip('later', allow_module_level=True)\n",
    "skips its tests": "import pytest\ndef half(n): pytest.skip('later')\n",
    "expects to fail": "import pytest\ndef half(n): pytest.xfail('later')\n",
    "writes the report first": REPORT + "\n    forge()\n",
    "an exit handler writes the report": REPORT + "\n    import atexit\n    atexit.register(forge)\n",
    "a daemon rewrites the report": REPORT
    + """
    if "pytest" in sys.modules and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True:
                forge()
                time.sleep(0.005)
        os._exit(0)
    """,
    "kills the reporter and writes the report": REPORT
    + """
    import signal
    forge()
    os.kill(os.getppid(), signal.SIGKILL)
    forge()
    os._exit(0)
    """,
    "writes results into every open file": """
        import json, os
        for fd in range(3, 64):
            try:
                for count, name in enumerate(NAMES):
                    os.write(fd, json.dumps(["", count, "test", name, "passed"]).encode() + b"\\n")
                os.write(fd, json.dumps(["", len(NAMES), "end", 0]).encode() + b"\\n")
            except OSError:
                pass
        os._exit(0)
    """,
    "replaces pytest's reports": """
        from _pytest.reports import TestReport
        make = TestReport.from_item_and_call.__func__
        def lie(cls, item, call):
            call.excinfo = None
            return make(cls, item, call)
        TestReport.from_item_and_call = classmethod(lie)
    """,
    "replaces how a test is called": """
        from _pytest.python import Function
        Function.runtest = lambda self: None
    """,
    "adds a plugin that flips outcomes": """
        import gc, pytest
        from _pytest.config import PytestPluginManager
        class Flip:
            @pytest.hookimpl(wrapper=True, tryfirst=True)
            def pytest_runtest_makereport(self, item, call):
                report = yield
                report.outcome = "passed"
                return report
        for found in gc.get_objects():
            if isinstance(found, PytestPluginManager):
                found.register(Flip())
    """,
    "interrupts": "raise KeyboardInterrupt\n",
}


def test_the_reporters_memory_and_files_are_closed_to_tested_code(pristine, sandbox, task):
    for place in ("mem", "environ", "fd/1"):
        code = f"import os\nopen(f'/proc/{{os.getppid()}}/{place}', 'rb')\n"
        verdict = grade(task, pristine, change(pristine, task, fixed=True, code=code), sandbox=sandbox)
        assert verdict.reason.startswith("collection failed"), place
        assert "[Errno" in verdict.reason, place  # not there, or not allowed


def test_an_end_that_pytest_does_not_report_is_no_result(pristine, sandbox, task):
    code = "import os\ndef double(n): os._exit(0)\n"  # after test_half has passed
    verdict = grade(task, pristine, change(pristine, task, fixed=True, code=code), sandbox=sandbox)
    assert verdict.reason == "the tests died before their end (status 0)"
    assert set(verdict.tests.values()) == {"missing"}


def test_protected_paths_are_pristine_whatever_the_tree_holds(pristine):
    mine = {"demo.py": b"1", "conftest.py": b"2", "tests/test_demo.py": b"3", "tests/new.py": b"4", "a.pth": b"5"}
    tree = restored(mine, FILES, pristine.repository, ["tests/test_demo.py"])
    assert tree == FILES | {"demo.py": b"1"}


@pytest.mark.parametrize("cheat", FILE_CHEATS)
def test_a_file_that_cheats_is_dropped_and_does_not_pay(pristine, sandbox, task, cheat):
    verdict = grade(task, pristine, change(pristine, task, **FILE_CHEATS[cheat]), sandbox=sandbox)
    assert verdict.status == "unresolved"
    assert verdict.tests["tests/test_demo.py::test_half"] == "failed"  # every test ran, as if nothing were there
    assert verdict.tests["tests/test_other.py::test_other"] == "passed"
    there = starting_tree(pristine, task)
    assert set(verdict.dropped) == {
        path for path, text in FILE_CHEATS[cheat].items() if text is not None or path in there
    }


@pytest.mark.parametrize("cheat", CODE_CHEATS)
def test_code_that_cheats_does_not_pay(pristine, sandbox, task, cheat):
    names = [*task.fail_to_pass, *task.pass_to_pass]
    code = f"\nNAMES = {names!r}\n" + textwrap.dedent(CODE_CHEATS[cheat])
    verdict = grade(task, pristine, change(pristine, task, code=code), sandbox=sandbox)
    assert verdict.status == "unresolved", verdict
    assert verdict.tests["tests/test_demo.py::test_half"] in ("failed", "error", "missing")
    assert verdict.reason


def test_a_skip_that_comes_from_tested_code_breaks_a_test_that_held(pristine, sandbox, task):
    code = "import unittest\ndef double(n): raise unittest.SkipTest('later')\n"
    verdict = grade(task, pristine, change(pristine, task, fixed=True, code=code), sandbox=sandbox)
    assert verdict.status == "unresolved"
    assert verdict.tests["tests/test_demo.py::test_double"] == "failed"


def test_hidden_tests_are_not_in_the_starting_tree(pristine, task):
    assert "tests/test_demo.py" not in starting_tree(pristine, task)
    assert Path("tests/test_other.py").as_posix() in starting_tree(pristine, task)
