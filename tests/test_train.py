"""Training: an update, checkpoints, the three loops, and runs that are killed and go on."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny import save_tiny_model, save_trajectories
from transformers import AutoModelForCausalLM, AutoTokenizer

from srl_swe.bundled import bundled
from srl_swe.errors import InputError
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe, Stage, override, read_recipe, write_recipe
from srl_swe.train import checkpoint
from srl_swe.train.describe import describe
from srl_swe.train.grpo import clipped_objective
from srl_swe.train.held_out import look
from srl_swe.train.lesson_data import prompt_ids, read_lessons
from srl_swe.train.order import Order, still_to_draw
from srl_swe.train.packed import Row
from srl_swe.train.run import open_run
from srl_swe.train.sft import train_sft
from srl_swe.train.srl import train_srl
from srl_swe.train.step import Optimizer, learning_rate, take_step

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("model"))


def _model(tiny, dtype=torch.float32):
    return AutoModelForCausalLM.from_pretrained(tiny, dtype=dtype)


ROWS = [
    Row((65, 66, 67, 68, 69), (False, False, True, True, True)),
    Row((65, 66, 70, 71), (False, False, True, True)),
    Row((80, 81, 82), (False, True, False)),  # an observation after the answer
]


def _objective(rows, weights=(1.0, -1.0, 0.5), loss="seq-mean"):
    old = [[-5.0] * sum(row.scored) for row in rows]
    return clipped_objective(old, weights, clip=0.2, loss=loss)


# Order


def test_a_trajectory_stays_together_and_an_epoch_sees_everything_once():
    order = Order([["a1", "a2", "a3"], ["b1"], [], ["c1", "c2"]], seed=0)
    epoch = order.take(6)
    assert sorted(epoch) == ["a1", "a2", "a3", "b1", "c1", "c2"]
    assert [item for item in epoch if item[0] == "a"] == ["a1", "a2", "a3"]
    assert "a1a2a3" in "".join(epoch)
    assert order.epochs == 1.0


def test_order_goes_on_where_its_position_says():
    units = [[(unit, item) for item in range(3)] for unit in range(5)]
    whole = Order(units, seed=3)
    first, second = whole.take(7), whole.take(20)
    assert Order(units, seed=3, position=7).take(20) == second
    assert Order(units, seed=4).take(7) != first


def test_refill_asks_for_what_is_missing_at_the_rate_so_far():
    assert still_to_draw(8, 0, 0) == 8
    assert still_to_draw(8, 6, 8) == 3  # two missing, three in four kept
    assert still_to_draw(8, 0, 8) == 8
    assert still_to_draw(8, 1, 100) == 8  # never more than a batch at a time


# One update


def test_observation_tokens_carry_no_gradient(tiny):
    model = _model(tiny)
    stage = Stage(lr=1e-3)
    seen = []
    for last in (82, 90):  # the same answer, another observation after it
        rows = [Row((80, 81, last), (False, True, False))]
        optimizer = Optimizer(model, stage)
        seen.append(take_step(model, optimizer, rows, _objective(rows, (1.0,)), lr=0.0).grad_norm)
    assert seen[0] == pytest.approx(seen[1])
    assert seen[0] > 0


@pytest.mark.parametrize("loss", ["seq-mean", "token-mean"])
def test_the_gradient_does_not_depend_on_the_number_of_passes(tiny, loss):
    norms = []
    for micro_tokens in (1, 10_000):
        model = _model(tiny)
        optimizer = Optimizer(model, Stage(micro_tokens=micro_tokens, loss=loss))
        norms.append(take_step(model, optimizer, ROWS, _objective(ROWS, loss=loss), lr=0.0).grad_norm)
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_an_update_moves_the_policy_towards_what_was_better(tiny):
    model = _model(tiny)
    optimizer = Optimizer(model, Stage(lr=1e-3))
    before = _logprob(model, ROWS[0]), _logprob(model, ROWS[1])
    for _ in range(3):
        take_step(model, optimizer, ROWS[:2], clipped_objective(
            [_tokens(model, row) for row in ROWS[:2]], (1.0, -1.0), clip=0.2, loss="seq-mean"), lr=1e-3)  # fmt: skip
    assert _logprob(model, ROWS[0]) > before[0]
    assert _logprob(model, ROWS[1]) < before[1]


def test_bf16_weights_move_at_the_papers_learning_rate(tiny):
    model = _model(tiny, torch.bfloat16)
    optimizer = Optimizer(model, Stage(lr=5e-7))
    before = [master.clone() for master in optimizer.masters]
    for _ in range(4):
        take_step(model, optimizer, ROWS, _objective(ROWS), lr=5e-7)
    moved = [(master - old).abs().max().item() for master, old in zip(optimizer.masters, before, strict=True)]
    assert max(moved) == pytest.approx(4 * 5e-7, rel=0.1)  # rounded to bf16 after every step it would be 0 or 1e-4
    assert all(torch.equal(p, m.to(torch.bfloat16)) for p, m in zip(model.parameters(), optimizer.masters, strict=True))


def test_gradient_that_is_not_finite_is_one_sentence(tiny):
    model = _model(tiny)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(InputError, match="lower lr"):
        take_step(model, Optimizer(model, Stage()), ROWS, _objective(ROWS), lr=1.0)


def test_learning_rate_warms_up_and_follows_the_cosine_to_zero():
    stage = Stage(lr=1.0, schedule="cosine", warmup=0.3)
    assert [learning_rate(stage, at) for at in (0.0, 0.15, 0.3, 0.65, 1.0)] == pytest.approx([0, 0.5, 1, 0.5, 0])
    assert learning_rate(Stage(lr=1.0), 0.0) == learning_rate(Stage(lr=1.0), 1.0) == 1.0


def _tokens(model, row):
    with torch.no_grad():
        logits = model(torch.tensor([row.token_ids])).logits[0, :-1].log_softmax(-1)
    ids = torch.tensor(row.token_ids[1:])
    return logits.gather(-1, ids[:, None])[:, 0][torch.tensor(row.scored[1:])].tolist()


def _logprob(model, row):
    return sum(_tokens(model, row))


# Checkpoints


def _save(folder, tiny, update, model=None, **state):
    model = model or _model(tiny)
    optimizer = Optimizer(model, Stage(lr=1e-3))
    take_step(model, optimizer, ROWS, _objective(ROWS), lr=1e-3)
    checkpoint.save(folder, update, model, AutoTokenizer.from_pretrained(tiny), optimizer, state)
    return model, optimizer


def test_checkpoint_loads_in_transformers_as_it_is_and_keeps_the_trainers_state(tmp_path, tiny):
    model, optimizer = _save(tmp_path, tiny, 7, position=41)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "7")
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    assert len(AutoTokenizer.from_pretrained(tmp_path / "7")) == len(AutoTokenizer.from_pretrained(tiny))
    other = _model(tiny)
    moments = Optimizer(other, Stage(lr=1e-3))
    assert checkpoint.load(tmp_path / "7", other, moments) == {"position": 41}
    assert _logprob(other, ROWS[0]) == _logprob(model, ROWS[0])
    assert _same(moments.adamw.state_dict(), optimizer.adamw.state_dict())


def _same(left, right):
    if isinstance(left, torch.Tensor):
        return torch.equal(left, right)
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return left == right


def test_partial_checkpoint_is_never_loaded(tmp_path, tiny):
    _save(tmp_path, tiny, 4)
    (tmp_path / "9.partial").mkdir()
    (tmp_path / "9.partial" / "config.json").write_text("{}")
    assert checkpoint.latest(tmp_path) == tmp_path / "4"


def test_last_two_are_kept_and_final_points_to_the_last(tmp_path, tiny):
    for update in (8, 9, 10, 11):
        _save(tmp_path, tiny, update)
    checkpoint.finish(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["10", "11", "final"]
    assert (tmp_path / "final" / "config.json").exists()


def test_failed_write_keeps_the_last_good_checkpoint_and_says_so(tmp_path, tiny):
    code = f"""
