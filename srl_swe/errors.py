"""The tree of failures, and who acts on each.

    SrlSweError
    ├── InputError         the person at the keyboard: a recipe, an env.toml, a path, a model folder
    │   └── NoSandbox      the person: nothing on this machine can isolate a command
    ├── FormatError        the agent: its text is not one well-formed action; scored −1, never raised past an episode
    ├── TaskError          the maker of the task: it cannot be played or graded; counted and left out of the update
    └── SandboxError       nobody: the engine died, the disk is full, the supervisor is gone; counted, left out, retried

Everything else is a defect of ours and crashes with a traceback.
"""

__all__ = ["FormatError", "InputError", "NoSandbox", "SandboxError", "SrlSweError", "TaskError", "did_you_mean"]

from collections.abc import Iterable
from difflib import get_close_matches


class SrlSweError(Exception):
    """A failure that has a sentence for whoever can act on it."""


class InputError(SrlSweError):
    """What the user gave is wrong; the message says what, where, and what would be right."""


class NoSandbox(InputError):
    """No sandbox tier works on this machine; the message says what to install."""


class FormatError(SrlSweError):
    """The policy's text is not exactly one well-formed action."""


class TaskError(SrlSweError):
    """The task itself cannot be played or graded; never a reward of 0."""


class SandboxError(SrlSweError):
    """The sandbox failed, not the agent; never a reward of 0."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A closing clause for a message about an unknown name: the nearest known one, or all of them."""
    choices = sorted(known)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(choices)}"
