"""One stage in a process of its own, for tests that kill it: STAGE RECIPE FOLDER [PLACE].

PLACE kills the process as `kill -9` would: `flush:2` while the second checkpoint is being written, `rename:2` when it
is whole but has not got its name, `log:7` right after the seventh line of metrics.
"""

import os
import signal
import sys
from pathlib import Path

import torch

from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import read_recipe
from srl_swe.tasks.disk import read_tasks
from srl_swe.train import checkpoint
from srl_swe.train.lesson_data import read_lessons
from srl_swe.train.rlvr import train_rlvr
from srl_swe.train.run import Run
from srl_swe.train.sft import train_sft
from srl_swe.train.srl import train_srl


def main(stage: str, recipe_path: str, folder: str, place: str = "") -> None:
    torch.set_num_threads(1)
    recipe = read_recipe(Path(recipe_path))
    policy = TorchPolicy.load(recipe.model.path)
    if place:
        die_at(*place.split(":"))
    if stage == "rlvr":
        tasks = [task for name in recipe.data.repositories for task in read_tasks(name, "train")]
        train_rlvr(recipe, Path(folder), policy, tasks)
        return
    data = read_lessons(recipe.data, seed=recipe.seed, length=lambda text: len(policy.chat.encode(text)))
    {"sft": train_sft, "srl": train_srl}[stage](recipe, Path(folder), policy, data)


def die_at(where: str, count: str) -> None:
    owner, name = {"flush": (checkpoint, "_flush"), "rename": (Path, "rename"), "log": (Run, "log")}[where]
    original = getattr(owner, name)
    calls = 0

    def wrapped(*arguments):
        nonlocal calls
        calls += 1
        if where == "log":
            original(*arguments)
        if calls == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return None if where == "log" else original(*arguments)

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    main(*sys.argv[1:])
