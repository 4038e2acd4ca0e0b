"""Rows of token ids as a prefix trie: what rows share at their beginning is stored once.

The trie is a set of segments. The longest row is the first segment; every other row follows existing segments as far
as they agree and adds a segment for the rest, attached to the place where it left. Segments lie in one flat array of
tokens, level by level, and segments attached to the same place are neighbours, so that an engine can serve them with
one attention call.

It knows nothing about models, trajectories or chats. Equal rows in equal order give equal tries.
"""

__all__ = ["Segment", "Trie", "agreement"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """A run of tokens [start, end) of the flat array, read after the first `attach` tokens of `parent`."""

    start: int
    end: int
    parent: int  # index of a segment, always smaller than this one's; −1 at the root
    attach: int  # how many of the parent's own tokens precede this segment
    position: int  # of the first token, counted from the beginning of its row


@dataclass(frozen=True)
class Trie:
    """The flat tokens, their positions, the segments, and for every row where its tokens lie."""

    token_ids: Ids
    positions: Ids
    segments: tuple[Segment, ...]
    _ends: tuple[tuple[int, int], ...]  # per row: the segment it ends in, and how many of its tokens belong to the row

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[int]]) -> "Trie":
        """The trie of these rows."""
        builder = _Builder()
        arrays = [np.asarray(row, dtype=np.int64) for row in rows]
        ends: list[tuple[int, int]] = [(-1, 0)] * len(arrays)
        for row in sorted(range(len(arrays)), key=lambda row: (-len(arrays[row]), arrays[row].tobytes(), row)):
            ends[row] = builder.insert(arrays[row])
        return builder.flatten(ends)

    def context(self, segment: int) -> list[tuple[int, int]]:
        """The flat ranges that precede a segment in every row through it, from the beginning of the row on."""
        ranges: list[tuple[int, int]] = []
        here = self.segments[segment]
        while here.parent >= 0:
            parent = self.segments[here.parent]
            if here.attach:
                ranges.append((parent.start, parent.start + here.attach))
            here = parent
        return ranges[::-1]

    def places(self, row: int) -> Ids:
        """The flat index of every token of a row."""
        segment, length = self._ends[row]
        if segment < 0:
            return np.zeros(0, dtype=np.int64)
        start = self.segments[segment].start
        ranges = [*self.context(segment), (start, start + length)]
        return np.concatenate([np.arange(first, last) for first, last in ranges])

    def end(self, row: int) -> tuple[int, int]:
        """The segment that a row ends in, and how many of the segment's tokens belong to the row."""
        return self._ends[row]


class _Builder:
    """Segments in order of insertion, before they have places in the flat array."""

    def __init__(self) -> None:
        self.tokens: list[Ids] = []
        self.parents: list[tuple[int, int]] = []  # segment and how many of its tokens precede
        self.children: dict[tuple[int, int], dict[int, int]] = {}  # at such a place, by first token

    def insert(self, row: Ids) -> tuple[int, int]:
        """Follow the row as far as segments agree and add one for the rest; where the row ends."""
        parent, attach = -1, 0
        while len(row):
            child = self.children.setdefault((parent, attach), {}).setdefault(int(row[0]), len(self.tokens))
            if child == len(self.tokens):
                self.tokens.append(row)
                self.parents.append((parent, attach))
            parent, attach = child, agreement(self.tokens[child], row)
            row = row[attach:]
        return parent, attach

    def flatten(self, ends: list[tuple[int, int]]) -> Trie:
        """The trie, with `ends` of the rows in the same terms."""
        order = self._level_order()
        place = {segment: index for index, segment in enumerate(order)}
        place[-1] = -1
        segments: list[Segment] = []
        start = 0
        for segment in order:
            parent, attach = self.parents[segment]
            position = segments[place[parent]].position + attach if parent >= 0 else 0
            stop = start + len(self.tokens[segment])
            segments.append(Segment(start, stop, place[parent], attach, position))
            start = stop
        empty = np.zeros(0, dtype=np.int64)
        return Trie(
            np.concatenate([self.tokens[segment] for segment in order] or [empty]),
            np.concatenate([np.arange(s.position, s.position + s.end - s.start) for s in segments] or [empty]),
            tuple(segments),
            tuple((place[segment], length) for segment, length in ends),
        )

    def _level_order(self) -> list[int]:
        """Breadth first, siblings of one attachment together."""
        attached: dict[int, list[int]] = {}
        for place in sorted(self.children):
            attached.setdefault(place[0], []).extend(self.children[place].values())
        order: list[int] = []
        level = [-1]
        while level:
            level = [child for parent in level for child in attached.get(parent, [])]
            order += level
        return order


def agreement(left: Ids, right: Ids) -> int:
    """Length of the longest common prefix."""
    length = min(len(left), len(right))
    unequal = np.flatnonzero(left[:length] != right[:length])
    return int(unequal[0]) if len(unequal) else length
