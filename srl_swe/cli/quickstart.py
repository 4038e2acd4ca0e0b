"""The whole main job on one machine: build, base, SRL, RLVR, and after each stage its resolve rate on held-out tasks.

Every finished part leaves a file in the run's folder, so an interrupted quickstart goes on where it was. Nothing is
special to the tiny model: another recipe plays the same story with another one.
"""

__all__ = ["run_quickstart"]

import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from srl_swe.cli.stages import load_policy, train_stage
from srl_swe.errors import InputError
from srl_swe.evaluate.evaluate import Evaluation, evaluate, score, write_predictions
from srl_swe.experts.trajectory import write_trajectories
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe, override, read_recipe, write_recipe
from srl_swe.report.page import write_page
from srl_swe.reward import floors
from srl_swe.sandbox.open import choose_tier, reap
from srl_swe.tasks.checkout import checkout
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.repository import load_repository, repositories
from srl_swe.tasks.task import Task
from srl_swe.train.held_out import evenly, look
from srl_swe.train.lesson_data import LessonData, read_lessons

HELD_OUT = ("new_bugs", "new_places", "new_repository")


def run_quickstart(folder: Path, recipe: Recipe, console: Console) -> dict[str, Any]:
    """Play the whole story in `folder` and return what `summary.json` holds."""
    began = time.monotonic()
    tier = choose_tier(recipe.sandbox.tier)
    recipe = override(recipe, [f"sandbox.tier={tier}"])
    before = _open(folder, recipe)
    removed = reap()
    console.print(
        f"[bold]doctor[/]  commands run in: {tier}" + (f"; removed {len(removed)} leftovers" if removed else "")
    )

    sets = _held_out_sets(recipe)
    training = [task for name in repositories() for task in read_tasks(name, "train")]
    for name in sorted({task.repository for task in (*training, *(t for s in sets.values() for t in s))}):
        checkout(load_repository(name))
    counts = {name: len(tasks) for name, tasks in sets.items()}
    console.print(f"[bold]tasks[/]   {len(training)} to train on; held out: "
                  + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))  # fmt: skip

    policy = load_policy(recipe)
    data = read_lessons(recipe.data, seed=recipe.seed, length=lambda text: len(policy.chat.encode(text)))
    low = floors(data.held_out or [lesson for unit in data.train for lesson in unit])
    console.print(f"[bold]experts[/] {len(data.train)} trajectories, {sum(map(len, data.train))} lessons; "
                  f"reward floors: constant {low.constant:.3f}, previous action {low.previous_action:.3f}")  # fmt: skip

    stages = [_stage("base", folder, recipe, policy, data, sets, console)]
    model: Path | None = None
    for name in ("sft", "srl", "rlvr"):
        if not getattr(recipe, name).enabled:
            continue
        step = override(recipe, [f'model.path="{model.resolve()}"']) if model else recipe
        model = _trained(name, folder, step, console)
        policy = load_policy(override(recipe, [f'model.path="{model.resolve()}"']))
        stages.append(_stage(name, folder, recipe, policy, data, sets, console))

    summary = {
        "sandbox": tier,
        "seconds": round(before + time.monotonic() - began, 1),
        "tasks": {"train": len(training)} | counts,
        "stages": stages,
        "floors": {"constant": low.constant, "previous_action": low.previous_action},
    }
    _write_json(folder / "summary.json", summary)
    _show(summary, console)
    console.print(f"{summary['seconds']:.0f} s in all; open {write_page(folder)}")
    return summary


def _open(folder: Path, recipe: Recipe) -> float:
    """Claim the folder, or go on in one that holds the same recipe. Returns the seconds spent before."""
    file = folder / "recipe.toml"
    if file.exists():
        if read_recipe(file) != recipe:
            raise InputError(f"{folder} holds a quickstart of another recipe; give another folder with --out")
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no quickstart; give another folder with --out")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_recipe(recipe, file)
    return sum(float(json.loads(path.read_text())["seconds"]) for path in (folder / "parts").glob("*.json"))


