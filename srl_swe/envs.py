"""The two Gymnasium environments: a whole repository task, and one expert step.

`srl_swe/RepoTask-v0` plays an issue in a sandbox until it is submitted and pays the verdict of the hidden tests.
`srl_swe/ExpertStep-v0` shows an expert's history and pays how close one action comes to the expert's.
Both read and write text. A sandbox that fails ends its episode with reward NaN and `info["failure"]`: it is nobody's 0.
"""

__all__ = ["ExpertStep", "RepoTask", "UnicodeText"]

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.error import CustomSpaceError
from gymnasium.spaces import Text
from gymnasium.vector.utils.shared_memory import create_shared_memory

from srl_swe.errors import FormatError, InputError, SandboxError, TaskError
from srl_swe.experts.action import Submit, parse_reply
from srl_swe.experts.editor import perform
from srl_swe.experts.lessons import Lesson, lessons, prompt_text
from srl_swe.experts.trajectory import read_trajectories
from srl_swe.grade.grade import Verdict, episode_patch, grade
from srl_swe.reward import step_reward
from srl_swe.sandbox.open import open_sandbox
from srl_swe.sandbox.sandbox import Limits, Sandbox
from srl_swe.tasks.checkout import Checkout, checkout, starting_tree
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.repository import load_repository
from srl_swe.tasks.task import Task

MAX_CHARS = 1 << 20
_SAMPLED = [chr(code) for code in (*range(32, 127), 10, 9, 27, 0xE9, 0x4E2D, 0x1F40D)]


class UnicodeText(Text):
    """Every Python string of at most `max_length` characters: empty, ANSI, replaced UTF-8, all of Unicode."""

    def __init__(self, max_length: int = MAX_CHARS, seed: int | None = None) -> None:
        super().__init__(max_length, min_length=0, charset="".join(_SAMPLED), seed=seed)

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A short random text: a uniform one of up to 1 MB would only slow whoever samples."""
        if mask is not None or probability is not None:
            return super().sample(mask, probability)
        length = int(self.np_random.integers(0, 200))
        return "".join(self.np_random.choice(_SAMPLED, size=length))

    def __repr__(self) -> str:
        return f"UnicodeText({self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnicodeText) and self.max_length == other.max_length


class RepoTask(gymnasium.Env[str, str]):
    """An issue, commands in a sandbox, a submission, and the hidden tests' verdict as the reward (1 or 0).

    Observation: the issue, then what each action showed. Action: a reply with one action in it. `terminated` by a
    submission, `truncated` after `max_steps` (reward 0, ungraded). `options={"task": id}` chooses the task.
    """

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012 — the name and type are Gymnasium's

    def __init__(
        self,
        repository: str | None = None,
        split: str = "train",
        *,
        tasks: Sequence[Task] | None = None,
        tier: str = "auto",
        max_steps: int = 12,
        limits: Limits | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.tasks = _choose_tasks(repository, split, tasks)
        self.tier = tier
        self.max_steps = max_steps
        self.limits = limits or Limits()
        self.render_mode = render_mode
        self.observation_space = UnicodeText()
        self.action_space = UnicodeText()
        self.task: Task | None = None
        self.verdict: Verdict | None = None
        self._checkouts: dict[str, Checkout] = {}
        self._sandbox: Sandbox | None = None
        self._opened_for: str | None = None
        self._steps = 0
        self._last = ""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start a task: the one named in `options`, else one drawn by the seed. Raises SandboxError."""
        super().reset(seed=seed)
        self.task = self._draw(options or {})
        self.verdict = None
        self._steps = 0
        self._enter(self.task)
        self._last = self.task.problem_statement
        return self._last, {"task": self.task.id}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Do one action. A malformed reply costs a step and is answered with what was wrong."""
        assert self.task is not None and self._sandbox is not None, "call reset before step"
        self._steps += 1
        info: dict[str, Any] = {"task": self.task.id, "format_error": False}
        try:
            try:
                decided = parse_reply(action).action
            except FormatError as error:
                info["format_error"] = True
                self._last = f"error: your reply was not one well-formed action: {error}"
            else:
                if isinstance(decided, Submit):
                    return self._graded(info)
                self._last = perform(decided, self._sandbox)[:MAX_CHARS]
        except (SandboxError, TaskError) as error:
            return self._failed(error, info)
        return self._last, 0.0, False, self._steps >= self.max_steps, info

    def render(self) -> str:
        """The last observation."""
        return self._last

    def close(self) -> None:
        """Close the sandbox."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def checkout_of(self, task: Task) -> Checkout:
        """The pristine repository that a task belongs to, built once."""
        if task.repository not in self._checkouts:
            self._checkouts[task.repository] = checkout(load_repository(task.repository))
        return self._checkouts[task.repository]

    def _draw(self, options: dict[str, Any]) -> Task:
        if "task" not in options:
            return self.tasks[int(self.np_random.integers(len(self.tasks)))]
        chosen = [task for task in self.tasks if task.id == options["task"]]
        if not chosen:
            raise InputError(f"task {options['task']!r} is not among the {len(self.tasks)} tasks of this environment")
        return chosen[0]

    def _enter(self, task: Task) -> None:
        files = starting_tree(self.checkout_of(task), task)
        if self._sandbox is not None and self._opened_for == task.repository:
            try:
                self._sandbox.reset(files)
                return
            except SandboxError:
                pass  # a sandbox that cannot be reset is replaced, and only a second failure is the episode's
        self.close()
        self._sandbox = open_sandbox(self.tier, self.checkout_of(task).root, files, self.limits)
        self._opened_for = task.repository

    def _graded(self, info: dict[str, Any]) -> tuple[str, float, bool, bool, dict[str, Any]]:
        assert self.task is not None and self._sandbox is not None, "graded only within an episode"
        patch = episode_patch(self.checkout_of(self.task), self.task, self._sandbox)
        self.verdict = grade(self.task, self.checkout_of(self.task), patch, tier=self.tier)
        self._last = f"submitted: {self.verdict.status}"
        info |= {"patch": patch, "verdict": self.verdict.status, "reason": self.verdict.reason}
        return self._last, float(self.verdict.status == "resolved"), True, False, info

    def _failed(self, error: Exception, info: dict[str, Any]) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.close()
        self._last = "the sandbox failed; this episode does not count"
        return self._last, math.nan, False, True, info | {"failure": f"{type(error).__name__}: {error}"}


