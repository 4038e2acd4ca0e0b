"""Practice repositories: small Python packages drawn from a grammar, each with a bug and the symptom that it shows.

The grammar lies in `data/practice/functions.txt`. What a snippet prints is what it really printed: the code is ours
and tiny, and runs in this process under a time limit. No file of a bundled repository is ever read here.
"""

__all__ = ["Exercise", "Practice", "exercises", "observe", "run_snippet"]

import io
import linecache
import random
import re
import signal
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import FrameType, TracebackType

from srl_swe.bundled import bundled
from srl_swe.experts.action import Action, Create, Edit, Search, Shell, Submit, View
from srl_swe.experts.editor import edited, found, listed, ran, viewed
from srl_swe.plug.edits import edits
from srl_swe.plug.issue_text import ERROR, NO_ERROR, WRONG_ERROR, WRONG_VALUE
from srl_swe.plug.mutate import CRUDE
from srl_swe.sandbox.sandbox import Result

_NOUN_LINES = """
ticket order slot parcel sensor account route badge recipe lamp garden train player match card room guest seat
meal song album book page letter stamp coin tool box crate pallet truck ship port island river tree leaf stone
tile wall door key lock signal channel message packet node link edge graph block chain ring wheel gear motor
valve pump tank pipe meter gauge reading sample probe trial plan goal score level round team league season
"""
NOUNS = tuple(_NOUN_LINES.split())
SYNONYMS = {
    "xs": "items values numbers entries elements data scores parts records readings",
    "x": "value item number entry element each part current v x",
    "y": "other candidate y nested inner",
    "n": "count total amount number n result steps",
    "i": "i index position offset at spot",
    "j": "j k inner",
    "out": "result out found collected output parts",
    "best": "best winner chosen found",
    "limit": "limit threshold bound border cutoff",
    "lo": "low start first lower begin left",
    "hi": "high end last upper stop right",
    "a": "a one left first this",
    "b": "b two right second that",
    "s": "text word name label source s content title",
    "d": "table mapping counts index lookup groups d",
    "k": "key name k field tag",
    "size": "size width step count length",
    "width": "width size columns limit",
    "seen": "seen known visited done",
    "ordered": "ordered ranked in_order arranged",
    "default": "default fallback otherwise missing",
}
_WORD_LINE = "ash bee cat dog elm fox gnu hat ice jay kit log map net oak pen rye sun tea urn"
WORDS = tuple(_WORD_LINE.split())
_NAME = re.compile(r"\$\((\w+)\)|\$([A-Za-z]+)")
MAX_SHOWN = 90  # characters of an outcome in an issue
RUN_S = 0.2  # of processor time; a snippet that takes more counts as hanging and its bug is not used


@dataclass(frozen=True)
class Block:
    """One definition of the grammar: alternatives for names, set-up lines, calls, and the code."""

    choices: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...]
    setup: str
    calls: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Practice:
    """A package without bugs: its files, and for each path the snippets that use what it defines, by name."""

    files: dict[str, str]
    snippets: dict[str, tuple[tuple[str, str], ...]]  # path → (name, snippet)


@dataclass(frozen=True)
class Exercise:
    """A package with one bug: the issue, where the bug is, and the whole right file."""

    files: dict[str, str]
    path: str
    fixed: str
    issue: str
    name: str
    snippet: str  # empty where nothing could be run
    line: int  # of the bug, in the buggy file, counted from 1
    decoys: tuple[str, ...] = ()  # the right file with other bugs: what an agent that is wrong would do to it


@dataclass(frozen=True)
class Bug:
    """A wrong version of one source: the line that it changes, what kind it is, and the function that holds it."""

    source: str
    line: int
    kind: str
    function: str


@cache
def _blocks() -> tuple[Block, ...]:
    text = bundled("data", "practice", "functions.txt").read_text(encoding="utf-8")
    return tuple(_block(part) for part in text.split("\n---\n")[1:])


