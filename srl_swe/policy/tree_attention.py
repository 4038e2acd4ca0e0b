"""Attention over a tree of tokens inside an unchanged `transformers` model.

A forward pass sees one flat run of tokens whose places in the tree only the attention needs to know. The models call
attention through `AttentionInterface`, so one registered function serves them all: it hands queries, keys and values to
the `tree` that the caller passed to the forward pass. Exact for plain softmax attention, grouped queries included.

What a tree does with them is `policy.parts`, put together by the engine and by packed training. Models with sliding
windows, sinks, soft caps, layers without attention or another kind of output head are refused.
"""

__all__ = ["Tree", "flat_forward", "head", "prepare"]

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from srl_swe.errors import InputError
from srl_swe.policy.parts import part_forward

_NAME = "srl_swe_tree"
_UNLIKE_PLAIN = {"softcap": "soft-capped scores", "s_aux": "attention sinks", "position_bias": "position biases"}


class Tree(Protocol):
    """What a forward pass over a tree carries: the attention of one layer."""

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        ...

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """[1, H, N, D] queries and [1, K, N, D] keys and values to [1, H, N, D]."""
        ...


def prepare(model: Any) -> None:
    """Let a causal model accept a `tree`. Calls without one work as before, through `sdpa`. Raises InputError."""
    AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, sdpa_mask)
    inner = _inner(model)
    if inner.config._attn_implementation == _NAME:
        return
    _refuse_config(inner)
    ids = np.arange(12) % inner.config.vocab_size
    training = model.training
    model.eval()
    before = inner.config._attn_implementation
    try:
        with torch.no_grad():
            expected = model(
                input_ids=torch.from_numpy(ids).to(head(model).weight.device)[None], use_cache=False
            ).logits[0]
            inner.set_attn_implementation(_NAME)
            if inner.config._attn_implementation != _NAME:
                raise InputError(f"{type(inner).__name__} does not take its attention from transformers' interface")
            _probe(model, ids, expected.float())
    except InputError:
        inner.set_attn_implementation(before)
        raise
    finally:
        model.train(training)


def _body(model: Any) -> Any:
    """The decoder below the output head, adapters included."""
    return _inner(model).base_model


def head(model: Any) -> Any:
    """The output embedding: hidden states to logits."""
    return _inner(model).get_output_embeddings()


def _inner(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def flat_forward(model: Any, token_ids: NDArray[np.int64], positions: NDArray[np.int64], tree: Tree) -> torch.Tensor:
    """Hidden states [N, E] of N flat tokens, each attending where `tree` says."""
    device = head(model).weight.device
    counted = _Counted(tree)
    outputs = _body(model)(
        input_ids=torch.from_numpy(token_ids).to(device)[None],
        position_ids=torch.from_numpy(positions).to(device)[None],
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),  # 4-D: taken as it is
        use_cache=False,
        tree=counted,
    )
    layers = _inner(model).config.num_hidden_layers
    if len(counted.layers) != layers:
        raise InputError(
            f"{type(_inner(model)).__name__} has {layers} layers of which {len(counted.layers)} are plain softmax "
            "attention; a tree of tokens needs all of them"
        )
    hidden: torch.Tensor = outputs.last_hidden_state[0]
    return hidden


class _Counted:
    """A tree that remembers which layers asked it."""

    def __init__(self, tree: Tree) -> None:
        self.longest = tree.longest
        self.attend = tree.attend
        self.layers: set[int] = set()


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    tree: _Counted | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    if tree is None:
        plain: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **kwargs
        )
        return plain
    for name, meaning in _UNLIKE_PLAIN.items():
        if kwargs.get(name) is not None:
            raise InputError(f"{type(module).__name__} uses {meaning}, which a tree of tokens cannot serve exactly")
    window = kwargs.get("sliding_window")
    if window is not None and window < tree.longest:
        raise InputError(f"a row of {tree.longest} tokens is longer than the model's sliding window of {window}")
    if dropout:
        raise InputError(f"attention dropout is {dropout}; set attention_dropout to 0 in the model's config")
    tree.layers.add(module.layer_idx)
    out = tree.attend(module.layer_idx, query, key, value, scaling or query.shape[-1] ** -0.5)
    return out.transpose(1, 2).contiguous(), None


def _refuse_config(inner: Any) -> None:
    name, config = type(inner).__name__, inner.config
    kinds = set(getattr(config, "layer_types", None) or []) - {"full_attention", "sliding_attention"}
    if kinds:
        raise InputError(f"{name} has {' and '.join(sorted(kinds))} layers; only plain softmax attention can be packed")
    rope = getattr(config, "rope_parameters", None) or {}
    kinds = {str(one.get("rope_type")) for one in [rope, *rope.values()] if isinstance(one, dict)}
    if kinds & {"dynamic", "longrope"}:
        raise InputError(f"{name} has rotary positions that change with the length of a row, so rows cannot share them")


def _probe(model: Any, ids: NDArray[np.int64], expected: torch.Tensor) -> None:
    """Refuse a model whose own logits differ from those of body and head over a one-row tree."""
    hidden = flat_forward(model, ids, np.arange(len(ids)), _OneRow(len(ids)))
    error = (head(model)(hidden).float() - expected).abs().max() / expected.abs().max().clamp(min=1e-6)
    if error > (1e-3 if hidden.dtype == torch.float32 else 5e-2):
        raise InputError(
            f"{type(_inner(model)).__name__} computes its logits otherwise than by its output embedding over plain "
            f"softmax attention (relative difference {float(error):.2g}), so a tree of tokens would not be exact"
        )


@dataclass(frozen=True)
class _OneRow:
    longest: int

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        return part_forward(query, key, value, causal=True, scale=scale)[0]
