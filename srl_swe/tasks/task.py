"""One task: an issue in a repository, its hidden tests, and the fix that is known to solve it.

A task says how its starting tree comes from the pristine repository (`bug_patch`, then the hidden test files are
taken away) and what must hold at the end. It holds no file of the repository and runs nothing.
"""

__all__ = ["SPLITS", "Evidence", "Task", "content_id"]

import hashlib
from dataclasses import dataclass, field

SPLITS = ("train", "new_bugs", "new_places", "new_repository")


@dataclass(frozen=True)
class Evidence:
    """What the gate saw when it let the task in: counts of runs through the grader that gives the reward."""

    clean_runs: int
    buggy_runs: int
    gold_resolved: bool
    empty_resolved: bool
    seconds: float = 0.0  # not kept on disk, so that the same task gives the same files


@dataclass(frozen=True)
class Task:
    """`gold_patch` fixes the starting tree; `bug_patch` made it from the pristine tree. Test ids are pytest's."""

    id: str
    repository: str
    problem_statement: str
    gold_patch: str
    bug_patch: str
    hidden_tests: tuple[str, ...]  # paths of pristine test files that are absent during the episode
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    split: str = "train"
    generator: dict[str, str] = field(default_factory=dict)  # mutation kind, file, line, seed: where the bug came from
    evidence: Evidence | None = None


def content_id(repository: str, bug_patch: str, tree_hash: str) -> str:
    """A task's id: its repository's name and 10 hex digits over what defines it, the same on every machine."""
    digest = hashlib.sha256("\0".join((repository, tree_hash, bug_patch)).encode()).hexdigest()
    return f"{repository}-{digest[:10]}"
