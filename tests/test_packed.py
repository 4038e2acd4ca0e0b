"""One pass over a prefix trie gives the values and gradients of the loop over rows."""

import random
import warnings

import numpy as np
import pytest
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    GemmaConfig,
    GemmaForCausalLM,
    GptOssConfig,
    GptOssForCausalLM,
    GraniteConfig,
    GraniteForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from srl_swe.errors import InputError
from srl_swe.policy import parts
from srl_swe.policy.trie import Trie
from srl_swe.train.packed import Row, logprobs, logprobs_and_entropies, packed_batches, plain_logprobs

torch.set_num_threads(1)

_SIZE = {
    "vocab_size": 97, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 6,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": 0,
}  # fmt: skip
_KINDS = {
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**_SIZE, tie_word_embeddings=True)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**_SIZE, head_dim=16)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**{**_SIZE, "num_key_value_heads": 6})),
    "gemma": lambda: GemmaForCausalLM(GemmaConfig(**_SIZE, head_dim=16)),
}


def _model(kind="qwen2"):
    torch.manual_seed(0)
    return _KINDS[kind]().eval()


def _random_rows(rng, count=14, longest=40):
    """Rows that leave one another at random places, some equal, some prefixes of others."""
    rows = []
    for _ in range(count):
        stem = list(rng.choice(rows).token_ids) if rows and rng.random() < 0.8 else []
        stem = stem[: rng.randint(0, len(stem))]
        ids = stem + [rng.randrange(5) for _ in range(rng.randint(0 if len(stem) > 1 else 2, longest - len(stem)))]
        first = rng.randint(1, len(ids))
        rows.append(Row(tuple(ids), tuple(j >= first and rng.random() < 0.8 for j in range(len(ids)))))
    return rows


def _gradients(model, values, weights):
    model.zero_grad()
    sum((w * v.sum()) for w, v in zip(weights, values, strict=True)).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def _assert_equal(model, rows, rng, temperature=1.0):
    weights = [rng.uniform(-1, 1) for _ in rows]
    packed = logprobs(model, rows, temperature=temperature)
    plain = plain_logprobs(model, rows, temperature=temperature)
    for one, other in zip(packed, plain, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    ours, theirs = _gradients(model, packed, weights), _gradients(model, plain, weights)
    assert ours.keys() == theirs.keys()
    for name, gradient in theirs.items():
        error = (ours[name] - gradient).norm() / gradient.norm().clamp(min=1e-6)
        assert error < 1e-5, (name, float(error))


@pytest.mark.parametrize("kind", _KINDS)
def test_packed_values_and_gradients_are_those_of_the_loop(kind):
    rng = random.Random(kind)
    model = _model(kind)
    for _ in range(3):
        _assert_equal(model, _random_rows(rng), rng, temperature=rng.choice([0.7, 1.0]))


def test_a_tries_tokens_are_the_distinct_prefixes():
    rng = random.Random(5)
    for _ in range(30):
        rows = [row.token_ids for row in _random_rows(rng)]
        trie = Trie.from_rows(rows)
        assert len(trie.token_ids) == len({row[:end] for row in rows for end in range(1, len(row) + 1)})
        for index, row in enumerate(rows):
            places = trie.places(index)
            assert tuple(trie.token_ids[places]) == row
            assert (trie.positions[places] == np.arange(len(row))).all()


def test_lessons_of_a_trajectory_make_one_trunk_and_one_segment_a_sample():
    trunk = list(range(10, 60))
    rows = [[*trunk[:cut], 100 + cut + sample, 7] for cut in (20, 35, 50) for sample in range(4)]
    trie = Trie.from_rows(rows)
    assert len(trie.segments) == len(rows)
    assert trie.segments[0].end == 52
    assert {(segment.parent, segment.attach) for segment in trie.segments[1:]} == {(0, 20), (0, 35), (0, 50)}


def test_batches_hold_every_row_once_within_the_budget():
    rng = random.Random(7)
    rows = _random_rows(rng, count=60)
    batches = list(packed_batches(rows, 120))
    assert sorted(row for batch in batches for row in batch) == list(range(60))
    sizes = [len(Trie.from_rows([rows[row].token_ids for row in batch]).token_ids) for batch in batches]
    assert len(batches) > 2
    assert max(sizes) <= 120


def test_gradients_of_batches_add_up_to_those_of_one_pass():
    rng = random.Random(8)
    model, rows = _model(), _random_rows(rng)
    whole = _gradients(model, logprobs(model, rows), [1.0] * len(rows))
    model.zero_grad()
    for batch in packed_batches(rows, 60):
        sum(one.sum() for one in logprobs(model, [rows[row] for row in batch])).backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, whole[name], rtol=1e-4, atol=1e-5)


