"""Rows of the SWE-bench family, in and out: SWE-bench (12 columns and 5.x), SWE-Gym, SWE-smith, SWE-rebench.

A row names a repository that lies elsewhere, so it becomes a `TaskRow`, not a `Task`. SWE-smith's `patch` makes the
bug, everyone else's repairs it; a `TaskRow` always holds the repair. A row without any test would be solved by
everything and is refused.
"""

__all__ = ["TaskRow", "as_row", "read_rows", "row", "write_rows"]

import ast
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srl_swe.errors import InputError
from srl_swe.tasks.checkout import Checkout, starting_tree
from srl_swe.tasks.disk import commit_id, eval_script, test_patch
from srl_swe.tasks.patch import reverse_patch
from srl_swe.tasks.task import Task


@dataclass(frozen=True)
class TaskRow:
    """One row. `fix_patch` repairs the starting state; `bug_patch` is there when a row says how the bug was made."""

    id: str
    repository: str
    base_commit: str
    problem_statement: str
    fix_patch: str
    test_patch: str
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    bug_patch: str = ""
    image: str = ""
    eval_script: str = ""
    log_parser: str = ""
    version: str = ""
    hints: str = ""
    created_at: str = ""


def read_rows(path: Path) -> tuple[list[TaskRow], dict[str, str]]:
    """The rows of a JSONL, JSON or parquet file, and why others were refused, by id or row number.

    Raises InputError when the file itself cannot be read. Line ends inside patches and statements survive.
    """
    rows: list[TaskRow] = []
    refused: dict[str, str] = {}
    for number, values in enumerate(_records(path), start=1):
        try:
            rows.append(row(values))
        except ValueError as error:
            refused[str(values.get("instance_id") or f"row {number}")] = str(error)
    return rows, refused


def row(values: Mapping[str, Any]) -> TaskRow:
    """One record as a `TaskRow`. Raises ValueError with the column that is missing or wrong."""
    for column in ("instance_id", "repo", "patch"):
        if not isinstance(values.get(column), str) or not values[column].strip():
            raise ValueError(f"no {column}")
    fail_to_pass, pass_to_pass = _names(values, "FAIL_TO_PASS"), _names(values, "PASS_TO_PASS")
    if not fail_to_pass and not pass_to_pass:
        raise ValueError("no FAIL_TO_PASS and no PASS_TO_PASS, so that every patch would resolve it")
    patch = values["patch"]
    makes_bug = values["repo"].startswith("swesmith/")
    return TaskRow(
        id=values["instance_id"],
        repository=values["repo"],
        base_commit=_text(values, "base_commit"),
        problem_statement=_text(values, "problem_statement"),
        fix_patch=reverse_patch(patch) if makes_bug else patch,
        test_patch=_text(values, "test_patch"),
        fail_to_pass=fail_to_pass,
        pass_to_pass=pass_to_pass,
        bug_patch=patch if makes_bug else "",
        image=_text(values, "image") or _text(values, "image_name") or _text(values, "docker_image"),
        eval_script=_text(values, "eval_script"),
        log_parser=_text(values, "log_parser"),
        version=_text(values, "version"),
        hints=_text(values, "hints_text"),
        created_at=_text(values, "created_at"),
    )


def as_row(task: Task, checkout: Checkout) -> dict[str, str]:
    """A task of ours as a row with the columns of SWE-bench 5."""
    base_commit = commit_id(starting_tree(checkout, task))
    return {
        "repo": f"srl-swe/{task.repository}",
        "instance_id": task.id,
        "base_commit": base_commit,
        "patch": task.gold_patch,
        "test_patch": test_patch(task, checkout),
        "problem_statement": task.problem_statement,
        "hints_text": "",
        "created_at": "2000-01-01T00:00:00Z",
        "version": checkout.tree_hash[:12],
        "FAIL_TO_PASS": json.dumps(task.fail_to_pass),
        "PASS_TO_PASS": json.dumps(task.pass_to_pass),
        "environment_setup_commit": base_commit,
        "log_parser": "parse_log_pytest_v2",
        "eval_type": "pass_and_fail",
        "eval_script": eval_script(task, checkout),
        "image": f"swebench/sweb.eval.x86_64.{task.id}:latest".lower().replace("__", "_1776_"),
    }


def write_rows(path: Path, tasks: Iterable[Task], checkout: Checkout) -> int:
    """Write tasks of one repository as JSONL rows; returns how many."""
    lines = [json.dumps(as_row(task, checkout), ensure_ascii=False) + "\n" for task in tasks]
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return len(lines)


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".parquet":
            return _parquet(path)
        text = path.read_bytes().decode("utf-8")
        if path.suffix == ".jsonl":
            found = [_line(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        else:
            whole = json.loads(text)
            found = [whole] if isinstance(whole, dict) else whole
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise InputError(f"{path}: expected JSON objects, one for each task")
    return found


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise InputError(f"{path}: line {number} is not JSON: {error}") from error


def _parquet(path: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(f"{path}: parquet needs pyarrow; install srl-swe[train], or convert the file") from error
    try:
        records: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    except pyarrow.ArrowInvalid as error:
        raise InputError(f"{path}: not a parquet file: {error}") from error
    return records


def _text(values: Mapping[str, Any], column: str) -> str:
    value = values.get(column)
    return "" if value is None else value if isinstance(value, str) else str(value)


def _names(values: Mapping[str, Any], column: str) -> tuple[str, ...]:
    """Test ids from a list, a JSON string or a Python literal."""
    found = values.get(column)
    if isinstance(found, str):
        found = _literal(found, column)
    names = tuple(found if found is not None else ())
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"{column} holds something that is not a test id")
    return names


def _literal(text: str, column: str) -> Any:
    if not text.strip():
        return []
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError) as error:
            raise ValueError(f"{column} is neither a list nor the text of one") from error
    if not isinstance(found, list | tuple):
        raise ValueError(f"{column} is neither a list nor the text of one")
    return found
