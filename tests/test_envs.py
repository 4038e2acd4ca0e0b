"""The two environments keep Gymnasium's contract, and pay what the design says."""

import math

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit

import srl_swe  # noqa: F401 — registers the environments
from srl_swe.envs import ExpertStep, RepoTask, UnicodeText
from srl_swe.errors import InputError, SandboxError
from srl_swe.experts.action import Edit, Shell, Submit, View, render_reply
from srl_swe.experts.lessons import lessons
from srl_swe.experts.trajectory import Step, Trajectory
from srl_swe.tasks.disk import read_tasks
from srl_swe.tasks.patch import file_patches

REPOSITORY = "texttable"
SUBMIT = render_reply(Submit())
AWKWARD = ["", "\x1b[31mred\x1b[0m", b"\xff\xfe".decode("utf-8", "replace"), "x" * (1 << 20), "\ud800", "日本\0"]


@pytest.fixture(scope="module")
def env():
    env = RepoTask(REPOSITORY, max_steps=4)
    yield env
    env.close()


@pytest.fixture
def expert_lessons():
    steps = tuple(Step(action, "seen") for action in (Shell("ls"), View("a.py"), Edit("a.py", "x", "y"), Submit()))
    return lessons([Trajectory("t", "task", "test", "An issue.", steps, resolved=True)])


@pytest.mark.parametrize("text", AWKWARD, ids=["empty", "ansi", "invalid utf-8", "1 MB", "surrogate", "nul"])
def test_the_text_space_holds_every_observation(text):
    assert text in UnicodeText()


def test_a_text_longer_than_the_space_is_not_in_it():
    assert "x" * 11 not in UnicodeText(10)
    assert 3 not in UnicodeText()


def test_repo_task_passes_the_environment_checker(env):
    check_env(env, skip_render_check=True)


def test_expert_step_passes_the_environment_checker(expert_lessons):
    check_env(ExpertStep(expert_lessons), skip_render_check=True)


def test_equal_seeds_choose_equal_tasks(env):
    first = [env.reset(seed=seed)[1]["task"] for seed in range(5)]
    assert first == [env.reset(seed=seed)[1]["task"] for seed in range(5)]
    assert len(set(first)) > 1


def test_the_known_fix_is_paid_one(env):
    task = env.tasks[0]
    env.reset(options={"task": task.id})
    env._sandbox.write(fixed(env, task))
    _, reward, terminated, truncated, info = env.step(SUBMIT)
    assert (reward, terminated, truncated, info["verdict"]) == (1.0, True, False, "resolved")
    assert file_patches(info["patch"])


def fixed(env, task):
    from srl_swe.tasks.checkout import apply_patch, starting_tree

    before = starting_tree(env.checkout_of(task), task)
    after = apply_patch(before, task.gold_patch)
    return {path: content for path, content in after.items() if before.get(path) != content}


def test_doing_nothing_is_paid_zero(env):
    env.reset(options={"task": env.tasks[0].id})
    assert env.step(SUBMIT)[1:3] == (0.0, True)


def test_step_limit_truncates_without_reward(env):
    env.reset(options={"task": env.tasks[0].id})
    ended = [env.step(render_reply(Shell("true"))) for _ in range(4)]
    assert [step[3] for step in ended] == [False, False, False, True]
    assert not any(step[2] for step in ended) and not any(step[1] for step in ended)


def test_a_malformed_reply_costs_a_step_and_says_why(env):
    env.reset(options={"task": env.tasks[0].id})
    observation, reward, terminated, _, info = env.step("just talk")
    assert "not one well-formed action" in observation and info["format_error"] and (reward, terminated) == (0.0, False)


def test_hidden_tests_are_not_in_the_episode(env):
    for task in env.tasks[:5]:
        env.reset(options={"task": task.id})
        names = set(env._sandbox.tree())
        assert task.hidden_tests and not names & set(task.hidden_tests)


def test_a_failed_sandbox_is_never_a_reward_of_zero(env):
    env.reset(options={"task": env.tasks[0].id})

    class Gone:
        def run(self, *args, **kwargs):
            raise SandboxError("the supervisor is gone")

        def close(self):
            pass

    env._sandbox.close()
    env._sandbox = Gone()
    _, reward, terminated, truncated, info = env.step(render_reply(Shell("ls")))
    assert math.isnan(reward) and truncated and not terminated and "supervisor is gone" in info["failure"]
    env.reset(options={"task": env.tasks[0].id})  # and the next episode plays on


def test_an_unknown_task_is_one_clear_sentence(env):
    with pytest.raises(InputError, match="is not among"):
        env.reset(options={"task": "no-such-task"})


def test_wrappers_work_around_a_task():
    made = gymnasium.make("srl_swe/RepoTask-v0", repository=REPOSITORY, disable_env_checker=True)
    env = RecordEpisodeStatistics(TimeLimit(made, 2))
    env.reset(seed=1)
    env.step(render_reply(Shell("true")))
    _, _, terminated, truncated, info = env.step(render_reply(Shell("true")))
    assert truncated and not terminated and info["episode"]["l"] == 2
    env.close()


def test_async_vector_environments_carry_text():
    tasks = read_tasks(REPOSITORY, "train")[:2]
    envs = gymnasium.vector.AsyncVectorEnv(
        [lambda: RepoTask(tasks=tasks)] * 2, shared_memory=False, context="forkserver"
    )
    first, _ = envs.reset(seed=[1, 2])
    assert all(text in {task.problem_statement for task in tasks} for text in first)
    said, rewards, *_ = envs.step((render_reply(Shell("echo é one")), render_reply(Shell("echo two"))))
    assert [text.split("\n", 1)[1] for text in said] == ["é one", "two"] and not np.any(rewards)
    envs.close()


def test_the_expert_s_own_action_is_paid_one_and_a_broken_format_minus_one(expert_lessons):
    env = ExpertStep(expert_lessons)
    env.reset(options={"lesson": 1})
    assert env.step(render_reply(View("a.py"), "any thought"))[1:3] == (1.0, True)
    env.reset(options={"lesson": 1})
    assert env.step("view a.py")[1] == -1.0


def test_the_expert_s_thoughts_and_later_steps_are_not_shown(expert_lessons):
    prompt, _ = ExpertStep(expert_lessons).reset(options={"lesson": 1})
    assert "An issue." in prompt and "ls" in prompt and "a.py" not in prompt


def test_shared_memory_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match="shared_memory=False"):
        gymnasium.vector.AsyncVectorEnv([lambda: RepoTask(REPOSITORY)])