class ExpertStep(gymnasium.Env[str, str]):
    """One lesson an episode: an expert's history in, one reply out, rewarded by similarity (−1 for a broken format).

    `options={"lesson": index}` chooses the lesson; else it is drawn by the seed.
    """

    metadata = {"render_modes": ["ansi"]}  # noqa: RUF012 — the name and type are Gymnasium's

    def __init__(
        self,
        trajectories: str | Path | Sequence[Lesson],
        *,
        context_rounds: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if isinstance(trajectories, str | Path):
            self.lessons = tuple(lessons(read_trajectories(Path(trajectories)), context_rounds=context_rounds))
        else:
            self.lessons = tuple(trajectories)
        if not self.lessons:
            raise InputError("no lessons: the trajectories have fewer than two steps each")
        self.render_mode = render_mode
        self.observation_space = UnicodeText()
        self.action_space = UnicodeText()
        self.lesson = self.lessons[0]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Show a lesson's prompt."""
        super().reset(seed=seed)
        index = int((options or {}).get("lesson", self.np_random.integers(len(self.lessons))))
        if not 0 <= index < len(self.lessons):
            raise InputError(f"lesson {index} does not exist; there are {len(self.lessons)}, counted from 0")
        self.lesson = self.lessons[index]
        return self.render(), {"lesson": index}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Score one reply against the expert's action."""
        return "", step_reward(action, self.lesson.action), True, False, {}

    def render(self) -> str:
        """The lesson's prompt as text, cut at the front when it is longer than the space allows."""
        return prompt_text(self.lesson)[-MAX_CHARS:]


def _choose_tasks(repository: str | None, split: str, tasks: Sequence[Task] | None) -> list[Task]:
    if tasks is not None:
        chosen = list(tasks)
    elif repository is not None:
        chosen = read_tasks(repository, split=split)
    else:
        raise InputError("RepoTask needs `repository=` (a name under envs/) or `tasks=` (a list of tasks)")
    if not chosen:
        raise InputError(f"{repository or 'the given list'} has no task in split {split!r}")
    return chosen


# Gymnasium reads a text from shared memory once, when the vector environment is made, and would show that one for ever
@create_shared_memory.register(UnicodeText)
def _refuse(space: UnicodeText, n: int = 1, ctx: Any = None) -> None:
    raise CustomSpaceError("texts travel through pipes: give AsyncVectorEnv shared_memory=False")
