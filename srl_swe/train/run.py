"""A run: one training with its folder. It is opened once, resumed after a kill, and never written over.

    recipe.toml          resolved, defaults included
    metrics.jsonl        one line an update
    trajectories.jsonl   the episodes of an RLVR run
    checkpoints/<update> whole or absent

Metrics that are younger than the last checkpoint are cut off when a run is resumed: those updates happen again.
"""

__all__ = ["Ended", "Run", "open_run"]

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srl_swe.errors import InputError
from srl_swe.experts.trajectory import Trajectory
from srl_swe.recipe import Recipe, Stage, Table, read_recipe, write_recipe
from srl_swe.train import checkpoint
from srl_swe.train.step import Optimizer

_LIMITS = {
    "max_updates",
    "max_seconds",
    "epochs",
}  # may be raised for a run that exists; everything else is its identity
_LINES = ("metrics.jsonl", "trajectories.jsonl")


@dataclass(frozen=True)
class Ended:
    """A stage that is over: its updates, its seconds over all resumptions, and its last checkpoint."""

    updates: int
    seconds: float
    checkpoint: Path


class Run:
    """An open run. `update` counts finished updates and `seconds` the time they took, over all resumptions."""

    def __init__(self, folder: Path, recipe: Recipe, name: str, progress: Callable[[dict[str, Any]], None]) -> None:
        self.folder = folder
        self.name = name
        self.stage: Stage = getattr(recipe, name)
        self.update = 0
        self._recipe_seed = recipe.seed
        self._progress = progress
        self._phases: dict[str, float] = {}
        self._before = 0.0
        self._opened = time.monotonic()
        self._saved = -1

    @property
    def seconds(self) -> float:
        """Time spent in this stage."""
        return self._before + time.monotonic() - self._opened

    def share(self, epochs: float) -> float:
        """How much of the stage is over, 0 to 1: of whichever limit is nearest."""
        shares = [epochs / self.stage.epochs]
        if self.stage.max_updates:
            shares.append(self.update / self.stage.max_updates)
        if self.stage.max_seconds:
            shares.append(self.seconds / self.stage.max_seconds)
        return min(1.0, max(shares))

    def over(self, epochs: float) -> bool:
        """Whether a limit of the stage is reached."""
        return self.share(epochs) >= 1.0

    def late(self) -> bool:
        """Whether the time limit is reached; asked in the middle of an update."""
        return self.stage.max_seconds is not None and self.seconds >= self.stage.max_seconds

    def seed(self, draw: int) -> int:
        """A seed for one draw of the update in progress: a function of its arguments, so nothing has to be saved."""
        words = f"{self._recipe_seed}/{self.name}/{self.update}/{draw}"
        return int.from_bytes(hashlib.sha256(words.encode()).digest()[:6], "big")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time inside to a phase of the update in progress."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._phases[name] = self._phases.get(name, 0.0) + time.monotonic() - began

    def resume(self, model: Any, optimizer: Optimizer) -> dict[str, Any]:
        """Load the last checkpoint, if there is one, and return the loop's own state in it."""
        last = checkpoint.latest(self.folder / "checkpoints")
        state: dict[str, Any] = checkpoint.load(last, model, optimizer) if last else {}
        if state and state["stage"] != self.name:
            raise InputError(f"{self.folder} holds a run of {state['stage']}, not of {self.name}; give another folder")
        self.update = state.get("update", 0)
        self._saved = self.update if state else -1
        self._before = state.get("seconds", 0.0)
        for name in _LINES:
            _cut(self.folder / name, state.get("lines", {}).get(name, 0))
        loop: dict[str, Any] = state.get("loop", {})
        return loop

    def log(self, metrics: dict[str, Any]) -> None:
        """Append the line of an update, with its seconds by phase and the learned tokens per second of all of them."""
        seconds = {name: round(value, 3) for name, value in self._phases.items()}
        line = {"update": self.update, "stage": self.name} | metrics
        speed = metrics["tokens"] / max(1e-9, sum(self._phases.values()))
        line |= {"tokens_per_s": round(speed, 1), "seconds": seconds, "stage_seconds": round(self.seconds, 3)}
        self._phases = {}
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._progress(line)

    def record(self, trajectories: Iterable[Trajectory]) -> None:
        """Append played episodes."""
        with (self.folder / "trajectories.jsonl").open("a", encoding="utf-8") as file:
            for trajectory in trajectories:
                file.write(json.dumps({"update": self.update} | trajectory.to_json(), ensure_ascii=False) + "\n")

    def save(self, policy: Any, optimizer: Optimizer, loop: dict[str, Any], *, due: bool = False) -> None:
        """Write a checkpoint when the update is a multiple of `checkpoint_every`, or when it is `due` anyway."""
        if self._saved == self.update or not (due or self.update % self.stage.checkpoint_every == 0):
            return
        state = {
            "stage": self.name,
            "update": self.update,
            "seconds": self.seconds,
            "loop": loop,
            "lines": {name: _flushed_size(self.folder / name) for name in _LINES},
        }
        folder = self.folder / "checkpoints"
        checkpoint.save(folder, self.update, policy.model, policy.chat.tokenizer, optimizer, state)
        self._saved = self.update

    def end(self, policy: Any, optimizer: Optimizer, loop: dict[str, Any]) -> Ended:
        """Write the last checkpoint and let `checkpoints/final` point to it."""
        self.save(policy, optimizer, loop, due=True)
        return Ended(self.update, self.seconds, checkpoint.finish(self.folder / "checkpoints"))


@contextmanager
def open_run(
    folder: Path, recipe: Recipe, name: str, progress: Callable[[dict[str, Any]], None] = lambda line: None
) -> Iterator[Run]:
    """Open a folder for one stage ("sft", "srl", "rlvr") of a recipe: a new one, or one that holds the same run.

    Raises InputError when the folder holds something else, another recipe's run, or a run in progress.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{folder}: another process is training in this folder") from error
        _claim(folder, recipe)
        yield Run(folder, recipe, name, progress)


def _claim(folder: Path, recipe: Recipe) -> None:
    path = folder / "recipe.toml"
    if path.exists():
        here, asked = _identity(read_recipe(path)), _identity(recipe)
        other = sorted(key for key in here.keys() | asked.keys() if here.get(key) != asked.get(key))
        if other:
            key = other[0]
            raise InputError(
                f"{folder} holds a run of another recipe: {key} is {here.get(key)!r} there and {asked.get(key)!r} "
                "here; give another folder, or the same recipe to resume"
            )
    elif any(item.name != ".lock" for item in folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no run; give another folder")
    partial = path.with_suffix(".partial")
    write_recipe(recipe, partial)
    partial.replace(path)


def _identity(recipe: Recipe) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name in type(recipe).model_fields:
        table = getattr(recipe, name)
        if isinstance(table, Table):
            flat |= {f"{name}.{key}": value for key, value in table.model_dump().items() if key not in _LIMITS}
        else:
            flat[name] = table
    return flat


def _flushed_size(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        return file.seek(0, os.SEEK_END)


def _cut(path: Path, size: int) -> None:
    if path.exists():
        os.truncate(path, size)
