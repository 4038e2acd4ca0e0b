"""A recipe: one TOML file that says everything about a run, read into typed, frozen settings.

The defaults of the classes are the paper's (arXiv 2510.25992, Tables 6 to 8) where it states a value, and a written
choice where it does not; a recipe file overrides what differs. Nothing here opens a model, data or a sandbox.
"""

__all__ = [
    "Data", "Eval", "Model", "Recipe", "Rlvr", "Sandboxes", "Sft", "Srl", "Stage", "Table", "override", "read_recipe",
    "write_recipe",
]  # fmt: skip

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srl_swe.errors import InputError, did_you_mean

Names = Annotated[tuple[str, ...], Field(strict=False)]  # TOML has lists, the settings are frozen
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Table(BaseModel):
    """One table of the file: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Model(Table):
    """The policy that is trained: a folder in `save_pretrained` layout, or a name that transformers can find."""

    path: str = "data/models/tiny"
    dtype: Literal["float32", "bfloat16"] = "float32"
    system_prompt: str = "none"  # "full" tells what the actions are; anything else is the text itself


class Data(Table):
    """Expert trajectories (SFT, SRL) and the repositories whose tasks are played (RLVR)."""

    trajectories: Names = ()  # JSONL files, or folders of them; looked up here, then among the bundled files
    repositories: Names = ()  # names; empty for every bundled one that is not held out
    context_rounds: Count | None = None  # unset: append-only; 2: the window drawn in the paper's figure
    token_budget: Count = 8192  # of a prompt; when it is full the window's start moves in blocks of rounds
    resolved_only: bool = True  # the paper keeps trajectories with a correct patch
    keep_last: bool = False  # N−1 lessons: the last step is never a target
    max_steps: Count | None = None
    max_action_chars: Count | None = None
    holdout: Annotated[int, Field(ge=0)] = 30  # whole trajectories, so that no prefix leaks
    max_trajectories: Count | None = None


class Stage(Table):
    """What the three stages share. A stage ends at the first of its limits; resuming adds up."""

    enabled: bool = True
    lr: Positive = 5e-7
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the stage
    batch_size: Count = 512
    epochs: Count = 30
    max_updates: Count | None = None
    max_seconds: Positive | None = None
    grad_norm: Positive = 1.0
    weight_decay: NotNegative = 0.0
    betas: Annotated[tuple[float, float], Field(strict=False)] = (0.9, 0.999)
    loss: Literal["seq-mean", "token-mean"] = "seq-mean"  # Equation 1 has 1/|o|: the mean of every sequence
    micro_tokens: Count = 16384  # raw tokens of one forward pass; longer batches accumulate gradients
    checkpoint_every: Count = 20
    evaluate_every: Annotated[int, Field(ge=0)] = 20  # updates between two looks at the held-out lessons; 0: at the end


class Group(Stage):
    """What the two stages that sample share: groups of answers, their advantages, the clipped objective."""

    group_size: Annotated[int, Field(ge=2)] = 8
    temperature: Positive = 1.0
    max_tokens: Count = 512  # of one reply; a reply that is cut off has a broken format
    clip: Positive = 0.2
    advantage_std: Literal["sample", "population"] = "sample"
    max_draws: Count = 16  # batches drawn for one update before a policy whose groups all agree is an error


class Sft(Stage):
    """Imitation of the expert's actions by cross-entropy (paper, Table 6)."""

    enabled: bool = False
    lr: Positive = 5e-6
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.3
    batch_size: Count = 64
    epochs: Count = 3


class Srl(Group):
    """Supervised reinforcement learning (paper, Table 8). `batch_size` counts prompts, each with a whole group."""

    compare: Literal["action", "values"] = "action"  # the canonical text with its markup, or the values alone
    min_std: NotNegative = 0.001  # one wrong operator in an edit is worth 0.03 of similarity: 0.02 would drop the fix


class Rlvr(Group):
    """GRPO on whole episodes with the hidden tests' verdict (paper, Table 7). `batch_size` counts tasks."""

    batch_size: Count = 128
    max_steps: Count = 30
    min_std: NotNegative = 0.0  # DAPO: a group that is all right or all wrong is dropped


class Eval(Table):
    """How the held-out sets are played after each stage."""

    tasks: Annotated[int, Field(ge=0)] = 0  # of each set; 0 for all
    max_steps: Count = 30
    max_tokens: Count = 512
    temperature: NotNegative = 0.0
    samples: Count = 1
    lessons: Annotated[int, Field(ge=0)] = 0  # held-out lessons of one look; 0 for all


class Sandboxes(Table):
    """Which tier, what one sandbox may use, and how many are open at a time."""

    tier: Literal["auto", "docker", "namespace", "recorded", "none"] = "auto"
    parallel: Count = 4
    timeout_s: Positive = 30.0
    memory_mb: Count = 1024
    pids: Count = 128
    cpus: Positive = 1.0
    disk_mb: Count = 256


class Recipe(Table):
    """Everything about a run. Equal recipes give equal runs where every stage is bounded by updates."""

    seed: int = 0
    model: Model = Model()
    data: Data = Data()
    sft: Sft = Sft()
    srl: Srl = Srl()
    rlvr: Rlvr = Rlvr()
    eval: Eval = Eval()
    sandbox: Sandboxes = Sandboxes()


def read_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """The recipe in a TOML file, with `--set` overrides. Raises InputError with the file and the key that is wrong."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such recipe; data/recipes holds those that ship") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not a readable TOML file ({error})") from error
    return override(_checked(values, str(path)), settings)


def override(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """The recipe with `table.key=value` settings applied; a value is TOML, and a bare word is a string."""
    for setting in settings:
        name, separator, text = setting.partition("=")
        *tables, key = name.strip().split(".")
        if not separator or not key or len(tables) > 1:
            raise InputError(f"--set {setting}: expected table.key=value, such as srl.group_size=4")
        values = recipe.model_dump(exclude_unset=True)
        table = values.setdefault(tables[0], {}) if tables else values
        if not isinstance(table, dict):
            raise InputError(f"--set {setting}: {tables[0]!r} is a value, not a table; write {tables[0]}=…")
        table[key] = _value(text.strip())
        recipe = _checked(values, f"--set {setting}")
    return recipe


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write every value, defaults included, so that the file alone repeats the run. Unset limits are left out."""
    values = recipe.model_dump()
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if not isinstance(value, dict)]
    for name, table in values.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _checked(values: Mapping[str, Any], where: str) -> Recipe:
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_sentence(error.errors()[0])}") from error


def _sentence(error: Any) -> str:
    """The first thing that is wrong, in the words of the file."""
    *tables, key = [str(part) for part in error["loc"] if isinstance(part, str)]
    table = f"[{tables[0]}] " if tables else ""
    if error["type"] == "extra_forbidden":
        known = _tables()[tables[0]] if tables else Recipe
        return f"{table or 'a recipe '}has no key {key!r}; {did_you_mean(key, known.model_fields)}"
    said = str(error["msg"])
    return f"{table}{key}: {said[0].lower()}{said[1:]}, got {error['input']!r}"


def _tables() -> dict[str, type[Table]]:
    return {
        "model": Model, "data": Data, "sft": Sft, "srl": Srl, "rlvr": Rlvr, "eval": Eval, "sandbox": Sandboxes,
    }  # fmt: skip


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    # JSON's strings, numbers and booleans are TOML's, but for the one control character that JSON leaves as it is
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
