"""Keys and values of everything the policy has read, kept as a growing prefix trie.

A prompt that begins like an earlier one finds that beginning here, so the next turn of an episode only costs its new
tokens. Valid for one version of the weights: whoever changes them clears it. It holds tensors and computes nothing.
"""

__all__ = ["Node", "Path", "PrefixCache"]

import numpy as np
import torch
from numpy.typing import NDArray

from srl_swe.policy.trie import agreement

Ids = NDArray[np.int64]


class Node:
    """A run of tokens read after the first `attach` tokens of `parent`, with its keys and values."""

    def __init__(self, parent: "Node | None", attach: int, token_ids: Ids) -> None:
        self.parent = parent
        self.attach = attach
        self.token_ids = token_ids
        self.children: dict[tuple[int, int], Node] = {}  # by the place they leave and their first token
        self.used = 0
        self._key_values: torch.Tensor | None = None  # [layers, 2, K, capacity, D]

    def write(self, layers: int, layer: int, first: int, key: torch.Tensor, value: torch.Tensor) -> None:
        """Keep [K, N, D] keys and values of the N tokens from `first` on, in one layer."""
        held = self._key_values
        if held is None or held.shape[3] < len(self.token_ids):
            capacity = len(self.token_ids) if held is None else len(self.token_ids) * 3 // 2
            grown = key.new_empty(layers, 2, key.shape[0], capacity, key.shape[2])
            if held is not None:
                grown[:, :, :, : held.shape[3]] = held
            held = self._key_values = grown
        held[layer, 0, :, first : first + key.shape[1]] = key
        held[layer, 1, :, first : first + key.shape[1]] = value

    @property
    def key_values(self) -> torch.Tensor:
        """[layers, 2, K, at least as many as there are tokens, D]."""
        assert self._key_values is not None, "a node is read before the forward pass that fills it"
        return self._key_values


Path = list[tuple[Node, int]]  # from the beginning of the row: nodes, and how many of each one's tokens belong to it


class PrefixCache:
    """The nodes; `tick` marks what a call uses, and `shrink` drops what was not used for longest."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._root = Node(None, 0, np.zeros(0, dtype=np.int64))
        self.tokens = 0
        self._now = 0

    def tick(self) -> None:
        """Begin a call: what is inserted from now on is in use."""
        self._now += 1

    def insert(self, row: Ids) -> tuple[Path, int]:
        """The row's path, and how many of its tokens at the end have no keys and values yet.

        They all belong to the last node of the path, and whoever inserts must write them.
        """
        node, attach, path = self._root, 0, Path()
        while len(row):
            child = node.children.get((attach, int(row[0])))
            if child is None:
                break
            node, attach = child, agreement(child.token_ids, row)
            node.used = self._now
            path.append((node, attach))
            row = row[attach:]
        if not len(row):
            return path, 0
        self.tokens += len(row)
        if path and attach == len(node.token_ids):
            node.token_ids = np.concatenate([node.token_ids, row])
            path[-1] = (node, len(node.token_ids))
        else:
            child = node.children[attach, int(row[0])] = Node(node, attach, row)
            child.used = self._now
            path.append((child, len(row)))
        return path, len(row)

    def shrink(self, tokens: int) -> None:
        """Drop leaves, least recently used first, until at most `tokens` remain."""
        while self.tokens > tokens:
            leaves = sorted((node for node in self._nodes() if not node.children), key=lambda node: node.used)
            for leaf in leaves:
                if self.tokens <= tokens:
                    break
                assert leaf.parent is not None, "the root has no tokens"
                del leaf.parent.children[leaf.attach, int(leaf.token_ids[0])]
                self.tokens -= len(leaf.token_ids)

    def _nodes(self) -> list[Node]:
        nodes, level = [], list(self._root.children.values())
        while level:
            nodes += level
            level = [child for node in level for child in node.children.values()]
        return nodes
