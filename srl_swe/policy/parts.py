"""Attention in parts: a run of queries over a run of keys, with the log-sum-exp by which parts are merged.

The backward pass of a part takes the merged output and log-sum-exp (as ring attention does), so branches of a tree read
their trunk where it lies: nothing is copied per branch and no mask is built. On a CPU the parts are torch's own flash
kernel; elsewhere they are plain matrix products. This file knows neither trees nor models.
"""

__all__ = ["MOST_QUERIES", "Part", "merge", "part_backward", "part_forward"]

from collections.abc import Sequence
from dataclasses import dataclass

import torch

MOST_QUERIES = 2048  # of one part, so that the scores of a long row need not exist at once


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
    return _forward_anywhere(query, key, value, causal=causal, scale=scale, mask=mask)


def _forward_anywhere(
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
    return _backward_anywhere(grad, query, key, value, out, lse, causal=causal, scale=scale)


def _backward_anywhere(
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
