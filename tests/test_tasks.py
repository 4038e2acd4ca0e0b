"""Tasks: env.toml, sources, patches, the layout on disk, rows of the SWE-bench family."""

import hashlib
import io
import json
import random
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from srl_swe.errors import InputError, TaskError
from srl_swe.tasks.checkout import Checkout, checkout, read_folder, starting_tree, tree_hash
from srl_swe.tasks.disk import commit_id, read_task, read_tasks, write_repository, write_task
from srl_swe.tasks.fetch import fetch_sdist, unpack_sdist
from srl_swe.tasks.patch import apply_patch, diff_trees, reverse_patch
from srl_swe.tasks.repository import load_repository, repositories
from srl_swe.tasks.root import Root
from srl_swe.tasks.rows import as_row, read_rows, row, write_rows
from srl_swe.tasks.task import Evidence, Task, content_id

ENV = 'name = "demo"\n[source]\npath = "repository"\n'
FILES = {
    "demo.py": b"def half(n):\n    return n // 2\n\n\ndef double(n):\n    return n * 2\n",
    "tests/test_half.py": b"from demo import half\n\n\ndef test_half():\n    assert half(4) == 2\n",
    "tests/test_double.py": b"from demo import double\n\n\ndef test_double():\n    assert double(2) == 4\n",
    "docs/notes.txt": b"no line feed at the end",
}


def demo(folder: Path, env: str = ENV) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "env.toml").write_text(env)
    for path, content in FILES.items():
        file = folder / "repository" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def demo_checkout(folder: Path) -> Checkout:
    return Checkout(load_repository(demo(folder)), dict(FILES), tree_hash(FILES), Root())


def demo_task(pristine: Checkout) -> Task:
    buggy = FILES | {"demo.py": FILES["demo.py"].replace(b"// 2", b"// 3")}
    bug = diff_trees(FILES, buggy)
    return Task(
        id=content_id("demo", bug, pristine.tree_hash),
        repository="demo",
        problem_statement="half(4) gives 1.\r\nExpected 2, \u00e9.\n",
        gold_patch=reverse_patch(bug),
        bug_patch=bug,
        hidden_tests=("tests/test_half.py",),
        fail_to_pass=("tests/test_half.py::test_half",),
        pass_to_pass=("tests/test_half.py::test_other[a b]",),
        generator={"kind": "constant"},
        evidence=Evidence(2, 2, True, False, 0.0),
    )


# env.toml


