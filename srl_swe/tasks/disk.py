"""Tasks on disk, in the task-repository layout of SWE-bench 5, so that its harness builds and grades them as they are.

    sweb.yaml, Dockerfile          the datasets and splits; the image of the pristine tree
    tasks/<id>/task.yaml           what the harness needs to know
               tests.json          FAIL_TO_PASS and PASS_TO_PASS
               problem_statement.md, gold.patch, test.patch (adds the hidden tests), eval.sh
               Dockerfile          the image of the starting tree, made from the pristine one by bug.patch
               bug.patch, evidence.json    ours: where the task comes from and what the gate saw

Files hold no machine's paths, and the same task gives the same bytes. Grading with our own grader needs none of the
shell in here.
"""

__all__ = ["commit_id", "eval_script", "read_task", "read_tasks", "test_patch", "write_repository", "write_task"]

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from srl_swe.errors import InputError
from srl_swe.tasks.checkout import PYTEST, Checkout, starting_tree
from srl_swe.tasks.patch import diff_trees
from srl_swe.tasks.repository import Repository, repositories
from srl_swe.tasks.task import SPLITS, Evidence, Task

_IDENTITY = "srl-swe <srl-swe@localhost> 946684800 +0000"  # 2000-01-01: the same commit on every machine
_MESSAGE = "The starting tree\n"


def write_repository(folder: Path, checkout: Checkout) -> None:
    """Write what all tasks below `folder` share: sweb.yaml, and how the image of the pristine tree is built."""
    config = {"datasets": [_dataset(checkout.repository)], "splits": list(SPLITS)}
    _write(folder / "sweb.yaml", yaml.safe_dump(config, sort_keys=True))
    _write(folder / "Dockerfile", _base_dockerfile(checkout))
    _write(folder / ".dockerignore", "tasks\n**/__pycache__\n**/.pytest_cache\n**/*.pyc\n")


def write_task(folder: Path, task: Task, checkout: Checkout) -> Path:
    """Write one task below a repository's folder and return `<folder>/tasks/<id>`. `task.yaml` comes last."""
    place = folder / "tasks" / task.id
    start = starting_tree(checkout, task)
    tests = test_patch(task, checkout)
    _write(place / "problem_statement.md", task.problem_statement)
    _write(place / "gold.patch", task.gold_patch)
    _write(place / "bug.patch", task.bug_patch)
    _write(place / "test.patch", tests)
    _write(place / "tests.json", _json({"FAIL_TO_PASS": task.fail_to_pass, "PASS_TO_PASS": task.pass_to_pass}))
    _write(place / "eval.sh", eval_script(task, checkout))
    _write(place / "Dockerfile", _task_dockerfile(task, checkout, commit_id(start)))
    gate = {key: value for key, value in asdict(task.evidence).items() if key != "seconds"} if task.evidence else None
    ours = {"generator": task.generator, "gate": gate}
    _write(place / "evidence.json", _json(ours))
    meta = {
        "instance_id": task.id,
        "repo": _dataset(checkout.repository),
        "version": checkout.tree_hash[:12],
        "base_commit": commit_id(start),
        "split": task.split,
        "datasets": [_dataset(checkout.repository)],
        "image": f"swebench/sweb.eval.x86_64.{task.id}:latest".lower().replace("__", "_1776_"),
        "log_parser": "parse_log_pytest_v2",
        "eval_type": "pass_and_fail",
    }
    _write(place / "task.yaml", yaml.safe_dump(meta, sort_keys=True))
    return place


def read_task(folder: Path) -> Task:
    """The task in `tasks/<id>`. Raises InputError with the file that is missing or wrong."""
    file = folder / "task.yaml"
    try:
        meta: dict[str, Any] = yaml.load(_read(file), Loader=_LOADER)
        tests = json.loads(_read(file := folder / "tests.json"))
        ours = json.loads(_read(file := folder / "evidence.json"))
        added = _read(file := folder / "test.patch")
        return Task(
            id=meta["instance_id"],
            repository=meta["repo"].rpartition("/")[2],
            problem_statement=_read(folder / "problem_statement.md"),
            gold_patch=_read(folder / "gold.patch"),
            bug_patch=_read(folder / "bug.patch"),
            hidden_tests=_added(added),
            fail_to_pass=tuple(tests["FAIL_TO_PASS"]),
            pass_to_pass=tuple(tests["PASS_TO_PASS"]),
            split=meta["split"],
            generator=ours["generator"],
            evidence=Evidence(**ours["gate"]) if ours["gate"] else None,
        )
    except FileNotFoundError as error:
        raise InputError(f"{error.filename}: no such file, so {folder.name} is not a whole task") from error
    except KeyError as error:
        raise InputError(f"{folder}: no key {error.args[0]!r} in task.yaml, tests.json or evidence.json") from error
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(f"{file}: cannot be read: {' '.join(str(error).split())}") from error


def read_tasks(repository: str | Path, split: str | None = None) -> list[Task]:
    """Every task of a repository (by name or folder), or of one split, in order of ids; none made yet gives []."""
    folder = repository if isinstance(repository, Path) else repositories().get(repository, Path(repository))
    if not folder.is_dir():
        raise InputError(f"{repository}: no such repository or folder of tasks")
    tasks = [read_task(file.parent) for file in sorted(folder.glob("tasks/*/task.yaml"))]
    return [task for task in tasks if split in (None, task.split)]


def test_patch(task: Task, checkout: Checkout) -> str:
    """The patch that adds the hidden test files to the starting tree."""
    return diff_trees({}, {path: checkout.files[path] for path in task.hidden_tests})


test_patch.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever pytest thinks of the name


