"""The torch engine: samples from any `transformers` causal model with plain softmax attention, on CPU or one GPU.

Prompts are read once, shared beginnings included, and stay in a prefix cache until the weights change. All answers of
a call are decoded together: every row attends to the keys and values of its prompt where they lie (one copy serves a
whole group, and all lessons of a trajectory) and to its own; rows that are finished leave.

Noise belongs to the row: (seed, prompt, number of the sample) gives the same answer in any batch, up to the rounding of
matrix products of another shape. It is no server: one call at a time, one model, no beams, no top-p.
"""

__all__ = ["TorchPolicy"]

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from srl_swe.errors import InputError
from srl_swe.policy.chat import ChatFormat
from srl_swe.policy.decode_tree import DecodeTree, PrefillTree
from srl_swe.policy.policy import Sample
from srl_swe.policy.prefix_cache import Path as CachePath
from srl_swe.policy.prefix_cache import PrefixCache
from srl_swe.policy.tree_attention import flat_forward, head, prepare
from srl_swe.policy.trie import agreement

_PREFILL_TOKENS = 8192  # read in one forward pass
_COMPACT_BELOW = 0.85  # rows leave when fewer than this share are unfinished


class TorchPolicy:
    """A model that answers prompts of token ids. Use it from one thread.

    `dtype` other than the model's own runs the model under autocast. `memory_mb` bounds
    the keys and values in the prefix cache between calls, and those of one round of decoding.
    """

    def __init__(
        self,
        model: Any,
        chat: ChatFormat,
        *,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        memory_mb: int = 1024,
    ) -> None:
        self.model = model.to(device) if device is not None else model
        self.chat = chat
        prepare(model)
        self._weight = head(model).weight
        dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype
        self._autocast = dtype if dtype != self._weight.dtype else None
        self._tokens = max(1, memory_mb * 2**20 // _token_bytes(model.config, dtype or self._weight.dtype))
        self._limit = int(getattr(model.config, "max_position_embeddings", None) or 2**31)
        self._cache = PrefixCache()
        self._weights_seen: tuple[int, ...] = ()

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        system_prompt: str = "",
        device: str | torch.device = "cpu",
        dtype: str | torch.dtype = torch.float32,
        memory_mb: int = 1024,
    ) -> "TorchPolicy":
        """The policy in a `save_pretrained` folder, or of a hub name. Raises InputError when there is none."""
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # ours are the only ones
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        except (OSError, ValueError) as error:
            raise InputError(f"{folder}: no model that transformers can load ({str(error).splitlines()[0]})") from error
        chat = ChatFormat.from_tokenizer(tokenizer, system_prompt)
        return cls(model.eval(), chat, device=device, memory_mb=memory_mb)

    def forget(self) -> None:
        """Free the keys and values of all prompts read so far. Weights changed in place are noticed without it."""
        self._cache.clear()

    def sample(
        self,
        prompts_B: Sequence[Sequence[int]],
        *,
        group_size: int = 1,
        max_tokens: int,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> list[list[Sample]]:
        """`group_size` samples for each of B prompts of token ids.

        Equal prompts in one call get different samples. At temperature 0 the choice is greedy and the
        log-probabilities are those at temperature 1. An answer ends at the stop token ("stop") or at `max_tokens` or
        the model's context limit ("length"); a prompt that fills the context gets an empty answer.
        """
        if not all(len(prompt) for prompt in prompts_B) or max_tokens < 1 or group_size < 1 or temperature < 0:
            raise ValueError("sampling needs prompts of at least one token, max_tokens and group_size of at least 1")
        rows = _rows(prompts_B, group_size, max_tokens, self._limit, seed)
        training = self.model.training
        self.model.eval()
        kind = self._weight.device.type
        with torch.no_grad(), torch.autocast(kind, self._autocast, enabled=self._autocast is not None):
            self._drop_old()
            self._cache.tick()
            for wave in _waves([row for row in rows if row.budget > 0], self._tokens):
                self._decode(wave, temperature, keep=group_size == 1)
            self._cache.shrink(self._tokens)
        self.model.train(training)
        samples = [self._sample(row) for row in rows]
        return [samples[first : first + group_size] for first in range(0, len(samples), group_size)]

    def _drop_old(self) -> None:
        # Every in-place change of a parameter raises its version
        seen = tuple(number for one in self.model.parameters() for number in (id(one), one._version))
        if seen != self._weights_seen:
            self._cache.clear()
            self._weights_seen = seen

    def _sample(self, row: "_Row") -> Sample:
        finish = "stop" if row.token_ids and row.token_ids[-1] == self.chat.stop_id else "length"
        return Sample(tuple(row.token_ids), tuple(row.logprobs), self.chat.decode(row.token_ids), finish)

    def _prefill(self, rows: list["_Row"]) -> list[CachePath]:
        """Read what is new in the rows' prompts, all but the last token; the paths to their keys and values."""
        order = sorted(range(len(rows)), key=lambda row: -len(rows[row].prompt))
        paths: list[CachePath] = [[] for _ in rows]
        tree = PrefillTree(self._layers())
        for index in order:
            context = rows[index].prompt[:-1]
            paths[index], fresh = self._cache.insert(context)
            if fresh:
                tree.add(paths[index], fresh, len(context))
            if tree.tokens >= _PREFILL_TOKENS:
                self._read(tree)
                tree = PrefillTree(self._layers())
        self._read(tree)
        return paths

    def _read(self, tree: PrefillTree) -> None:
        if tree.tokens:
            flat_forward(self.model, *tree.flat(), tree)

    def _layers(self) -> int:
        return int(self.model.config.num_hidden_layers)

    def _decode(self, rows: list["_Row"], temperature: float, *, keep: bool) -> None:
        """Answer the rows, all in step, until each has stopped or has no tokens left."""
        paths = self._prefill(rows)
        tree = DecodeTree(paths, longest=max(len(row.prompt) + row.budget for row in rows), layers=self._layers())
        tokens = np.array([row.prompt[-1] for row in rows])
        positions = np.array([len(row.prompt) - 1 for row in rows])
        noise = np.stack([row.noise for row in rows])
        alive = np.arange(len(rows))
        for step in range(noise.shape[1]):
            hidden = flat_forward(self.model, tokens, positions + step, tree)
            uniform = torch.from_numpy(noise[alive, step]).to(hidden.device)
            chosen, logprobs = _choose(head(self.model)(hidden).float(), temperature, uniform)
            tokens = chosen.cpu().numpy()
            unfinished = np.ones(len(alive), dtype=bool)
            for place, (index, token, logprob) in enumerate(
                zip(alive.tolist(), tokens.tolist(), logprobs.tolist(), strict=True)
            ):
                unfinished[place] = rows[index].append(token, logprob, self.chat.stop_id)
            if keep:
                for place in np.flatnonzero(~unfinished & ~tree.left).tolist():
                    self._keep(rows[alive[place]], tree, place)
            tree.left |= ~unfinished
            if tree.left.all():
                return
            if (~tree.left).mean() < _COMPACT_BELOW:
                stay = np.flatnonzero(~tree.left)
                tree.compact(stay)
                alive, tokens, positions = alive[stay], tokens[stay], positions[stay]

    def _keep(self, row: "_Row", tree: DecodeTree, place: int) -> None:
        """Put a finished row's keys and values where the next turn of its episode will look."""
        whole = np.concatenate([row.prompt, np.array(row.token_ids[:-1], dtype=np.int64)])
        path, fresh = self._cache.insert(whole)
        if fresh:
            key_values = tree.own(place)[..., -fresh:, :]  # [layers, 2, K, fresh, D]
            node, count = path[-1]
            for layer, (key, value) in enumerate(key_values):
                node.write(len(key_values), layer, count - fresh, key, value)


@dataclass
class _Row:
    """One answer in the making."""

    prompt: NDArray[np.int64]
    budget: int
    noise: NDArray[np.float32]  # one uniform number a token
    token_ids: list[int]
    logprobs: list[float]
    done: bool = False

    def append(self, token: int, logprob: float, stop_id: int) -> bool:
        """Take a token unless finished; whether the row goes on."""
        if not self.done:
            self.token_ids.append(token)
            self.logprobs.append(logprob)
            self.done = token == stop_id or len(self.token_ids) >= self.budget
        return not self.done


def _token_bytes(config: Any, dtype: torch.dtype) -> int:
    """Keys and values of one token."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(config.num_hidden_layers * 2 * heads * size * dtype.itemsize)


def _rows(prompts: Sequence[Sequence[int]], group_size: int, max_tokens: int, limit: int, seed: int) -> list[_Row]:
    rows = []
    occurrences: Counter[bytes] = Counter()
    for prompt in prompts:
        ids = np.asarray(prompt, dtype=np.int64)
        for _ in range(group_size):
            content = ids.tobytes()
            key = blake2b(content + np.array([seed, occurrences[content]]).tobytes(), digest_size=16).digest()
            occurrences[content] += 1
            noise = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
            uniform = noise.random(max_tokens, dtype=np.float32)
            rows.append(_Row(ids, min(max_tokens, limit - len(ids)), uniform, [], []))
    return rows


def _waves(rows: list[_Row], most: int) -> Iterator[list[_Row]]:
    """Rows that are decoded together; those that begin alike stay together."""
    wave: list[_Row] = []
    tokens = 0
    for row in sorted(rows, key=lambda row: row.prompt.tobytes()):
        cost = len(row.noise) + len(row.prompt) - (agreement(wave[-1].prompt, row.prompt) if wave else 0)
        if wave and tokens + cost > most:
            yield wave
            wave, tokens, cost = [], 0, len(row.noise) + len(row.prompt)
        wave.append(row)
        tokens += cost
    if wave:
        yield wave


def _choose(logits: torch.Tensor, temperature: float, uniform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A token for each row of [R, V] logits by inverting its distribution at `uniform`, and its log-probability."""
    logits = logits / (temperature or 1.0)
    logp = logits.log_softmax(-1)
    if temperature == 0:
        chosen = logits.argmax(-1)
    else:
        below = logp.exp().cumsum(-1)  # [R, V]
        total = below[:, -1]
        # The first token whose sum exceeds the threshold has a positive probability
        threshold = torch.minimum(uniform * total, torch.nextafter(total, torch.zeros_like(total)))
        chosen = torch.searchsorted(below, threshold[:, None], right=True)[:, 0]
    return chosen, logp.gather(-1, chosen[:, None])[:, 0]
