"""What the README prints is what happens: its Python runs, its commands exist, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from srl_swe.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("srl-swe ")
]
QUICK = ("srl-swe doctor", "srl-swe env check", "srl-swe tasks check", "--dry-run")


def test_the_readme_is_short_and_starts_with_commands():
    assert len(README.splitlines()) <= 200
    assert len(README.split("```sh")[0].split()) <= 80
    for script in ("scripts/quickstart", "scripts/test"):
        assert script in README and (ROOT / script).exists()


def test_the_ten_lines_of_gymnasium_run_as_printed():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 11
    ran = subprocess.run([sys.executable, "-c", code + "print(reward, terminated)"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["0.0", "True"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_printed_command_exists_with_its_options(command):
    node = get_command(app)
    words = shlex.split(command)[1:]
    while words and hasattr(node, "commands") and words[0] in node.commands:
        node = node.commands[words.pop(0)]
    assert not hasattr(node, "commands"), f"{command}: no such command"
    known = {option for parameter in node.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("command", [line for line in COMMANDS if any(quick in line for quick in QUICK)])
def test_quick_commands_run_as_printed(command):
    words = shlex.split(command)[1:]
    ran = subprocess.run([sys.executable, "-m", "srl_swe.cli.main", *words], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_tree_in_the_readme_is_the_tree():
    folders = re.findall(r"^\| `(\w+)/` \| (.*) \|$", README, re.MULTILINE)
    assert len(folders) >= 7
    for name, words in folders:
        assert (ROOT / name).is_dir() and len(words.split()) <= 10
