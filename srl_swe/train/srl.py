"""SRL (arXiv 2510.25992): answer every expert step several times, and learn from which answer came closest.

The twin of `sft` and `rlvr`. No sandbox is opened: the states are the expert's, only the actions are the policy's own.
Not here: a KL term (its coefficient is 0), a reward for the monologue (it shares its action's advantage), step titles.

Shapes: B lessons, G answers to each.
"""

__all__ = ["train_srl"]

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from srl_swe.errors import InputError
from srl_swe.experts.lessons import Lesson
from srl_swe.policy.policy import Sample
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe, Srl
from srl_swe.reward import FORMAT_PENALTY, floors, step_reward
from srl_swe.train.grpo import Floats, advantages, clipped_objective, informative, spread
from srl_swe.train.held_out import evenly, look
from srl_swe.train.lesson_data import LessonData, prompt_ids
from srl_swe.train.order import Order, still_to_draw
from srl_swe.train.packed import Row
from srl_swe.train.run import Ended, Run, open_run
from srl_swe.train.step import Optimizer, learning_rate, take_step


def train_srl(
    recipe: Recipe,
    folder: Path,
    policy: TorchPolicy,
    data: LessonData,
    *,
    progress: Callable[[dict[str, Any]], None] = lambda line: None,
) -> Ended:
    """Train `policy` in place until a limit of [srl] is reached; resume the run in `folder` if there is one."""
    stage = recipe.srl
    held_out = evenly(data.held_out, recipe.eval.lessons)
    floor = floors([lesson for unit in data.train for lesson in unit], compare=stage.compare)
    with open_run(folder, recipe, "srl", progress) as run:
        optimizer = Optimizer(policy.model, stage)
        order = Order(data.train, seed=recipe.seed, **run.resume(policy.model, optimizer))
        while not run.over(order.epochs):
            # Nothing read before, so that a resumed run multiplies the same matrices
            policy.forget()

            # Answers to expert steps, until the batch is full of groups that disagree
            batch = _fill(policy, order, stage, run)
            if not batch.rewards:
                break

            # Which answer was better than the others of its group?
            weights = advantages(np.stack(batch.rewards), std=stage.advantage_std).flatten().tolist()
            samples = [sample for group in batch.samples for sample in group]
            rows = [_row(prompt, sample) for prompt, group in zip(batch.prompts, batch.samples, strict=True)
                    for sample in group]  # fmt: skip

            # More of what was better, within the clip around the policy that sampled
            old = [sample.logprobs for sample in samples]
            objective = clipped_objective(old, weights, clip=stage.clip, loss=stage.loss)
            with run.phase("learn"):
                rate = learning_rate(stage, run.share(order.epochs))
                update = take_step(policy.model, optimizer, rows, objective, lr=rate, temperature=stage.temperature)

            run.update += 1
            metrics = {"lr": rate, "epochs": order.epochs} | asdict(update) | batch.metrics()
            metrics |= {"floor_constant": floor.constant, "floor_previous_action": floor.previous_action}
            if stage.evaluate_every and run.update % stage.evaluate_every == 0:
                with run.phase("held_out"):
                    seen = look(policy, held_out, max_tokens=recipe.eval.max_tokens, compare=stage.compare)
                metrics["held_out"] = asdict(seen)
            run.log(metrics)
            run.save(policy, optimizer, {"position": order.position})
        return run.end(policy, optimizer, {"position": order.position})


@dataclass
class _Batch:
    """The kept groups, and the rewards of every group that was drawn for this update."""

    prompts: list[tuple[int, ...]] = field(default_factory=list)
    samples: list[list[Sample]] = field(default_factory=list)
    rewards: list[Floats] = field(default_factory=list)
    drawn: list[Floats] = field(default_factory=list)
    informative: list[bool] = field(default_factory=list)

    def metrics(self) -> dict[str, Any]:
        """The figures of the batch; the reward is that of all answers, not of the kept ones."""
        rewards_BG = np.stack(self.drawn)
        spread_B, dropped_B = spread(rewards_BG), ~np.array(self.informative)
        return {
            "reward_mean": float(rewards_BG.mean()),
            "reward_std": float(rewards_BG.std()),
            "format_errors": float((rewards_BG == FORMAT_PENALTY).mean()),
            "groups_drawn": len(self.drawn),
            "groups_kept": len(self.rewards),
            "groups_dropped": int(dropped_B.sum()),
            "share_spread_below_0.05": float((spread_B < 0.05).mean()),
            "share_dropped_unequal_below_0.05": float((dropped_B & (spread_B > 1e-9) & (spread_B < 0.05)).mean()),
        }


def _fill(policy: TorchPolicy, order: Order[Lesson], stage: Srl, run: Run) -> _Batch:
    """Sample and filter until `batch_size` groups are informative (dynamic sampling, section 4 of the paper).

    Ends early with what there is at the time limit or after `max_draws`. Raises InputError when every group agreed.
    """
    batch = _Batch()
    for draw in range(stage.max_draws):
        lessons_B = order.take(still_to_draw(stage.batch_size, len(batch.rewards), len(batch.drawn)))
        prompts_B = [prompt_ids(lesson, policy.chat) for lesson in lessons_B]
        with run.phase("sample"):
            samples_BG = policy.sample(
                prompts_B, group_size=stage.group_size, max_tokens=stage.max_tokens,
                temperature=stage.temperature, seed=run.seed(draw),
            )  # fmt: skip

        # How close did each answer come to what the expert did?
        with run.phase("reward"):
            rewards_BG = np.array(
                [[step_reward(sample.text, lesson.action, compare=stage.compare) for sample in group]
                 for lesson, group in zip(lessons_B, samples_BG, strict=True)]
            )  # fmt: skip

        # A group that agrees has no gradient; what is left over of the last draw is not used
        keep_B = informative(rewards_BG, min_std=stage.min_std)
        batch.drawn += list(rewards_BG)
        batch.informative += keep_B.tolist()
        for index in np.flatnonzero(keep_B)[: stage.batch_size - len(batch.rewards)]:
            batch.prompts.append(prompts_B[index])
            batch.samples.append(samples_BG[index])
            batch.rewards.append(rewards_BG[index])
        if len(batch.rewards) == stage.batch_size or run.late():
            return batch
    if not batch.rewards:
        raise InputError(_collapsed(batch, stage, run))
    return batch


def _collapsed(batch: _Batch, stage: Srl, run: Run) -> str:
    mean = float(np.mean(batch.drawn))
    if mean == FORMAT_PENALTY:
        why = "every reply has a broken format: let SFT teach it first ([sft] enabled), or raise srl.max_tokens"
    elif mean > 0.99:
        why = "every reply is the expert's: there is nothing left to learn"
    else:
        why = "raise srl.temperature, or lower srl.min_std"
    return (
        f"{run.folder}: update {run.update + 1}: none of {len(batch.drawn)} groups has a spread above {stage.min_std} "
        f"(mean reward {mean:.3f}); {why}"
    )


def _row(prompt: tuple[int, ...], sample: Sample) -> Row:
    scored = (False,) * len(prompt) + (True,) * len(sample.token_ids)
    return Row(prompt + sample.token_ids, scored)
