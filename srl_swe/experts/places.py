"""Where Python code defines what: the places that a search for a definition leads to. Nothing is run."""

__all__ = ["Place", "defined", "enclosing"]

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True)
class Place:
    """Where a name is defined, and the text that finds it."""

    path: str
    line: int
    text: str


def defined(files: Mapping[str, bytes], name: str | None, path: str) -> list[Place]:
    """Where the function, class or method `name` is defined outside the tests, the best fit first."""
    if name is None:
        return []
    parts = name.split(".")
    found: list[tuple[tuple[int, bool, str, int], Place]] = []
    for file in files:
        if not file.endswith(".py") or _is_test(file):
            continue
        try:
            tree = ast.parse(files[file])
        except (SyntaxError, ValueError):
            continue  # a repository may hold broken files as data
        for dotted, node, text in _definitions(tree):
            own = dotted.split(".")
            fit = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own[::-1], parts[::-1], strict=False)))
            if fit:
                found.append(((-fit, file != path, file, node.lineno), Place(file, node.lineno, text)))
    if not found and len(parts) > 1:
        return defined(files, ".".join(parts[:-1]), path)
    return [place for _, place in sorted(found, key=lambda pair: pair[0])]


def _definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.stmt, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            kind = "class" if isinstance(node, ast.ClassDef) else "def"
            yield f"{prefix}{node.name}", node, f"{kind} {node.name}"
            yield from _definitions(node, f"{prefix}{node.name}.")


def enclosing(path: str, text: str, line: int) -> list[Place]:
    """What a line lies in, innermost first: its function, its class, or the name of the module that it assigns."""
    try:
        tree = ast.parse(text if path.endswith(".py") else "")
    except SyntaxError:
        return []
    found = [Place(path, node.lineno, head) for _, node, head in _definitions(tree) if _spans(node, line)]
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _spans(node, line):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                found.append(Place(path, node.lineno, target.id))
    return sorted(found, key=lambda place: -place.line)


def _spans(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _is_test(path: str) -> bool:
    return "tests" in posixpath.dirname(path).split("/") or posixpath.basename(path).startswith("test_")
