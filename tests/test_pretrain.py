"""The tiny model's upbringing: practice repositories, agents of mixed quality, tokenizer, corpus, training."""

import itertools
import json
import random
import re
from pathlib import Path

import pytest
import torch

from srl_swe.bundled import bundled
from srl_swe.experts.action import Edit, Search, Shell, Submit, View, parse_reply, render_reply
from srl_swe.experts.editor import edited
from srl_swe.policy.chat import ChatFormat
from srl_swe.train import pretrain as tiny
from srl_swe.train.library import chunks, library_exercises, library_files
from srl_swe.train.players import AGENTS, episode, repair
from srl_swe.train.practice import draw, exercises, run_snippet

torch.set_num_threads(1)
MARKED = tiny.MARKUP


@pytest.fixture(scope="module")
def practice():
    dice = random.Random(5)
    return list(itertools.islice((one for _ in range(9) for one in exercises(dice, per_package=2)), 12))


@pytest.fixture(scope="module")
def chat(practice):
    texts = [text for one in practice for text in (one.issue, *one.files.values())]
    return ChatFormat.from_tokenizer(tiny.tokenizer_of(iter(texts)), "")


def ids_of(chat, text):
    return list(chat.encode(text))


def test_a_drawn_package_runs_without_its_bug():
    for seed in range(6):
        package = draw(random.Random(seed))
        for snippets in package.snippets.values():
            for _, snippet in snippets[:4]:
                done = run_snippet(package.files, snippet)
                assert done is not None, snippet
                assert "SyntaxError" not in done[0] and "NameError" not in done[0], done[0]


def test_the_symptom_in_an_issue_is_what_the_buggy_code_does(practice):
    for one in practice:
        wrong, right = run_snippet(one.files, one.snippet), run_snippet({**one.files, one.path: one.fixed}, one.snippet)
        assert wrong is not None and right is not None
        said = re.search(r"(?:prints|raises) `(.*)`, expected `(.*)`\.$", one.issue, re.DOTALL)
        assert said is not None
        assert wrong[0].rstrip("\n").endswith(said.group(1)) and right[0].rstrip("\n").endswith(said.group(2))
        assert said.group(1) != said.group(2)


def test_a_snippet_that_hangs_is_stopped():
    assert run_snippet({"m.py": "while True:\n    pass\n"}, "from m import x") is None


def test_equal_seeds_draw_equal_exercises():
    first, second = (list(exercises(random.Random(3), per_package=1)) for _ in range(2))
    assert first == second and first != list(exercises(random.Random(4), per_package=1))


def test_the_careful_agent_ends_with_the_right_file(practice):
    for one in practice:
        turns = episode(one, "careful", random.Random(0))
        assert turns is not None
        actions = [parse_reply(reply).action for reply, _ in turns.replies]
        assert isinstance(actions[0], Shell) and isinstance(actions[-1], Submit)
        assert any(isinstance(action, View) for action in actions) and any(isinstance(a, Search) for a in actions)
        text = one.files[one.path]
        for action in actions:
            if isinstance(action, Edit):
                text = edited(action.path, text, action.old, action.new)[1] or text
        assert text == one.fixed


def test_no_other_agent_makes_the_file_right(practice):
    for one, agent in itertools.product(practice, set(AGENTS) - {"careful"}):
        turns = episode(one, agent, random.Random(1))
        if turns is None:
            continue
        text = one.files[one.path]
        for reply, _ in turns.replies:
            action = parse_reply(reply).action
            if isinstance(action, Edit) and action.path == one.path:
                text = edited(action.path, text, action.old, action.new)[1] or text
        assert text != one.fixed, agent


def test_a_repair_shows_every_line_that_it_changes(practice):
    for one in practice:
        turns = repair(one, random.Random(2), with_issue=True)
        assert turns is not None
        action = parse_reply(turns.replies[0][0]).action
        assert isinstance(action, Edit)
        assert action.old in re.sub(r"(?m)^\d+\t", "", turns.opening)


def test_undirected_agents_are_most_of_what_the_model_sees():
    assert sum(tiny.AGENT_SHARES.values()) == pytest.approx(1.0)
    assert set(tiny.AGENT_SHARES) == set(AGENTS) and tiny.AGENT_SHARES["careful"] <= 0.2


def test_the_library_is_cut_into_code_that_parses():
    source = "class A(B):\n    x = 1\n\n    def f(self):\n        return 1\n\n\ndef g(a):\n    return a + 1\n"
    whole = "class A(B):\n\n    def f(self):\n        return 1\n\n\ndef g(a):\n    return a + 1\n"
    assert re.sub(r"\n{2,}", "\n\n", "".join(chunks(source))) == re.sub(r"\n{2,}", "\n\n", whole)
    one = next(library_exercises(library_files()[:5], random.Random(0), per_chunk=1))
    assert one.files[one.path] != one.fixed and one.snippet == ""


