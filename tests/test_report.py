"""The page: it shows what the run's folder holds, and no text of a model becomes markup."""

import json

import pytest

from srl_swe.errors import InputError
from srl_swe.experts.action import Shell
from srl_swe.experts.trajectory import Step, Trajectory, write_trajectories
from srl_swe.report.page import write_page

INTERVAL = {"resolved": 3, "tasks": 60, "rate": 0.05, "interval95": [0.02, 0.14]}
SUMMARY = {
    "sandbox": "namespace",
    "seconds": 500.0,
    "tasks": {"train": 400, "new_bugs": 60, "new_places": 60, "new_repository": 60},
    "stages": [
        {"name": "base", "step_reward": 0.41, "format_rate": 0.99, "new_bugs": INTERVAL, "new_places": INTERVAL,
         "new_repository": INTERVAL},
    ],
    "floors": {"constant": 0.33, "previous_action": 0.37},
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    (tmp_path / "recipe.toml").write_text("seed = 0\n")
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    (tmp_path / "srl").mkdir()
    lines = [
        {"update": n, "stage": "srl", "reward_mean": 0.4 + n / 100, "entropy": 1.0, "loss": 0.1, "groups_kept": 4,
         "groups_drawn": 6, "floor_constant": 0.33, "floor_previous_action": 0.37}
        | ({"held_out": {"step_reward": 0.5}} if n == 2 else {})
        for n in (1, 2, 3)
    ]  # fmt: skip
    (tmp_path / "srl" / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    home = tmp_path / "evaluations" / "base"
    home.mkdir(parents=True)
    hostile = Step(Shell("echo <script>alert(1)</script>"), "<img src=x onerror=alert(1)>", "<b>hm</b>")
    write_trajectories(
        home / "new_bugs.trajectories.jsonl",
        [Trajectory("t.0", "t", "policy", "an <issue>", (hostile,), "diff <x>", "submitted", True)],
    )
    return tmp_path


def test_the_page_holds_the_stage_table_with_intervals_and_floors(run):
    page = write_page(run).read_text()
    assert "3 of 60, 95 % [2, 14]" in page
    assert "0.330" in page and "0.370" in page


def test_the_page_draws_the_reward_with_both_floors(run):
    page = write_page(run).read_text()
    assert page.count("<svg") == 3  # reward, entropy, groups
    assert page.count("stroke-dasharray") == 2


def test_text_of_a_model_is_never_markup(run):
    page = write_page(run).read_text()
    for hostile in ("<script>", "<img src", "<b>hm", "<issue>", "diff <x>"):
        assert hostile not in page
    assert "&lt;script&gt;" in page


def test_a_run_in_progress_has_a_page(run):
    (run / "summary.json").unlink()
    assert "no summary yet" in write_page(run).read_text()


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no recipe"):
        write_page(tmp_path)