def eval_script(task: Task, checkout: Checkout) -> str:
    """The script that the official harness runs in the task's image, after the model's patch."""
    start = starting_tree(checkout, task)
    patch = test_patch(task, checkout)
    end = f"EOF_{hashlib.sha256(patch.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
    hidden = shlex.join(task.hidden_tests)
    visible = [path for path in checkout.repository.test.paths if any(_below(name, path) for name in start)]
    restore = [f"git checkout {commit_id(start)} -- {shlex.join(visible)}"] if visible else []
    lines = [
        "#!/bin/bash",
        "set -uxo pipefail",
        "cd /testbed",
        "git config --global --add safe.directory /testbed",
        *restore,
        f"rm -f -- {hidden}",
        f"git apply -v --whitespace=nowarn - <<'{end}'\n{patch}{end}",
        ": '>>>>> Start Test Output'",
        f"python -m pytest -rA -p no:cacheprovider {shlex.join(_test_files(task))}",
        ": '>>>>> End Test Output'",
        f"rm -f -- {hidden}",
    ]
    return "\n".join(lines) + "\n"


def commit_id(files: Mapping[str, bytes]) -> str:
    """The SHA-1 that git gives a first commit of these files, made by the identity and at the time used here."""
    tree = _tree_id({tuple(path.split("/")): _object_id("blob", content) for path, content in files.items()})
    return _object_id("commit", f"tree {tree}\nauthor {_IDENTITY}\ncommitter {_IDENTITY}\n\n{_MESSAGE}".encode())


def _added(patch: str) -> tuple[str, ...]:
    """The files that a test.patch of ours adds: read from its headers, for thousands of tasks are read at a start."""
    paths = tuple(_ADDED.findall(patch))
    if patch.strip() and not paths:
        raise ValueError("it adds no file")
    return paths


_ADDED = re.compile(r"^diff --git a/(.+) b/\1$", re.MULTILINE)  # a content line starts with its sign
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _object_id(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def _tree_id(blobs: Mapping[tuple[str, ...], str]) -> str:
    folders: dict[str, dict[tuple[str, ...], str]] = {}
    entries: list[tuple[bytes, bytes, str]] = []  # sort key, mode and name, id
    for (first, *rest), blob in blobs.items():
        if rest:
            folders.setdefault(first, {})[tuple(rest)] = blob
        else:
            entries.append((first.encode(), b"100644 " + first.encode(), blob))
    entries += [(f"{name}/".encode(), f"40000 {name}".encode(), _tree_id(inner)) for name, inner in folders.items()]
    return _object_id("tree", b"".join(name + b"\0" + bytes.fromhex(ident) for _, name, ident in sorted(entries)))


def _test_files(task: Task) -> list[str]:
    return sorted({test.split("::")[0] for test in (*task.fail_to_pass, *task.pass_to_pass)})


def _below(name: str, path: str) -> bool:
    return name == path or name.startswith(path.rstrip("/") + "/")


def _dataset(repository: Repository) -> str:
    return f"srl-swe/{repository.name}"


def _task_dockerfile(task: Task, checkout: Checkout, commit: str) -> str:
    name, email, time, zone = _IDENTITY.replace("<", "").replace(">", "").split(" ")
    return f"""\
# The pristine image is built from the folder two levels up: docker build -t {_base_image(checkout)} .
ARG BASE={_base_image(checkout)}
FROM ${{BASE}}
COPY bug.patch /tmp/bug.patch
ENV GIT_AUTHOR_DATE="{time} {zone}" GIT_COMMITTER_DATE="{time} {zone}"
RUN cd /testbed && git init -q . && git apply --whitespace=nowarn /tmp/bug.patch && rm -f -- /tmp/bug.patch \\
    {shlex.join(task.hidden_tests)} \\
 && git -c core.fileMode=false add -A -f \\
 && git -c user.name={name} -c user.email={email} commit -q -m {shlex.quote(_MESSAGE.strip())} \\
 && test "$(git rev-parse HEAD)" = {commit}
"""


def _base_image(checkout: Checkout) -> str:
    return f"srl-swe/{checkout.repository.name}:{checkout.tree_hash[:12]}"


def _base_dockerfile(checkout: Checkout) -> str:
    repository = checkout.repository
    source = repository.source
    version = repository.python.lstrip("><=~ ").split(",")[0] or "3.11"
    packages = shlex.join(repository.packages or (PYTEST,))
    if source.path is not None:
        fetch = f"COPY {source.path}/ /testbed/"
    elif source.git is not None:
        fetch = (
            f"RUN git init -q . && git fetch -q --depth 1 {shlex.quote(source.git)} {source.commit}"
            " && git checkout -q FETCH_HEAD && rm -rf .git"
        )
    else:
        fetch = (
            f"RUN pip download -q --no-deps --no-binary :all: -d /tmp/sdist {source.pypi}"
            f" && echo '{source.sha256} ' /tmp/sdist/* | sha256sum -c - \\\n"
            " && tar -xzf /tmp/sdist/* --strip-components=1 -C /testbed && rm -r /tmp/sdist"
        )
    setup = "".join(f"RUN {command}\n" for command in repository.setup)
    return f"""\
FROM python:{version}-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends git && rm -rf /var/lib/apt/lists/*
RUN pip install -q --no-cache-dir {packages}
WORKDIR /testbed
{fetch}
ENV PYTHONPATH={_search_path(checkout)} PYTHONDONTWRITEBYTECODE=1
{setup}"""


def _search_path(checkout: Checkout) -> str:
    paths = dict(checkout.root.environment).get("PYTHONPATH", "/testbed")
    return ":".join(path for path in paths.split(":") if path != "/opt/site")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return stream.read()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