import resource, sys, signal
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
import torch; torch.set_num_threads(1)
import test_train as t
folder, tiny = Path({str(tmp_path)!r}), Path({str(tiny)!r})
t._save(folder, tiny, 1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # what a full disk does to a writer
try:
    t._save(folder, tiny, 2)
except t.InputError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "could not be written" in said
    assert f"the last good one is {tmp_path / '1'}" in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


# Run folders


def test_run_of_another_recipe_is_refused_and_names_the_difference(tmp_path):
    with open_run(tmp_path, Recipe(), "srl"):
        pass
    with (
        pytest.raises(InputError, match=r"srl\.lr is 5e-07 there and 0\.1 here"),
        open_run(tmp_path, override(Recipe(), ["srl.lr=0.1"]), "srl"),
    ):
        pass


def test_run_may_be_prolonged(tmp_path):
    with open_run(tmp_path, Recipe(), "srl"):
        pass
    with open_run(tmp_path, override(Recipe(), ["srl.max_updates=9"]), "srl"):
        pass
    assert "max_updates = 9" in (tmp_path / "recipe.toml").read_text()


def test_folder_with_something_else_in_it_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no run"), open_run(tmp_path, Recipe(), "srl"):
        pass


def test_two_processes_cannot_train_in_one_folder(tmp_path):
    with (
        open_run(tmp_path, Recipe(), "srl"),
        pytest.raises(InputError, match="another process"),
        open_run(tmp_path, Recipe(), "srl"),
    ):
        pass


# The loops


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, tiny):
    """A recipe whose model has been shown the format for a second: it writes an action about half of the time."""
    folder = tmp_path_factory.mktemp("warm")
    save_trajectories(folder / "trajectories.jsonl", 12)
    recipe = override(
        Recipe(),
        [
            f"model.path={tiny}", f"data.trajectories=['{folder}/trajectories.jsonl']", "data.holdout=2",
            "sft.max_updates=50", "sft.epochs=1000", "sft.batch_size=12", "sft.lr=5e-3", "sft.schedule=constant",
            "sft.warmup=0.1", "sft.checkpoint_every=50", "sft.evaluate_every=0", "eval.max_tokens=60",
            "srl.batch_size=4", "srl.group_size=4", "srl.max_tokens=60", "srl.lr=1e-3", "srl.max_updates=10",
            "srl.checkpoint_every=3", "srl.evaluate_every=3",
        ],
    )  # fmt: skip
    policy, data = _opened(recipe)
    ended = train_sft(recipe, folder / "sft", policy, data)
    return override(recipe, [f"model.path={ended.checkpoint}"])


