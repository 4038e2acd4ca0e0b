"""Exercises cut from the standard library of the running Python: a broad range of real code, with vague issues.

The library is read from where this Python keeps it; none of it is shipped, and none of it is run.
"""

__all__ = ["chunks", "library_exercises", "library_files"]

import ast
import random
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from srl_swe.plug.issue_text import WRONG_VALUE
from srl_swe.train.practice import NOUNS, Exercise, bugs, decoys

CHUNK_LINES = 90
LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "lib2to3", "pydoc_data", "encodings", "ensurepip")


def library_files() -> list[Path]:
    """The library's Python sources that are code and no tables, by name."""
    root = Path(sysconfig.get_paths()["stdlib"])
    found = [path for path in root.rglob("*.py") if not set(path.relative_to(root).parts) & set(LEFT_OUT)]
    return sorted(path for path in found if 500 < path.stat().st_size < 200_000)


def chunks(source: str) -> Iterator[str]:
    """Runs of whole definitions of at most about `CHUNK_LINES` lines; a long class is cut between its methods."""
    lines = source.split("\n")
    part: list[str] = []
    for head, first, last in _pieces(ast.parse(source)):
        piece = lines[first - 1 : last]
        if len(piece) > CHUNK_LINES:
            continue
        if head is not None and (not part or part[0] != lines[head - 1]):
            if part:
                yield "\n".join(part).strip("\n") + "\n"
            part = [lines[head - 1], ""] if head != first else []
        elif len(part) + len(piece) > CHUNK_LINES:
            yield "\n".join(part).strip("\n") + "\n"
            part = [lines[head - 1], ""] if head is not None else []
        part += [*piece, ""] if head is not None else [*piece, "", ""]
    if part:
        yield "\n".join(part).strip("\n") + "\n"


def _pieces(tree: ast.Module) -> Iterator[tuple[int | None, int, int]]:
    """Definitions as (line of the class that they are in, first line, last line)."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield None, _first(node), node.end_lineno or node.lineno
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if node.body[0].lineno == node.lineno or _header_is_long(node):
                    continue
                if isinstance(inner, ast.FunctionDef):
                    yield node.lineno, _first(inner), inner.end_lineno or inner.lineno


def _header_is_long(node: ast.ClassDef) -> bool:
    """Whether bases or keywords stand on a later line than the name, so that one line is no class header."""
    ends = [expression.end_lineno or 0 for expression in (*node.bases, *(word.value for word in node.keywords))]
    return max(ends, default=0) > node.lineno or (node.bases != [] and min(b.lineno for b in node.bases) > node.lineno)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def library_exercises(paths: Sequence[Path], dice: random.Random, *, per_chunk: int) -> Iterator[Exercise]:
    """Bugs in the chunks of these files, at most `per_chunk` in each."""
    for path in paths:
        try:
            parts = [part for part in chunks(path.read_text(encoding="utf-8")) if _parses(part)]
        except (SyntaxError, UnicodeDecodeError):
            continue
        for number, part in enumerate(parts):
            name = f"{path.parent.name if path.parent.name[:6] != 'python' else dice.choice(NOUNS)}/{path.stem}.py"
            above = parts[dice.randrange(number)] + "\n\n" if number and dice.random() < 0.5 else ""
            try:
                found = [bug for bug in bugs(part, dice) if bug.function]
            except SyntaxError:
                continue
            for bug in found[:per_chunk]:
                if not _parses(bug.source):
                    continue
                function = bug.function
                issue = dice.choice(WRONG_VALUE).format(function)
                files = {f"{name.split('/')[0]}/__init__.py": "", name: above + bug.source}
                line = bug.line + above.count("\n")
                others = tuple(above + other for other in decoys(found, bug, dice))
                yield Exercise(files, name, above + part, issue, function, "", line, others)
