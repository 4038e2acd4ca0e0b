"""RLVR: play whole tasks in sandboxes several times each, and learn from which episodes the hidden tests accept.

The twin of `sft` and `srl`. Observations carry no loss; an episode whose sandbox failed is counted and left out.

Shapes: B tasks, G episodes of each (fewer where a sandbox failed, so groups are ragged).
"""

__all__ = ["train_rlvr"]

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from srl_swe.errors import InputError, SandboxError, SrlSweError
from srl_swe.policy.rollout import Episode, play
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe
from srl_swe.tasks.task import Task
from srl_swe.train.grpo import Floats, advantages, clipped_objective, informative
from srl_swe.train.order import Order, still_to_draw
from srl_swe.train.packed import Row
from srl_swe.train.run import Ended, Run, open_run
from srl_swe.train.step import Optimizer, learning_rate, take_step


def train_rlvr(
    recipe: Recipe,
    folder: Path,
    policy: TorchPolicy,
    tasks: Sequence[Task],
    *,
    progress: Callable[[dict[str, Any]], None] = lambda line: None,
) -> Ended:
    """Train `policy` in place until a limit of [rlvr] is reached; resume the run in `folder` if there is one."""
    stage = recipe.rlvr
    with open_run(folder, recipe, "rlvr", progress) as run:
        optimizer = Optimizer(policy.model, stage)
        order = Order([[task] for task in tasks], seed=recipe.seed, **run.resume(policy.model, optimizer))
        while not run.over(order.epochs):
            # Nothing read before, so that a resumed run multiplies the same matrices
            policy.forget()

            # Episodes of tasks, until the batch is full of groups that disagree
            batch = _fill(policy, order, recipe, run)
            run.record(episode.trajectory for group in batch.drawn for episode in group)
            if not batch.groups:
                break

            # Which episode was better than the others of its group?
            weights = [
                weight
                for group in batch.groups
                for weight in advantages(_rewards(group), std=stage.advantage_std).tolist()
            ]
            episodes = [episode for group in batch.groups for episode in group]
            rows = [Row(episode.conversation.token_ids, episode.conversation.written) for episode in episodes]

            # More of what was better, within the clip around the policy that sampled
            old = [episode.logprobs for episode in episodes]
            objective = clipped_objective(old, weights, clip=stage.clip, loss=stage.loss)
            with run.phase("learn"):
                rate = learning_rate(stage, run.share(order.epochs))
                update = take_step(policy.model, optimizer, rows, objective, lr=rate, temperature=stage.temperature)

            run.update += 1
            run.log({"lr": rate, "epochs": order.epochs} | asdict(update) | batch.metrics())
            run.save(policy, optimizer, {"position": order.position})
        return run.end(policy, optimizer, {"position": order.position})


@dataclass
class _Batch:
    """The kept groups, without failed episodes, and every group that was drawn for this update."""

    groups: list[list[Episode]] = field(default_factory=list)
    drawn: list[list[Episode]] = field(default_factory=list)
    informative: int = 0

    def metrics(self) -> dict[str, Any]:
        """The figures of the batch; the reward is that of all valid episodes, not of the kept ones."""
        played = [episode for group in self.drawn for episode in group]
        rewards = [episode.reward for episode in played if episode.reward is not None]
        return {
            "reward_mean": float(np.mean(rewards)),
            "reward_std": float(np.std(rewards)),
            "format_errors": sum(e.format_errors for e in played)
            / max(1, sum(len(e.trajectory.steps) for e in played)),
            "groups_drawn": len(self.drawn),
            "groups_kept": len(self.groups),
            "groups_dropped": len(self.drawn) - self.informative,
            "sandbox_failures": sum(episode.failure is not None for episode in played),
            "steps_per_episode": float(np.mean([len(episode.trajectory.steps) for episode in played])),
        }


def _fill(policy: TorchPolicy, order: Order[Task], recipe: Recipe, run: Run) -> _Batch:
    """Play and filter until `batch_size` groups are informative (DAPO: neither all right nor all wrong).

    Ends early with what there is at the time limit or after `max_draws`. Raises InputError when every group agreed.
    """
    stage = recipe.rlvr
    batch = _Batch()
    for draw in range(stage.max_draws):
        tasks_B = order.take(still_to_draw(stage.batch_size, len(batch.groups), len(batch.drawn)))
        with run.phase("play"):
            episodes_BG = play(
                policy, tasks_B, sandboxes=recipe.sandbox, group_size=stage.group_size, max_steps=stage.max_steps,
                max_tokens=stage.max_tokens, token_budget=recipe.data.token_budget, temperature=stage.temperature,
                seed=run.seed(draw),
            )  # fmt: skip
        batch.drawn += episodes_BG

        # A failed sandbox is nobody's 0; a group that agrees has no gradient
        for group in episodes_BG:
            valid = [episode for episode in group if episode.reward is not None and episode.logprobs]
            if len(valid) < 2 or not informative(_rewards(valid)[None], min_std=stage.min_std).all():
                continue
            batch.informative += 1
            if len(batch.groups) < stage.batch_size:
                batch.groups.append(valid)
        if len(batch.groups) == stage.batch_size or run.late():
            return batch
    if not batch.groups:
        raise _collapsed(batch, run)
    return batch


def _collapsed(batch: _Batch, run: Run) -> SrlSweError:
    played = [episode for group in batch.drawn for episode in group]
    failures = [episode.failure for episode in played if episode.failure is not None]
    where = f"{run.folder}: update {run.update + 1}:"
    if len(failures) == len(played):
        return SandboxError(
            f"{where} all {len(played)} episodes failed in their sandboxes; the last said: {failures[-1]}"
        )
    rate = float(np.mean([episode.reward for episode in played if episode.reward is not None]))
    why = (
        "let SRL or SFT come first, or give easier tasks" if rate < 0.5 else "there is nothing left to learn from them"
    )
    return InputError(
        f"{where} in none of {len(batch.drawn)} groups did some episodes resolve the task and some not "
        f"({rate:.1%} resolved, {len(failures)} sandbox failures); {why}"
    )


def _rewards(group: Sequence[Episode]) -> Floats:
    return np.array([episode.reward for episode in group], dtype=np.float64)
