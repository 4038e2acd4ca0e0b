"""How often a policy resolves held-out tasks, and what else it did: stop reasons, format, applied patches, lengths.

Episodes whose sandbox failed are counted beside the rate and are in neither its numerator nor its denominator.
"""

__all__ = ["Evaluation", "Score", "evaluate", "read_predictions", "score", "write_predictions"]

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srl_swe.errors import InputError
from srl_swe.evaluate.statistics import pass_at_k, wilson
from srl_swe.policy.policy import Policy
from srl_swe.policy.rollout import Episode, Stop, play
from srl_swe.recipe import Recipe
from srl_swe.tasks.task import Task


@dataclass(frozen=True)
class Score:
    """A set of tasks in figures. `rate` is the mean over tasks of the share of their episodes that resolved."""

    resolved: int
    tasks: int
    rate: float
    interval95: tuple[float, float]
    pass_at_k: float
    samples: int
    stops: dict[str, int]
    failures: int
    format_rate: float  # replies that were well-formed
    apply_rate: float  # submitted episodes whose patch applied and changed something
    steps: float  # mean per episode
    tokens: float  # written by the policy, mean per episode


@dataclass(frozen=True)
class Evaluation:
    """A score and the episodes that it was counted from."""

    score: Score
    episodes: list[list[Episode]]

    def to_json(self) -> dict[str, Any]:
        """The contract of `srl-swe eval --json`."""
        verdicts = {
            group[0].task: "resolved"
            if any(episode.reward == 1.0 for episode in group)
            else "sandbox error"
            if all(episode.failure for episode in group)
            else "unresolved"
            for group in self.episodes
        }
        return asdict(self.score) | {"verdicts": verdicts}


def evaluate(
    policy: Policy,
    tasks: Sequence[Task],
    recipe: Recipe,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Play every task as the recipe's [eval] table says (once when greedy) and count."""
    episodes = play(
        policy,
        tasks,
        sandboxes=recipe.sandbox,
        group_size=1 if recipe.eval.temperature == 0 else recipe.eval.samples,
        max_steps=recipe.eval.max_steps,
        max_tokens=recipe.eval.max_tokens,
        token_budget=recipe.data.token_budget,
        temperature=recipe.eval.temperature,
        seed=recipe.seed,
        progress=progress,
    )
    return Evaluation(score(episodes), episodes)


def score(episodes: Sequence[Sequence[Episode]]) -> Score:
    """Count played episodes, grouped by task."""
    valid = [[episode for episode in group if episode.failure is None] for group in episodes]
    valid = [group for group in valid if group]
    flat = [episode for group in valid for episode in group]
    wins = [sum(episode.reward == 1.0 for episode in group) for group in valid]
    resolved = sum(win > 0 for win in wins)
    samples = max((len(group) for group in valid), default=1)
    rate = sum(win / len(group) for win, group in zip(wins, valid, strict=True)) / max(1, len(valid))
    submitted = [episode for episode in flat if episode.stop == Stop.SUBMITTED]
    replies = sum(len(episode.trajectory.steps) for episode in flat)
    return Score(
        resolved=resolved,
        tasks=len(valid),
        rate=rate,
        interval95=wilson(sum(wins), len(flat)) if samples == 1 else _clustered(wins, valid),
        pass_at_k=sum(pass_at_k(len(g), w, len(g)) for w, g in zip(wins, valid, strict=True)) / max(1, len(valid)),
        samples=samples,
        stops=dict(Counter(str(episode.stop) for group in episodes for episode in group)),
        failures=sum(episode.failure is not None for group in episodes for episode in group),
        format_rate=1.0 - sum(episode.format_errors for episode in flat) / max(1, replies),
        apply_rate=sum(episode.patch_applied for episode in submitted) / max(1, len(submitted)),
        steps=replies / max(1, len(flat)),
        tokens=sum(sum(episode.conversation.written) for episode in flat) / max(1, len(flat)),
    )


def _clustered(wins: Sequence[int], groups: Sequence[Sequence[Episode]]) -> tuple[float, float]:
    """Wilson at the number of tasks, not of episodes: samples of one task are not independent. Conservative."""
    rate = sum(win / len(group) for win, group in zip(wins, groups, strict=True)) / max(1, len(groups))
    return wilson(round(rate * len(groups)), len(groups))


def write_predictions(path: Path, episodes: Iterable[Sequence[Episode]], model: str) -> None:
    """SWE-bench predictions, one JSON line a task: the first episode's patch."""
    with path.open("w", encoding="utf-8") as file:
        for group in episodes:
            row = {
                "instance_id": group[0].task,
                "model_name_or_path": model,
                "model_patch": group[0].trajectory.patch,
            }
            file.write(json.dumps(row) + "\n")


def read_predictions(path: Path) -> dict[str, str]:
    """Patches by task id, from SWE-bench predictions: JSONL, a JSON list, or a JSON object by id."""
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            data = json.loads(text)
            rows = data if isinstance(data, list) else [{"instance_id": key} | row for key, row in data.items()]
        return {row["instance_id"]: row["model_patch"] or "" for row in rows}
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not SWE-bench predictions ({error}); each row needs instance_id and model_patch"
        ) from error
