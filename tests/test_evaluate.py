"""Evaluation: statistics against known values, and what is counted where."""

import json

import pytest

from srl_swe.errors import InputError
from srl_swe.evaluate.evaluate import read_predictions, score, write_predictions
from srl_swe.evaluate.statistics import mcnemar, pass_at_k, wilson
from srl_swe.experts.trajectory import Trajectory
from srl_swe.policy.chat import Conversation
from srl_swe.policy.rollout import Episode, Stop


def episode(task, reward, stop=Stop.SUBMITTED, failure=None, patch="diff"):
    trajectory = Trajectory(f"{task}.0", task, "policy", "issue", (), patch, str(stop), reward == 1.0)
    return Episode(task, Conversation((1, 2), (False, True)), (0.0,), reward, stop, 0, trajectory, bool(patch), failure)


def test_wilson_matches_published_intervals():
    assert wilson(74, 500) == pytest.approx((0.120, 0.182), abs=5e-4)
    assert wilson(371, 500) == pytest.approx((0.702, 0.778), abs=5e-4)
    assert wilson(26, 50) == pytest.approx((0.385, 0.652), abs=5e-4)


def test_wilson_of_nothing_knows_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_of_no_success_starts_at_zero_and_ends_above():
    low, high = wilson(0, 60)
    assert low == 0.0 and 0.05 < high < 0.07


def test_pass_at_k_is_the_unbiased_estimate():
    assert pass_at_k(10, 3, 1) == pytest.approx(0.3)
    assert pass_at_k(4, 2, 2) == pytest.approx(1 - 1 / 6)
    assert pass_at_k(4, 3, 2) == 1.0


def test_mcnemar_counts_only_tasks_on_which_the_models_disagree():
    assert mcnemar([True] * 50, [True] * 50) == 1.0
    assert mcnemar([False] * 10 + [True] * 40, [True] * 50) == pytest.approx(2 / 1024)


def test_a_failed_sandbox_is_in_neither_numerator_nor_denominator():
    counted = score([[episode("a", 1.0)], [episode("b", 0.0)], [episode("c", None, Stop.FAILED, "SandboxError: gone")]])
    assert (counted.resolved, counted.tasks, counted.rate, counted.failures) == (1, 2, 0.5, 1)
    assert counted.stops == {"submitted": 2, "sandbox failure": 1}


def test_a_rate_over_samples_is_the_mean_over_tasks():
    counted = score([[episode("a", 1.0), episode("a", 0.0)], [episode("b", 0.0), episode("b", 0.0)]])
    assert counted.rate == 0.25 and counted.resolved == 1 and counted.samples == 2


def test_an_empty_patch_did_not_apply():
    assert score([[episode("a", 0.0, patch="")], [episode("b", 1.0)]]).apply_rate == 0.5


def test_predictions_are_read_back(tmp_path):
    path = tmp_path / "predictions.jsonl"
    write_predictions(path, [[episode("a", 1.0)], [episode("b", 0.0, patch="")]], "model")
    assert read_predictions(path) == {"a": "diff", "b": ""}


def test_predictions_by_id_and_as_a_list_are_read(tmp_path):
    row = {"model_name_or_path": "m", "model_patch": "p"}
    (tmp_path / "by_id.json").write_text(json.dumps({"a": row}))
    (tmp_path / "list.json").write_text(json.dumps([row | {"instance_id": "a"}]))
    assert read_predictions(tmp_path / "by_id.json") == read_predictions(tmp_path / "list.json") == {"a": "p"}


def test_predictions_without_ids_are_one_clear_sentence(tmp_path):
    (tmp_path / "bad.json").write_text('[{"patch": "x"}]')
    with pytest.raises(InputError, match="each row needs instance_id and model_patch"):
        read_predictions(tmp_path / "bad.json")
