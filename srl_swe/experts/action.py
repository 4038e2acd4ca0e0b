r"""What the policy decides: a shell command, a view, a search, an edit, a new file, or the submission.

The text form is the function-call form that SWE-smith, SWE-agent and OpenHands share. A reply is a monologue and one
action, nothing before, between or after:

    <think>free text, never rewarded</think>
    <function=edit>
    <parameter=path>
    calc/tokens.py
    </parameter>
    <parameter=old>
        return a - b
    </parameter>
    <parameter=new>
        return a + b
    </parameter>
    </function>

`parse(render(action)) == action` for every action that `render` accepts. Nothing here runs anything.
"""

__all__ = [
    "Action",
    "Create",
    "Edit",
    "Reply",
    "Search",
    "Shell",
    "Submit",
    "View",
    "parse",
    "parse_reply",
    "render",
    "render_reply",
]

import re
from dataclasses import dataclass, fields
from typing import Any

from srl_swe.errors import FormatError, did_you_mean


@dataclass(frozen=True)
class Shell:
    """Run a command in the workspace, in a fresh shell."""

    command: str


@dataclass(frozen=True)
class View:
    """Show a file with line numbers from `start` to `end` (1-based, inclusive), or list a folder."""

    path: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Search:
    """Find a literal text in the files under `path`."""

    text: str
    path: str = "."


@dataclass(frozen=True)
class Edit:
    """Replace the one occurrence of `old` in a file by `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Create:
    """Write a new file."""

    path: str
    text: str


@dataclass(frozen=True)
class Submit:
    """End the episode; the workspace as it is will be graded."""


Action = Shell | View | Search | Edit | Create | Submit

_KINDS: dict[str, type[Action]] = {
    "shell": Shell, "view": View, "search": Search, "edit": Edit, "create": Create, "submit": Submit,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}
_OPTIONAL = {"start", "end"}
_CALL = re.compile(r"<function=([^>\n]*)>\n(.*?)</function>", re.DOTALL)
# A value ends only where the next parameter or the call's end follows, so it may hold the closing tag of anything else
_PARAMETER = re.compile(r"<parameter=([^>\n]*)>\n(.*?)\n</parameter>\n(?=<parameter=|\Z)", re.DOTALL)
_CLOSED = re.compile(r"\n</parameter>\s*</function>")
_REPLY = re.compile(r"\s*<think>(.*?)</think>\s*(<function=.*</function>)\s*", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    """A parsed reply: the monologue, and the action with its canonical text."""

    thought: str
    action: Action


def render(action: Action) -> str:
    """The canonical text of an action. Raises FormatError for a value that could not be read back."""
    lines = [f"<function={_NAMES[type(action)]}>"]
    for field in fields(action):
        value = getattr(action, field.name)
        if value is None or (isinstance(action, Search) and field.name == "path" and value == "."):
            continue
        lines += [f"<parameter={field.name}>", str(value), "</parameter>"]
    text = "\n".join([*lines, "</function>"])
    if parse(text) != action:
        raise FormatError(f"a value of this {_NAMES[type(action)]} action holds the markup that would end it")
    return text


def parse(text: str) -> Action:
    """The action in `text`, which holds exactly one call and nothing else. Raises FormatError."""
    call = _CALL.fullmatch(text)
    if call is None:
        raise FormatError("expected exactly one <function=NAME> … </function>")
    name, body = call.groups()
    if _CLOSED.search(body):
        raise FormatError("there is more than one action, or text after it")
    if name not in _KINDS:
        raise FormatError(f"no action is called {name!r}; {did_you_mean(name, _KINDS)}")
    matches = list(_PARAMETER.finditer(body))
    if "".join(match.group(0) for match in matches) != body:
        raise FormatError(f"the parameters of {name} are not well-formed")
    values = {match.group(1): match.group(2) for match in matches}
    if len(values) != len(matches):
        raise FormatError(f"a parameter of {name} stands twice")
    return _build(name, values)


def _build(name: str, values: dict[str, str]) -> Action:
    kind = _KINDS[name]
    known = {field.name for field in fields(kind)}
    for parameter in values:
        if parameter not in known:
            raise FormatError(f"{name} has no parameter {parameter!r}")
    arguments: dict[str, Any] = {}
    for parameter, value in values.items():
        if parameter in _OPTIONAL:
            if not re.fullmatch(r"[1-9][0-9]{0,8}", value):
                raise FormatError(f"{name}: {parameter} must be a line number, got {value[:40]!r}")
            arguments[parameter] = int(value)
        else:
            arguments[parameter] = value
    try:
        return kind(**arguments)
    except TypeError as error:
        raise FormatError(f"{name} lacks a parameter: it takes {', '.join(sorted(known))}") from error


def render_reply(action: Action, thought: str = "") -> str:
    """A whole reply in canonical form."""
    return f"<think>{thought}</think>\n{render(action)}"


def parse_reply(text: str) -> Reply:
    """A reply as monologue and action: one <think> block, one call, nothing else. Raises FormatError."""
    match = _REPLY.fullmatch(text)
    if match is None:
        raise FormatError("expected <think>…</think> and then exactly one <function=NAME> … </function>")
    thought, call = match.groups()
    if "<think>" in thought or "</think>" in thought:
        raise FormatError("there is more than one <think> block")
    return Reply(thought, parse(call))
