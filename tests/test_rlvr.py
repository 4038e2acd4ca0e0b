"""RLVR: episodes in real sandboxes, of a model that edits in half of its episodes and submits at once in the others."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny import save_tiny_model, save_toy_repository
from transformers import AutoModelForCausalLM

from srl_swe.errors import InputError, SandboxError
from srl_swe.experts.action import Edit, Submit, render_reply
from srl_swe.experts.editor import edited
from srl_swe.experts.trajectory import read_trajectories
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.recipe import Recipe, Stage, override, write_recipe
from srl_swe.sandbox.open import detect
from srl_swe.tasks.disk import read_tasks
from srl_swe.train import rlvr
from srl_swe.train.packed import Row
from srl_swe.train.rlvr import train_rlvr
from srl_swe.train.sft import imitation
from srl_swe.train.step import Optimizer, take_step

torch.set_num_threads(1)
TIMING = ("seconds", "stage_seconds", "tokens_per_s")

pytestmark = pytest.mark.skipif(
    not any(report.works for report in detect()), reason="no sandbox tier works on this machine"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("envs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRL_SWE_ENVS", str(home))
        save_toy_repository(home)
        yield home


@pytest.fixture(scope="module")
def tasks(home):
    return read_tasks("toy", "train")


@pytest.fixture(scope="module")
def recipe(home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("warm")
    policy = TorchPolicy.load(save_tiny_model(folder / "untaught"))
    rows = [row for name in "ab" for row in _episodes(policy.chat, f"{name}.py")]
    optimizer = Optimizer(policy.model, Stage(lr=5e-3))
    for _ in range(300):
        take_step(policy.model, optimizer, rows, imitation(rows, loss="token-mean"), lr=5e-3)
    policy.model.save_pretrained(folder / "taught")
    policy.chat.tokenizer.save_pretrained(folder / "taught")
    return override(
        Recipe(),
        [
            f"model.path={folder / 'taught'}", "data.repositories=['toy']", "rlvr.batch_size=1", "rlvr.group_size=4",
            "rlvr.max_updates=3", "rlvr.max_steps=3", "rlvr.max_tokens=30", "rlvr.lr=1e-3", "rlvr.checkpoint_every=2",
            "sandbox.timeout_s=10.0", "rlvr.epochs=1000",
        ],
    )  # fmt: skip


def _episodes(chat, path):
    """An episode that fixes the bug, and two that submit at once."""
    start = chat.start(f"x is wrong in {path}")
    observation, _ = edited(path, "x = 1\n", "x = 1", "x = 2")
    fixed = chat.observe(chat.reply(start, _ids(chat, Edit(path, "x = 1", "x = 2"))), observation)
    for conversation in (chat.reply(fixed, _ids(chat, Submit())), chat.reply(start, _ids(chat, Submit()))):
        yield Row(conversation.token_ids, conversation.written)


def _ids(chat, action):
    return (*chat.encode(render_reply(action)), chat.stop_id)


@pytest.fixture(scope="module")
def run(recipe, tasks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rlvr") / "run"
    train_rlvr(recipe, folder, TorchPolicy.load(recipe.model.path), tasks)
    return folder


def _metrics(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in TIMING} for line in lines]


def test_rlvr_writes_metrics_and_every_episode_that_it_played(run):
    lines = _metrics(run)
    assert [line["update"] for line in lines] == [1, 2, 3]
    assert all(line["sandbox_failures"] == 0 for line in lines)
    assert all(0 < line["reward_mean"] < 1 for line in lines)
    played = list(read_trajectories(run / "trajectories.jsonl"))
    assert len(played) == sum(line["groups_drawn"] for line in lines) * 4
    assert {trajectory.resolved for trajectory in played} == {True, False}


def test_only_groups_that_disagree_are_learned_from(run):
    assert all(1 <= line["groups_kept"] <= line["groups_drawn"] - line["groups_dropped"] for line in _metrics(run))


def test_sampled_and_learned_probabilities_agree_over_whole_episodes(run):
    assert all(line["clip_fraction"] == 0 for line in _metrics(run))


def test_failed_sandboxes_never_enter_an_update(recipe, tasks, tmp_path, monkeypatch):
    """A failed episode scored as 0 would make a group of equals informative, and its tokens would be learned."""
    original, batches = rlvr.play, []

    def play_with_failures(*arguments, **settings):
        groups = original(*arguments, **settings)
        return [[_failed(group[0]), *group[1:]] for group in groups]

    def take_step_seen(model, optimizer, rows, *arguments, **settings):
        batches.append(len(rows))
        return take_step(model, optimizer, rows, *arguments, **settings)

    monkeypatch.setattr(rlvr, "play", play_with_failures)
    monkeypatch.setattr(rlvr, "take_step", take_step_seen)
    recipe = override(recipe, ["rlvr.max_updates=1"])
    train_rlvr(recipe, tmp_path / "run", TorchPolicy.load(recipe.model.path), tasks)
    (line,) = _metrics(tmp_path / "run")
    assert line["sandbox_failures"] == line["groups_drawn"]
    assert batches == [3 * line["groups_kept"]]


def _failed(episode):
    from dataclasses import replace

    return replace(episode, reward=None, failure="SandboxError: the engine died")


def test_an_engine_that_is_dead_is_a_sandbox_error_and_no_reward(recipe, tasks, tmp_path, monkeypatch):
    original = rlvr.play
    monkeypatch.setattr(
        rlvr, "play", lambda *a, **s: [[_failed(episode) for episode in group] for group in original(*a, **s)]
    )
    recipe = override(recipe, ["rlvr.max_draws=1"])
    with pytest.raises(SandboxError, match="all 4 episodes failed in their sandboxes; the last said: SandboxError"):
        train_rlvr(recipe, tmp_path / "run", TorchPolicy.load(recipe.model.path), tasks)


def test_a_policy_that_resolves_nothing_is_told_so(recipe, tasks, tmp_path):
    recipe = override(recipe, ["rlvr.max_draws=1", "rlvr.max_tokens=1"])
    with pytest.raises(InputError, match=r"0\.0% resolved, 0 sandbox failures\); let SRL or SFT come first"):
        train_rlvr(recipe, tmp_path / "run", TorchPolicy.load(recipe.model.path), tasks)


def test_killed_rlvr_goes_on_to_the_same_metrics_and_episodes(recipe, tasks, run, tmp_path):
    write_recipe(recipe, tmp_path / "recipe.toml")
    script = Path(__file__).with_name("train_in_a_process.py")
    killed = subprocess.run(
        [sys.executable, str(script), "rlvr", str(tmp_path / "recipe.toml"), str(tmp_path / "run"), "log:3"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(_metrics(tmp_path / "run")) == 3
    train_rlvr(recipe, tmp_path / "run", TorchPolicy.load(recipe.model.path), tasks)
    assert _metrics(tmp_path / "run") == _metrics(run)
    assert (tmp_path / "run" / "trajectories.jsonl").read_text() == (run / "trajectories.jsonl").read_text()
    left, right = (
        AutoModelForCausalLM.from_pretrained(folder / "checkpoints" / "final") for folder in (run, tmp_path / "run")
    )
    assert all(torch.equal(a, b) for a, b in zip(left.parameters(), right.parameters(), strict=True))
