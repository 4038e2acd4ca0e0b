"""The tiny base model, from nothing: a tokenizer, a corpus and a small Qwen3 model trained for a given time.

The corpus is exercises in drawn packages (`practice`) and in the standard library (`library`), as episodes of agents
of mixed quality and as plain repairs (`players`). It reads no bundled repository, task or trajectory.
"""

__all__ = ["AGENT_SHARES", "MODEL", "WEIGHTS", "pretrain", "tokenizer_of"]

import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import distributed
from torch.nn import functional
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from srl_swe.policy.chat import ChatFormat
from srl_swe.train.library import library_exercises, library_files
from srl_swe.train.players import Turns, episode, repair
from srl_swe.train.practice import Exercise, exercises

VOCABULARY = 3072
STOP, PAD = "<|im_end|>", "<|endoftext|>"
MODEL: dict[str, Any] = {
    "hidden_size": 128, "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 32,
    "intermediate_size": 384, "max_position_embeddings": 4096,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
}  # fmt: skip
# How much a token counts in the loss: padding, what was read, replies of undirected agents, able replies
WEIGHTS = (0.0, 0.1, 0.5, 1.0)
AGENT_SHARES = {"careful": 0.18, "careless": 0.17, "hasty": 0.2, "wandering": 0.22, "wrong": 0.23}
PACKAGES, FILES = 12, 4  # drawn packages and library files in one part of the corpus
TOKENIZER_PACKAGES, TOKENIZER_FILES = 30, 40  # that the tokenizer is trained on
REPAIRS, EPISODES = 0.85, 0.45  # how many of the exercises are shown as either
SHORT, LONG = 512, 1536  # tokens in a row
ROW_TOKENS = 4096  # of one update

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Words, digits, signs and line starts apart, so that a line of code has the same tokens wherever it stands: blanks
# belong to the sign or the keyword beside them and never to a name
_PIECES = (
    r"\n|\t| {2,}| (?:in|is|and|or|not|if|else|for|as|import) "
    r"|(?:def|class|return|if|elif|while|for|in|not|and|or|is|import|from|raise|with|as|lambda|yield|del|assert"
    r"|except) "
    r"|[A-Za-z_]+|[0-9]| ?[^\sA-Za-z0-9_]+ ?|\s"
)
MARKUP = (
    "<think>", "</think>\n", "</think>", "\n</parameter>\n", "</function>",
    *(f"<function={name}>\n" for name in ("shell", "view", "search", "edit", "create", "submit")),
    *(f"<parameter={name}>\n" for name in ("command", "path", "start", "end", "text", "old", "new")),
)  # fmt: skip