def test_an_unknown_key_gets_one_sentence_with_the_nearest_key(tmp_path):
    file = demo(tmp_path / "demo", ENV + '[test]\ncomand = "pytest"\n') / "env.toml"
    with pytest.raises(InputError) as caught:
        load_repository(file.parent)
    assert str(caught.value) == f"{file}: [test] has no key 'comand'; did you mean 'command'?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 3\n" + ENV.partition("\n")[2], "name: input should be"),
        ('name = "demo\n', "line 1"),
        ('name = "demo"\n', "the key 'source' is missing"),
        ('name = "demo"\n[source]\npath = "a"\ngit = "b"\n', "give path, or git with commit, or pypi with sha256"),
        ('name = "demo"\n[source]\npypi = "demo"\nsha256 = "00"\n', "[source] pypi"),
        (ENV + "[limits]\ntimeout = 3\n", "[limits] has no key 'timeout'; did you mean 'timeout_s'?"),
        (ENV + '[limits]\nmemory_mb = "much"\n', "[limits] memory_mb"),
        ('sumary = "x"\n' + ENV, "it has no key 'sumary'; did you mean 'summary'?"),
        ('folder = "x"\n' + ENV, "no key 'folder'"),
    ],
)
def test_a_broken_env_toml_says_where(tmp_path, text, said):
    with pytest.raises(InputError, match=r"env\.toml") as caught:
        load_repository(demo(tmp_path / "demo", text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_repository_is_answered_with_the_nearest_name():
    name = next(iter(repositories()))
    with pytest.raises(InputError, match=f"did you mean '{name}'"):
        load_repository(name + "x")


def test_a_second_folder_of_repositories_can_be_named(tmp_path, monkeypatch):
    demo(tmp_path / "demo")
    monkeypatch.setenv("SRL_SWE_ENVS", str(tmp_path))
    assert repositories()["demo"] == tmp_path / "demo"
    assert load_repository("demo").test.paths == ("tests",)


@pytest.mark.parametrize("name", sorted(repositories()))
def test_every_bundled_repository_loads(name):
    repository = load_repository(name)
    assert repository.name == name
    assert repository.licence
    assert repository.summary


# Sources


def test_a_path_source_leaves_out_caches_and_links(tmp_path):
    folder = demo(tmp_path / "demo") / "repository"
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "demo.cpython-311.pyc").write_bytes(b"x")
    (folder / "link.py").symlink_to("/etc/passwd")
    assert read_folder(folder) == FILES


def sdist(members: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return raw.getvalue()


@pytest.mark.parametrize("name", ["/etc/passwd", "demo-1.0/../../outside.py"])
def test_an_sdist_cannot_name_files_outside(name):
    with pytest.raises(ValueError, match="outside"):
        unpack_sdist(sdist({name: b"x"}))


def test_an_sdist_comes_from_the_index_that_pip_uses_and_is_checked(tmp_path, monkeypatch):
    content = sdist({"demo-1.0/setup.py": b"raise SystemExit('executed')", "demo-1.0/demo.py": b"x = 1\n"})
    pin = hashlib.sha256(content).hexdigest()
    page = tmp_path / "index" / "demo" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../demo-1.0.tar.gz#sha256={pin}">demo-1.0.tar.gz</a>')
    (tmp_path / "index" / "demo-1.0.tar.gz").write_bytes(content)
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {(tmp_path / 'index').as_uri()}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    assert set(fetch_sdist("demo==1.0", pin, tmp_path / "cache")) == {"setup.py", "demo.py"}

    # A damaged copy in the cache is not believed
    kept = next((tmp_path / "cache" / "sdists").iterdir())
    kept.write_bytes(b"damaged")
    assert fetch_sdist("demo==1.0", pin, tmp_path / "cache")["demo.py"] == b"x = 1\n"

    # Nor is an index whose file is not what it says
    kept.unlink()
    (tmp_path / "index" / "demo-1.0.tar.gz").write_bytes(content + b"\0")
    with pytest.raises(InputError, match="another sha256"):
        fetch_sdist("demo==1.0", pin, tmp_path / "cache")


def test_a_commit_is_fetched_alone(tmp_path):
    origin = demo(tmp_path / "demo") / "repository"
    identity = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    for step in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "one"]):
        subprocess.run(["git", *step], cwd=origin, check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=origin, check=True, capture_output=True, text=True)
    env = f'name = "demo"\n[source]\ngit = "{origin}"\ncommit = "{commit.stdout.strip()}"\n'
    repository = load_repository(demo(tmp_path / "by_commit", env))
    site_is_not_needed = tmp_path / "cache"
    from srl_swe.tasks.checkout import _files

    assert _files(repository, site_is_not_needed) == FILES
    missing = load_repository(demo(tmp_path / "missing", env.replace(commit.stdout.strip(), "0" * 40)))
    with pytest.raises(InputError, match="could not fetch"):
        _files(missing, site_is_not_needed)


def test_a_package_that_pip_does_not_find_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("[global]\nno-index = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="pip could not install"):
        checkout(load_repository(demo(tmp_path / "demo")), cache=tmp_path / "cache")
    assert not any((tmp_path / "cache" / "sites").iterdir())  # nothing half made is left to be believed


# Patches


def random_tree(chance: random.Random, *, like: dict[str, bytes] | None = None) -> dict[str, bytes]:
    tree = dict(like or {})
    for name in ("a.py", "b c.txt", "deep/er/c.md", "empty", "\u00e9.py"):
        if chance.random() < 0.3:
            tree.pop(name, None)
        elif chance.random() < 0.6:
            lines = tree.get(name, b"").decode().split("\n")
            for _ in range(chance.randrange(4)):
                place = chance.randrange(len(lines) + 1)
                lines[place : place + chance.randrange(3)] = chance.choices(["x", "y", "", "z\r", "\x0c", "-- a"], k=2)
            tree[name] = "\n".join(lines).encode()
    return tree


def test_a_diff_turns_one_tree_into_the_other_and_back():
    chance = random.Random(7)
    for _ in range(300):
        before = random_tree(chance)
        after = random_tree(chance, like=before)
        patch = diff_trees(before, after)
        assert apply_patch(before, patch) == after
        assert apply_patch(after, reverse_patch(patch)) == before
        assert (patch == "") == (before == after)


def test_git_applies_our_diffs(tmp_path):
    chance = random.Random(8)
    for number in range(10):
        before = random_tree(chance)
        after = random_tree(chance, like=before)
        folder = tmp_path / str(number)
        folder.mkdir()
        for path, content in before.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        if patch := diff_trees(before, after):
            command = ["git", "apply", "--whitespace=nowarn", "-"]
            subprocess.run(command, cwd=folder, input=patch.encode(), check=True, capture_output=True)
        assert read_folder(folder) == after


def test_a_hunk_is_found_at_another_line_and_nowhere_else():
    before = {"a.py": b"1\n2\n3\n4\n5\n6\n"}
    patch = diff_trees(before, {"a.py": b"1\n2\n3\nfour\n5\n6\n"})
    moved = {"a.py": b"0\n0\n0\n" + before["a.py"]}
    assert apply_patch(moved, patch) == {"a.py": b"0\n0\n0\n1\n2\n3\nfour\n5\n6\n"}
    with pytest.raises(ValueError, match="hunk 1"):
        apply_patch({"a.py": b"1\n2\n3 \n4\n5\n6\n"}, patch)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("some words", "not a unified diff"),
        ("--- a/a.py\n+++ b/a.py\n@@ -1,5 +1,5 @@\n 1\n", "not a unified diff"),
        ("--- a/none.py\n+++ b/none.py\n@@ -1 +1 @@\n-1\n+2\n", "none.py: no such file"),
        ("diff --git a/a.py b/a.py\nnew file mode 100644\n--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+2\n", "is there"),
        ("diff --git a/a.py b/a.py\nBinary files a/a.py and b/a.py differ\n", "binary"),
    ],
)
def test_a_patch_that_does_not_fit_says_why(patch, said):
    with pytest.raises(ValueError, match=said):
        apply_patch({"a.py": b"1\n"}, patch)


