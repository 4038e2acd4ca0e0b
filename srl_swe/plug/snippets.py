"""Small programs taken from tests: what a user would run to see a bug.

A failing test's own calls are cut out of it: the set-up lines that a call needs, its imports, and the call. Parameters
of the test, literal loops and plain fixtures are written out. Only text is made here; nothing runs.
"""

__all__ = ["Snippet", "snippets"]

import ast
import builtins
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_UNROLLED = 8
TEXT_METHODS = frozenset(
    name for kind in (str, list, dict, set, tuple, int) for name in dir(kind) if not name.startswith("_")
)
BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class Snippet:
    """`setup` runs, then `expression` is printed; without one, the last line of `setup` is what should raise."""

    setup: str
    expression: str | None
    subject: str  # the name of the call that it shows
    test: str

    def code(self, *, as_repr: bool) -> str:
        """The program as an issue shows it."""
        shown = f"repr({self.expression})" if as_repr else self.expression
        return "\n".join(part for part in (self.setup, f"print({shown})" if self.expression else "") if part)


def snippets(
    files: Mapping[str, bytes], test_id: str, indices: Mapping[str, int] | None = None, *, limit: int = 12
) -> list[Snippet]:
    """The programs that one test id gives, shortest first; `indices` says which value of each parameter it had."""
    path, _, names = test_id.partition("::")
    try:
        module = ast.parse(files[path])
        shared = ast.parse(files.get("/".join([*path.split("/")[:-1], "conftest.py"]), b""))
        function = _function(module, names.split("[")[0].split("::"))
    except (KeyError, SyntaxError, LookupError):
        return []
    reader = _Reader(module, shared, test_id)
    found = {snippet.code(as_repr=False): snippet for snippet in reader.read(function, indices or {})}
    return sorted(found.values(), key=lambda snippet: (len(snippet.code(as_repr=False)), snippet.setup))[:limit]


def _function(module: ast.Module, names: Sequence[str]) -> ast.FunctionDef:
    body: list[ast.stmt] = module.body
    for name in names[:-1]:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == name)
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == names[-1]:
            return node
    raise LookupError(names[-1])


class _Unknown(Exception):
    """A name that cannot be written out: this call gives no program."""


