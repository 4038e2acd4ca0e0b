"""The issue of a task: a symptom that was observed, in one steady form.

    `slot_count` gives a wrong result.

    ```
    from intervals.calendar import slot_count
    print(slot_count(3, 9, step=2))
    ```
    prints `4`, expected `3`.

The program is a test's own call; both outcomes were seen, with the bug and without it. A text that repeats the mutated
line, as it was or as it is, is refused. No model writes here, and nothing runs here.
"""

__all__ = ["Outcome", "issue_text", "leaks"]

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from srl_swe.plug.mutate import Mutation
from srl_swe.plug.snippets import Snippet

MAX_WORDS = 90
MAX_PIECES = 150  # words and single signs, a stand-in for tokens
MAX_SHOWN = 90
WRONG_VALUE = ("`{}` gives a wrong result.", "`{}` returns the wrong value.", "Wrong result from `{}`.")
ERROR = ("`{}` fails.", "`{}` raises an error.", "Error in `{}`.")
NO_ERROR = ("`{}` accepts what it should refuse.", "`{}` does not raise.", "Missing error in `{}`.")
WRONG_ERROR = ("`{}` raises the wrong error.", "Wrong error from `{}`.")


@dataclass(frozen=True)
class Outcome:
    """What a snippet gave: an error, or a value in its two written forms (`text` marks a string)."""

    error: str | None = None
    printed: str | None = None
    shown: str | None = None
    text: bool = False


def issue_text(snippet: Snippet, got: Outcome, expected: Outcome, *, seed: str) -> str | None:
    """The issue, or None where the snippet does not show a difference that fits in a short text."""
    for narrow, bad, good in _narrowed(snippet, got, expected):
        said = _said(narrow, bad, good, seed)
        if said and len(said.split()) <= MAX_WORDS and len(re.findall(r"\w+|[^\w\s]", said)) <= MAX_PIECES:
            return said
    return None


def leaks(text: str, mutation: Mutation) -> bool:
    """True where the text repeats a mutated line, before or after, or names the place in the file."""
    lines = [line.strip() for line in (*mutation.before_line.split("\n"), *mutation.after_line.split("\n"))]
    words = " ".join(text.split())
    named = mutation.file in text or f"line {mutation.line}" in text
    return named or any(" ".join(line.split()) in words for line in lines if len(line) > 3)


def _said(snippet: Snippet, got: Outcome, expected: Outcome, seed: str) -> str | None:
    as_repr = expected.text or got.text
    bad, good = _form(got, as_repr), _form(expected, as_repr)
    if bad == good or any(len(form) > MAX_SHOWN or "\n" in form or " at 0x" in form for form in (bad, good)):
        return None
    first: tuple[str, ...]
    if got.error and expected.error:
        first, end = WRONG_ERROR, f"raises `{bad}`, expected `{good}`."
    elif got.error:
        first, end = ERROR, f"raises `{bad}`, expected `{good}`."
    elif expected.error:
        seen = "raises nothing" if snippet.expression is None else f"prints `{bad}`"
        first, end = NO_ERROR, f"{seen}, expected `{good}`."
    elif snippet.expression is None:
        return None
    else:
        first, end = WRONG_VALUE, f"prints `{bad}`, expected `{good}`."
    digest = hashlib.sha256(f"{seed}\0{snippet.setup}\0{snippet.expression}".encode()).digest()
    headline = first[digest[0] % len(first)].format(snippet.subject)
    return f"{headline}\n\n```\n{snippet.code(as_repr=as_repr)}\n```\n{end}"


def _form(outcome: Outcome, as_repr: bool) -> str:
    if outcome.error is not None:
        return outcome.error
    return (outcome.shown if as_repr else outcome.printed) or ""


def _narrowed(snippet: Snippet, got: Outcome, expected: Outcome) -> Iterator[tuple[Snippet, Outcome, Outcome]]:
    """The outcome as it is; where both are long lists or texts, the first item or line that differs."""
    yield snippet, got, expected
    bad, good = _literal(got), _literal(expected)
    expression = snippet.expression
    if expression is None or isinstance(ast.parse(expression, mode="eval").body, ast.Compare | ast.BinOp | ast.UnaryOp):
        return
    if isinstance(bad, str) and isinstance(good, str):
        bad, good = bad.split("\n"), good.split("\n")
        expression = f"{expression}.split('\\n')"
    if isinstance(bad, list) and isinstance(good, list):
        for number, (one, other) in enumerate(zip(bad, good, strict=False)):
            if one != other:
                smaller = replace(snippet, expression=f"{expression}[{number}]")
                yield from _narrowed(smaller, _outcome(one), _outcome(other)) if len(good) > 1 else ()
                return
        if len(bad) != len(good):
            counted = replace(snippet, expression=f"len({expression})")
            yield counted, _outcome(len(bad)), _outcome(len(good))


def _outcome(value: object) -> Outcome:
    return Outcome(printed=str(value), shown=repr(value), text=isinstance(value, str))


def _literal(outcome: Outcome) -> object:
    if outcome.error is not None or outcome.shown is None:
        return None
    try:
        return ast.literal_eval(outcome.shown)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
