"""Making tasks: mutations, the programs and texts of issues, the gate, the split, and the tasks that ship.

What runs tests runs them in a real sandbox, on a small repository of its own or on the bundled ones.
"""

import ast
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from srl_swe.errors import NoSandbox, TaskError
from srl_swe.grade.grade import grade
from srl_swe.plug.edits import edits
from srl_swe.plug.gate import Funnel, clean_runs, prove, sieve
from srl_swe.plug.issue_text import Outcome, issue_text, leaks
from srl_swe.plug.make import make_tasks, split_tasks
from srl_swe.plug.mutate import Mutation, is_source, mutations
from srl_swe.plug.snippets import Snippet, snippets
from srl_swe.sandbox.open import choose_tier, open_sandbox
from srl_swe.tasks.checkout import Checkout, apply_patch, checkout, starting_tree
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.repository import load_repository, repositories
from srl_swe.tasks.task import SPLITS, content_id

SAMPLE = '''"""Docs with 1 < 2 and 3."""
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    LIMIT = 1

__all__ = ["price"]


def price(count: "int < 3" = 4, rate: int = 2, *, member=False) -> "a < b":
    """Never 1 < 2."""
    if count < 0:
        raise ValueError("count must be at least 0")
    logger.info("price of %s", 3 < count)
    total = count * rate
    if member and not count > 9:
        total -= 1
    for step in range(count):
        if step == rate:
            break
        total += max(step, 0)
    label = "paid" if member else "open"
    return min(total, rate), text(label, count)[1:rate]


def text(label, count, fill="-"):
    parts = [part for part in label if part != fill]
    return fill.join(parts).lstrip() + str(count - 1)
'''


def mutants(source: str, seed: int = 0) -> list[Mutation]:
    return mutations({"shop.py": source.encode()}, seed=seed)


# ---- mutations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "after", "kind"),
    [
        ("x = a + b", "x = a - b", "arithmetic"),
        ("x = a < b", "x = a <= b", "boundary"),
        ("x = a < b", "x = a > b", "comparison"),
        ("x = a is not b", "x = a is b", "comparison"),
        ("x = a and b", "x = a or b", "boolean"),
        ("x = a and b", "x = a", "dropped_condition"),
        ("x = [i for i in a if i]", "x = [i for i in a]", "dropped_condition"),
        ("if a < 2: b = a", "if not (a < 2): b = a", "negated_condition"),
        ("x = not (a or b)", "x = (a or b)", "removed_not"),
        ("x = a not in b", "x = a in b", "removed_not"),
        ("x = 7", "x = 8", "constant"),
        ("x = a[0]", "x = a[1]", "off_by_one"),
        ("x = a[1:b]", "x = a[1:b + 1]", "off_by_one"),
        ("x = range(a)", "x = range(a - 1)", "off_by_one"),
        ("x = a + 1", "x = a", "off_by_one"),
        ("x = a - b", "x = b - a", "swapped_operands"),
        ("x = a if b else 2", "x = 2 if b else a", "swapped_branches"),
        ("x = ', '", "x = ','", "string"),
        ("x = f(a,  b)", "x = f(b,  a)", "swapped_arguments"),
        ("x = f(a, key=b)", "x = f(a)", "dropped_argument"),
        ("x = min(a, b)", "x = max(a, b)", "min_max"),
        ("x = a.startswith('b')", "x = a.endswith('b')", "swapped_call"),
        ("a += b", "a -= b", "augmented"),
        ("x = f(b, True)", "x = f(b, False)", "boolean_constant"),
        ("x = -a", "x = a", "removed_minus"),
        ("x = f(a)", "x = f(b)", "wrong_variable"),
    ],
)
def test_every_kind_of_edit(line, after, kind):
    found = {(one.after_line.strip(), one.kind) for one in mutants(f"def g(a, b):\n    {line}\n    return x\n")}
    assert (after, kind) in found


