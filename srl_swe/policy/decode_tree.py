"""The two attentions of the torch engine: reading new tokens of prompts, and one more token of every answer.

`PrefillTree` writes keys and values into the prefix cache and reads them there. `DecodeTree` holds, for all prompts of
a round, one padded copy of their keys and values in buckets of similar length, shared by all rows that read them (the
answers to one prompt, the lessons of a trajectory, the episodes of a task), and beside it the rows' own.
"""

__all__ = ["DecodeTree", "PrefillTree"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from srl_swe.policy.parts import MOST_QUERIES, merge, part_forward
from srl_swe.policy.prefix_cache import Path

Ids = NDArray[np.int64]

_BUCKET_CONTEXTS = 16
_BUCKET_SHORTEST = 0.8  # of its longest context
_FAR_BELOW = -1e30  # added to a score that must not count; finite, so that nothing becomes NaN
_SHARED_TOKENS = 128  # what sharing a node must save, in tokens not read twice, to be worth a part of its own
_ALONE = 2**16  # rows × tokens from which a context is read where it lies, without a copy in a bucket
_OWN_TOKENS = 32  # room for the rows' own tokens grows by doubling


@dataclass(frozen=True)
class _Fresh:
    """Tokens [first, last) of the last node of a path, at [start, end) of the flat run."""

    path: Path
    first: int
    last: int
    start: int
    end: int
    position: int


class PrefillTree:
    """One forward pass over the new tokens of many prompts."""

    def __init__(self, layers: int) -> None:
        self.layers = layers
        self.longest = 0
        self.tokens = 0
        self._fresh: list[_Fresh] = []

    def add(self, path: Path, count: int, length: int) -> None:
        """Read the last `count` tokens of a row of `length` tokens that follows this path."""
        last = path[-1][1]
        for first in range(last - count, last, MOST_QUERIES):
            run = min(MOST_QUERIES, last - first)
            position = length - last + first
            self._fresh.append(_Fresh(path, first, first + run, self.tokens, self.tokens + run, position))
            self.tokens += run
        self.longest = max(self.longest, length)

    def flat(self) -> tuple[Ids, Ids]:
        """The new tokens and their positions."""
        ids = [fresh.path[-1][0].token_ids[fresh.first : fresh.last] for fresh in self._fresh]
        positions = [
            np.arange(fresh.position, fresh.position + len(one)) for fresh, one in zip(self._fresh, ids, strict=True)
        ]
        return np.concatenate(ids), np.concatenate(positions)

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """Write this layer's keys and values to the cache, then let every run read itself and what precedes it."""
        query, key = query.to(value.dtype), key.to(value.dtype)
        for fresh in self._fresh:
            asking = slice(fresh.start, fresh.end)
            fresh.path[-1][0].write(self.layers, layer, fresh.first, key[0, :, asking], value[0, :, asking])
        out = torch.empty(query.shape, device=query.device)
        for fresh in self._fresh:
            asking = slice(fresh.start, fresh.end)
            queries = query[:, :, asking]
            found, lse = part_forward(queries, key[:, :, asking], value[:, :, asking], causal=True, scale=scale)
            found = found.float()
            before = [*fresh.path[:-1], (fresh.path[-1][0], fresh.first)]
            for node, count in before:
                if count:
                    held = node.key_values[layer, :, None, :, :count]  # [2, 1, K, count, D]
                    merge(found, lse, part_forward(queries, held[0], held[1], scale=scale))
            out[:, :, asking] = found
        return out.to(value.dtype)


class DecodeTree:
    """One token more for every row. `left` marks rows that are finished but still here."""

    def __init__(self, paths: Sequence[Path], *, longest: int, layers: int) -> None:
        self.longest = longest
        self.layers = layers
        self.left = np.zeros(len(paths), dtype=bool)
        self._buckets = [_Bucket(contexts) for contexts in _bucketed(_contexts(paths))]
        self._own: torch.Tensor | None = None  # [layers, 2, R, K, T, D]
        self._length = 0

    def own(self, row: int) -> torch.Tensor:
        """[layers, 2, K, T, D] keys and values of what a row has read since its prompt, whose last token it begins."""
        assert self._own is not None, "no step was taken"
        return self._own[:, :, row, :, : self._length]

    def compact(self, stay: Ids) -> None:
        """Keep only these rows."""
        assert self._own is not None, "no step was taken"
        self._own = self._own[:, :, torch.from_numpy(stay).to(self._own.device)]
        self.left = self.left[stay]
        kept = []
        for bucket in self._buckets:
            here = np.isin(bucket.rows, stay)
            if here.any():
                bucket.compact(here, np.searchsorted(stay, bucket.rows[here]))
                kept.append(bucket)
        self._buckets = kept

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
    ) -> torch.Tensor:
        """Every row's one query over its own keys and its prompt's."""
        heads = key.shape[1]
        query = query[0].transpose(0, 1).to(value.dtype)  # [R, H, D]
        query = query.reshape(len(query), heads, -1, query.shape[-1])  # [R, K, H/K, D]
        own = self._write(layer, key[0].transpose(0, 1), value[0].transpose(0, 1))
        out, lse = part_forward(query, own[0], own[1], scale=scale)
        out, lse = out.float(), lse.contiguous()
        for bucket in self._buckets:
            bucket.attend(layer, query, out, lse, scale)
        return out.flatten(1, 2).transpose(0, 1)[None].to(value.dtype)

    def _write(self, layer: int, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        if layer == 0:
            self._length += 1
            held = self._own
            if held is None or held.shape[4] < self._length:
                room = _OWN_TOKENS if held is None else 2 * held.shape[4]
                grown = value.new_empty(self.layers, 2, *key.shape[:2], room, key.shape[2])
                if held is not None:
                    grown[:, :, :, :, : held.shape[4]] = held
                self._own = grown
        assert self._own is not None, "layer 0 comes first"
        self._own[layer, 0, :, :, self._length - 1] = key
        self._own[layer, 1, :, :, self._length - 1] = value
        return self._own[layer, :, :, :, : self._length]


@dataclass(frozen=True)
class _Context:
    """Keys and values that some rows read: of a path, the first `lengths` tokens each."""

    path: Path
    rows: Ids
    lengths: Ids


class _Bucket:
    """Contexts of similar length, padded to the longest, and the rows that read them."""

    def __init__(self, contexts: Sequence[_Context]) -> None:
        self.rows = np.concatenate([context.rows for context in contexts])
        self._lengths = np.concatenate([context.lengths for context in contexts])
        self._which = np.repeat(np.arange(len(contexts)), [len(context.rows) for context in contexts])
        self._held = _held(contexts)  # [layers, 2, P, K, L, D]
        self._arrange()

    def compact(self, here: NDArray[np.bool_], rows: Ids) -> None:
        """Keep the rows marked `here`, now numbered `rows`."""
        self.rows, self._which, self._lengths = rows, self._which[here], self._lengths[here]
        used = np.unique(self._which)
        if len(used) <= 0.7 * self._held.shape[2]:
            self._held = self._held[:, :, torch.from_numpy(used).to(self._held.device)]
            self._which = np.searchsorted(used, self._which)
        self._arrange()

    def _arrange(self) -> None:
        """Rows as a [contexts, most rows of one] table, and the mask of the padding."""
        contexts, length = self._held.shape[2], self._held.shape[4]
        device = self._held.device
        counts = np.bincount(self._which, minlength=contexts)
        self._width = int(counts.max())
        column = np.concatenate([np.arange(count) for count in counts])
        place = self._which * self._width + column  # rows are in order of their contexts
        table = np.full(contexts * self._width, self.rows[0])
        table[place] = self.rows
        lengths = np.full(contexts * self._width, length)
        lengths[place] = self._lengths
        self._table, self._place = torch.from_numpy(table).to(device), torch.from_numpy(place).to(device)
        self._rows = torch.from_numpy(self.rows).to(device)
        self._lengths_table = None if (lengths == length).all() else lengths.reshape(contexts, self._width)
        self._mask: torch.Tensor | None = None

    def _masked(self, share: int, dtype: torch.dtype) -> torch.Tensor | None:
        if self._mask is None and self._lengths_table is not None:
            lengths = np.repeat(self._lengths_table, share, axis=1)
            if (lengths == lengths[:, :1]).all():
                lengths = lengths[:, :1]
            absent = np.arange(self._held.shape[4]) >= lengths[:, :, None]
            mask = torch.from_numpy(np.where(absent, _FAR_BELOW, 0.0)[:, None])  # [P, 1, N or 1, L]
            self._mask = mask.to(self._held.device, dtype)
        return self._mask

    def attend(self, layer: int, query: torch.Tensor, out: torch.Tensor, lse: torch.Tensor, scale: float) -> None:
        """Merge what the rows read here into `out` [R, K, S, D] and `lse` [R, K, S]."""
        contexts, width = self._held.shape[2], self._width
        heads, share, size = query.shape[1:]
        asking = query[self._table].view(contexts, width, heads, share, size).transpose(1, 2)
        asking = asking.reshape(contexts, heads, width * share, size)
        found, found_lse = part_forward(
            asking, self._held[layer, 0], self._held[layer, 1], scale=scale, mask=self._masked(share, query.dtype)
        )
        found = found.view(contexts, heads, width, share, size).transpose(1, 2).reshape(-1, heads, share, size)
        found_lse = found_lse.reshape(contexts, heads, width, share).transpose(1, 2).reshape(-1, heads, share)
        here, here_lse = out[self._rows], lse[self._rows]
        merge(here, here_lse, (found[self._place], found_lse[self._place]))
        out[self._rows], lse[self._rows] = here, here_lse


def _held(contexts: Sequence[_Context]) -> torch.Tensor:
    """Keys and values of the contexts, padded with zeros to the longest; those of a single node are not copied."""
    node, count = contexts[0].path[0]
    if len(contexts) == len(contexts[0].path) == 1:
        return node.key_values[:, :, None, :, :count]
    layers, _, heads, _, size = node.key_values.shape
    length = max(int(context.lengths.max()) for context in contexts)
    held = node.key_values.new_zeros(layers, 2, len(contexts), heads, length, size)
    for index, context in enumerate(contexts):
        start = 0
        for node, count in context.path:
            held[:, :, index, :, start : start + count] = node.key_values[:, :, :, :count]
            start += count
    return held


def _contexts(paths: Sequence[Path]) -> list[_Context]:
    """What the rows read: nodes that several share, once each, and for every row the rest of its path."""
    through: dict[int, list[tuple[int, int]]] = {}  # by node: rows, and how many of its tokens each reads
    nodes = {id(node): node for path in paths for node, _ in path}
    for row, path in enumerate(paths):
        for node, count in path:
            through.setdefault(id(node), []).append((row, count))
    shared = {
        key
        for key, reads in through.items()
        if sum(count for _, count in reads) - max(count for _, count in reads) >= _SHARED_TOKENS
    }
    contexts = []
    for key in [key for key in through if key in shared]:
        readers, counts = np.array(through[key]).T
        contexts.append(_Context([(nodes[key], int(counts.max()))], readers, counts))
    # Paths that end in the same node differ only in how much of it they read
    rest = [[step for step in path if id(step[0]) not in shared] for path in paths]
    alike: dict[int, list[int]] = {}
    for row, steps in enumerate(rest):
        if steps:
            alike.setdefault(id(steps[-1][0]), []).append(row)
    for rows in alike.values():
        lengths = np.array([sum(count for _, count in rest[row]) for row in rows])
        contexts.append(_Context(rest[rows[int(lengths.argmax())]], np.array(rows), lengths))
    return contexts


def _bucketed(contexts: list[_Context]) -> list[list[_Context]]:
    """Contexts with equally many rows and of similar length together, each row at most once in a bucket."""
    buckets: list[list[_Context]] = []
    for context in sorted(contexts, key=lambda one: (-len(one.rows), -one.lengths.max())):
        first = buckets[-1][0] if buckets else None
        if (
            first is not None
            and first.rows.size * first.lengths.max() < _ALONE
            and len(buckets[-1]) < _BUCKET_CONTEXTS
            and len(context.rows) == len(first.rows)
            and context.lengths.max() >= _BUCKET_SHORTEST * first.lengths.max()
            and not any(np.isin(context.rows, other.rows).any() for other in buckets[-1])
        ):
            buckets[-1].append(context)
        else:
            buckets.append([context])
    return buckets