def _opened(recipe):
    policy = TorchPolicy.load(recipe.model.path)
    return policy, read_lessons(recipe.data, seed=recipe.seed, length=lambda text: len(policy.chat.encode(text)))


def _metrics(folder, timing=("seconds", "stage_seconds", "tokens_per_s")):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in timing} for line in lines]


@pytest.fixture(scope="module")
def srl_run(tmp_path_factory, recipe):
    """An uninterrupted SRL run."""
    folder = tmp_path_factory.mktemp("srl") / "run"
    policy, data = _opened(recipe)
    train_srl(recipe, folder, policy, data)
    return folder


def _in_a_process(stage, recipe, folder, *place):
    path = folder.parent / "recipe.toml"
    write_recipe(recipe, path)
    script = Path(__file__).with_name("train_in_a_process.py")
    return subprocess.run(
        [sys.executable, str(script), stage, str(path), str(folder), *place], capture_output=True, text=True
    )


def test_sft_teaches_the_format(recipe, tiny):
    untaught, data = _opened(override(recipe, [f"model.path={tiny}"]))
    taught, _ = _opened(recipe)
    assert look(untaught, data.held_out, max_tokens=60).format_rate == 0
    assert look(taught, data.held_out, max_tokens=60).format_rate > 0.5
    losses = [line["loss"] for line in _metrics(Path(recipe.model.path).parents[1])]
    assert losses[-1] < losses[0] / 4


def test_held_out_trajectories_are_never_trained_on(recipe):
    _, data = _opened(recipe)
    trained = {lesson.trajectory.id for unit in data.train for lesson in unit}
    held_out = {lesson.trajectory.id for lesson in data.held_out}
    assert len(held_out) == 2
    assert not trained & held_out


def test_lessons_of_a_trajectory_share_their_beginnings_token_for_token(recipe):
    policy, data = _opened(recipe)
    first, second, *_ = [prompt_ids(lesson, policy.chat) for lesson in data.train[0]]
    assert second[: len(first)] == first


def test_srl_writes_the_run_folder_of_the_design(srl_run):
    assert {"recipe.toml", "metrics.jsonl", "checkpoints"} <= {path.name for path in srl_run.iterdir()}
    lines = [json.loads(line) for line in (srl_run / "metrics.jsonl").read_text().splitlines()]
    assert [line["update"] for line in lines] == list(range(1, 11))
    assert {
        "reward_mean", "reward_std", "floor_constant", "floor_previous_action", "groups_kept", "groups_dropped",
        "format_errors", "entropy", "clip_fraction", "grad_norm", "tokens_per_s", "seconds",
    } <= lines[0].keys()  # fmt: skip
    assert [line["update"] for line in lines if "held_out" in line] == [3, 6, 9]
    assert AutoModelForCausalLM.from_pretrained(srl_run / "checkpoints" / "final").num_parameters() > 0


def test_the_filter_refills_the_batch(srl_run):
    lines = _metrics(srl_run)
    assert all(line["groups_kept"] == 4 for line in lines)
    assert any(line["groups_dropped"] > 0 for line in lines)
    assert all(line["groups_drawn"] >= line["groups_kept"] + line["groups_dropped"] for line in lines)


