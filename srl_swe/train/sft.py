"""SFT: imitate the expert's replies token by token. The control that SRL has to be compared with.

The twin of `srl` and `rlvr`. Here there is nothing to sample: every lesson's own target is the row that is learned.
"""

__all__ = ["imitation", "train_sft"]

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe
from srl_swe.train.grpo import Objective, Surrogate
from srl_swe.train.held_out import evenly, look
from srl_swe.train.lesson_data import LessonData, prompt_ids, target_ids
from srl_swe.train.order import Order
from srl_swe.train.packed import Row
from srl_swe.train.run import Ended, open_run
from srl_swe.train.step import Optimizer, learning_rate, take_step


def train_sft(
    recipe: Recipe,
    folder: Path,
    policy: TorchPolicy,
    data: LessonData,
    *,
    progress: Callable[[dict[str, Any]], None] = lambda line: None,
) -> Ended:
    """Train `policy` in place until a limit of [sft] is reached; resume the run in `folder` if there is one."""
    stage = recipe.sft
    held_out = evenly(data.held_out, recipe.eval.lessons)
    with open_run(folder, recipe, "sft", progress) as run:
        optimizer = Optimizer(policy.model, stage)
        order = Order(data.train, seed=recipe.seed, **run.resume(policy.model, optimizer))
        while not run.over(order.epochs):
            # Expert steps, the whole trajectory together
            lessons_B = order.take(stage.batch_size)
            with run.phase("encode"):
                rows = [_row(prompt_ids(lesson, policy.chat), target_ids(lesson, policy.chat)) for lesson in lessons_B]

            # Learn the expert's own words; the context carries no loss
            objective = imitation(rows, loss=stage.loss)
            with run.phase("learn"):
                rate = learning_rate(stage, run.share(order.epochs))
                update = take_step(policy.model, optimizer, rows, objective, lr=rate)

            run.update += 1
            metrics: dict[str, Any] = {"lr": rate, "epochs": order.epochs} | asdict(update)
            if stage.evaluate_every and run.update % stage.evaluate_every == 0:
                with run.phase("held_out"):
                    metrics["held_out"] = asdict(look(policy, held_out, max_tokens=recipe.eval.max_tokens))
            run.log(metrics)
            run.save(policy, optimizer, {"position": order.position})
        return run.end(policy, optimizer, {"position": order.position})


def imitation(rows: Sequence[Row], *, loss: str) -> Objective:
    """The negated log-likelihood, averaged over sequences or over tokens as the twins do."""
    normaliser = len(rows) if loss == "seq-mean" else sum(sum(row.scored) for row in rows)

    def of(part: Sequence[int], logprobs: Sequence[torch.Tensor]) -> Surrogate:
        total = torch.stack([row_T.mean() if loss == "seq-mean" else row_T.sum() for row_T in logprobs]).sum()
        return Surrogate(-total / normaliser, clipped=0, tokens=sum(len(row_T) for row_T in logprobs))

    return of


def _row(prompt: tuple[int, ...], target: tuple[int, ...]) -> Row:
    return Row(prompt + target, (False,) * len(prompt) + (True,) * len(target))