def test_edits_of_statements():
    source = textwrap.dedent("""\
        def first(items, skip=2):
            found = None
            for item in items:
                if item == skip:
                    continue
                found = item
                break
            return found
        """)
    found = {(one.kind, one.line, one.after_line.strip()) for one in mutants(source)}
    assert ("break_continue", 5, "break") in found
    assert ("default_value", 1, "def first(items, skip=3):") in found
    assert ("dropped_statement", 6, "") in found
    assert ("wrong_return", 8, "return None") in found
    assert ("wrong_return", 8, "return skip") in found


def test_attributes_are_mistaken_for_each_other():
    source = "class Span:\n    def size(self):\n        return self.end - self.start\n"
    assert "return self.start - self.start" in {one.after_line.strip() for one in mutants(source)}


def test_docs_annotations_messages_and_exports_stay():
    for mutation in mutants(SAMPLE):
        assert mutation.line not in (1, 2, 3, 5, 6, 8, 12, 15), mutation
        after = mutation.after_line
        assert mutation.line != 11 or ("int < 3" in after and "a < b" in after)
        assert "count must be at least 0" in mutation.source.decode() or mutation.kind == "dropped_statement"


def test_a_mutation_changes_few_lines_and_nothing_else():
    pristine = ast.dump(ast.parse(SAMPLE))
    found = mutants(SAMPLE)
    assert len(found) > 60 and len({one.source for one in found}) == len(found)
    for one in found:
        assert ast.dump(ast.parse(one.source)) != pristine
        assert len(one.sites) <= 3
        head = SAMPLE.splitlines(keepends=True)[: one.line - 1]
        tail = SAMPLE.splitlines(keepends=True)[one.last_line :]
        text = one.source.decode()
        assert text.startswith("".join(head)) and text.endswith("".join(tail))
        assert one.before_line == "".join(SAMPLE.splitlines(keepends=True)[one.line - 1 : one.last_line]).rstrip("\n")


def test_order_depends_on_seed_and_content_alone():
    files = {"b.py": SAMPLE.encode(), "a.py": b"def f(a, b):\n    return a + b\n"}
    turned = dict(reversed(files.items()))
    assert mutations(files, seed=3) == mutations(turned, seed=3)
    assert mutations(files, seed=3) != mutations(files, seed=4)
    assert {one.source for one in mutations(files, seed=3)} >= {b"def f(a, b):\n    return a - b\n"}


def test_kinds_of_a_line_come_in_turn():
    of_line = [one.kind for one in mutants(SAMPLE) if one.line == 17]
    assert len(set(of_line[:3])) == 3


def test_tests_and_set_up_are_not_source():
    assert is_source("shop/price.py", ("tests",))
    for path in ("tests/x.py", "test_a.py", "shop/__init__.py", "conftest.py", "setup.py", "a.txt", "checks/x.py"):
        assert not is_source(path, ("tests", "checks/"))


def test_source_that_does_not_parse_gives_no_mutation():
    assert mutants("def f(:\n") == []
    with pytest.raises(SyntaxError):
        edits(b"def f(:\n")


# ---- programs and texts ------------------------------------------------------------------------------------------

TESTS = b'''
import pytest
from shop import Cart, price, total

RATES = {"a": 2}


def filled() -> Cart:
    """A cart."""
    cart = Cart(RATES)
    cart.add("a", 3)
    return cart


@pytest.fixture
def cart():
    return filled()


def test_price():
    unused = price(99)
    cents = 5
    assert price(cents) == 10
    assert not price(0)


def test_loop():
    for text in ("x", "y"):
        with pytest.raises(ValueError):
            price(text)


@pytest.mark.parametrize(("count", "wanted"), [(1, 2), (3, 6)])
def test_many(count, wanted):
    assert price(count) == wanted


def test_cart(cart):
    cart.add("a", 1)
    assert cart.sum() == 8


def test_files(tmp_path):
    assert total(tmp_path) == 0
'''


def programs(test: str, indices: dict[str, int] | None = None) -> list[str]:
    return [one.code(as_repr=False) for one in snippets({"tests/t.py": TESTS}, f"tests/t.py::{test}", indices)]


