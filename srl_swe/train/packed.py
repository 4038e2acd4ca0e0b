"""Log-probabilities of rows that begin alike, in one pass: every distinct token goes through the model once.

Rows become a prefix trie (`policy.trie`), the trie's flat tokens become one forward pass (`policy.tree_attention`), and
only scored positions reach the output head, in chunks. Values and gradients are those of `plain_logprobs`, the loop
over single rows, which is here as the oracle. No padding, no dense mask, no loss: losses are `train.grpo`.
"""

__all__ = ["Row", "logprobs", "logprobs_and_entropies", "packed_batches", "plain_logprobs"]

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.checkpoint import checkpoint

from srl_swe.policy.parts import MOST_QUERIES, Part, merge, part_backward, part_forward
from srl_swe.policy.tree_attention import flat_forward, head, prepare
from srl_swe.policy.trie import Trie, agreement

_HEAD_TOKENS = 1024  # positions whose logits exist at the same time
_KEPT_LOGITS = 2**26  # above this many logits in a pass they are computed again for the backward pass


@dataclass(frozen=True)
class Row:
    """A prompt with one answer, and which of its tokens are scored. The first token has no probability."""

    token_ids: tuple[int, ...]
    scored: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.token_ids) != len(self.scored) or (self.scored and self.scored[0]):
            raise ValueError("a row needs one `scored` flag per token, and its first token cannot be scored")


def logprobs(model: Any, rows: Sequence[Row], *, temperature: float = 1.0) -> list[torch.Tensor]:
    """For every row the log-probabilities of its scored tokens, fp32, with gradients. One pass over all rows."""
    return [values for values, _ in _packed(model, rows, temperature, with_entropy=False)]


