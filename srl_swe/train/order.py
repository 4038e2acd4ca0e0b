"""In which order training data is seen: shuffled by unit (a trajectory), in sequence inside it, epoch after epoch.

The lessons of a trajectory stay together because they share prefixes, and one packed pass serves them all.
"""

__all__ = ["Order", "still_to_draw"]

import math
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


class Order(Generic[T]):
    """An endless draw from `units`. Its `position` is all that a checkpoint has to keep."""

    def __init__(self, units: Sequence[Sequence[T]], *, seed: int, position: int = 0) -> None:
        self.units = [unit for unit in units if unit]
        self.size = sum(len(unit) for unit in self.units)
        assert self.size, "the caller refuses empty data"
        self.seed = seed
        self.position = position  # items drawn since the beginning
        self._epoch, self._items = -1, list[T]()

    @property
    def epochs(self) -> float:
        """How often the data has been seen."""
        return self.position / self.size

    def take(self, count: int) -> list[T]:
        """The next `count` items."""
        taken = [self._item(self.position + offset) for offset in range(count)]
        self.position += count
        return taken

    def _item(self, position: int) -> T:
        epoch, index = divmod(position, self.size)
        if epoch != self._epoch:
            shuffled = np.random.default_rng([self.seed, epoch]).permutation(len(self.units))
            self._epoch, self._items = epoch, [item for unit in shuffled for item in self.units[unit]]
        return self._items[index]


def still_to_draw(wanted: int, kept: int, drawn: int) -> int:
    """How many more groups to sample for a batch: what is missing, at the rate at which they were kept so far."""
    return wanted if kept == 0 else min(wanted, math.ceil((wanted - kept) * drawn / kept))
