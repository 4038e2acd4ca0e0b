"""The command line: quick, plain, and one clear sentence for bad input."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def srl_swe(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, "-m", "srl_swe.cli.main", *arguments],
        capture_output=True, text=True, cwd=cwd, env=os.environ | environment, timeout=300,
    )  # fmt: skip


def test_help_names_every_command():
    shown = srl_swe("--help")
    assert shown.returncode == 0
    for command in ("quickstart", "doctor", "env", "tasks", "data", "train", "pretrain", "eval", "grade", "report"):
        assert command in shown.stdout


def test_doctor_says_which_tier_is_used():
    found = json.loads(srl_swe("doctor", "--json").stdout)
    assert found["chosen"] in ("docker", "namespace") and found["tiers"][found["chosen"]]["works"]


def test_bundled_repositories_are_listed_with_their_tasks():
    found = json.loads(srl_swe("env", "list", "--json").stdout)
    assert sum(row["tasks"].get("train", 0) for row in found.values()) >= 250
    assert [name for name, row in found.items() if row["held_out"]] == ["unitkit"]
    assert "train" not in found["unitkit"]["tasks"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "srl", "nowhere.toml"], "nowhere.toml: no such recipe"),
        (["train", "srl", "quickstart", "--set", "srl.group_sise=4"], "did you mean 'group_size'?"),
        (["train", "srl", "quickstart", "--set", "model.path=data/models/no", "--out", "OUT"], "models/no: no such"),
        (["env", "show", "texttabel"], "did you mean 'texttable'?"),
        (["tasks", "check", "nothing"], "no such repository"),
        (["data", "import", "missing.json"], "missing.json"),
        (["data", "stats", "CUT"], "may have been cut off"),
        (["grade", "CUT"], "not SWE-bench predictions"),
        (["eval", "--split", "new_bug"], "did you mean 'new_bugs'?"),
        (["report", "OUT"], "not a run's folder"),
        (["quickstart", "--out", "FULL"], "is not empty and holds no quickstart"),
    ],
    ids=lambda value: "-".join(value[:3]) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_one_clear_sentence(arguments, sentence, tmp_path):
    (tmp_path / "cut.jsonl").write_text('{"schema": 1, "id": "a", "steps": [{"act')
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("precious")
    places = {"CUT": tmp_path / "cut.jsonl", "OUT": tmp_path / "out", "FULL": tmp_path / "full"}
    shown = srl_swe(*[str(places.get(word, word)) for word in arguments])
    assert shown.returncode == 2
    assert sentence in shown.stderr and "Traceback" not in shown.stderr
    assert len(shown.stderr.strip().splitlines()) == 1
    assert (tmp_path / "full" / "thesis.txt").read_text() == "precious"


def test_a_broken_env_toml_says_file_and_key(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "env.toml").write_text('name = "mine"\n[source]\npath = "."\n[test]\ncomand = "pytest"\n')
    shown = srl_swe("env", "show", "mine", SRL_SWE_ENVS=str(tmp_path))
    assert shown.returncode == 2 and "has no key 'comand'; did you mean 'command'?" in shown.stderr


def test_a_dry_run_loads_no_model():
    shown = srl_swe("train", "srl", "srl-swesmith-qwen2.5-coder-7b", "--dry-run", "--json",
                    "--set", 'data.trajectories=["data/trajectories"]')  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["lessons"] > 0


def test_help_is_quick():
    """Not a timed test of ours: it guards against loading an engine, which costs seconds, not tenths."""
    began = time.monotonic()
    srl_swe("--help")
    assert time.monotonic() - began < 5