def test_the_engine_that_sampled_and_the_one_that_learns_agree(srl_run):
    assert all(line["clip_fraction"] == 0 for line in _metrics(srl_run))


def test_srl_changes_the_weights(recipe, srl_run):
    before = AutoModelForCausalLM.from_pretrained(recipe.model.path)
    after = AutoModelForCausalLM.from_pretrained(srl_run / "checkpoints" / "final")
    assert not torch.equal(before.lm_head.weight, after.lm_head.weight)


def test_equal_seeds_give_equal_runs_and_other_seeds_others(recipe, srl_run, tmp_path):
    for seed, equal in ((0, True), (1, False)):
        changed = override(recipe, [f"seed={seed}"])
        policy, data = _opened(changed)
        train_srl(changed, tmp_path / str(seed), policy, data)
        assert (_metrics(tmp_path / str(seed)) == _metrics(srl_run)) is equal


def test_a_policy_whose_groups_all_agree_is_told_why(recipe, tiny, tmp_path):
    recipe = override(recipe, [f"model.path={tiny}", "srl.max_draws=2"])
    policy, data = _opened(recipe)
    with pytest.raises(InputError, match="every reply has a broken format: let SFT teach it first"):
        train_srl(recipe, tmp_path / "run", policy, data)


def test_a_time_limit_ends_the_stage_after_an_update(recipe, tmp_path):
    recipe = override(recipe, ["srl.max_seconds=0.2", "srl.max_updates=100000"])
    policy, data = _opened(recipe)
    ended = train_srl(recipe, tmp_path / "run", policy, data)
    assert 1 <= ended.updates < 50
    assert ended.seconds >= 0.2
    assert len(_metrics(tmp_path / "run")) == ended.updates
    again = train_srl(recipe, tmp_path / "run", _opened(recipe)[0], data)
    assert again.updates == ended.updates
    assert again.checkpoint == ended.checkpoint


def test_a_stage_that_ends_before_its_first_update_still_leaves_a_model(recipe, tiny, tmp_path):
    recipe = override(recipe, [f"model.path={tiny}", "srl.max_seconds=0.01"])
    policy, data = _opened(recipe)
    ended = train_srl(recipe, tmp_path / "run", policy, data)
    assert ended.updates == 0
    assert AutoModelForCausalLM.from_pretrained(ended.checkpoint).num_parameters() > 0


@pytest.mark.parametrize("place", ["log:2", "log:7", "flush:2", "rename:2"])
def test_killed_srl_goes_on_to_the_same_metrics(recipe, srl_run, tmp_path, place):
    killed = _in_a_process("srl", recipe, tmp_path / "run", place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    policy, data = _opened(recipe)
    train_srl(recipe, tmp_path / "run", policy, data)
    assert _metrics(tmp_path / "run") == _metrics(srl_run)
    assert sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir()) == ["10", "9", "final"]
    left, right = (
        AutoModelForCausalLM.from_pretrained(folder / "checkpoints" / "final") for folder in (srl_run, tmp_path / "run")
    )
    assert all(torch.equal(a, b) for a, b in zip(left.parameters(), right.parameters(), strict=True))


# What a recipe will do


def test_dry_run_counts_what_the_loops_will_see(recipe):
    plan = describe(recipe, "srl")
    _, data = _opened(recipe)
    assert plan["lessons"] == sum(len(unit) for unit in data.train)
    assert plan["batch"] == {"prompts": 4, "samples": 16}
    assert plan["updates"]["at_most"] == 10
    assert plan["update_tokens"]["after_sharing_prefixes"] < plan["update_tokens"]["rows"]
    actual = AutoModelForCausalLM.from_pretrained(recipe.model.path).num_parameters()
    assert plan["memory_gb"]["parameters_e9"] == pytest.approx(actual / 1e9, rel=0.02, abs=1e-4)


def test_dry_run_needs_neither_model_nor_data_to_say_what_is_missing():
    plan = describe(read_recipe(bundled("data", "recipes", "srl-swesmith-qwen2.5-coder-7b.toml")), "srl")
    assert plan["missing"] == ["experts.jsonl"]
    assert plan["batch"] == {"prompts": 512, "samples": 4096}
    assert plan["memory_gb"]["weights_and_optimizer"] == 140.0


def test_dry_run_of_rlvr_counts_tasks():
    plan = describe(read_recipe(bundled("data", "recipes", "quickstart.toml")), "rlvr")
    assert plan["tasks"].keys() >= {"texttable"}
