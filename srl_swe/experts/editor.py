"""What an action does in a sandbox, and the observation that comes back.

The observation formats are pure functions, so that episodes in memory and episodes in a sandbox read the same. An
action that cannot be done (no such file, text not found) is the agent's mistake and becomes an observation.
"""

__all__ = ["VIEW_LINES", "edited", "found", "listed", "perform", "ran", "viewed"]

import posixpath
import shlex
from collections.abc import Sequence

from srl_swe.experts.action import Action, Create, Edit, Search, Shell, Submit, View
from srl_swe.sandbox.sandbox import Result, Sandbox

VIEW_LINES = 40  # shown when a view names no end
MAX_MATCHES = 20
MAX_CHARS = 4000  # of command output in an observation; head and tail are kept
MAX_SHOWN = 16_000  # characters of any other observation; its head is kept
MAX_FILE = 1 << 20  # bytes of a file that can be viewed whole or edited


def perform(action: Action, sandbox: Sandbox) -> str:
    """Do `action` in `sandbox` and return the observation. A submission does nothing here."""
    match action:
        case Shell(command):
            return ran(sandbox.run(command))
        case Search(text, path):
            return _search(text, path, sandbox)
        case Create(path, text):
            return _create(path, text, sandbox)
        case Submit():
            return ""
        case View(path, start, end):
            return _view(path, start, end, sandbox)
        case Edit(path, old, new):
            return _edit(path, old, new, sandbox)


def viewed(path: str, text: str, start: int | None, end: int | None) -> str:
    """Numbered lines of a file, `VIEW_LINES` of them from `start` when no end is given."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    first = start or 1
    last = min(end or first + VIEW_LINES - 1, len(lines))
    if first > len(lines):
        return f"error: {path} has {len(lines)} lines, line {first} is beyond its end"
    if last < first:
        return f"error: lines {first} to {end} are no range"
    numbered = [f"{number}\t{line}" for number, line in enumerate(lines[first - 1 : last], first)]
    return _clipped([f"{path}, lines {first}-{last} of {len(lines)}", *numbered])


def edited(path: str, text: str, old: str, new: str) -> tuple[str, str | None]:
    """The observation of replacing `old` by `new` in `text`, and the text after it (None when nothing was done)."""
    count = text.count(old) if old else 0
    if old == new:
        return "error: old and new are the same text, nothing was edited", None
    if count != 1:
        where = "does not occur" if count == 0 else f"occurs {count} times"
        return f"error: old {where} in {path}, it must occur exactly once; nothing was edited", None
    at = text.index(old)
    after = text[:at] + new + text[at + len(old) :]
    first = text.count("\n", 0, at) + 1
    last = first + new.count("\n")
    shown = after.split("\n")[first - 1 : last]
    return _clipped([f"edited {path}", *(f"{n}\t{line}" for n, line in enumerate(shown, first))]), after


def found(text: str, path: str, matches: Sequence[tuple[str, int, str]]) -> str:
    """Search results as `path:line: text`, sorted by path and line."""
    if not matches:
        return f"no match for {text!r} in {path}"
    shown = [f"{file}:{number}: {line.strip()[:160]}" for file, number, line in sorted(matches)[:MAX_MATCHES]]
    if len(matches) > MAX_MATCHES:
        shown.append(f"({len(matches) - MAX_MATCHES} more matches; search in a narrower path)")
    return "\n".join(shown)


def listed(path: str, names: Sequence[str]) -> str:
    """A folder's content, one name a line."""
    return _clipped([f"{path} holds", *sorted(names)]) if names else f"error: no file or folder {path}"


def ran(result: Result) -> str:
    """Exit code first, then the output, its middle left out when it is long."""
    text = result.text.rstrip("\n")
    if len(text) > MAX_CHARS:
        half = MAX_CHARS // 2
        text = f"{text[:half]}\n({len(text) - 2 * half} characters left out)\n{text[-half:]}"
    head = "killed at its time limit" if result.timed_out else f"exit code {result.returncode}"
    return f"{head}\n{text}" if text else head


def _inside(path: str) -> str | None:
    """The path relative to the workspace, or None when it points outside."""
    clean = posixpath.normpath(posixpath.join("/testbed", path))
    if clean == "/testbed":
        return "."
    return clean.removeprefix("/testbed/") if clean.startswith("/testbed/") else None


def _search(text: str, path: str, sandbox: Sandbox) -> str:
    inside = _inside(path)
    if inside is None or "\n" in text or not text:
        return f"error: {path} lies outside the workspace" if inside is None else "error: search takes one line of text"
    result = sandbox.run(
        f"grep -rHnIFZ --exclude-dir=.git --exclude-dir=__pycache__ -e {shlex.quote(text)} -- {shlex.quote(inside)}"
    )
    matches = []
    for line in result.text.splitlines():
        file, separator, rest = line.partition("\0")
        number, _, content = rest.partition(":")
        if separator and number.isdigit():
            matches.append((posixpath.normpath(file), int(number), content))
    return found(text, path, matches)


def _view(path: str, start: int | None, end: int | None, sandbox: Sandbox) -> str:
    inside = _inside(path)
    if inside is None:
        return f"error: {path} lies outside the workspace"
    try:
        content = sandbox.read(inside, max_bytes=MAX_FILE)
    except FileNotFoundError:
        return _list(path, inside, sandbox)
    return viewed(path, content.decode("utf-8", "replace"), start, end)


def _edit(path: str, old: str, new: str, sandbox: Sandbox) -> str:
    inside = _inside(path)
    try:
        content = sandbox.read(inside or "", max_bytes=MAX_FILE + 1)
        text = content.decode("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return f"error: {path} is not a text file of the workspace"
    if len(content) > MAX_FILE:  # only a part was read, which must never be written back
        return f"error: {path} is larger than {MAX_FILE} bytes; nothing was edited"
    observation, after = edited(path, text, old, new)
    return observation if after is None else _write(path, inside or "", after, sandbox) or observation


def _create(path: str, text: str, sandbox: Sandbox) -> str:
    inside = _inside(path)
    if inside in (None, "."):
        return f"error: {path} lies outside the workspace"
    whole = text if text.endswith("\n") else f"{text}\n"
    return _write(path, inside or "", whole, sandbox) or f"created {path}"


def _write(path: str, inside: str, text: str, sandbox: Sandbox) -> str:
    """Write a file and return what went wrong, which is the agent's to know: a folder in the way, a full disk."""
    try:
        sandbox.write({inside: text.encode("utf-8", "replace")})
    except OSError as error:
        return f"error: {path} cannot be written ({error.strerror or error})"
    return ""


def _clipped(lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}\n({len(text) - MAX_SHOWN} characters left out)"


def _list(path: str, inside: str, sandbox: Sandbox) -> str:
    result = sandbox.run(
        f"find {shlex.quote(inside)} -mindepth 1 -maxdepth 1 -not -name .git -not -name __pycache__ -print0"
    )
    if result.returncode != 0:
        return listed(path, [])
    return listed(path, [name.removeprefix("./") for name in result.text.split("\0") if name])