def tokenizer_of(texts: Iterator[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on `texts`, with the ChatML template and the markup of actions."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    special = [AddedToken(text, special=True, normalized=False) for text in (PAD, "<|im_start|>", STOP)]
    markup = [AddedToken(text, special=False, normalized=False) for text in MARKUP]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(markup),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(list(texts), trainer)
    core.add_tokens(markup)
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=STOP,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=MODEL["max_position_embeddings"],
    )


def conversations(seed: int, part: int, *, packages: int, files: int) -> Iterator[Turns]:
    """One part of the corpus: exercises in turn as a repair or as an episode. A function of seed and part alone."""
    dice = random.Random(f"{seed}:{part}")
    library = random.Random(seed).sample(library_files(), len(library_files()))
    share = [library[(part * files + number) % len(library)] for number in range(files)]
    for _ in range(packages):
        yield from _turns(exercises(dice, per_package=5), dice)
    yield from _turns(library_exercises(share, dice, per_chunk=12), dice)


def _turns(found: Iterator[Exercise], dice: random.Random) -> Iterator[Turns]:
    agents, shares = list(AGENT_SHARES), list(AGENT_SHARES.values())
    for exercise in found:
        turns = []
        if dice.random() < REPAIRS:
            turns.append(repair(exercise, dice, with_issue=dice.random() < 0.6))
        if dice.random() < EPISODES:
            turns.append(episode(exercise, dice.choices(agents, shares)[0], dice))
        yield from (one for one in turns if one is not None)


def encode(chat: ChatFormat, turns: Turns) -> tuple[list[int], list[int]]:
    """Token ids of a conversation, and for each which of `WEIGHTS` counts."""
    talk = chat.start(turns.opening)
    for number, (reply, observation) in enumerate(turns.replies):
        talk = chat.reply(talk, [*chat.encode(reply), chat.stop_id])
        if number < len(turns.replies) - 1:
            talk = chat.observe(talk, observation)
    return list(talk.token_ids), [turns.grade if written else 1 for written in talk.written]


def _encode_part(work: tuple[str, int, int, int, int]) -> list[tuple[list[int], list[int]]]:
    folder, seed, part, packages, files = work
    chat = ChatFormat.from_tokenizer(PreTrainedTokenizerFast.from_pretrained(folder), "")
    return [encode(chat, turns) for turns in conversations(seed, part, packages=packages, files=files)]


def corpus(tokenizer_folder: Path, cache: Path, *, seed: int, parts: int, workers: int = 2) -> dict[int, NDArray[Any]]:
    """Rows of ids and weights by row length, as arrays of (rows, 2, length); made once and kept in `cache`."""
    files = {length: cache / f"corpus-{seed}-{parts}-{length}.npy" for length in (SHORT, LONG)}
    if not all(file.exists() for file in files.values()):
        cache.mkdir(parents=True, exist_ok=True)
        work = [(str(tokenizer_folder), seed, part, PACKAGES, FILES) for part in range(parts)]
        rows: dict[int, list[tuple[list[int], list[int]]]] = {SHORT: [], LONG: []}
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for found in pool.imap(_encode_part, work):
                for ids, weights in found:
                    length = SHORT if len(ids) <= SHORT else LONG
                    pack(rows[length], ids, weights, length)
        for length, packed in rows.items():
            table = np.zeros((len(packed), 2, length), dtype=np.uint16)
            for number, (ids, weights) in enumerate(packed):
                table[number, 0, : len(ids)], table[number, 1, : len(ids)] = ids, weights
            np.save(files[length], table)
    return {length: np.load(file, mmap_mode="r") for length, file in files.items()}


def pack(rows: list[tuple[list[int], list[int]]], ids: list[int], weights: list[int], length: int) -> None:
    """Into one of the last open rows that has room, else into a row of its own; what is too long is cut off."""
    for row in reversed(rows[-8:]):
        if len(row[0]) + len(ids) <= length:
            row[0].extend(ids)
            row[1].extend(weights)
            return
    rows.append((ids[:length], weights[:length]))


def _optimizers(model: torch.nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings, norms and biases."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def loss_of(model: Any, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean of the next-token loss; `ids` and `weights` are (B, T)."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        counted = weights[:, 1:] > 0
        logits = model.lm_head(hidden[counted])  # (tokens that count, vocabulary)
    losses = functional.cross_entropy(logits.float(), ids[:, 1:][counted], reduction="none")
    return (losses * weights[:, 1:][counted]).sum() / weights[:, 1:].sum()


def _rate(share: float, rate: float) -> float:
    """Warm-up over 2 % of the time, then flat until 40 %, then linear to 2 % of the rate."""
    if share < 0.02:
        return rate * (0.05 + 0.95 * share / 0.02)
    return rate if share < 0.4 else rate * max(0.02, (1 - share) / 0.6)


def _batches(tables: dict[int, NDArray[Any]], seed: int, clock: "_Clock") -> Iterator[torch.Tensor]:
    """Batches of (B, 2, T), B even: short rows at first, then both by the tokens they hold, reshuffled every epoch."""
    dice = np.random.default_rng(seed)
    queues: dict[int, list[int]] = {length: [] for length in tables}
    tokens = {length: table.shape[0] * length for length, table in tables.items()}
    while True:
        long = clock.share > 0.2 and dice.random() < tokens[LONG] / sum(tokens.values())
        length = LONG if long else SHORT
        size = max(2, ROW_TOKENS // length // 2 * 2)
        while len(queues[length]) < size:
            queues[length] = [*dice.permutation(len(tables[length])).tolist(), *queues[length]]
        picked = [queues[length].pop() for _ in range(size)]
        yield torch.from_numpy(tables[length][sorted(picked)].astype(np.int64))


@dataclass
class _Clock:
    """How much of the time is over, 0 to 1, as all ranks agreed at the last update."""

    share: float = 0.0


def pretrain(
    out: Path,
    *,
    seconds: float,
    seed: int = 0,
    cache: Path | None = None,
    parts: int = 56,
    rate: float = 6e-3,
    workers: int = 2,
    save_every_s: float = 300.0,
    progress: Callable[[dict[str, float]], None] = lambda row: None,
) -> dict[str, float]:
    """Train the tiny model for `seconds` of training time and write model and tokenizer to `out`; the last metrics.

    The corpus (`parts` parts, made before the clock starts) is a function of the seed; the model also depends on how
    many updates fit into the time. Each of the `workers` is a process of one thread with its share of every batch:
    at this size that is faster than threads inside the matrix products.
    """
    out.mkdir(parents=True, exist_ok=True)
    cache = cache or Path(os.environ.get("SRL_SWE_CACHE", Path.home() / ".cache" / "srl-swe")) / "pretrain"
    tokenizer = tokenizer_of(_tokenizer_texts(seed))
    tokenizer.save_pretrained(out)
    corpus(out, cache, seed=seed, parts=parts, workers=workers)
    with tempfile.TemporaryDirectory() as meeting:
        plan = _Plan(out, cache, seconds, seed, parts, rate, workers, save_every_s, f"file://{meeting}/ranks")
        context = multiprocessing.get_context("spawn")
        others = [context.Process(target=_rank, args=(rank, plan, None), daemon=True) for rank in range(1, workers)]
        for other in others:
            other.start()
        row = _rank(0, plan, progress)  # rank 0: transformers saves on no other
        for other in others:
            other.join()
    return row


@dataclass(frozen=True)
class _Plan:
    out: Path
    cache: Path
    seconds: float
    seed: int
    parts: int
    rate: float
    workers: int
    save_every_s: float
    meeting: str


def _rank(rank: int, plan: _Plan, progress: Callable[[dict[str, float]], None] | None) -> dict[str, float]:
    """One worker: the same model and batches in all of them, gradients averaged; the one with `progress` saves."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=plan.meeting, rank=rank, world_size=plan.workers)
    tables = corpus(plan.out, plan.cache, seed=plan.seed, parts=plan.parts)
    config = Qwen3Config(
        vocab_size=VOCABULARY, tie_word_embeddings=True, attn_implementation="sdpa",
        eos_token_id=2, pad_token_id=0, bos_token_id=None, **MODEL,
    )  # fmt: skip
    model = Qwen3ForCausalLM(config)
    model.train()
    parameters = list(model.parameters())
    optimizers = _optimizers(model, plan.rate)
    scale = torch.tensor(WEIGHTS)
    clock = _Clock()
    begin = saved = time.monotonic()
    row = {"parameters": float(sum(p.numel() for p in parameters)), "tokens": 0.0}
    for update, batch in enumerate(_batches(tables, plan.seed, clock)):
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = _rate(clock.share, plan.rate)
        mine = batch[rank :: plan.workers]
        loss = loss_of(model, mine[:, 0], scale[mine[:, 1]])
        loss.backward()  # type: ignore[no-untyped-call]
        elapsed = time.monotonic() - begin
        clock.share, mean_loss = _average(parameters, elapsed / plan.seconds, loss.item(), plan.workers)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        row |= {"update": update, "loss": mean_loss, "seconds": elapsed, "length": float(batch.shape[2])}
        row["tokens"] += float((batch[:, 1] > 0).sum())
        if progress is not None:
            progress(row)
            if time.monotonic() - saved > plan.save_every_s or clock.share >= 1:
                save(model, plan.out)
                saved = time.monotonic()
        if clock.share >= 1:
            break
    distributed.destroy_process_group()
    return row


def _average(parameters: Sequence[torch.nn.Parameter], share: float, loss: float, workers: int) -> tuple[float, float]:
    """Gradients, share of time and loss become their means over all workers."""
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    flat = torch.cat([*(gradient.view(-1) for gradient in gradients), torch.tensor([share, loss])])
    distributed.all_reduce(flat)
    flat /= workers
    offset = 0
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = flat[offset : offset + gradient.numel()].view_as(gradient)
        offset += gradient.numel()
    return float(flat[-2]), float(flat[-1])


def _tokenizer_texts(seed: int) -> Iterator[str]:
    for turns in conversations(seed, -1, packages=TOKENIZER_PACKAGES, files=TOKENIZER_FILES):
        yield "user\nassistant\n"
        yield turns.opening
        for reply, observation in turns.replies:
            yield reply
            yield observation


def save(model: Any, out: Path) -> None:
    """The weights in bfloat16, as `from_pretrained` reads them; a reader never sees half a file."""
    half = {name: tensor.detach().to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    staged = out / ".staged"
    model.config.dtype = torch.bfloat16
    model.save_pretrained(staged, state_dict=half)
    for file in list(staged.iterdir()):
        file.replace(out / file.name)
    staged.rmdir()
    (out / "generation_config.json").unlink(missing_ok=True)