def test_a_damaged_patch_is_a_value_error_and_nothing_else():
    chance = random.Random(9)
    for _ in range(2000):
        before = random_tree(chance)
        lines = diff_trees(before, random_tree(chance, like=before)).split("\n")
        for _ in range(chance.randrange(1, 4)):
            line = chance.randrange(len(lines))
            place = chance.randrange(len(lines[line]) + 1)
            lines[line] = lines[line][:place] + chance.choice(
                ["", "+", "@", "-", "\\", '"', "/dev/null", "\n", "\0", "9"]
            )
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
        try:
            apply_patch(before, "\n".join(lines))
        except ValueError as error:
            assert str(error)


def test_a_binary_file_is_named_and_not_carried():
    patch = diff_trees({}, {"logo.png": b"\x89PNG\0", "a.py": b"x = 1\n"})
    assert "Binary files /dev/null and b/logo.png differ" in patch
    with pytest.raises(ValueError, match=r"logo.png"):
        apply_patch({}, patch)


# Starting trees and the layout on disk


def test_the_starting_tree_has_the_bug_and_not_the_hidden_tests(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    start = starting_tree(pristine, demo_task(pristine))
    assert b"// 3" in start["demo.py"]
    assert set(start) == set(FILES) - {"tests/test_half.py"}
    assert pristine.files == FILES


def test_a_task_that_does_not_fit_its_repository_is_a_task_error(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    moved_on = Checkout(pristine.repository, FILES | {"demo.py": b"pass\n"}, "", Root())
    with pytest.raises(TaskError, match="the bug patch does not apply"):
        starting_tree(moved_on, demo_task(pristine))


def test_a_task_on_disk_comes_back_as_it_was(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    task = demo_task(pristine)
    write_repository(tmp_path / "out", pristine)
    place = write_task(tmp_path / "out", task, pristine)
    assert read_task(place) == task
    assert read_tasks(tmp_path / "out") == read_tasks(tmp_path / "out", "train") == [task]
    assert read_tasks(tmp_path / "out", "new_bugs") == []
    before = {file.name: file.read_bytes() for file in place.iterdir()}
    write_task(tmp_path / "out", task, pristine)
    assert {file.name: file.read_bytes() for file in place.iterdir()} == before
    assert not any(str(tmp_path).encode() in content for content in before.values())


def test_the_layout_has_what_the_official_checker_asks_for(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    write_repository(tmp_path, pristine)
    place = write_task(tmp_path, demo_task(pristine), pristine)
    config = yaml.safe_load((tmp_path / "sweb.yaml").read_text())
    meta = yaml.safe_load((place / "task.yaml").read_text())
    files = {"task.yaml", "tests.json", "Dockerfile", "gold.patch", "test.patch", "eval.sh", "problem_statement.md"}
    assert files <= {file.name for file in place.iterdir()}
    keys = {"instance_id", "repo", "version", "base_commit", "split", "image", "log_parser", "eval_type", "datasets"}
    assert keys <= set(meta)
    assert meta["instance_id"] == place.name
    assert meta["split"] in config["splits"]
    assert set(meta["datasets"]) <= set(config["datasets"])
    assert meta["image"] == f"swebench/sweb.eval.x86_64.{place.name}:latest"
    script = (place / "eval.sh").read_text()
    assert script.index(">>>>> Start Test Output") < script.index("pytest") < script.index(">>>>> End Test Output")


def test_the_base_commit_is_the_one_that_git_makes(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    task = demo_task(pristine)
    place = write_task(tmp_path / "out", task, pristine)
    work = tmp_path / "demo" / "repository"  # what the base image holds; the Dockerfile's own commands do the rest
    commands = (place / "Dockerfile").read_text().split("RUN ")[1]
    commands = commands.replace("rm -f -- /tmp/bug.patch", "rm -f --").replace(
        "/tmp/bug.patch", str(place / "bug.patch")
    )
    dates = {"GIT_AUTHOR_DATE": "946684800 +0000", "GIT_COMMITTER_DATE": "946684800 +0000", "PATH": "/usr/bin:/bin"}
    script = commands.replace("cd /testbed", f"cd {work}")
    subprocess.run(["bash", "-c", script], check=True, env=dates | {"HOME": str(tmp_path)}, capture_output=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True, text=True)
    assert head.stdout.strip() == commit_id(starting_tree(pristine, task))


def test_a_broken_task_folder_is_one_sentence(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    place = write_task(tmp_path, demo_task(pristine), pristine)
    (place / "tests.json").write_text("{")
    with pytest.raises(InputError, match=r"tests.json: cannot be read"):
        read_task(place)
    (place / "tests.json").unlink()
    with pytest.raises(InputError, match="is not a whole task"):
        read_task(place)
    with pytest.raises(InputError, match="no such repository"):
        read_tasks(tmp_path / "nowhere")


# Rows


def sample_row(**changes: object) -> dict[str, object]:
    values = {"instance_id": "a__b-1", "repo": "a/b", "patch": "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-1\r\n+2\r\n"}
    return values | {"FAIL_TO_PASS": ["t.py::a b[1, 'c']"], "PASS_TO_PASS": []} | changes


@pytest.mark.parametrize("names", [["t.py::a[x y]"], '["t.py::a[x y]"]', "['t.py::a[x y]']"])
def test_test_ids_come_as_list_json_or_python(names):
    assert row(sample_row(FAIL_TO_PASS=names)).fail_to_pass == ("t.py::a[x y]",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"FAIL_TO_PASS": "[]", "PASS_TO_PASS": None}, "every patch would resolve it"),
        ({"FAIL_TO_PASS": "not a list"}, "neither a list nor the text of one"),
        ({"patch": ""}, "no patch"),
    ],
)
def test_a_row_that_cannot_be_graded_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        row(sample_row(**changes))


def test_swe_smith_patches_make_the_bug_and_are_turned_round():
    bug = diff_trees({"x.py": b"1\r\n"}, {"x.py": b"2\r\n"})
    found = row(sample_row(repo="swesmith/a__b.12345678", patch=bug))
    assert found.bug_patch == bug
    assert apply_patch({"x.py": b"2\r\n"}, found.fix_patch) == {"x.py": b"1\r\n"}


def test_our_tasks_go_out_as_rows_and_come_back(tmp_path):
    pristine = demo_checkout(tmp_path / "demo")
    task = demo_task(pristine)
    assert write_rows(tmp_path / "rows.jsonl", [task], pristine) == 1
    rows, refused = read_rows(tmp_path / "rows.jsonl")
    assert refused == {}
    assert (rows[0].id, rows[0].fix_patch, rows[0].fail_to_pass) == (task.id, task.gold_patch, task.fail_to_pass)
    assert rows[0].problem_statement == task.problem_statement
    assert apply_patch(starting_tree(pristine, task), rows[0].test_patch)["tests/test_half.py"]
    assert set(as_row(task, pristine)) >= {"hints_text", "created_at", "version", "environment_setup_commit", "image"}


def test_a_broken_line_is_named(tmp_path):
    (tmp_path / "rows.jsonl").write_text(json.dumps(sample_row()) + "\n{\n")
    with pytest.raises(InputError, match="line 2"):
        read_rows(tmp_path / "rows.jsonl")
    with pytest.raises(InputError, match="No such file"):
        read_rows(tmp_path / "none.jsonl")
