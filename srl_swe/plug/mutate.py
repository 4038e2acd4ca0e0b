"""Seeded mutations: small wrong versions of a repository's source, one site each.

A mutation changes one to three lines, keeps every other byte, compiles, and differs in syntax tree. Their order is a
function of the seed and the files alone, spread over lines and kinds, the same on every machine.
Whether a mutation is a bug is not decided here: only tests can tell (`gate`).
"""

__all__ = ["Mutation", "is_source", "mutations"]

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from srl_swe.plug.edits import Edit, edits

MAX_LINES = 3
MAX_PER_LINE = 8
DEPTH = 3  # mutations of a line before the next line: enough to train on some and keep one back
CRUDE = ("wrong_variable", "wrong_return")  # often a mere type error: they wait two rounds


@dataclass(frozen=True)
class Mutation:
    """One wrong version of one file. Lines are pristine ones, from `line` to `last_line`, counted from 1."""

    file: str
    line: int
    last_line: int
    kind: str
    function: str
    before_line: str
    after_line: str
    source: bytes  # the whole file with the mutation in it

    @property
    def sites(self) -> tuple[tuple[str, int], ...]:
        """Every pristine line it touches."""
        return tuple((self.file, line) for line in range(self.line, self.last_line + 1))


def is_source(path: str, test_paths: Sequence[str]) -> bool:
    """True for package source: Python, not a test, not set-up, not an `__init__.py`."""
    parts = PurePosixPath(path).parts
    name = parts[-1]
    if not name.endswith(".py") or name in ("__init__.py", "__main__.py", "conftest.py", "setup.py", "conf.py"):
        return False
    if name.startswith("test_") or name.endswith("_test.py") or parts[0] in ("docs", "examples", "tests", "test"):
        return False
    return not any(path == test.rstrip("/") or path.startswith(test.rstrip("/") + "/") for test in test_paths)


def mutations(files: Mapping[str, bytes], *, seed: int, test_paths: Sequence[str] = ("tests",)) -> list[Mutation]:
    """The mutations of a tree in the order of the seed, at most eight that begin on one line."""
    found: list[Mutation] = []
    for path in sorted(files):
        if is_source(path, test_paths):
            found.extend(_of_file(path, files[path]))
    return _spread(found, seed)


def _of_file(path: str, source: bytes) -> Iterator[Mutation]:
    try:
        pristine = ast.dump(ast.parse(source))
        sites = edits(source)
    except SyntaxError:
        return
    seen = {source}
    for edit in sites:
        mutant = source[: edit.start] + edit.text.encode() + source[edit.end :]
        if mutant in seen or _lines_touched(source, edit) > MAX_LINES or edit.text.count("\n") >= MAX_LINES:
            continue
        seen.add(mutant)
        if _compiles_to_other(mutant, pristine):
            yield _mutation(path, source, mutant, edit)


def _lines_touched(source: bytes, edit: Edit) -> int:
    return source.count(b"\n", edit.start, max(edit.start, edit.end - 1)) + 1


def _compiles_to_other(mutant: bytes, pristine: str) -> bool:
    try:
        return ast.dump(ast.parse(mutant)) != pristine
    except (SyntaxError, ValueError):
        return False


def _mutation(path: str, source: bytes, mutant: bytes, edit: Edit) -> Mutation:
    begin = source.rfind(b"\n", 0, edit.start) + 1
    end = source.find(b"\n", max(edit.start, edit.end - 1))
    end = len(source) if end < 0 else end
    tail = len(source) - end
    after = mutant[begin : len(mutant) - tail] if len(mutant) - tail >= begin else b""
    line = source.count(b"\n", 0, begin) + 1
    before_text = source[begin:end].decode()
    return Mutation(
        file=path,
        line=line,
        last_line=line + before_text.count("\n"),
        kind=edit.kind,
        function=edit.function,
        before_line=before_text,
        after_line=after.decode(),
        source=mutant,
    )


def _rank(seed: int, mutation: Mutation) -> str:
    what = (str(seed), mutation.file, str(mutation.line), mutation.before_line, mutation.after_line)
    return hashlib.sha256("\0".join(what).encode()).hexdigest()


def _spread(found: Sequence[Mutation], seed: int) -> list[Mutation]:
    """Three mutations of different kinds for every line, line after line, before any line gets its fourth."""
    lines: dict[tuple[str, int], list[Mutation]] = defaultdict(list)
    for mutation in sorted(found, key=lambda mutation: _rank(seed, mutation)):
        lines[mutation.file, mutation.line].append(mutation)
    turns = [_kinds_in_turn(of_line) for of_line in lines.values()]
    rounds = ((0, DEPTH), (DEPTH, MAX_PER_LINE))
    return [mutation for first, last in rounds for of_line in turns for mutation in of_line[first:last]]


def _kinds_in_turn(of_line: Sequence[Mutation]) -> list[Mutation]:
    seen: dict[str, int] = defaultdict(int)
    turns: list[tuple[int, int, Mutation]] = []
    for place, mutation in enumerate(of_line):
        turns.append((seen[mutation.kind] + 2 * (mutation.kind in CRUDE), place, mutation))
        seen[mutation.kind] += 1
    return [mutation for _, _, mutation in sorted(turns, key=lambda turn: turn[:2])]
