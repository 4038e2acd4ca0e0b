"""An expression calculator."""

from exprcalc.evaluator import calculate, evaluate
from exprcalc.parser import parse
from exprcalc.printer import show
from exprcalc.simplifier import derive, simplify
from exprcalc.tokens import ExprError

__all__ = [
    "ExprError",
    "calculate",
    "derive",
    "evaluate",
    "parse",
    "show",
    "simplify",
]