class _Reader:
    """Reads one test function; what it holds is the test module's top level and the fixtures."""

    def __init__(self, module: ast.Module, shared: ast.Module, test_id: str) -> None:
        self.test_id = test_id
        self.top: dict[str, ast.stmt] = {}
        self.fixtures: dict[str, ast.FunctionDef] = {}
        for node in [*shared.body, *module.body]:
            if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(one) for one in node.decorator_list):
                self.fixtures[node.name] = node
            for name in _bound(node):
                self.top[name] = node

    def read(self, function: ast.FunctionDef, indices: Mapping[str, int]) -> Iterator[Snippet]:
        values = _parameters(function, indices)
        setup: list[ast.stmt] = []
        try:
            for argument in function.args.args:
                if argument.arg not in values:
                    setup += self._fixture(argument.arg, ())
        except _Unknown:
            return
        yield from self._walk([_filled(node, values) for node in function.body], setup)

    def _fixture(self, name: str, outer: tuple[str, ...]) -> list[ast.stmt]:
        """The body of a fixture as set-up lines that leave its value under its name."""
        fixture = self.fixtures.get(name)
        if fixture is None or name in outer:
            raise _Unknown(name)
        lines: list[ast.stmt] = []
        for argument in fixture.args.args:
            lines += self._fixture(argument.arg, (*outer, name))
        *body, last = [node for node in fixture.body if not _docstring(node)]
        value = last.value if isinstance(last, ast.Return | ast.Expr) else None
        value = value.value if isinstance(value, ast.Yield) else value
        if value is None or any(isinstance(node, ast.Return) for one in body for node in ast.walk(one)):
            raise _Unknown(name)
        given = ast.Assign([ast.Name(name, ast.Store())], value)
        return [*lines, *body, ast.fix_missing_locations(given)]

    def _walk(self, body: Sequence[ast.stmt], setup: list[ast.stmt]) -> Iterator[Snippet]:
        for node in body:
            if isinstance(node, ast.Assert):
                for expression in _shown(node.test):
                    yield from self._snippet(setup, expression)
            elif isinstance(node, ast.With) and _raises(node):
                yield from self._raising(setup, node.body)
            elif isinstance(node, ast.For) and _asserts(node):
                for values in _rounds(node):
                    yield from self._walk([_filled(one, values) for one in node.body], list(setup))
            elif not _docstring(node) and not _asserts(node):
                setup.append(node)

    def _raising(self, setup: Sequence[ast.stmt], body: Sequence[ast.stmt]) -> Iterator[Snippet]:
        last = body[-1]
        if isinstance(last, ast.Expr | ast.Assign) and last.value is not None:
            yield from self._snippet([*setup, *body[:-1]], last.value, raising=last)

    def _snippet(
        self, setup: Sequence[ast.stmt], expression: ast.expr, *, raising: ast.stmt | None = None
    ) -> Iterator[Snippet]:
        local = {name for node in setup for name in _bound(node)}
        needed = _names(expression)
        kept: list[ast.stmt] = []
        for node in reversed(setup):
            if _matters(node, needed & local):
                kept.insert(0, node)
                needed |= _names(node)
        try:
            head = self._head(needed - local)
        except _Unknown:
            return
        subject = _subject(expression) or next(filter(None, map(_subject_of, reversed(kept))), None)
        helper = self.top.get(subject or "")
        if isinstance(helper, ast.FunctionDef) and isinstance(helper.body[-1], ast.Return) and helper.body[-1].value:
            subject = _subject(helper.body[-1].value) or subject
        if subject is None:
            return
        lines = [*head, *map(ast.unparse, kept), *([ast.unparse(raising)] if raising else [])]
        yield Snippet("\n".join(lines), None if raising else ast.unparse(expression), subject, self.test_id)

    def _head(self, names: set[str]) -> list[str]:
        """Imports, constants and small functions of the test module that the names come from, in its order."""
        wanted = sorted(names - BUILTINS)
        used: dict[str, ast.stmt] = {}
        while wanted:
            name = wanted.pop()
            if name in used:
                continue
            node = self.top.get(name)
            if node is None or name == "pytest" or name in self.fixtures:
                raise _Unknown(name)
            used[name] = node
            if not isinstance(node, ast.Import | ast.ImportFrom):
                inner = _names(node) - BUILTINS
                bound = {one for part in ast.walk(node) if isinstance(part, ast.stmt | ast.arg) for one in _bound(part)}
                wanted += sorted(one for one in inner - bound if one in self.top)
        imports = [
            _import(node, used) for node in _distinct(used.values()) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        others = [node for node in _distinct(used.values()) if not isinstance(node, ast.Import | ast.ImportFrom)]
        return [*imports, *(ast.unparse(_bare(node)) for node in others)]


def _distinct(nodes: Iterable[ast.stmt]) -> list[ast.stmt]:
    return sorted({id(node): node for node in nodes}.values(), key=lambda node: node.lineno)


def _bare(node: ast.stmt) -> ast.stmt:
    """A small function without its docstring and annotations; anything else as it is."""
    if not isinstance(node, ast.FunctionDef):
        return node
    bare = copy.deepcopy(node)
    bare.returns = None
    bare.body = [one for one in bare.body if not _docstring(one)] or bare.body
    for argument in (*bare.args.posonlyargs, *bare.args.args, *bare.args.kwonlyargs):
        argument.annotation = None
    return bare


def _import(node: ast.Import | ast.ImportFrom, used: Mapping[str, ast.stmt]) -> str:
    names = [alias for alias in node.names if used.get(alias.asname or alias.name.split(".")[0]) is node]
    kept = copy.copy(node)
    kept.names = names
    return ast.unparse(kept)


def _bound(node: ast.AST) -> set[str]:
    """Names that a node gives a meaning to."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.arg):
        return {node.arg}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}


def _names(node: ast.AST) -> set[str]:
    """Names that a node reads and does not bind itself (a comprehension's own are its own)."""
    inner = {
        name.id
        for part in ast.walk(node)
        if isinstance(part, ast.comprehension)
        for name in ast.walk(part.target)
        if isinstance(name, ast.Name)
    }
    inner |= {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)}
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)} - inner


