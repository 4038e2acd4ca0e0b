"""SWE-smith's expert trajectories in their three renderings: xml, tool and ticks.

A row is `messages` (a list, or a JSON string of one), `instance_id`, `resolved`, `traj_id`, `patch`. The `patch` column
belongs to other rows in the published set and is not read. The first of two submissions only shows a review message:
it stays a step of the trajectory, and is never a lesson.
"""

__all__ = ["read_row", "recognise"]

import json
import re
import shlex
from typing import Any

from srl_swe.experts.stores.record import Message, Record, issue_in, messages_of, text_of
from srl_swe.experts.trajectory import Trajectory

_OWN = {"bash", "submit"}  # str_replace_editor is OpenHands' too
_OTHERS = {"execute_bash", "finish", "file_editor"}

_CALL = re.compile(r"^[ \t]*<function=([^>\n]+)>\n?", re.MULTILINE)
_PARAMETER = re.compile(r"<parameter=([^>\n]+)>(.*?)</parameter>\s*(?=<parameter=|\Z)", re.DOTALL)
_FENCE = re.compile(r"^```(\S*)[ \t]*\n|^```[ \t]*$", re.MULTILINE)
_PREFIX = re.compile(r"\AOBSERVATION:\r?\n?|\AObservation: ?")


def recognise(row: dict[str, Any]) -> str | None:
    """The rendering of a row ("swe-smith xml", "… tool", "… ticks"), or None when it is not SWE-smith's."""
    try:
        messages = messages_of(row)
    except ValueError:
        return None
    replies = [message for message in messages if message.get("role") == "assistant"]
    called = [name for message in replies for name in _tool_names(message)]
    if called:
        return "swe-smith tool" if _OWN.intersection(called) and not _OTHERS.intersection(called) else None
    texts = [text_of(message) for message in replies]
    written = {match.group(1) for text in texts for match in _CALL.finditer(text)}
    if written and sum(_CALL.search(text) is not None for text in texts) * 2 > len(texts):
        return "swe-smith xml" if _OWN.intersection(written) and not _OTHERS.intersection(written) else None
    blocks = [block for text in texts if (block := _last_block(text)) is not None]
    if any(block[1].strip() == "submit" or block[1].startswith("str_replace_editor ") for block in blocks):
        return "swe-smith ticks"
    return None


def read_row(row: dict[str, Any], rendering: str) -> tuple[Trajectory, Record]:
    """The trajectory of a row, and the record of how it was read. Raises ValueError."""
    record = Record()
    messages = messages_of(row)
    reply_of = {"swe-smith xml": _xml, "swe-smith tool": _tool, "swe-smith ticks": _ticks}[rendering]
    for number, message in enumerate(messages):
        if message.get("role") != "assistant":
            continue
        call = reply_of(message, record)
        if call is not None:
            thought, name, arguments, raw = call
            record.add_call(name, arguments, _observation(messages[number + 1 : number + 2]), thought, raw)
    resolved = row.get("resolved")
    ended = bool(record.steps) and type(record.steps[-1].action).__name__ == "Submit"
    trajectory = record.finish(
        row, rendering.replace(" ", "/"), issue_in(messages), exit_status="submitted" if ended else "",
        resolved=None if resolved is None else bool(resolved),
    )  # fmt: skip
    return trajectory, record


Call = tuple[str, str, dict[str, Any], str]  # thought, tool, its arguments, the raw text


def _xml(message: Message, record: Record) -> Call | None:
    text = text_of(message)
    start = _CALL.search(text)
    end = text.rfind("</function>")
    if start is None or end < start.end():
        record.refused["a turn without an action"] += 1
        return None
    body = text[start.end() : end]
    second = re.search(r"</function>\s*<function=", body)
    if second is not None:  # SWE-agent runs the first call only
        body = body[: second.start()]
    arguments = {name: _unwrapped(value) for name, value in _PARAMETER.findall(body)}
    raw = f"{text[start.start() : start.end()]}{body}</function>".strip()
    return text[: start.start()], start.group(1).strip(), arguments, raw


def _unwrapped(value: str) -> str:
    return value.removeprefix("\n").removesuffix("\n")


def _tool(message: Message, record: Record) -> Call | None:
    calls = message.get("tool_calls") or []
    if len(calls) != 1:
        record.refused["a turn without an action" if not calls else "a turn with several actions, not executed"] += 1
        return None
    function = calls[0].get("function") or {}
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError:
            record.refused["an action whose arguments are not JSON"] += 1
            return None
    if not isinstance(arguments, dict):
        record.refused["an action whose arguments are not JSON"] += 1
        return None
    arguments = {key: value for key, value in arguments.items() if value is not None}
    name = str(function.get("name") or "")
    return text_of(message), name, arguments, json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)


def _ticks(message: Message, record: Record) -> Call | None:
    text = text_of(message)
    block = _editor_block(text) or _last_block(text)
    if block is None:
        record.refused["a turn without an action"] += 1
        return None
    thought, command = block
    command = command.strip("\n")
    if command.strip() == "submit":
        return thought, "submit", {}, command
    if not command.startswith("str_replace_editor "):
        return thought, "bash", {"command": command}, command
    try:
        return thought, "str_replace_editor", _options(shlex.split(command)[1:]), command
    except ValueError:
        record.refused["an editor call whose quotes do not close"] += 1
        return None


def _options(words: list[str]) -> dict[str, Any]:
    """`view PATH --view_range 1 20` and the like as arguments."""
    arguments: dict[str, Any] = dict(zip(("command", "path"), words, strict=False))
    rest = iter(words[2:])
    for word in rest:
        if not word.startswith("--"):
            raise ValueError(f"{word!r} is no option")
        key, joined, value = word[2:].partition("=")
        if key == "view_range":
            arguments[key] = [value if joined else next(rest, ""), next(rest, "")]
        else:
            arguments[key] = value if joined else next(rest, "")
    return arguments


def _editor_block(text: str) -> tuple[str, str] | None:
    """An editor call that fills the end of a turn, whatever fences the file in it holds."""
    start = re.search(r"^```\n(?=str_replace_editor )", text, re.MULTILINE)
    end = re.search(r"\n```\s*\Z", text)
    if start is None or end is None or end.start() < start.end():
        return None
    command = text[start.end() : end.start()]
    try:
        shlex.split(command)
    except ValueError:
        return None
    return text[: start.start()], command


def _last_block(text: str) -> tuple[str, str] | None:
    """The last fenced block that lies in no other, and the text around it."""
    opened: list[re.Match[str]] = []
    last: tuple[re.Match[str], re.Match[str]] | None = None
    for match in _FENCE.finditer(text):
        if opened and not match.group(1):
            start = opened.pop()
            if not opened:
                last = (start, match)
        elif match.group(1) is not None:
            opened.append(match)
    if last is None:
        return None
    start, end = last
    return text[: start.start()] + text[end.end() :], text[start.end() : end.start()]


def _tool_names(message: Message) -> list[str]:
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return []
    return [str((call.get("function") or {}).get("name")) for call in calls if isinstance(call, dict)]


def _observation(following: list[Message]) -> str:
    if not following or following[0].get("role") not in ("user", "tool"):
        return ""
    return _PREFIX.sub("", text_of(following[0]), count=1)
