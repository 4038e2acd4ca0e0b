"""Episodes: a policy plays tasks in sandboxes, many at a time, and every token it read and wrote is kept.

Rounds are in lock-step: whoever is still playing is sampled in one batch, then all actions run at once in their own
sandboxes. That keeps equal seeds equal; a slow command delays its round by at most the command time limit.
"""

__all__ = ["Episode", "Stop", "play"]

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from enum import StrEnum

from srl_swe.envs import RepoTask
from srl_swe.errors import FormatError, SandboxError, TaskError
from srl_swe.experts.action import Action, Shell, parse_reply
from srl_swe.experts.trajectory import Step, Trajectory
from srl_swe.policy.chat import Conversation
from srl_swe.policy.policy import Policy, Sample
from srl_swe.recipe import Sandboxes
from srl_swe.sandbox.sandbox import Limits
from srl_swe.tasks.task import Task


class Stop(StrEnum):
    """Why an episode ended."""

    SUBMITTED = "submitted"
    STEPS = "step limit"
    TOKENS = "token limit"
    FAILED = "sandbox failure"


@dataclass(frozen=True)
class Episode:
    """One played task. `reward` is None when the sandbox failed: such an episode is counted and never learned from."""

    task: str
    conversation: Conversation
    logprobs: tuple[float, ...]  # of the written tokens, in order
    reward: float | None
    stop: Stop
    format_errors: int
    trajectory: Trajectory
    patch_applied: bool = False
    failure: str | None = None


@dataclass
class _Player:
    """One episode in progress, and the environment slot that it plays in."""

    index: int
    task: Task
    env: RepoTask
    conversation: Conversation
    logprobs: list[float] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    format_errors: int = 0
    episode: Episode | None = None


def play(
    policy: Policy,
    tasks: Sequence[Task],
    *,
    sandboxes: Sandboxes,
    group_size: int = 1,
    max_steps: int = 12,
    max_tokens: int = 256,
    token_budget: int = 2048,
    temperature: float = 1.0,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[Episode]]:
    """Play every task `group_size` times; the episodes come back by task, in order.

    `max_tokens` bounds one reply, `token_budget` the prompt of one: an episode that outgrows it ends unrewarded.
    """
    queue = [(index, task) for index, task in enumerate(task for task in tasks for _ in range(group_size))]
    episodes: list[Episode | None] = [None] * len(queue)
    with ExitStack() as stack:
        slots = [
            stack.enter_context(
                closing(RepoTask(tasks=tasks, tier=sandboxes.tier, max_steps=max_steps, limits=_limits(sandboxes)))
            )
            for _ in range(min(sandboxes.parallel, len(queue)))
        ]
        threads = stack.enter_context(ThreadPoolExecutor(max(1, len(slots))))
        free, playing, waiting = slots, [], iter(queue)
        for round_number in range(len(queue) * (max_steps + 1)):
            playing += list(threads.map(_begin, [policy] * len(free), free, _take(waiting, len(free))))
            if not playing:
                break
            _advance(policy, [p for p in playing if p.episode is None], threads, round_number, max_tokens,
                     token_budget, temperature, seed)  # fmt: skip
            for player in playing:
                if player.episode is not None:
                    episodes[player.index] = player.episode
            free = [player.env for player in playing if player.episode is not None]
            playing = [player for player in playing if player.episode is None]
            progress(sum(episode is not None for episode in episodes))
    done = [episode for episode in episodes if episode is not None]
    assert len(done) == len(queue), "every queued episode ends"
    return [done[start : start + group_size] for start in range(0, len(done), group_size)]


def _advance(
    policy: Policy,
    players: list[_Player],
    threads: ThreadPoolExecutor,
    round_number: int,
    max_tokens: int,
    token_budget: int,
    temperature: float,
    seed: int,
) -> None:
    """One round: a reply for everybody, then everybody's action."""
    for player in players:
        if len(player.conversation.token_ids) > token_budget:
            player.episode = _ended(player, Stop.TOKENS, 0.0)
    players = [player for player in players if player.episode is None]
    if not players:
        return
    samples = policy.sample(
        [player.conversation.token_ids for player in players],
        max_tokens=max_tokens,
        temperature=temperature,
        seed=_round_seed(seed, round_number),
    )
    list(threads.map(_act, [policy] * len(players), players, [group[0] for group in samples]))


def _begin(policy: Policy, env: RepoTask, queued: tuple[int, Task]) -> _Player:
    index, task = queued
    player = _Player(index, task, env, policy.chat.start(task.problem_statement))
    try:
        env.reset(options={"task": task.id})
    except (SandboxError, TaskError) as error:
        player.episode = _ended(player, Stop.FAILED, None, failure=f"{type(error).__name__}: {error}")
    return player


def _act(policy: Policy, player: _Player, sample: Sample) -> None:
    player.conversation = policy.chat.reply(player.conversation, sample.token_ids)
    player.logprobs += sample.logprobs
    observation, reward, terminated, truncated, info = player.env.step(sample.text)
    player.format_errors += info["format_error"]
    player.steps.append(_step(sample.text, observation))
    if "failure" in info:
        player.episode = _ended(player, Stop.FAILED, None, failure=info["failure"])
    elif terminated:
        verdict = player.env.verdict
        applied = verdict is not None and verdict.applied and bool(info["patch"])  # an empty patch changes nothing
        player.episode = _ended(player, Stop.SUBMITTED, reward, patch=info["patch"], applied=applied)
    elif truncated:
        player.episode = _ended(player, Stop.STEPS, 0.0)
    else:
        player.conversation = policy.chat.observe(player.conversation, observation)


def _step(text: str, observation: str) -> Step:
    """A reply as a trajectory step; one that is no action keeps its text as `raw` under an empty command."""
    try:
        reply = parse_reply(text)
    except FormatError:
        nothing: Action = Shell("")
        return Step(nothing, observation, raw=text)
    return Step(reply.action, observation, reply.thought)


def _ended(
    player: _Player, stop: Stop, reward: float | None, *, patch: str = "", applied: bool = False,
    failure: str | None = None,
) -> Episode:  # fmt: skip
    assert reward is None or not math.isnan(reward), "a failed sandbox is never a reward"
    trajectory = Trajectory(
        id=f"{player.task.id}.{player.index}",
        task=player.task.id,
        source="policy",
        problem_statement=player.task.problem_statement,
        steps=tuple(player.steps),
        patch=patch,
        exit_status=str(stop),
        resolved=None if reward is None else reward == 1.0,
    )
    return Episode(
        task=player.task.id,
        conversation=player.conversation,
        logprobs=tuple(player.logprobs),
        reward=reward,
        stop=stop,
        format_errors=player.format_errors,
        trajectory=trajectory,
        patch_applied=applied,
        failure=failure,
    )


def _limits(sandboxes: Sandboxes) -> Limits:
    return Limits(
        timeout_s=sandboxes.timeout_s,
        memory_mb=sandboxes.memory_mb,
        pids=sandboxes.pids,
        cpus=sandboxes.cpus,
        disk_mb=sandboxes.disk_mb,
    )


def _round_seed(seed: int, round_number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{round_number}".encode()).digest()[:6], "big")


def _take(items: Iterator[tuple[int, Task]], count: int) -> list[tuple[int, Task]]:
    return [item for _, item in zip(range(count), items, strict=False)]