def _block(part: str) -> Block:
    choices, setup, calls, code = [], "", [], []
    for line in part.split("\n"):
        if not line.startswith("#: "):
            code.append(line)
            continue
        names, _, values = line[3:].partition(" = ")
        options = [option.strip() for option in values.split(" | ")]
        if names == "call":
            calls += options
        elif names == "setup":
            setup = values
        else:
            keys = tuple(names.split(","))
            choices.append((keys, tuple(tuple(option.split(",", len(keys) - 1)) for option in options)))
    return Block(tuple(choices), setup, tuple(calls), "\n".join(code).strip("\n"))


def _draw_names(block: Block, dice: random.Random) -> dict[str, str]:
    noun = dice.choice(NOUNS)
    names = {"noun": noun, "Noun": noun.capitalize()}
    taken = set(re.findall(r"\w+", _NAME.sub(" ", block.code)))
    for name, words in SYNONYMS.items():
        options = [word for word in words.split() if word not in taken]
        names[name] = dice.choice(options)
        if f"${name}" in block.code:
            taken.add(names[name])
    for keys, alternatives in block.choices:
        for key, value in zip(keys, dice.choice(alternatives), strict=True):
            names[key] = _fill(value, names)
    return names


def _fill(text: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: names[match.group(1) or match.group(2)], text)


def _literals(text: str, dice: random.Random) -> str:
    def draw(match: re.Match[str]) -> str:
        kind = match.group(1)
        if kind == "ints":
            return str([dice.randint(-3, 12) for _ in range(dice.randint(2, 5))])
        if kind == "words":
            return str([dice.choice(WORDS) for _ in range(dice.randint(2, 5))]).replace("'", '"')
        if kind == "word":
            return f'"{dice.choice(WORDS)}"'
        if kind == "dict":
            return str({word: dice.randint(0, 9) for word in dice.sample(WORDS, 3)}).replace("'", '"')
        low, high = {"int": (1, 12), "small": (1, 4), "big": (10, 999), "tens": (2, 9)}[kind]
        return str(dice.randint(low, high) * (10 if kind == "tens" else 1))

    return re.sub(r"%(ints|int|words|word|dict|small|big|tens)", draw, text)


def _draw_module(dice: random.Random, module: str) -> tuple[str, list[tuple[str, str]]]:
    """The source of a module of two to six definitions, and snippets for it."""
    parts: list[str] = []
    snippets: list[tuple[str, str]] = []
    seen: set[str] = set()
    for block in dice.sample(_blocks(), dice.randint(2, 6)):
        names = _draw_names(block, dice)
        main = names.get("f") or names["C"]
        code = _fill(block.code, names)
        if dice.random() < 0.4:
            code = re.sub(r'\n +"""[^"]*"""(?=\n)', "", code)
        top = {line.split(" = ")[0] for line in code.split("\n") if re.match(r"[A-Z_]+ = ", line)} | {main}
        if top & seen or main in code.split("def " + main)[0].split():
            continue
        seen |= top
        wrapper, caller = _wrapper(code, main, dice) if "f" in names and dice.random() < 0.25 else ("", main)
        parts.append(code + wrapper)
        calls = list(block.calls)
        dice.shuffle(calls)
        for call in calls:
            setup = _literals(_fill(block.setup, names), dice)
            expression = _literals(_fill(call, names), dice).replace(f"{main}(", f"{caller}(", 1)
            lines = [f"from {module} import {caller}", *(setup.split("; ") if setup else [])]
            lines.append(f"print({expression})")
            snippets.append((_subject(expression, setup, caller), "\n".join(lines)))
    return "\n\n\n".join(parts) + "\n", snippets


def _subject(expression: str, setup: str, name: str) -> str:
    """What the issue is about: the function, or the last method that the expression calls."""
    variable = setup.split(" = ")[0] if setup else ""
    methods = re.findall(rf"\b{variable}\.(\w+)", expression) if variable else []
    return f"{name}.{methods[-1]}" if methods else name


def _wrapper(code: str, name: str, dice: random.Random) -> tuple[str, str]:
    """A second function that passes its arguments on to the first, with its name."""
    signature = re.search(rf"def {name}\(([^)]*)\)", code)
    if signature is None or '"' in signature.group(1):
        return "", name
    caller = f"{dice.choice(('show', 'report', 'checked', 'describe', 'make', 'get'))}_{name}"
    arguments = ", ".join(part.split("=")[0].strip() for part in signature.group(1).split(","))
    shapes = ("return {call}", "return [{call}]", "result = {call}\n    return result", "return str({call})")
    shape = dice.choice(shapes)
    return f"\n\n\ndef {caller}({signature.group(1)}):\n    {shape.format(call=f'{name}({arguments})')}", caller


