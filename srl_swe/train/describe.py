"""What a recipe will do, without a model: lessons or tasks, batches, updates, tokens, and an estimate of the memory.

Tokens are counted with the model's tokenizer where it lies on this machine, else estimated from characters. The memory
is that of the weights with AdamW and of one forward pass; it is an estimate to plan with, not a promise.
"""

__all__ = ["describe"]

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from srl_swe.errors import InputError
from srl_swe.experts.action import render_reply
from srl_swe.experts.lessons import Lesson, prompt_of
from srl_swe.recipe import Recipe, Stage
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.repository import load_repository, repositories
from srl_swe.train.held_out import evenly
from srl_swe.train.lesson_data import find, read_lessons

_CHARACTERS_PER_TOKEN = 3.2  # of code and logs in Qwen2.5's vocabulary
_LOOKED_AT = 200  # lessons whose tokens are counted


def describe(recipe: Recipe, stage: str) -> dict[str, Any]:
    """The plan of one stage ("sft", "srl", "rlvr"). Missing data is said, wrong data raises InputError."""
    settings: Stage = getattr(recipe, stage)
    length, counted = _length(recipe.model.path)
    plan: dict[str, Any] = {"stage": stage, "model": recipe.model.path, "dtype": recipe.model.dtype}
    items, data = _tasks(recipe) if stage == "rlvr" else _lessons(recipe, settings, length)
    plan |= data | {"tokens_counted_with": counted}
    group = getattr(settings, "group_size", 1)
    plan["batch"] = {"prompts": settings.batch_size, "samples": settings.batch_size * group}
    plan["updates"] = _updates(settings, items)
    plan["memory_gb"] = _memory(recipe, settings)
    return plan


def _lessons(recipe: Recipe, stage: Stage, length: Callable[[str], int]) -> tuple[int, dict[str, Any]]:
    missing = [name for name in recipe.data.trajectories if not _exists(name)]
    if missing:
        return 0, {"lessons": None, "missing": missing}
    data = read_lessons(recipe.data, seed=recipe.seed, length=length)
    lessons = [lesson for unit in data.train for lesson in unit]
    chosen = evenly(lessons, _LOOKED_AT)
    prompts = sorted(_prompt_tokens(lesson, length) for lesson in chosen)
    targets = sorted(length(render_reply(lesson.action)) + 1 for lesson in chosen)
    # Lessons of a trajectory share their beginnings: a batch holds the longest prompt of each once, and every answer
    units = data.train[:: max(1, len(data.train) // 20)]
    longest = [max(_prompt_tokens(lesson, length) for lesson in unit) for unit in units]
    distinct = sum(longest) / sum(len(unit) for unit in units)
    group = getattr(stage, "group_size", 1)
    answer = sum(targets) / len(targets)
    return len(lessons), {
        "trajectories": len(data.train),
        "lessons": len(lessons),
        "held_out_lessons": len(data.held_out),
        "left_out": data.left_out,
        "prompt_tokens": _quantiles(prompts),
        "target_tokens": _quantiles(targets),
        "update_tokens": {
            "rows": round(stage.batch_size * group * (sum(prompts) / len(prompts) + answer)),
            "after_sharing_prefixes": round(stage.batch_size * (distinct + group * answer)),
        },
    }


def _tasks(recipe: Recipe) -> tuple[int, dict[str, Any]]:
    names = recipe.data.repositories or tuple(n for n in repositories() if not load_repository(n).held_out)
    counts = {name: len(read_tasks(name, "train")) for name in names}
    episode = {"steps": recipe.rlvr.max_steps, "tokens": recipe.data.token_budget}
    return sum(counts.values()), {"tasks": counts, "episode_at_most": episode}


def _exists(name: str) -> bool:
    try:
        find(name)
    except InputError:
        return False
    return True


def _updates(stage: Stage, items: int) -> dict[str, Any]:
    """The limits of a stage; groups that the filter drops are drawn again, so epochs may end sooner than they say."""
    limits: dict[str, Any] = {"at_most": stage.max_updates, "seconds_at_most": stage.max_seconds}
    limits["in_all_epochs_at_most"] = -(-stage.epochs * items // stage.batch_size) if items else None
    return limits


def _prompt_tokens(lesson: Lesson, length: Callable[[str], int]) -> int:
    return sum(length(turn.text) for turn in prompt_of(lesson))


def _quantiles(values: list[int]) -> dict[str, int]:
    return {"median": values[len(values) // 2], "p95": values[int(len(values) * 0.95)], "max": values[-1]}


def _length(model: str) -> tuple[Callable[[str], int], str]:
    if _exists(model) and (find(model) / "tokenizer.json").exists():
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(find(model) / "tokenizer.json"))
        return (lambda text: len(tokenizer.encode(text, add_special_tokens=False))), "the model's tokenizer"
    return (lambda text: round(len(text) / _CHARACTERS_PER_TOKEN)), f"{_CHARACTERS_PER_TOKEN} characters a token"


def _memory(recipe: Recipe, stage: Stage) -> dict[str, float] | None:
    """Weights, gradients and AdamW's two moments in fp32 (and a bf16 copy), and the activations of one pass."""
    config = _config(recipe.model.path)
    parameters = _parameters(config, recipe.model.path)
    if parameters is None:
        return None
    per_parameter = 16 if recipe.model.dtype == "float32" else 20
    found = {"parameters_e9": round(parameters / 1e9, 4), "weights_and_optimizer": parameters * per_parameter / 1e9}
    if config:
        width = 4 if recipe.model.dtype == "float32" else 2
        # Of each layer: its input, attention (4 × hidden) and the gated block (3 × intermediate) are kept for backward
        kept = config["num_hidden_layers"] * (6 * config["hidden_size"] + 3 * config["intermediate_size"])
        found["one_pass"] = stage.micro_tokens * kept * width / 1e9
    return {name: round(value, 4) for name, value in found.items()}


def _config(model: str) -> dict[str, Any]:
    if not _exists(model) or not (find(model) / "config.json").exists():
        return {}
    config: dict[str, Any] = json.loads((find(model) / "config.json").read_text(encoding="utf-8"))
    return config


def _parameters(config: dict[str, Any], model: str) -> float | None:
    """Of a dense decoder, from its configuration, else from a name such as `…-7B-…`."""
    if not config:
        named = re.search(r"(\d+(?:\.\d+)?)[bB](?![a-zA-Z])", Path(model).name)
        return float(named.group(1)) * 1e9 if named else None
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    shared = config.get("num_key_value_heads", heads) / heads
    layer = hidden * hidden * (2 + 2 * shared) + 3 * hidden * config["intermediate_size"] + 2 * hidden
    embeddings = config["vocab_size"] * hidden * (1 if config.get("tie_word_embeddings") else 2)
    return float(config["num_hidden_layers"] * layer + embeddings)
