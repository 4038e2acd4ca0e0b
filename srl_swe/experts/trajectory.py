"""The record of one episode: whose it is, each action with what was observed, and how it ended.

One JSON object per line on disk; `schema` is raised whenever a field changes its meaning.
"""

__all__ = ["SCHEMA", "Step", "Trajectory", "read_trajectories", "write_trajectories"]

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srl_swe.errors import FormatError, InputError
from srl_swe.experts.action import Action, parse, render

SCHEMA = 1


@dataclass(frozen=True)
class Step:
    """One action and its observation. `raw` keeps the store's own text where it differs from the canonical one."""

    action: Action
    observation: str
    thought: str = ""
    raw: str | None = None


@dataclass(frozen=True)
class Trajectory:
    """`resolved` is the verdict where one is known. `source` names the store or the agent that it comes from."""

    id: str
    task: str
    source: str
    problem_statement: str
    steps: tuple[Step, ...]
    patch: str = ""
    exit_status: str = ""
    resolved: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the actions in canonical text."""
        row = asdict(self) | {"schema": SCHEMA}
        row["steps"] = [
            {"thought": step.thought, "action": render(step.action), "observation": step.observation}
            | ({"raw": step.raw} if step.raw is not None else {})
            for step in self.steps
        ]
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Trajectory":
        """The inverse of `to_json`. Raises KeyError or FormatError on a row that is not one."""
        steps = tuple(
            Step(parse(step["action"]), step["observation"], step.get("thought", ""), step.get("raw"))
            for step in row["steps"]
        )
        fields = ("id", "task", "source", "problem_statement", "patch", "exit_status", "resolved")
        return cls(steps=steps, **{name: row[name] for name in fields})


def read_trajectories(path: Path) -> Iterator[Trajectory]:
    """Trajectories of a JSONL file, one at a time. Raises InputError with the line number of the first bad one."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                if row.get("schema") != SCHEMA:
                    raise InputError(
                        f"{path}:{number}: schema {row.get('schema')!r}, this version reads {SCHEMA}; "
                        "import the file again from its source"
                    )
                yield Trajectory.from_json(row)
            except (json.JSONDecodeError, KeyError, TypeError, AttributeError, FormatError) as error:
                raise InputError(
                    f"{path}:{number}: not a whole trajectory ({error}); the file may have been cut off"
                ) from error


def write_trajectories(path: Path, trajectories: Iterable[Trajectory]) -> int:
    """Write a JSONL file, whole or not at all, and return how many rows it has. Raises InputError."""
    count = 0
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            for trajectory in trajectories:
                file.write(json.dumps(trajectory.to_json(), ensure_ascii=False) + "\n")
                count += 1
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); nothing was changed there") from error
    finally:
        part.unlink(missing_ok=True)
    return count