def draw(dice: random.Random) -> Practice:
    """A package of two to four modules."""
    package = dice.choice(NOUNS) + dice.choice(("s", "kit", "lib", "box", ""))
    files, snippets = {f"{package}/__init__.py": "", "README.md": f"# {package}\n"}, {}
    for module in dice.sample(NOUNS, dice.randint(2, 4)):
        path = f"{package}/{module}.py"
        files[path], found_snippets = _draw_module(dice, f"{package}.{module}")
        snippets[path] = tuple(found_snippets)
    return Practice(files, snippets)


class _TooLong(BaseException):
    """The snippet ran into its time limit."""


def _alarm(number: int, frame: FrameType | None) -> None:
    raise _TooLong


def run_snippet(files: Mapping[str, str], snippet: str) -> tuple[str, int] | None:
    """Output and exit code of a snippet that begins with one import from `files`; None when it hangs."""
    head = re.match(r"from ([\w.]+) import .*", snippet)
    assert head is not None, "a practice snippet begins with its import"
    path = head.group(1).replace(".", "/") + ".py"
    shown = f"/testbed/{path}"
    source = files[path]
    linecache.cache[shown] = (len(source), None, source.splitlines(True), shown)
    namespace: dict[str, object] = {"__name__": head.group(1)}
    output = io.StringIO()
    previous = signal.signal(signal.SIGVTALRM, _alarm)
    signal.setitimer(signal.ITIMER_VIRTUAL, RUN_S)
    try:
        with redirect_stdout(output):
            exec(compile(source, shown, "exec"), namespace)
            exec(compile(snippet.replace(head.group(0), "pass", 1), "<string>", "exec"), namespace)
    except _TooLong:
        return None
    except Exception as error:  # noqa: BLE001 - whatever a broken practice function raises is its symptom
        return output.getvalue() + _traceback(error, error.__traceback__), 1
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    return output.getvalue(), 0


def _traceback(error: BaseException, trace: TracebackType | None) -> str:
    """As the interpreter would print it, without the frames of this file."""
    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename != __file__]
    lines = traceback.format_list(frames) if len(frames) < 12 else []
    return "".join(["Traceback (most recent call last):\n", *lines, *traceback.format_exception_only(error)])


def exercises(dice: random.Random, *, per_package: int) -> Iterator[Exercise]:
    """Bugs of one drawn package that show in a snippet, at most `per_package` of them in each module."""
    practice = draw(dice)
    for path, snippets in practice.snippets.items():
        right = [
            (name, snippet, run_snippet(practice.files, snippet))
            for name, snippet in _as_repr(practice.files, snippets)
        ]
        found_count = 0
        found_bugs = list(bugs(practice.files[path], dice))
        for bug in found_bugs:
            exercise = _exercise(practice, path, bug, right, decoys(found_bugs, bug, dice), dice)
            if exercise is not None:
                found_count += 1
                yield exercise
            if found_count >= per_package:
                break


