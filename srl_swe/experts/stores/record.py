"""What every importer needs: a row's messages in one shape, and a record that takes steps and refusals.

Nothing is dropped without a reason that is counted. Keys and tokens of people that published stores sometimes hold are
taken out of every text.
"""

__all__ = ["Message", "Record", "issue_in", "messages_of", "text_of"]

import hashlib
import json
import posixpath
import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from srl_swe.errors import FormatError
from srl_swe.experts.action import Action, Create, Edit, Shell, Submit, View, render
from srl_swe.experts.trajectory import Step, Trajectory

Message = dict[str, Any]

_ISSUE = re.compile(r"<pr_description>\n?(.*?)\n?</pr_description>", re.DOTALL)
_SECRET_HINTS = ("sk-", "ghp_", "gho_", "ghs_", "github_pat_", "hf_", "AKIA", "xox", "AIza")
_SECRET = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pos]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|hf_[A-Za-z0-9]{30,}"
    r"|AKIA[0-9A-Z]{16}|xox[abp]-[A-Za-z0-9-]{20,}|AIza[\w-]{35})\b"
)
_WORKSPACE = "/testbed"


@dataclass
class Record:
    """One trajectory while it is read: its steps so far, how many stayed in raw form, and what was refused."""

    steps: list[Step] = field(default_factory=list)
    raw_actions: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, action: Action, observation: str, thought: str, raw: str) -> None:
        """Take a step; `raw` is the store's own text of the action, kept where it differs from ours."""
        action = _without_secrets(action)
        try:
            text = render(action)
        except FormatError:
            self.refused["an action holds the markup that would end it"] += 1
            return
        kept = clean(raw)
        self.steps.append(Step(action, clean(observation), clean(thought).strip(), None if kept == text else kept))

    def finish(self, row: dict[str, Any], source: str, issue: str, **outcome: Any) -> Trajectory:
        """The trajectory. Its id is the store's, or the task's with a hash of the steps."""
        task = str(row.get("instance_id") or "")
        digest = hashlib.sha256(repr([(step.action, step.observation) for step in self.steps]).encode()).hexdigest()
        name = str(row.get("traj_id") or row.get("trajectory_id") or f"{task or 'unknown'}.{digest[:8]}")
        return Trajectory(name, task or name, source, clean(issue), tuple(self.steps), **outcome)

    def add_call(self, name: str, arguments: dict[str, Any], observation: str, thought: str, raw: str) -> None:
        """Take a call of SWE-agent's tools. What our actions cannot say stays a shell action in raw form."""
        action = _typed(name, arguments)
        if action is None:
            self.raw_actions += 1
            action = Shell(raw_command(name, arguments))
        self.add(action, observation, thought, raw)


def clean(text: str) -> str:
    """CRLF folded, lone surrogates replaced, secrets taken out."""
    folded = text.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")
    return _SECRET.sub("[secret]", folded) if any(hint in folded for hint in _SECRET_HINTS) else folded


def messages_of(row: dict[str, Any]) -> list[Message]:
    """The messages of a chat row, which are a list or a JSON string of one. Raises ValueError."""
    messages = row.get("messages")
    if isinstance(messages, str):
        try:
            messages = json.loads(messages)
        except json.JSONDecodeError as error:
            raise ValueError("the messages of a row are not whole JSON") from error
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("a row has no list of messages")
    return messages


def text_of(message: Message) -> str:
    """The text of a message whose content is a string, a list of text parts, or null."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def issue_in(messages: list[Message]) -> str:
    """The issue: what stands between the tags of the first user message, or all of it."""
    first = next((text_of(message) for message in messages if message.get("role") == "user"), "")
    tagged = _ISSUE.search(first)
    issue = tagged.group(1) if tagged else first
    return issue.removeprefix("Consider the following PR description:").replace("\r\n", "\n").strip("\n")


def raw_command(name: str, arguments: dict[str, Any]) -> str:
    """A tool call as SWE-agent renders it: positional command and path, then quoted options."""
    words = [name, *(str(arguments[key]) for key in ("command", "path") if key in arguments)]
    for key, value in arguments.items():
        if key not in ("command", "path"):
            shown = " ".join(map(str, value)) if isinstance(value, list) else shlex.quote(str(value))
            words.append(f"--{key} {shown}")
    return " ".join(words)


def _typed(name: str, arguments: dict[str, Any]) -> Action | None:
    def text(key: str) -> str:
        value = arguments.get(key)
        return value if isinstance(value, str) else ""

    if name == "bash":
        return Shell(text("command"))
    if name == "submit":
        return Submit()
    if name != "str_replace_editor" or not text("path"):
        return None
    path = _relative(text("path"))
    match text("command"):
        case "view":
            return _view(path, arguments.get("view_range"))
        case "create":
            return Create(path, text("file_text"))
        case "str_replace":
            return Edit(path, text("old_str"), text("new_str"))
    return None


def _view(path: str, lines: Any) -> View | None:
    """A view of lines; −1 as the end means the file's, which is ours to leave out."""
    if lines is None or lines == "":
        return View(path)
    numbers = re.findall(r"-?\d+", str(lines))
    if len(numbers) != 2:
        return None
    start, end = int(numbers[0]), int(numbers[1])
    if start < 1 or end == 0 or end < -1:
        return None
    return View(path, start, None if end == -1 else end)


def _relative(path: str) -> str:
    clean_path = posixpath.normpath(path)
    if clean_path == _WORKSPACE:
        return "."
    return clean_path.removeprefix(f"{_WORKSPACE}/")


def _without_secrets(action: Action) -> Action:
    match action:
        case Shell(command):
            return Shell(clean(command))
        case Create(path, text):
            return Create(path, clean(text))
        case Edit(path, old, new):
            return Edit(path, clean(old), clean(new))
    return action