def _matters(node: ast.stmt, needed: set[str]) -> bool:
    """Whether a set-up line gives or may change one of the names."""
    if _bound(node) & needed:
        return True
    calls = any(isinstance(part, ast.Call) for part in ast.walk(node))
    stores = any(isinstance(getattr(part, "ctx", None), ast.Store | ast.Del) for part in ast.walk(node))
    return bool(_names(node) & needed) and (calls or (stores and not _bound(node)))


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _asserts(node: ast.stmt) -> bool:
    return any(
        isinstance(part, ast.Assert) or (isinstance(part, ast.With) and _raises(part)) for part in ast.walk(node)
    )


def _raises(node: ast.With) -> bool:
    return any("raises" in ast.unparse(item.context_expr).split("(")[0] for item in node.items)


def _shown(test: ast.expr) -> list[ast.expr]:
    """What to print so that an assertion's failure is seen: a side with a call, then the whole."""
    if isinstance(test, ast.BoolOp):
        return [expression for value in test.values for expression in _shown(value)]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _shown(test.operand)
    if isinstance(test, ast.Compare) and len(test.comparators) == 1:
        sides = [side for side in (test.left, test.comparators[0]) if not isinstance(side, ast.Constant)]
        return [*sides, test]
    return [test]


def _rounds(loop: ast.For) -> Iterator[dict[str, ast.expr]]:
    """What the names of a loop over a literal stand for, round by round."""
    if isinstance(loop.iter, ast.Tuple | ast.List):
        for element in loop.iter.elts[:MAX_UNROLLED]:
            yield from _matched(loop.target, element)


def _matched(target: ast.expr, value: ast.expr) -> Iterator[dict[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield {target.id: value}
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        pairs = zip(target.elts, value.elts, strict=True)
        yield {name.id: part for name, part in pairs if isinstance(name, ast.Name)}


def _parameters(function: ast.FunctionDef, indices: Mapping[str, int]) -> dict[str, ast.expr]:
    """The literal that each parameter of the test stood for."""
    values: dict[str, ast.expr] = {}
    for mark in function.decorator_list:
        if not (isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("parametrize") and len(mark.args) >= 2):
            continue
        names, rows = _words(mark.args[0]), mark.args[1]
        at = indices.get(names[0]) if names else None
        if at is None or not isinstance(rows, ast.List | ast.Tuple) or at >= len(rows.elts):
            continue
        row = rows.elts[at]
        parts = row.args if isinstance(row, ast.Call) and ast.unparse(row.func).endswith("param") else [row]
        if len(names) > 1 and len(parts) == 1 and isinstance(parts[0], ast.Tuple | ast.List):
            parts = parts[0].elts
        if len(parts) == len(names):
            values |= dict(zip(names, parts, strict=True))
    return values


def _words(named: ast.expr) -> list[str]:
    """The names in the first argument of parametrize: one string, or a row of them."""
    parts = named.elts if isinstance(named, ast.Tuple | ast.List) else [named]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return [name.strip() for text in texts for name in text.split(",")]


class _Fill(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self.values:
            return copy.deepcopy(self.values[node.id])
        return node


def _filled(node: ast.stmt, values: Mapping[str, ast.expr]) -> ast.stmt:
    """A copy of a statement with literal values in place of names."""
    filled: ast.stmt = _Fill(values).visit(copy.deepcopy(node))
    return filled


def _subject(expression: ast.expr) -> str | None:
    """The name of the call a user would complain about: the outermost one that is not Python's own."""
    match expression:
        case ast.Call(func=ast.Name(id=name)) if name not in BUILTINS:
            return name
        case ast.Call(func=ast.Attribute(value=value, attr=attr)):
            inner = _subject(value)
            return inner if inner and attr in TEXT_METHODS else attr
        case ast.Call(args=[first, *_]):
            return _subject(first)
        case ast.Attribute(value=ast.Name(), attr=attr):
            return attr
        case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.Starred(value=value):
            return _subject(value)
        case ast.Compare(left=left, comparators=[right, *_]):
            return _subject(left) or _subject(right)
        case ast.BinOp(left=left, right=right):
            return _subject(left) or _subject(right)
        case ast.UnaryOp(operand=operand):
            return _subject(operand)
        case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
            return _subject(element)
        case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
            return _subject(first)
    return None


def _subject_of(node: ast.stmt) -> str | None:
    return _subject(node.value) if isinstance(node, ast.Expr | ast.Assign) and node.value is not None else None
