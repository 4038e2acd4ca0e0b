"""Attention over a tree of tokens inside an unchanged `transformers` model.

A forward pass sees one flat run of tokens whose places in the tree only the attention needs to know. The models call
attention through `AttentionInterface`, so one registered function serves them all: it hands queries, keys and values to
the `tree` that the caller passed to the forward pass. Exact for plain softmax attention, grouped queries included.

Every part is one attention of a run of queries over a run of keys, with its log-sum-exp; parts of the same queries are
merged by it, and the backward pass of a part uses the merged output (as ring attention does), so nothing is copied per
branch and no mask is built. Models with sliding windows, sinks, soft caps or layers without attention are refused.
"""

__all__ = [
    "MOST_QUERIES",
    "Part",
    "Tree",
    "body",
    "flat_forward",
    "head",
    "merge",
    "part_backward",
    "part_forward",
    "prepare",
]

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from srl_swe.errors import InputError

_NAME = "srl_swe_tree"
MOST_QUERIES = 2048  # of one part, so that the scores of a long row need not exist at once
_UNLIKE_PLAIN = {"softcap": "soft-capped scores", "s_aux": "attention sinks", "position_bias": "position biases"}


@dataclass(frozen=True)
class Part:
    """Queries [start, end) read keys [first, last) of the flat run: all of them, or causally when the ranges agree."""

    start: int
    end: int
    first: int
    last: int

    @property
    def causal(self) -> bool:
        """Whether this is a run of tokens reading itself."""
        return self.start == self.first


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


def body(model: Any) -> Any:
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
    outputs = body(model)(
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


def part_forward(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    *,
    causal: bool = False,
    scale: float,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention of [B, H, N, D] queries over [B, K, M, D] keys, and its log-sum-exp [B, H, N]. No autograd.

    `mask` [B, 1, N, M] (or broadcast to it) is added to the scores. H is a multiple of K.
    """
    if query.device.type == "cpu":
        out, lse = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            query, key, value, 0.0, causal, attn_mask=mask, scale=scale
        )
        return out, lse
    return part_forward_anywhere(query, key, value, causal=causal, scale=scale, mask=mask)


def part_forward_anywhere(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    *,
    causal: bool = False,
    scale: float,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`part_forward` from matrix products alone, for devices without a kernel that returns the log-sum-exp."""
    scores = _scores(query, key, causal, scale, mask)  # [B, K, R, N, M]
    lse = scores.logsumexp(-1)  # [B, K, R, N]
    out = (scores - lse[..., None]).exp().to(value.dtype) @ value[:, :, None]
    return out.flatten(1, 2), lse.flatten(1, 2)


def part_backward(
    grad: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    *,
    causal: bool,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of queries, keys and values through one part, given the merged output and log-sum-exp."""
    if query.device.type == "cpu":
        d_query, d_key, d_value = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward(
            grad, query, key, value, out, lse, 0.0, causal, scale=scale
        )
        return d_query, d_key, d_value
    return part_backward_anywhere(grad, query, key, value, out, lse, causal=causal, scale=scale)


def part_backward_anywhere(
    grad: torch.Tensor,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    out: torch.Tensor,
    lse: torch.Tensor,
    *,
    causal: bool,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """`part_backward` from matrix products alone."""
    heads = key.shape[1]
    weights = (_scores(query, key, causal, scale, None) - _grouped(lse, heads)[..., None]).exp()  # [B, K, R, N, M]
    grad_, query_ = _grouped(grad, heads), _grouped(query, heads)  # [B, K, R, N, D]
    inner = _grouped((grad.float() * out.float()).sum(-1), heads)  # [B, K, R, N]
    d_scores = weights * ((grad_ @ value[:, :, None].mT).float() - inner[..., None]) * scale
    d_scores = d_scores.to(query.dtype)
    d_query = (d_scores @ key[:, :, None]).flatten(1, 2)
    d_key = (d_scores.mT @ query_).sum(2)
    return d_query, d_key, (weights.to(query.dtype).mT @ grad_).sum(2)


def _scores(
    query: torch.Tensor, key: torch.Tensor, causal: bool, scale: float, mask: torch.Tensor | None
) -> torch.Tensor:
    scores = (_grouped(query, key.shape[1]) @ key[:, :, None].mT).float() * scale  # [B, K, R, N, M]
    if mask is not None:
        scores = scores + mask[:, None]
    if causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, float("-inf"))
    return scores


def _grouped(per_head: torch.Tensor, heads: int) -> torch.Tensor:
    """[B, H, …] as [B, K, R, …]: the R query heads that share each of the K key heads."""
    return per_head.reshape(per_head.shape[0], heads, -1, *per_head.shape[2:])


def merge(out: torch.Tensor, lse: torch.Tensor, more: Sequence[torch.Tensor]) -> None:
    """Merge another part's (output, log-sum-exp) of the same queries into `out` and `lse`, in place."""
    other, other_lse = more
    total = torch.logaddexp(lse, other_lse)
    out.mul_((lse - total).exp()[..., None]).add_(other * (other_lse - total).exp()[..., None])
    lse.copy_(total)