def test_a_program_holds_what_its_call_needs():
    assert programs("test_price")[:2] == [
        "from shop import price\nprint(price(0))",
        "from shop import price\ncents = 5\nprint(price(cents))",
    ]


def test_loops_and_parameters_are_written_out():
    assert programs("test_loop") == ["from shop import price\nprice('x')", "from shop import price\nprice('y')"]
    assert programs("test_many[3-6]", {"count": 1, "wanted": 1})[0] == "from shop import price\nprint(price(3))"
    assert programs("test_many[3-6]") == []


def test_fixtures_and_small_functions_are_written_out():
    [first, *_] = programs("test_cart")
    assert first.splitlines() == [
        "from shop import Cart",
        "RATES = {'a': 2}",
        "def filled():",
        "    cart = Cart(RATES)",
        "    cart.add('a', 3)",
        "    return cart",
        "cart = filled()",
        "cart.add('a', 1)",
        "print(cart.sum())",
    ]


def test_a_test_that_cannot_be_written_out_gives_no_program():
    assert programs("test_files") == [] == programs("test_absent")


PRICE = Snippet("from shop import price", "price(3)", "price", "tests/t.py::test_price")


def said(snippet: Snippet, got: Outcome, expected: Outcome) -> str | None:
    return issue_text(snippet, got, expected, seed="0")


def value(it: object) -> Outcome:
    return Outcome(printed=str(it), shown=repr(it), text=isinstance(it, str))


def test_issue_of_a_wrong_value():
    text = said(PRICE, value(4), value(3))
    assert text is not None and text.splitlines()[0] in (
        "`price` gives a wrong result.",
        "`price` returns the wrong value.",
        "Wrong result from `price`.",
    )
    assert text.endswith("\n\n```\nfrom shop import price\nprint(price(3))\n```\nprints `4`, expected `3`.")


def test_issue_of_texts_shows_their_spaces():
    text = said(PRICE, value("a "), value("a"))
    assert text is not None and text.endswith("print(repr(price(3)))\n```\nprints `'a '`, expected `'a'`.")


def test_issue_of_errors():
    raising = Snippet("from shop import price\nprice(-1)", None, "price", "t")
    refused = Outcome(error="ValueError: no")
    assert (said(raising, Outcome(), refused) or "").endswith("raises nothing, expected `ValueError: no`.")
    assert (said(PRICE, refused, value(3)) or "").endswith("raises `ValueError: no`, expected `3`.")
    assert said(raising, refused, refused) is None and said(PRICE, value(3), value(3)) is None


def test_long_values_are_narrowed_to_what_differs():
    rows = [f"line number {number} of a long table" for number in range(20)]
    text = said(PRICE, value(rows), value([*rows[:7], "other", *rows[8:]]))
    assert text is not None and "price(3)[7]" in text and "expected `'other'`" in text


def test_values_that_cannot_be_repeated_are_refused():
    assert said(PRICE, value("<object at 0x7f>"), value(3)) is None


def test_a_text_that_repeats_the_line_leaks():
    [mutation, *_] = mutants("def price(n):\n    return n * 2\n")
    assert leaks("it says  return n * 2 there", mutation)
    assert leaks(f"so {mutation.after_line.strip()}", mutation)
    assert leaks("see shop.py", mutation) and leaks("see line 2", mutation)
    assert not leaks("`price` gives a wrong result.", mutation)


# ---- the gate ----------------------------------------------------------------------------------------------------

