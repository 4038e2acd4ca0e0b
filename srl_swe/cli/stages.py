"""What a training command puts together: the policy, the data, and one of the three loops."""

__all__ = ["load_policy", "train_stage", "training_tasks"]

from pathlib import Path
from typing import Any

from rich.console import Console
from transformers.utils.logging import disable_progress_bar

from srl_swe.errors import InputError
from srl_swe.policy.prompts import SYSTEM_PROMPTS
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.repository import load_repository, repositories
from srl_swe.tasks.task import Task
from srl_swe.train.lesson_data import find, read_lessons
from srl_swe.train.rlvr import train_rlvr
from srl_swe.train.run import Ended
from srl_swe.train.sft import train_sft
from srl_swe.train.srl import train_srl


def load_policy(recipe: Recipe) -> TorchPolicy:
    """The recipe's model on the best device here. A system prompt may be given by the name of a bundled one."""
    disable_progress_bar()  # loading and saving take a blink here, and the bars tear our own lines
    path = recipe.model.path
    folder = find(path) if path.startswith(("data/", "/", ".")) or Path(path).exists() else Path(path)
    prompt = SYSTEM_PROMPTS.get(recipe.model.system_prompt, recipe.model.system_prompt)
    return TorchPolicy.load(folder, system_prompt=prompt, dtype=recipe.model.dtype)


def training_tasks(recipe: Recipe) -> list[Task]:
    """The training tasks of the recipe's repositories; those that are held out are refused."""
    names = recipe.data.repositories or tuple(n for n in repositories() if not load_repository(n).held_out)
    for name in names:
        if load_repository(name).held_out:
            raise InputError(f"[data] repositories: {name} is held out and is never trained on")
    tasks = [task for name in names for task in read_tasks(name, "train")]
    if not tasks:
        raise InputError(f"[data] repositories: no training task in {', '.join(names)}; srl-swe tasks make makes some")
    return tasks


def train_stage(stage: str, recipe: Recipe, folder: Path, console: Console, policy: TorchPolicy | None = None) -> Ended:
    """Train one stage ("sft", "srl", "rlvr") in `folder`, resuming it if it was interrupted."""
    policy = policy or load_policy(recipe)

    def say(line: dict[str, Any]) -> None:
        console.print(_sentence(line), markup=False, highlight=False)

    if stage == "rlvr":
        return train_rlvr(recipe, folder, policy, training_tasks(recipe), progress=say)
    data = read_lessons(recipe.data, seed=recipe.seed, length=lambda text: len(policy.chat.encode(text)))
    train = {"sft": train_sft, "srl": train_srl}[stage]
    return train(recipe, folder, policy, data, progress=say)


def _sentence(line: dict[str, Any]) -> str:
    """One update in one line."""
    words = [f"{line['stage']} {line['update']:4}"]
    for key, name in (("loss", "loss"), ("reward_mean", "reward"), ("groups_kept", "groups"), ("entropy", "entropy")):
        if key in line:
            value = line[key]
            words.append(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}")
    if "held_out" in line:
        words.append(f"held-out step reward {line['held_out']['step_reward']:.3f}")
    return "  ".join([*words, f"{line['stage_seconds']:.0f} s"])