def _held_out_sets(recipe: Recipe) -> dict[str, list[Task]]:
    """The three held-out sets, evenly thinned where the recipe wants fewer. Raises InputError when one is empty."""
    sets = {}
    for split in HELD_OUT:
        tasks = [task for name in repositories() for task in read_tasks(name, split)]
        if not tasks:
            raise InputError(f"no held-out task in split {split}; srl-swe tasks make makes them")
        most = recipe.eval.tasks or len(tasks)
        sets[split] = [tasks[i * len(tasks) // most] for i in range(most)] if most < len(tasks) else tasks
    return sets


def _trained(name: str, folder: Path, recipe: Recipe, console: Console) -> Path:
    """Train a stage, or find it trained. Returns the folder of its model."""
    part = folder / "parts" / f"train-{name}.json"
    if not part.exists():
        console.print(f"[bold]{name}[/]")
        began = time.monotonic()
        ended = train_stage(name, recipe, folder / name, console)
        _write_json(
            part, {"seconds": time.monotonic() - began, "checkpoint": str(ended.checkpoint.relative_to(folder))}
        )
    return folder / str(json.loads(part.read_text())["checkpoint"])


def _stage(
    name: str,
    folder: Path,
    recipe: Recipe,
    policy: TorchPolicy,
    data: LessonData,
    sets: dict[str, list[Task]],
    console: Console,
) -> dict[str, Any]:
    """What a stage's model can do: its step reward on held-out lessons, its resolve rate on each held-out set."""
    part = folder / "parts" / f"eval-{name}.json"
    if part.exists():
        found: dict[str, Any] = json.loads(part.read_text())["stage"]
        return found
    began = time.monotonic()
    seen = look(policy, evenly(data.held_out, recipe.eval.lessons), max_tokens=recipe.eval.max_tokens)
    row: dict[str, Any] = {"name": name, "step_reward": seen.step_reward, "format_rate": seen.format_rate}
    results = _play_sets(policy, sets, recipe)
    home = folder / "evaluations" / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for split, result in results.items():
        counted = asdict(result.score)
        row[split] = {key: counted[key] for key in ("resolved", "tasks", "rate", "interval95")}
        _write_json(home / f"{split}.json", counted)
        write_predictions(home / f"{split}.predictions.jsonl", result.episodes, f"srl-swe {name}")
        write_trajectories(
            home / f"{split}.trajectories.jsonl", (e.trajectory for group in result.episodes for e in group)
        )
    _write_json(part, {"seconds": time.monotonic() - began, "stage": row})
    rates = ", ".join(f"{split.replace('_', ' ')} {row[split]['resolved']}/{row[split]['tasks']}" for split in sets)
    console.print(f"[bold]{name}[/] resolves: {rates}; step reward {row['step_reward']:.3f}")
    return row


def _play_sets(policy: TorchPolicy, sets: dict[str, list[Task]], recipe: Recipe) -> dict[str, Evaluation]:
    """Play the three sets in one go, so that no batch is small, and count them apart."""
    together = evaluate(policy, [task for tasks in sets.values() for task in tasks], recipe)
    groups = iter(together.episodes)
    parted = {split: [next(groups) for _ in tasks] for split, tasks in sets.items()}
    return {split: Evaluation(score(episodes), episodes) for split, episodes in parted.items()}


def _show(summary: dict[str, Any], console: Console) -> None:
    table = Table("stage", "step reward", "format", *(split.replace("_", " ") for split in HELD_OUT), box=None)
    for row in summary["stages"]:
        cells = [
            f"{row[s]['rate']:.0%} [{row[s]['interval95'][0]:.0%}, {row[s]['interval95'][1]:.0%}]" for s in HELD_OUT
        ]
        table.add_row(row["name"], f"{row['step_reward']:.3f}", f"{row['format_rate']:.1%}", *cells)
    console.print(table)


def _write_json(path: Path, value: Any) -> None:
    """Whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=1), encoding="utf-8")
    partial.replace(path)
