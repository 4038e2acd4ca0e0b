"""The wheel works outside the checkout: code, environments, sandbox files and data, without torch."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(ROOT)], check=True
    )
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    home = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", str(home / "venv")], check=True)
    subprocess.run([str(home / "venv/bin/pip"), "install", "--quiet", str(wheel)], check=True)
    return home


def run(home, *words):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(words, cwd=home, env=environment, capture_output=True, text=True)


def test_the_wheel_holds_what_the_program_needs(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in ("envs/intervals/env.toml", "sandbox/supervisor.py", "data/recipes/quickstart.toml",
                 "data/models/tiny/model.safetensors", "data/trajectories/expert.jsonl"):  # fmt: skip
        assert f"srl_swe/_content/{path}" in names
    assert "srl_swe/report/page.html" in names
    assert not any("__pycache__" in name for name in names)


def test_the_installed_command_works_outside_the_checkout_without_torch(elsewhere):
    ran = run(elsewhere, "venv/bin/srl-swe", "env", "list", "--json")
    assert ran.returncode == 0, ran.stderr
    assert sum(json.loads(ran.stdout)["intervals"]["tasks"].values()) >= 100
    assert run(elsewhere, "venv/bin/python", "-c", "import torch").returncode != 0


def test_a_task_is_graded_from_the_wheel(elsewhere):
    ran = run(elsewhere, "venv/bin/srl-swe", "tasks", "check", "intervals", "--sample", "1", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"tasks": 1, "wrong": []}


def test_training_without_torch_says_what_to_install(elsewhere):
    ran = run(elsewhere, "venv/bin/srl-swe", "train", "srl", "quickstart")
    assert ran.returncode == 2
    assert "pip install 'srl-swe[train]'" in ran.stderr and "Traceback" not in ran.stderr