def _as_repr(files: Mapping[str, str], snippets: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Snippets that print a text print its repr."""
    for name, snippet in snippets:
        lines = snippet.split("\n")
        lines[-1] = f"print(repr({lines[-1][6:-1]}))"
        done = run_snippet(files, "\n".join(lines))
        yield name, "\n".join(lines) if done and done[0][:1] in ("'", '"') and not done[1] else snippet


def bugs(source: str, dice: random.Random) -> Iterator[Bug]:
    """Wrong versions of a source in random order, one for each line in turn, kinds that are crude less often."""
    code = source.encode()
    lines: dict[int, list[Bug]] = {}
    for edit in edits(code):
        line = code.count(b"\n", 0, edit.start) + 1
        text = (code[: edit.start] + edit.text.encode() + code[edit.end :]).decode()
        if text != source:
            lines.setdefault(line, []).append(Bug(text, line, edit.kind, edit.function))
    turns = []
    for of_line in lines.values():
        dice.shuffle(of_line)
        of_line.sort(key=lambda bug: bug.kind in CRUDE and dice.random() < 0.7)
        turns += [(number, dice.random(), bug) for number, bug in enumerate(of_line[:4])]
    yield from (bug for _, _, bug in sorted(turns, key=lambda turn: turn[:2]))


def decoys(found_bugs: Sequence[Bug], bug: Bug, dice: random.Random) -> tuple[str, ...]:
    """Three of the file's other bugs, not on the line of this one."""
    others = [other for other in found_bugs if other.line != bug.line]
    return tuple(other.source for other in dice.sample(others, min(3, len(others))))


def _exercise(
    practice: Practice, path: str, bug: Bug, right: Sequence[tuple[str, str, tuple[str, int] | None]],
    others: tuple[str, ...], dice: random.Random,
) -> Exercise | None:  # fmt: skip
    files = practice.files | {path: bug.source}
    part = bug.function.split(".")[0]
    for name, snippet, expected in right:
        inside = name.split(".")[0]
        if part and not (inside == part or inside.endswith(f"_{part}")):
            continue
        wrong = run_snippet(files, snippet)
        if wrong is None or expected is None or _result(*wrong) == _result(*expected):
            continue
        if (wrong[1] and wrong[0].startswith(("SyntaxError", "IndentationError"))) or len(_result(*wrong)) > 90:
            continue
        issue = issue_text(name, snippet, wrong, expected, dice)
        return Exercise(files, path, practice.files[path], issue, name, snippet, bug.line, others)
    return None


def _result(output: str, code: int) -> str:
    return output.rstrip("\n").rsplit("\n", 1)[-1] if code else output.rstrip("\n")


def issue_text(name: str, snippet: str, wrong: tuple[str, int], expected: tuple[str, int], dice: random.Random) -> str:
    """The symptom: which lines give what, and what was expected."""
    kinds = {(0, 0): WRONG_VALUE, (1, 0): ERROR, (0, 1): NO_ERROR, (1, 1): WRONG_ERROR}
    first = dice.choice(kinds[wrong[1], expected[1]]).format(name)
    verb = "raises" if wrong[1] else "prints"
    return f"{first}\n\n```\n{snippet}\n```\n{verb} `{_result(*wrong)}`, expected `{_result(*expected)}`."


def observe(action: Action, files: dict[str, str]) -> str:
    """What `editor.perform` would answer, over files in memory; an edit changes `files`."""
    match action:
        case View(path, start, end):
            if path in files:
                return viewed(path, files[path], start, end)
            return listed(path, sorted(_children(path, files)))
        case Search(text, path):
            return found(text, path, [
                (file, number, line)
                for file in files if path == "." or file == path or file.startswith(path.rstrip("/") + "/")
                for number, line in enumerate(files[file].split("\n"), 1) if text in line
            ])  # fmt: skip
        case Edit(path, old, new):
            if path not in files:
                return f"error: {path} is not a text file of the workspace"
            observation, after = edited(path, files[path], old, new)
            files[path] = files[path] if after is None else after
            return observation
        case Create(path, text):
            files[path] = text if text.endswith("\n") else text + "\n"
            return f"created {path}"
        case Shell(command):
            return _shell(command, files)
        case Submit():
            return ""


def _children(path: str, files: Mapping[str, str]) -> set[str]:
    prefix = "" if path in (".", "") else path.rstrip("/") + "/"
    return {file[len(prefix) :].split("/")[0] for file in files if file.startswith(prefix)}


def _shell(command: str, files: Mapping[str, str]) -> str:
    quoted = re.fullmatch(r"python -c (.*)", command, re.DOTALL)
    if quoted:
        done = run_snippet(files, quoted.group(1)[1:-1])
        output, code = done if done is not None else ("", None)
        return ran(Result(output.encode(), code, code is None, False, 0.0))
    if command == "ls" or command.startswith("ls "):
        names = sorted(_children(command[3:] or ".", files))
        return ran(Result("\n".join(names).encode(), 0, False, False, 0.0))
    if command.startswith("cat "):
        return ran(Result(files.get(command[4:], "").encode(), 0, False, False, 0.0))
    return ran(Result(f"sh: 1: {command.split()[0]}: not found".encode(), 127, False, False, 0.0))