def test_a_line_of_code_has_the_same_tokens_wherever_it_stands(chat):
    lines = ["    if a.lower() <= limit and not seen[i + 1:]:", "def slot_count(self, step=2):", "        x = -1  # y"]
    for line in lines:
        alone = ids_of(chat, line)
        for before, after in (("12\t", "\n13\t    return 1"), ("<parameter=old>\n", "\n</parameter>\n"), ("\n", "\n")):
            around = ids_of(chat, before) + alone + ids_of(chat, after)
            assert ids_of(chat, before + line + after) == around, (before, line)


def test_a_name_has_the_same_tokens_in_the_issue_and_in_the_code(chat):
    name = ids_of(chat, "slot_count")
    for before, after in (("`", "` gives"), ("def ", "(a):"), ("print(", "(3))"), ("return ", ""), (".", "\n")):
        assert ids_of(chat, before + "slot_count" + after) == ids_of(chat, before) + name + ids_of(chat, after)


def test_markup_is_one_token_each_and_is_not_special(chat):
    reply = render_reply(Edit("a/b.py", "    x = 1", ""), "so")
    ids = ids_of(chat, reply)
    assert chat.decode(ids) == reply
    assert {chat.tokenizer.convert_tokens_to_ids(mark) for mark in MARKED} & set(ids)
    assert chat.decode(ids[:1]) == "<think>" and chat.decode(ids[-1:]) == "</function>"
    assert not set(MARKED) & set(chat.tokenizer.all_special_tokens)
    assert chat.stop_id not in ids_of(chat, "an observation cannot end a turn: <|im_end|>")


def test_only_replies_carry_full_weight(chat, practice):
    turns = episode(practice[0], "careful", random.Random(0))
    ids, weights = tiny.encode(chat, turns)
    written = [index for index, weight in zip(ids, weights, strict=True) if weight == turns.grade]
    assert written.count(chat.stop_id) == len(turns.replies)
    expected = "".join(reply for reply, _ in turns.replies)
    assert chat.decode(written) == expected
    assert tiny.WEIGHTS[1] < tiny.WEIGHTS[2] < tiny.WEIGHTS[turns.grade]


def test_packing_loses_nothing_that_fits():
    rows = []
    for length in (300, 200, 100, 600):
        tiny.pack(rows, [length] * length, [1] * length, 512)
    assert [len(row[0]) for row in rows] == [500, 100, 512]


def test_a_short_training_leaves_a_model_that_transformers_loads(tmp_path, monkeypatch):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    for name, size in (("PACKAGES", 2), ("FILES", 1), ("TOKENIZER_PACKAGES", 8), ("TOKENIZER_FILES", 4)):
        monkeypatch.setattr(tiny, name, size)
    seen = []
    tiny.pretrain(
        tmp_path / "out",
        seconds=2.0,
        cache=tmp_path / "cache",
        parts=1,
        workers=1,
        progress=lambda row: seen.append(row),
    )
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    assert seen[-1]["loss"] < 9 and model.config.tie_word_embeddings
    ids = ChatFormat.from_tokenizer(tokenizer, "").start("`f` fails.").token_ids
    assert model(torch.tensor([ids])).logits.shape[-1] == tiny.VOCABULARY
    # The class that AutoTokenizer picks must cut text as the training did
    assert tokenizer.tokenize("    return x = a") == ["ĠĠĠĠ", "returnĠ", "x", "Ġ=Ġ", "a"]


def test_the_shipped_model_is_small_and_says_what_it_is():
    folder = bundled("data", "models", "tiny")
    config = json.loads((folder / "config.json").read_text())
    assert sum(file.stat().st_size for file in folder.iterdir()) < 12_000_000
    assert config["vocab_size"] == tiny.VOCABULARY and config["hidden_size"] == tiny.MODEL["hidden_size"]
    card = (folder / "README.md").read_text()
    assert "srl-swe pretrain" in card and "never seen" in card


def test_practice_names_no_bundled_repository():
    names = {path.name for path in bundled("envs").iterdir() if (path / "repository").is_dir()}
    code = Path(tiny.__file__).with_name("practice.py").read_text() + (
        bundled("data", "practice", "functions.txt").read_text()
    )
    assert not [name for name in names if f"import {name}" in code or f"from {name}" in code or f"envs/{name}" in code]