def test_logits_computed_again_in_chunks_change_nothing(monkeypatch):
    monkeypatch.setattr("srl_swe.train.packed._HEAD_TOKENS", 7)
    monkeypatch.setattr("srl_swe.train.packed._KEPT_LOGITS", 0)
    rng = random.Random(9)
    _assert_equal(_model(), _random_rows(rng), rng)


def test_long_rows_are_read_in_parts_with_the_same_result(monkeypatch):
    monkeypatch.setattr("srl_swe.train.packed.MOST_QUERIES", 7)
    rng = random.Random(13)
    _assert_equal(_model(), _random_rows(rng), rng)


def test_gradient_checkpointing_changes_nothing():
    rng = random.Random(10)
    model = _model()
    with warnings.catch_warnings(action="ignore"):  # renamed in late 5.x; both names work until 6
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    _assert_equal(model, _random_rows(rng), rng)


def test_attention_without_the_cpu_kernel_gives_the_same():
    torch.manual_seed(0)
    query, key, value, grad = (torch.randn(1, heads, 9, 8) for heads in (6, 2, 2, 6))
    for causal in (True, False):
        out, lse = parts.part_forward(query, key, value, causal=causal, scale=0.3)
        other, other_lse = parts._forward_anywhere(query, key, value, causal=causal, scale=0.3)
        torch.testing.assert_close(other, out)
        torch.testing.assert_close(other_lse, lse)
        ours = parts._backward_anywhere(grad, query, key, value, out, lse, causal=causal, scale=0.3)
        theirs = parts.part_backward(grad, query, key, value, out, lse, causal=causal, scale=0.3)
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other)


def test_entropy_is_that_of_the_distribution():
    model, row = _model(), Row((1, 2, 3, 4), (False, True, False, True))
    [(_, entropies)] = logprobs_and_entropies(model, [row])
    logp = model(input_ids=torch.tensor([row.token_ids])).logits[0].log_softmax(-1)
    torch.testing.assert_close(entropies, -(logp.exp() * logp).sum(-1)[[0, 2]])


def test_rows_without_scored_tokens_give_empty_values():
    assert [len(values) for values in logprobs(_model(), [Row((1, 2), (False, False))])] == [0]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: Gemma2ForCausalLM(Gemma2Config(**_SIZE, head_dim=16)), "soft-capped"),
        (lambda: GptOssForCausalLM(GptOssConfig(**_SIZE, num_local_experts=2, num_experts_per_tok=1)), "sinks"),
        (lambda: LlamaForCausalLM(LlamaConfig(**_SIZE, attention_dropout=0.1)).train(), "dropout"),
        (lambda: GraniteForCausalLM(GraniteConfig(**_SIZE, logits_scaling=8.0)), "computes its logits otherwise"),
        (
            lambda: LlamaForCausalLM(
                LlamaConfig(**_SIZE, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})
            ),
            "rotary",
        ),
    ],
)
def test_a_model_that_cannot_be_packed_exactly_is_refused(model, reason):
    with pytest.raises(InputError, match=reason):
        logprobs(model(), [Row((1, 2, 3), (False, True, True))])


def test_a_sliding_window_is_accepted_until_a_row_is_longer():
    rng = random.Random(11)
    model = MistralForCausalLM(MistralConfig(**_SIZE, sliding_window=40)).eval()
    _assert_equal(model, _random_rows(rng), rng)
    with pytest.raises(InputError, match="41 tokens is longer than the model's sliding window"):
        logprobs(model, [Row((1,) * 41, (False,) + (True,) * 40)])