ENV = """
name = "demo"
[source]
path = "repository"
[test]
timeout_s = 20
[limits]
memory_mb = 512
"""
DEMO = {
    "demo.py": textwrap.dedent("""\
        LIMIT = 3


        def half(n, least=0):
            if n < least:
                raise ValueError("too small")
            if n <= 0:
                return 0
            return n // 2


        def clip(n):
            return min(n, LIMIT)
        """).encode(),
    "tests/test_half.py": textwrap.dedent("""\
        import pytest
        from demo import LIMIT, half

        assert LIMIT == 3


        def test_half():
            assert half(9) == 4

        def test_zero():
            assert half(0) == 0

        def test_least():
            with pytest.raises(ValueError):
                half(1, 2)
        """).encode(),
    "tests/test_clip.py": textwrap.dedent("""\
        from pathlib import Path

        from demo import clip


        def test_clip():
            assert clip(9) == 3

        def test_small():
            assert clip(2) == 2

        def test_every_other_run(tmp_path_factory):
            count = Path("count.txt")
            runs = int(count.read_text()) if count.exists() else 0
            count.write_text(str(runs + 1))
            assert runs % 2 == 0
        """).encode(),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Checkout:
    folder = tmp_path_factory.mktemp("envs") / "demo"
    for path, content in DEMO.items():
        file = folder / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (folder / "env.toml").write_text(ENV)
    return checkout(load_repository(folder))


@pytest.fixture(scope="module")
def tier() -> str:
    try:
        return choose_tier("auto")
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def gated(demo, tier):
    """The clean runs, and a function that puts wrong versions of demo.py through the sieve."""
    with open_sandbox(tier, demo.root, demo.files, demo.repository.limits) as sandbox:
        clean = clean_runs(sandbox, demo, seed=0)

        def through(before: str, after: str) -> tuple[list, Counter[str]]:
            source = DEMO["demo.py"].decode()
            line = source[: source.index(before)].count("\n") + 1
            mutation = Mutation(
                "demo.py", line, line, "constant", "half", before, after, source.replace(before, after, 1).encode()
            )
            funnel = Funnel()
            tasks = sieve(sandbox, demo, clean, [mutation], seed=0, funnel=funnel)
            return [task for _, task in tasks], funnel.counts["constant"]

        yield clean, through


def test_a_flaky_test_is_left_out(gated):
    clean, through = gated
    assert clean.flaky == {"tests/test_clip.py::test_every_other_run"}
    [task], _ = through("min(n, LIMIT)", "max(n, LIMIT)")
    assert not clean.flaky & {*task.fail_to_pass, *task.pass_to_pass}


def test_a_bug_becomes_a_task(gated, demo, tier):
    _, through = gated
    [task], _ = through("n // 2", "n // 3")
    assert task.fail_to_pass == ("tests/test_half.py::test_half",) and len(task.pass_to_pass) == 4
    assert task.hidden_tests == ("tests/test_half.py",)
    assert "print(half(9))" in task.problem_statement and "prints `3`, expected `4`." in task.problem_statement
    proved = prove(task, demo, tier=tier)
    assert proved is not None and proved.evidence is not None and proved.evidence.gold_resolved


def test_an_equivalent_mutation_is_refused(gated):
    tasks, counts = gated[1]("if n <= 0", "if n < 0")
    assert tasks == [] and counts["collect"] == 1 and counts["fail"] == 0


def test_a_bug_that_breaks_collection_is_refused(gated):
    tasks, counts = gated[1]("LIMIT = 3", "LIMIT = 4")
    assert tasks == [] and counts["finish"] == 1 and counts["collect"] == 0


def test_a_bug_that_never_ends_is_refused(gated):
    tasks, counts = gated[1]("        return 0", "        while n <= 0: pass")
    assert tasks == [] and counts["candidates"] == 1 and counts["finish"] == 0


def test_a_bug_that_breaks_most_tests_is_refused(gated):
    tasks, counts = gated[1]("n < least", "n >= least")
    assert tasks == [] and counts["stable"] == 1 and counts["narrow"] == 0


def test_a_bug_that_any_run_would_show_is_refused(gated):
    tasks, counts = gated[1]("n // 2", "n // '2'")
    assert tasks == [] and counts["narrow"] == 1 and counts["describable"] == 0


def test_a_repository_whose_tests_fail_gives_no_tasks(demo, tier, tmp_path):
    broken = Checkout(demo.repository, {**demo.files, "demo.py": b"nothing = 1\n"}, "0", demo.root)
    with (
        open_sandbox(tier, demo.root, broken.files, demo.repository.limits) as sandbox,
        pytest.raises(TaskError, match="do not collect and pass on the pristine tree"),
    ):
        clean_runs(sandbox, broken, seed=0)


def test_the_same_seed_gives_the_same_folders(demo, tier, tmp_path):
    reports = [make_tasks(demo.repository.folder, seed=1, count=6, tier=tier, out=tmp_path / out) for out in "ab"]
    first, second = (
        {file.relative_to(tmp_path / out): file.read_bytes() for file in (tmp_path / out).rglob("*") if file.is_file()}
        for out in "ab"
    )
    assert first == second
    assert reports[0].valid == len(read_tasks(tmp_path / "a")) > 0
    assert reports[0].rows()[-1][-1] == str(reports[0].valid)


# ---- what ships --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> dict[str, list]:
    return {name: tasks for name in repositories() if (tasks := read_tasks(name))}


def test_shipped_sets_are_large_enough(shipped):
    counts = Counter(task.split for tasks in shipped.values() for task in tasks)
    assert set(counts) == set(SPLITS)
    assert counts["train"] >= 450 and min(counts["new_bugs"], counts["new_places"], counts["new_repository"]) >= 70


def test_no_held_out_task_is_in_training(shipped):
    for name, tasks in shipped.items():
        train = [task for task in tasks if task.split == "train"]
        bugs = {task.bug_patch for task in train}
        assert load_repository(name).held_out == (not train)
        assert all(task.bug_patch not in bugs for task in tasks if task.split != "train")
        assert split_tasks(tasks, held_out=load_repository(name).held_out) == tasks


def test_shipped_ids_are_those_of_the_files_as_they_are(shipped):
    for name, tasks in shipped.items():
        built = checkout(load_repository(name))
        for task in tasks:
            assert task.id == content_id(name, task.bug_patch, built.tree_hash)
            hidden = {path: built.files[path] for path in task.hidden_tests}
            assert apply_patch(starting_tree(built, task), task.gold_patch) | hidden == built.files


def test_shipped_issues_are_short(shipped):
    for tasks in shipped.values():
        assert all(len(task.problem_statement.split()) <= 90 for task in tasks)


def test_shipped_tasks_are_made_again(tier, tmp_path):
    report = make_tasks("unitkit", seed=0, count=4, tier=tier, out=tmp_path)
    made = [file for file in (tmp_path / "tasks").rglob("*") if file.is_file()]
    assert report.valid == 4 and len(made) == 4 * 9
    for file in made:
        assert file.read_bytes() == (repositories()["unitkit"] / file.relative_to(tmp_path)).read_bytes(), file


def test_a_shipped_sample_holds(shipped, tier):
    for name, tasks in shipped.items():
        built = checkout(load_repository(name))
        with open_sandbox(tier, built.root, {}, built.repository.limits) as sandbox:
            for task in sorted(tasks, key=lambda task: task.id[::-1])[:2]:
                assert grade(task, built, task.gold_patch, sandbox=sandbox).status == "resolved", task.id
                assert grade(task, built, "", sandbox=sandbox).status == "unresolved", task.id


def test_shipped_programs_do_as_the_issues_say(shipped, tmp_path):
    for name, tasks in shipped.items():
        built = checkout(load_repository(name))
        for task in sorted(tasks, key=lambda task: task.id[::-1])[:2]:
            program, told = task.problem_statement.split("```\n")[1:]
            buggy, clean = (shown(program, tree, tmp_path) for tree in (starting_tree(built, task), built.files))
            assert told.strip() == f"{buggy}, expected `{clean.split(' `', 1)[1]}." or "raises nothing" in told, task.id


def shown(program: str, tree: dict[str, bytes], folder: Path) -> str:
    """What an issue says of a program: our own code, so it runs here."""
    place = folder / str(len(list(folder.iterdir())))
    for path, content in tree.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    done = subprocess.run([sys.executable, "-c", program], cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        name, colon, message = done.stderr.strip().splitlines()[-1].partition(":")
        return f"raises `{name.rpartition('.')[2]}{colon}{message}`"
    return f"prints `{done.stdout.strip(chr(10))}`"
