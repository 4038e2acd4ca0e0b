"""Every single-site edit of one Python source that a mutation may make, as byte spans with their replacement.

Only spans are given: the rest of the file keeps its formatting to the byte. Docstrings, annotations, imports, names
that start and end with two underscores, the text of f-strings, logging, and what an error says are never touched.
It does not know whether an edit compiles, or whether any test notices it.
"""

__all__ = ["Edit", "edits"]

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import (
    ByteSpanPositionProvider,
    ExpressionContext,
    ExpressionContextProvider,
    MetadataWrapper,
    ParentNodeProvider,
)

OPERATORS = {
    "+": ("-",),
    "-": ("+",),
    "*": ("+", "//"),
    "/": ("*", "//"),
    "//": ("/", "%"),
    "%": ("//",),
    "**": ("*",),
    "|": ("&",),
    "&": ("|",),
    "<<": (">>",),
    ">>": ("<<",),
}
COMPARISONS = {
    "<": (("<=", "boundary"), (">", "comparison")),
    "<=": (("<", "boundary"), (">=", "comparison")),
    ">": ((">=", "boundary"), ("<", "comparison")),
    ">=": ((">", "boundary"), ("<=", "comparison")),
    "==": (("!=", "comparison"),),
    "!=": (("==", "comparison"),),
    "is": (("is not", "comparison"),),
    "is not": (("is", "comparison"),),
    "in": (("not in", "comparison"),),
    "not in": (("in", "removed_not"),),
}
ASSIGNMENTS = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("+=",), "//=": ("/=",), "/=": ("*=",), "|=": ("&=", "=")}
SWAPPED_NAMES = [("min", "max"), ("any", "all"), ("floor", "ceil")]
SWAPPED_METHODS = [
    ("lower", "upper"),
    ("ljust", "rjust"),
    ("lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("append", "extend"),
    ("popleft", "pop"),
    ("union", "intersection"),
    ("issubset", "issuperset"),
    ("keys", "values"),
]
LOGGERS = ("log", "logger", "logging", "warnings", "print")
SHORT_STRINGS = {" ": "", "": " ", ",": ";", "-": "+", "+": "-", "<": ">", ">": "<", "(": "[", ")": "]", "\\n": " "}


@dataclass(frozen=True)
class Edit:
    """Replace the bytes from `start` to `end` by `text`; `function` is the qualified name of what holds them."""

    start: int
    end: int
    text: str
    kind: str
    function: str


@dataclass
class _Frame:
    """A function being walked: what its names may be confused with."""

    name: str
    parameters: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    assigned: list[str] = field(default_factory=list)
    strings: list[str] = field(default_factory=list)
    attributes: dict[str, list[str]] = field(default_factory=dict)


def edits(source: bytes) -> list[Edit]:
    """All edits of a source in the order of the file, none twice; SyntaxError if it does not parse."""
    try:
        wrapper = MetadataWrapper(cst.parse_module(source))
    except cst.ParserSyntaxError as error:
        raise SyntaxError(str(error)) from error
    walker = _Walker(source, wrapper.module)
    wrapper.visit(walker)
    first: dict[tuple[int, int, str], Edit] = {}
    for edit in walker.found:
        first.setdefault((edit.start, edit.end, edit.text), edit)
    return sorted(first.values(), key=lambda edit: (edit.start, edit.end, edit.text))


def _plain(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def _integer(node: cst.BaseExpression | None) -> bool:
    return isinstance(node, cst.Integer) and node.value.isdigit()


def _swap(word: str, pairs: list[tuple[str, str]]) -> str | None:
    for left, right in pairs:
        if word in (left, right):
            return right if word == left else left
    return None


class _Walker(cst.CSTVisitor):
    """Collects edits; one method for each kind of node that can be wrong in a way of its own."""

    METADATA_DEPENDENCIES = (ByteSpanPositionProvider, ExpressionContextProvider, ParentNodeProvider)

    def __init__(self, source: bytes, module: cst.Module) -> None:
        super().__init__()
        self.source = source
        self.module = module
        self.found: list[Edit] = []
        self.classes: list[cst.ClassDef] = []
        self.frames = [_Frame("<module>")]
        self.in_format = 0

    # ---- places and emission -------------------------------------------------------------------------------------

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        span = self.get_metadata(ByteSpanPositionProvider, node)
        return span.start, span.start + span.length

    def _emit(self, node: cst.CSTNode, text: str, kind: str) -> None:
        start, end = self._span(node)
        self._emit_span(start, end, text, kind)

    def _emit_span(self, start: int, end: int, text: str, kind: str) -> None:
        self.found.append(Edit(start, end, text, kind, self.frames[-1].name))

    def _inner(self, node: cst.BaseExpression) -> str:
        """The code of an expression as its span has it: without its own parentheses."""
        start, end = self._span(node)
        return self.source[start:end].decode()

    def _in_function(self) -> bool:
        return len(self.frames) > 1

    # ---- what is never touched -----------------------------------------------------------------------------------

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_Decorator(self, node: cst.Decorator) -> bool:
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Raise(self, node: cst.Raise) -> bool:
        return False

    def visit_Assert(self, node: cst.Assert) -> bool:
        return False

    def visit_FormattedStringText(self, node: cst.FormattedStringText) -> bool:
        return False

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        self.in_format += 1

    def leave_FormattedString(self, original_node: cst.FormattedString) -> None:
        self.in_format -= 1

    def visit_Expr(self, node: cst.Expr) -> bool:
        return not isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)) and not _tells(node.value)

    def visit_Assign(self, node: cst.Assign) -> bool:
        names = [target.target.value for target in node.targets if isinstance(target.target, cst.Name)]
        return not any(name.startswith("__") and name.endswith("__") for name in names)

    def visit_If(self, node: cst.If) -> bool:
        if _plain(node.test).strip() in ("TYPE_CHECKING", '__name__ == "__main__"', "typing.TYPE_CHECKING"):
            return False
        self._negate(node.test)
        return True

    # ---- frames --------------------------------------------------------------------------------------------------

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.classes.append(node)
        self.frames.append(_Frame(self._qualified(node.name.value)))

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self.classes.pop()
        self.frames.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        frame = _Frame(self._qualified(node.name.value))
        every = (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params)
        frame.parameters = [param.name.value for param in every if param.name.value not in ("self", "cls")]
        frame.annotations = {
            param.name.value: _plain(param.annotation.annotation) if param.annotation else "" for param in every
        }
        frame.strings = list(dict.fromkeys(_strings(node)))
        frame.attributes = _attributes(node)
        if self.classes:
            frame.attributes["self"] = _attributes(self.classes[-1]).get("self", [])
        self.frames.append(frame)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self.frames.pop()

    def _qualified(self, name: str) -> str:
        outer = self.frames[-1].name
        return name if outer == "<module>" else f"{outer}.{name}"

    def leave_AssignTarget(self, original_node: cst.AssignTarget) -> None:
        self._assigned(original_node.target)

    def visit_For_target(self, node: cst.For) -> None:
        self._assigned(node.target)

    def _assigned(self, target: cst.BaseExpression) -> None:
        elements = [item.value for item in target.elements] if isinstance(target, cst.Tuple) else [target]
        for element in elements:
            if isinstance(element, cst.Name) and element.value != "_":
                self.frames[-1].assigned.append(element.value)

    # ---- operators -----------------------------------------------------------------------------------------------

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        operator = _plain(node.operator).strip()
        textual = any(
            isinstance(side, (cst.SimpleString, cst.FormattedString, cst.List, cst.ConcatenatedString))
            for side in (node.left, node.right)
        )
        left, right = _plain(node.left), _plain(node.right)
        if operator in ("+", "-") and isinstance(node.right, cst.Integer) and node.right.value == "1":
            self._emit(node, left, "off_by_one")
        nested = isinstance(node.left, cst.BinaryOperation) or isinstance(node.right, cst.BinaryOperation)
        ordered = operator in ("-", "/", "//", "%") or (operator == "+" and textual)
        if ordered and not nested and left != right:
            self._emit(node, f"{right} {operator} {left}", "swapped_operands")
        if not textual:
            for other in OPERATORS.get(operator, ()):
                self._emit(node.operator, other, "arithmetic")

    def visit_ComparisonTarget(self, node: cst.ComparisonTarget) -> None:
        operator = " ".join(_plain(node.operator).split())
        start, end = self._span(node.operator)
        shown = self.source[start:end]
        end = start + len(shown.rstrip())
        for other, kind in COMPARISONS.get(operator, ()):
            self._emit_span(start, end, other, kind)

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> None:
        other = "or" if isinstance(node.operator, cst.And) else "and"
        start, end = self._span(node.operator)
        self._emit_span(start, start + len(self.source[start:end].rstrip()), other, "boolean")
        self._emit(node, _plain(node.left), "dropped_condition")
        self._emit(node, _plain(node.right), "dropped_condition")

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> None:
        if isinstance(node.operator, cst.Not):
            self._emit(node, _plain(node.expression), "removed_not")
        elif isinstance(node.operator, cst.Minus) and not _integer(node.expression):
            self._emit(node, _plain(node.expression), "removed_minus")

    def visit_IfExp(self, node: cst.IfExp) -> None:
        body, test, orelse = _plain(node.body), _plain(node.test), _plain(node.orelse)
        self._emit(node, f"{orelse} if {test} else {body}", "swapped_branches")

    def visit_CompIf(self, node: cst.CompIf) -> None:
        start, end = self._span(node)
        while self.source[start - 1 : start].isspace():
            start -= 1
        self._emit_span(start, end, "", "dropped_condition")
        self._negate(node.test)

    def _negate(self, test: cst.BaseExpression) -> None:
        operators = (
            [_plain(one.operator).strip() for one in test.comparisons] if isinstance(test, cst.Comparison) else []
        )
        if isinstance(test, cst.UnaryOperation) or operators in (
            ["=="],
            ["!="],
            ["is"],
            ["is not"],
            ["in"],
            ["not in"],
        ):
            return  # another kind makes the same change
        bare = isinstance(test, (cst.Name, cst.Call, cst.Attribute, cst.Subscript))
        inner = self._inner(test)
        self._emit(test, f"not {inner}" if bare else f"not ({inner})", "negated_condition")

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        operator = _plain(node.operator).strip()
        textual = isinstance(node.value, (cst.SimpleString, cst.FormattedString, cst.List))
        for other in ASSIGNMENTS.get(operator, ()):
            if not (textual and other == "-="):
                self._emit(node.operator, other, "augmented")

    # ---- constants and names -------------------------------------------------------------------------------------

    def visit_Integer(self, node: cst.Integer) -> None:
        if self.in_format or not _integer(node):
            return
        value = int(node.value)
        parent = self.get_metadata(ParentNodeProvider, node)
        kind = "off_by_one" if isinstance(parent, (cst.Index, cst.Slice)) else "constant"
        kind = "default_value" if isinstance(parent, cst.Param) else kind
        self._emit(node, str(value + 1), kind)
        if value:
            self._emit(node, str(value - 1), kind)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        quote = node.value[0]
        text = node.value[1:-1]
        if self.in_format or quote not in "'\"" or node.value.startswith(quote * 3) or len(text.split()) > 2:
            return
        kind = "default_value" if isinstance(self.get_metadata(ParentNodeProvider, node), cst.Param) else "string"
        others = [string for string in self.frames[-1].strings if string != node.value and len(string.split()) < 3]
        nearest = [string for string in others if abs(len(string) - len(node.value)) <= 4]
        for other in nearest[:1]:
            self._emit(node, other, kind)
        if text in SHORT_STRINGS:
            self._emit(node, f"{quote}{SHORT_STRINGS[text]}{quote}", kind)
        elif len(text) > 1 and "\\" not in text:
            self._emit(node, f"{quote}{text[:-1]}{quote}", kind)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        context = self.get_metadata(ExpressionContextProvider, node, None)
        called = isinstance(self.get_metadata(ParentNodeProvider, node), cst.Call) and not self._is_argument(node)
        if isinstance(node.value, cst.Name) and context is ExpressionContext.LOAD and not called:
            pool = self.frames[-1].attributes.get(node.value.value, [])
            other = _next(pool, node.attr.value)
            if other:
                self._emit(node.attr, other, "wrong_attribute")
        node.value.visit(self)
        return False

    def _is_argument(self, node: cst.CSTNode) -> bool:
        return isinstance(self.get_metadata(ParentNodeProvider, node), cst.Arg)

    def visit_Name(self, node: cst.Name) -> None:
        if node.value in ("True", "False"):
            parent = self.get_metadata(ParentNodeProvider, node)
            kind = "default_value" if isinstance(parent, cst.Param) else "boolean_constant"
            self._emit(node, "False" if node.value == "True" else "True", kind)
            return
        parent = self.get_metadata(ParentNodeProvider, node)
        keyword = isinstance(parent, cst.Arg) and parent.keyword is node
        context = self.get_metadata(ExpressionContextProvider, node, None)
        if keyword or context is not ExpressionContext.LOAD or not self._in_function():
            return
        frame = self.frames[-1]
        alike = [name for name in frame.parameters if frame.annotations.get(name) == frame.annotations.get(node.value)]
        for pool in (alike, frame.assigned):
            names = list(dict.fromkeys(pool))
            other = _next(names, node.value)
            if other:
                self._emit(node, other, "wrong_variable")

    # ---- calls, ranges and slices --------------------------------------------------------------------------------

    def visit_Call(self, node: cst.Call) -> None:
        name = node.func.value if isinstance(node.func, cst.Name) else None
        method = node.func.attr.value if isinstance(node.func, cst.Attribute) else None
        swapped = _swap(name, SWAPPED_NAMES) if isinstance(name, str) else None
        if swapped:
            self._emit(node.func, swapped, "min_max" if swapped in ("min", "max") else "swapped_call")
        if isinstance(node.func, cst.Attribute) and method:
            other = _swap(method, SWAPPED_METHODS) or ("lstrip" if method == "strip" else None)
            if other:
                self._emit(node.func.attr, other, "swapped_call")
        if name == "range":
            self._range(node)
        elif name != "isinstance":
            self._arguments(node)

    def _range(self, node: cst.Call) -> None:
        for argument in node.args:
            if _integer(argument.value) and isinstance(argument.value, cst.Integer):
                value = int(argument.value.value)
                self._emit(argument, str(value + 1), "off_by_one")
                if value:
                    self._emit(argument, str(value - 1), "off_by_one")
            elif not isinstance(argument.value, (cst.BinaryOperation, cst.UnaryOperation, cst.IfExp)):
                self._emit(argument, f"{_plain(argument.value)} - 1", "off_by_one")
                self._emit(argument, f"{_plain(argument.value)} + 1", "off_by_one")
        if len(node.args) == 1:
            self._emit(node.args[0], f"1, {_plain(node.args[0].value)}", "off_by_one")

    def _arguments(self, node: cst.Call) -> None:
        for left, right in zip(node.args, node.args[1:], strict=False):
            if left.keyword or right.keyword or left.star or right.star:
                continue
            first, second = _plain(left.value), _plain(right.value)
            if first != second:
                start, end = self._span(left)[0], self._span(right)[1]
                between = self.source[self._span(left)[1] : self._span(right)[0]].decode()
                self._emit_span(start, end, f"{second}{between}{first}", "swapped_arguments")
        last_default = isinstance(node.func, cst.Attribute) and node.func.attr.value == "get"
        if len(node.args) > 1 and (node.args[-1].keyword or last_default):
            self._emit_span(self._span(node.args[-2])[1], self._span(node.args[-1])[1], "", "dropped_argument")

    def visit_Slice(self, node: cst.Slice) -> None:
        for bound in (node.lower, node.upper):
            if bound is None or isinstance(bound, cst.Integer):
                continue
            if isinstance(bound, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
                self._emit(bound, f"{_plain(bound)} + 1", "off_by_one")
                self._emit(bound, f"{_plain(bound)} - 1", "off_by_one")

    # ---- statements ----------------------------------------------------------------------------------------------

    def visit_Break(self, node: cst.Break) -> None:
        self._emit(node, "continue", "break_continue")

    def visit_Continue(self, node: cst.Continue) -> None:
        self._emit(node, "break", "break_continue")

    def visit_Return(self, node: cst.Return) -> None:
        if node.value is None or _plain(node.value) in ("True", "False", "None"):
            return
        self._emit(node.value, "None", "wrong_return")
        frame = self.frames[-1]
        names = dict.fromkeys([*frame.assigned, *frame.parameters])
        others = [name for name in names if name != _plain(node.value)]
        for other in others[-1:] + others[:1]:
            self._emit(node.value, other, "wrong_return")
        if isinstance(node.value, cst.Tuple) and len(node.value.elements) == 2 and not node.value.lpar:
            first, second = (_plain(element.value) for element in node.value.elements)
            self._emit(node.value, f"{second}, {first}", "swapped_operands")

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        if not self._in_function():
            return
        body = [statement for statement in node.body if not _is_docstring(statement)]
        if len(body) < 2:
            return
        for statement in body:
            if _droppable(statement, self.frames[-1], last=statement is body[-1]):
                start, end = self._span(statement)
                start = self.source.rfind(b"\n", 0, start) + 1
                end = self.source.find(b"\n", end) + 1 or len(self.source)
                self._emit_span(start, end, "", "dropped_statement")


def _next(pool: list[str], name: str) -> str | None:
    """The name after this one in the pool, in a circle; None where there is no other."""
    if name not in pool or len(pool) < 2:
        return None
    return pool[(pool.index(name) + 1) % len(pool)]


def _tells(node: cst.BaseExpression) -> bool:
    """A call that logs, warns or prints."""
    head = node.func if isinstance(node, cst.Call) else None
    while isinstance(head, cst.Attribute):
        head = head.value
    return isinstance(head, cst.Name) and head.value in LOGGERS


def _is_docstring(statement: cst.BaseStatement | cst.BaseSmallStatement) -> bool:
    first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    return isinstance(first, cst.Expr) and isinstance(first.value, (cst.SimpleString, cst.ConcatenatedString))


def _droppable(statement: cst.BaseStatement | cst.BaseSmallStatement, frame: _Frame, *, last: bool) -> bool:
    """A statement whose loss leaves code that still reads: a call, a changed value, a guard, an early return."""
    if isinstance(statement, cst.If):
        return statement.orelse is None and not last
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return False
    small = statement.body[0]
    if isinstance(small, cst.Assign):
        target = small.targets[0].target
        return not isinstance(target, (cst.Name, cst.Tuple)) or _plain(target) in (*frame.parameters, *frame.assigned)
    if isinstance(small, cst.Expr):
        return isinstance(small.value, cst.Call) and not _tells(small.value)
    return isinstance(small, (cst.AugAssign, cst.Return, cst.Break, cst.Continue))


class _Words(cst.CSTVisitor):
    """The strings and the attributes that are read (not called) below a node, in the order of the file."""

    def __init__(self) -> None:
        super().__init__()
        self.strings: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def visit_Call(self, node: cst.Call) -> bool:
        if isinstance(node.func, cst.Attribute):
            node.func.value.visit(self)
            for argument in node.args:
                argument.visit(self)
            return False
        return True

    def visit_Expr(self, node: cst.Expr) -> bool:
        return not isinstance(node.value, cst.SimpleString)

    def visit_Raise(self, node: cst.Raise) -> bool:
        return False

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        if node.value[0] in "'\"" and not node.value.startswith(node.value[0] * 3):
            self.strings.append(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if isinstance(node.value, cst.Name):
            self.attributes.append((node.value.value, node.attr.value))


def _words(node: cst.CSTNode) -> _Words:
    words = _Words()
    node.visit(words)
    return words


def _strings(node: cst.CSTNode) -> Iterator[str]:
    yield from _words(node).strings


def _attributes(node: cst.CSTNode) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for base, name in _words(node).attributes:
        if name not in found.setdefault(base, []):
            found[base].append(name)
    return found