def logprobs_and_entropies(
    model: Any, rows: Sequence[Row], *, temperature: float = 1.0
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Like `logprobs`, with the entropy of the distribution at every scored token beside it (no gradient)."""
    return _packed(model, rows, temperature, with_entropy=True)


def plain_logprobs(model: Any, rows: Sequence[Row], *, temperature: float = 1.0) -> list[torch.Tensor]:
    """What `logprobs` gives, row by row through the model's ordinary forward pass."""
    found = []
    for row in rows:
        ids = torch.tensor(row.token_ids, device=head(model).weight.device)
        scored = torch.tensor(row.scored[1:], dtype=torch.bool, device=ids.device)
        logits = model(input_ids=ids[None], use_cache=False).logits[0, :-1][scored].float() / temperature
        found.append(logits.log_softmax(-1).gather(-1, ids[1:][scored, None])[:, 0])
    return found


def packed_batches(rows: Sequence[Row], max_tokens: int) -> Iterator[list[int]]:
    """Indices of rows in batches of at most `max_tokens` distinct tokens each; a longer row stands alone.

    Rows that begin alike come together. Gradients of the batches add up: normalise over all rows first.
    """
    arrays = [np.asarray(row.token_ids, dtype=np.int64) for row in rows]
    batch: list[int] = []
    tokens = 0
    for row in sorted(range(len(rows)), key=lambda row: (arrays[row].tobytes(), row)):
        # In this order a row shares the most with the one before it
        fresh = len(arrays[row]) - (agreement(arrays[batch[-1]], arrays[row]) if batch else 0)
        if batch and tokens + fresh > max_tokens:
            yield batch
            batch, tokens, fresh = [], 0, len(arrays[row])
        batch.append(row)
        tokens += fresh
    if batch:
        yield batch


def _packed(
    model: Any, rows: Sequence[Row], temperature: float, *, with_entropy: bool
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    prepare(model)
    trie = Trie.from_rows([row.token_ids for row in rows])
    hidden = flat_forward(model, trie.token_ids, trie.positions, _PackedTree.of(trie))
    # A token is predicted where the one before it lies; rows that share a place share its logits
    places, targets, counts = [], [], []
    for index, row in enumerate(rows):
        scored = np.flatnonzero(np.asarray(row.scored, dtype=bool))
        places.append(trie.places(index)[scored - 1])
        targets.append(np.asarray(row.token_ids, dtype=np.int64)[scored])
        counts.append(len(scored))
    values, entropies = _score(
        model, hidden, np.concatenate(places), np.concatenate(targets), temperature, with_entropy=with_entropy
    )
    return list(zip(torch.split(values, counts), torch.split(entropies, counts), strict=True))


def _score(
    model: Any,
    hidden: torch.Tensor,
    places: NDArray[np.int64],
    targets: NDArray[np.int64],
    temperature: float,
    *,
    with_entropy: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probability of each target after its place, and the entropy there."""
    distinct, which = np.unique(places, return_inverse=True)
    order = np.argsort(which, kind="stable")
    which_, targets_ = torch.from_numpy(which[order]), torch.from_numpy(targets[order])
    again = len(distinct) * head(model).weight.shape[0] > _KEPT_LOGITS
    values, entropies = [], []
    for first in range(0, len(distinct), _HEAD_TOKENS):
        last = min(first + _HEAD_TOKENS, len(distinct))
        left, right = np.searchsorted(which[order], [first, last])
        arguments = (
            head(model),
            hidden[torch.from_numpy(distinct[first:last]).to(hidden.device)],
            (which_[left:right] - first).to(hidden.device),
            targets_[left:right].to(hidden.device),
            temperature,
            with_entropy,
        )
        one = checkpoint(_score_chunk, *arguments, use_reentrant=False) if again else _score_chunk(*arguments)
        values.append(one[0])
        entropies.append(one[1])
    if not values:
        return hidden.new_zeros(0), hidden.new_zeros(0)
    back = torch.from_numpy(np.argsort(order)).to(hidden.device)
    return torch.cat(values)[back], torch.cat(entropies)[back]


def _score_chunk(
    output: Any,
    hidden: torch.Tensor,
    which: torch.Tensor,
    targets: torch.Tensor,
    temperature: float,
    with_entropy: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    logp = (output(hidden).float() / temperature).log_softmax(-1)  # [places, V]
    values = logp[which, targets]
    if not with_entropy:
        return values, torch.zeros_like(values)
    with torch.no_grad():
        return values, -(logp.exp() * logp).sum(-1)[which]


@dataclass(frozen=True)
class _PackedTree:
    """The attention of one pass over a trie: every segment reads itself and what precedes it."""

    parts: tuple[Part, ...]  # the causal ones first, which cover every token once
    longest: int

    @classmethod
    def of(cls, trie: Trie) -> "_PackedTree":
        own: list[Part] = []
        before: list[Part] = []
        for index, segment in enumerate(trie.segments):
            for start in range(segment.start, segment.end, MOST_QUERIES):
                end = min(start + MOST_QUERIES, segment.end)
                own.append(Part(start, end, start, end))
                before += [Part(start, end, first, last) for first, last in trie.context(index)]
                if start > segment.start:
                    before.append(Part(start, end, segment.start, start))
        # Neighbours that read the same keys become one part
        joined: list[Part] = []
        for part in sorted(before, key=lambda part: (part.first, part.last, part.start)):
            last = joined[-1] if joined else None
            alike = last and (last.first, last.last, last.end) == (part.first, part.last, part.start)
            if last and alike and part.end - last.start <= MOST_QUERIES:
                joined[-1] = Part(last.start, part.end, part.first, part.last)
            else:
                joined.append(part)
        return cls((*own, *joined), int(trie.positions.max(initial=-1)) + 1)

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        out: torch.Tensor = _Attend.apply(query.to(value.dtype), key.to(value.dtype), value, self.parts, scale)  # type: ignore[no-untyped-call]
        return out


class _Attend(torch.autograd.Function):
    """All parts of a layer, merged by their log-sum-exp; each part's backward pass uses the merged values."""

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        parts: tuple[Part, ...],
        scale: float,
    ) -> torch.Tensor:
        out = torch.empty(query.shape, dtype=torch.float32, device=query.device)
        lse = torch.empty(query.shape[:-1], dtype=torch.float32, device=query.device)
        for part in parts:
            found = part_forward(
                query[:, :, part.start : part.end],
                key[:, :, part.first : part.last],
                value[:, :, part.first : part.last],
                causal=part.causal,
                scale=scale,
            )
            here, here_lse = out[:, :, part.start : part.end], lse[:, :, part.start : part.end]
            if part.causal:
                here.copy_(found[0])
                here_lse.copy_(found[1])
            else:
                merge(here, here_lse, found)
        result = out.to(query.dtype)
        ctx.save_for_backward(query, key, value, result, lse)
        ctx.parts, ctx.scale = parts, scale
        return result

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, out, lse = ctx.saved_tensors
        d_query, d_key, d_value = (torch.zeros(one.shape, device=one.device) for one in (query, key, value))
        for part in ctx.parts:
            asking, read = slice(part.start, part.end), slice(part.first, part.last)
            found = part_backward(
                grad[:, :, asking],
                query[:, :, asking],
                key[:, :, read],
                value[:, :, read],
                out[:, :, asking],
                lse[:, :, asking],
                causal=part.causal,
                scale=ctx.scale,
            )
            d_query[:, :, asking] += found[0]
            d_key[:, :, read] += found[1]
            d_value[:, :, read] += found[2]
        return d_query.to(query.dtype), d_key.to(key.dtype), d_value.to(value.dtype), None, None
