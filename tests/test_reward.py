"""The reward: difflib's ratio to the last bit, the format rule, and what a lazy policy would earn."""

import difflib
import random
from itertools import pairwise

import pytest

from srl_swe.errors import InputError
from srl_swe.experts.action import Create, Edit, Search, Shell, Submit, View, render, render_reply
from srl_swe.experts.lessons import lessons
from srl_swe.experts.trajectory import Step, Trajectory
from srl_swe.reward import FORMAT_PENALTY, floors, rewards, similarity, step_reward, trl_reward

EXPERT = Edit("calc/tokens.py", "    return a - b", "    return a + b")


def _texts(count: int) -> list[str]:
    dice = random.Random(3)
    alphabets = ["ab", "abc \n", "xyz_=()\n    ", "éλ🐍a", "".join(map(chr, range(32, 127)))]
    return ["".join(dice.choices(dice.choice(alphabets), k=dice.choice((0, 1, 7, 60, 400)))) for _ in range(count)]


def test_similarity_is_difflibs_ratio_without_autojunk_in_this_argument_order():
    texts = _texts(80)
    pairs = list(pairwise(texts)) + [(text, text[::-1]) for text in texts]
    for sample, expert in pairs:
        assert similarity(sample, expert) == difflib.SequenceMatcher(None, sample, expert, autojunk=False).ratio()


def test_the_sample_comes_first_which_matters():
    texts = _texts(200)
    pairs = [(a, b) for a, b in pairwise(texts) if similarity(a, b) != similarity(b, a)]
    assert pairs, "these texts should hold a pair whose ratio depends on the order"
    sample, expert = pairs[0]
    assert similarity(sample, expert) == difflib.SequenceMatcher(None, sample, expert, autojunk=False).ratio()
    assert similarity(sample, expert) != difflib.SequenceMatcher(None, expert, sample, autojunk=False).ratio()


def test_popular_characters_are_not_junk_in_long_texts():
    code = "".join(f"    value_{i} = compute(value_{i - 1}, {i})\n" for i in range(40))
    other = code.replace("compute", "derive")
    assert difflib.SequenceMatcher(None, other, code).ratio() < similarity(other, code) - 0.05


def test_reward_is_bounded_and_one_only_for_the_experts_action():
    assert step_reward(render_reply(EXPERT), EXPERT) == 1.0
    for action in (Shell("ls"), View("a.py"), Submit(), Create("a", "b"), Search("x")):
        assert 0.0 <= step_reward(render_reply(action), EXPERT) < 1.0


def test_a_wrong_operator_costs_little_but_something():
    wrong = step_reward(render_reply(Edit(EXPERT.path, EXPERT.old, "    return a * b")), EXPERT)
    assert 0.9 < wrong < 1.0


def test_monologue_is_never_scored():
    thoughts = ["", "short", render(EXPERT), "x" * 5000, "<b>tags</b>"]
    assert {step_reward(render_reply(Shell("ls"), thought), EXPERT) for thought in thoughts} == {
        step_reward(render_reply(Shell("ls")), EXPERT)
    }


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I would fix it.",
        render(EXPERT),  # no monologue
        f"<think>cut off before the action {render(EXPERT)}",
        "<think></think>",
        "<think></think>\n<function=shell>\n<parameter=command>\nls\n</parameter>",  # truncated
        f"<think></think>\n{render(EXPERT)}\n{render(Submit())}",  # two actions
        f"<think></think>\n{render(Shell('ls'))}\n{render(Shell('ls'))}",
        f"<think></think>\n{render(EXPERT)}\nDone.",
        f"so: <think></think>\n{render(EXPERT)}",
        f"<think>a<think>b</think>\n{render(EXPERT)}",
        f"<think>a</think>b</think>\n{render(EXPERT)}",
        f"<think></think>\n<think></think>\n{render(EXPERT)}",
        "<think></think>\n<function=edit>\n</function>",
        "<think></think>\n<function=delete>\n</function>",
        "<think></think>\n<function=view>\n<parameter=path>\na\n</parameter>\n<parameter=start>\n0\n</parameter>\n</function>",
    ],
)
def test_a_broken_format_scores_minus_one(reply):
    assert step_reward(reply, EXPERT) == FORMAT_PENALTY == -1.0
    assert step_reward(reply, EXPERT, compare="values") == -1.0


def test_an_action_that_holds_a_closing_think_tag_is_read_whole():
    expert = Create("notes.md", "a </think> b")
    assert step_reward(render_reply(expert, "mind the tag"), expert) == 1.0


def test_white_space_inside_values_counts_and_around_the_blocks_does_not():
    assert step_reward(f"  <think> x </think>\n\n{render(EXPERT)}\n", EXPERT) == 1.0
    indented = Edit(EXPERT.path, EXPERT.old, EXPERT.new + " ")
    assert step_reward(render_reply(indented), EXPERT) < 1.0


def test_comparing_values_takes_the_markup_floor_away():
    constant = render_reply(View("setup.py"))
    assert step_reward(constant, EXPERT, compare="values") == 0.0 < step_reward(constant, EXPERT)
    assert step_reward(render_reply(EXPERT), EXPERT, compare="values") == 1.0
    with pytest.raises(InputError, match="'action' or 'values'"):
        step_reward(constant, EXPERT, compare="words")


def test_a_pool_of_processes_gives_the_same_rewards_in_order():
    pairs = [(render_reply(Shell(f"ls {i}")), render(Shell(f"ls {i % 3}"))) for i in range(30)]
    assert rewards(pairs, workers=2) == rewards(pairs)


def _trajectory(*actions) -> Trajectory:
    return Trajectory("t", "t", "test", "issue", tuple(Step(action, "seen") for action in actions))


def test_floors_are_the_best_constant_and_the_previous_action():
    taught = lessons([_trajectory(Shell("ls"), Shell("ls"), Shell("ls"), Edit("a", "b", "c"), Submit())])
    low = floors(taught)
    assert low.constant_action == render(Shell("ls"))
    edit = similarity(render(Shell("ls")), render(Edit("a", "b", "c")))
    assert low.constant == pytest.approx((3 + edit) / 4)
    assert low.previous_action == pytest.approx((3 + edit) / 4)  # at the first step it plays the constant action
    assert floors(taught) == low
    with pytest.raises(InputError, match="at least one lesson"):
        floors([])


def test_the_bridge_takes_texts_and_chat_turns():
    text = render_reply(EXPERT)
    completions = [text, [{"role": "assistant", "content": text}], "nonsense"]
    assert trl_reward(completions, expert=[render(EXPERT)] * 3, prompts=["p"] * 3, step=[1, 2, 3]) == [1.0, 1.0, -1.0]
