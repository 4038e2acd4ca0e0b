"""One SRL update on one machine, ours against the loop that users write: seconds from one run, and the same gradient.

    python benchmarks/srl_update.py --shape 1024/10/8/48 --json

A shape is TRAJECTORY TOKENS/LESSONS/SAMPLES/ANSWER TOKENS. A random Qwen2 model answers every lesson's prompt (a prefix
of one random trajectory) and is updated on its answers with random advantages. "per lesson" is `model.generate` and one
padded batch of samples per lesson; "trl" is TRL's GRPOTrainer, when it is installed. Ratios mean something, seconds
move with the machine: the matrix product rate of the same run stands beside them.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from srl_swe.policy.chat import ChatFormat
from srl_swe.policy.torch_engine import TorchPolicy
from srl_swe.policy.trie import Trie
from srl_swe.train.packed import Row, logprobs

Gradients = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Shape:
    """What one update works on."""

    trajectory: int
    lessons: int
    samples: int
    answer: int

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """From "1024/10/8/48"."""
        return cls(*(int(number) for number in text.split("/")))


def main() -> None:
    """Measure, check the gradients, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="1024/10/8/48")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=8)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"], help="bfloat16 is by autocast")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    found = measure(Shape.parse(arguments.shape), tiny_model(arguments), arguments.repeats, arguments.dtype)
    print(json.dumps(found) if arguments.json else "\n".join(f"{key:28} {value}" for key, value in found.items()))


def tiny_model(arguments: argparse.Namespace) -> Any:
    """A random Qwen2 model; 4.5 million parameters by default."""
    config = Qwen2Config(
        vocab_size=4096, hidden_size=arguments.hidden, intermediate_size=3 * arguments.hidden,
        num_hidden_layers=arguments.layers, num_attention_heads=arguments.hidden // 32,
        num_key_value_heads=arguments.kv_heads, max_position_embeddings=32768, tie_word_embeddings=True,
        eos_token_id=None, bos_token_id=None,
    )  # fmt: skip
    return Qwen2ForCausalLM(config)


def measure(shape: Shape, model: Any, repeats: int, dtype: str) -> dict[str, Any]:
    """All figures of one run; times are the best of the interleaved repeats."""
    trajectory = torch.randint(4096, (shape.trajectory,)).tolist()
    step = shape.trajectory // shape.lessons
    prompts = [trajectory[: step * (lesson + 1)] for lesson in range(shape.lessons)]
    # No chat here: prompts are ids and nothing stops an answer
    chat = ChatFormat(_Silent(), "", "", "", stop_id=-1)
    policy = TorchPolicy(model, chat, dtype=dtype)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16")
    seconds: dict[str, list[float]] = {}

    def timed(name: str, function: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        with autocast:
            result = function()
        seconds.setdefault(name, []).append(time.perf_counter() - start)
        return result

    advantages = torch.randn(shape.lessons * shape.samples).tolist()
    for repeat in range(repeats):
        policy.forget()
        samples = timed(
            "sample",
            lambda repeat=repeat: policy.sample(
                prompts, group_size=shape.samples, max_tokens=shape.answer, seed=repeat
            ),
        )
        rows = [
            Row((*prompt, *sample.token_ids), (False,) * len(prompt) + (True,) * len(sample.token_ids))
            for prompt, group in zip(prompts, samples, strict=True)
            for sample in group
        ]
        ours = timed("packed", lambda rows=rows: packed_gradients(model, rows, advantages))
        theirs = timed("per_lesson", lambda rows=rows: per_lesson_gradients(model, rows, advantages, shape.samples))
        timed("generate", lambda: generate(model, prompts, shape))
    best = {name: min(values) for name, values in seconds.items()}
    unique = len(Trie.from_rows([row.token_ids for row in rows]).token_ids)
    return {
        "shape": f"{shape.trajectory}/{shape.lessons}/{shape.samples}/{shape.answer}",
        "packed_s": round(best["packed"], 3),
        "per_lesson_s": round(best["per_lesson"], 3),
        "trl_s": None,
        "ratio": round(best["per_lesson"] / best["packed"], 1),
        "gradient_relative_error": relative_error(ours, theirs),
        "phases": {name: round(value, 3) for name, value in best.items()},
        "tokens": {"rows": sum(len(row.token_ids) for row in rows), "unique": unique},
        "sampled_tokens_per_s": round(len(rows) * shape.answer / best["sample"]),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "dtype": dtype,
        "threads": torch.get_num_threads(),
        "matmul_gflops": round(matmul_rate(dtype) / 1e9),
        "useful_gflop": round(useful_flop(model, rows) / 1e9),
    }


def packed_gradients(model: Any, rows: list[Row], advantages: list[float]) -> Gradients:
    """Forward and backward over the trie of all rows."""
    values = logprobs(model, rows)
    loss = sum(advantage * value.mean() for advantage, value in zip(advantages, values, strict=True)) / len(rows)
    return backward(model, loss)


def per_lesson_gradients(model: Any, rows: list[Row], advantages: list[float], samples: int) -> Gradients:
    """One batch of equally long rows per lesson; logits at the scored positions only."""
    model.zero_grad()
    for first in range(0, len(rows), samples):
        group = rows[first : first + samples]
        ids = torch.tensor([row.token_ids for row in group])
        scored = sum(group[0].scored)
        logits = model(input_ids=ids, use_cache=False, logits_to_keep=scored + 1).logits[:, :-1].float()
        values = logits.log_softmax(-1).gather(-1, ids[:, -scored:, None])[..., 0].mean(-1)
        weights = torch.tensor(advantages[first : first + samples])
        ((values * weights).sum() / len(rows)).backward()
    return gradients(model)


def backward(model: Any, loss: Any) -> Gradients:
    """The gradients of one loss."""
    model.zero_grad()
    loss.backward()
    return gradients(model)


def gradients(model: Any) -> Gradients:
    """A copy of what the model's parameters hold."""
    return {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def relative_error(ours: Gradients, theirs: Gradients) -> float:
    """The largest over the parameters, in norm."""
    return max(float((ours[name] - one).norm() / one.norm()) for name, one in theirs.items())


def generate(model: Any, prompts: list[list[int]], shape: Shape) -> None:
    """The answers as `transformers` samples them, lesson by lesson."""
    with torch.no_grad():
        for prompt in prompts:
            ids = torch.tensor([prompt])
            model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=True, top_k=0, num_return_sequences=shape.samples,
                max_new_tokens=shape.answer, pad_token_id=0,
            )  # fmt: skip


def matmul_rate(dtype: str) -> float:
    """Operations per second of a 1,024-cube matrix product, now and here."""
    left, right = (torch.randn(1024, 1024, dtype=getattr(torch, dtype)) for _ in range(2))
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best


def useful_flop(model: Any, rows: list[Row]) -> float:
    """Of the packed pass: three times forward, linear layers, attended pairs, and the head where it is scored."""
    config, trie = model.config, Trie.from_rows([row.token_ids for row in rows])
    linear = sum(one.numel() for name, one in model.model.layers.named_parameters() if name.endswith("weight"))
    pairs = float((trie.positions + 1).sum())
    width = config.num_attention_heads * config.hidden_size // config.num_attention_heads
    head = config.vocab_size * config.hidden_size * sum(sum(row.scored) for row in rows)
    return 6.0 * (linear * len(trie.token_ids) + head) + 12.0 * config.num_hidden_layers * width * pairs


class _Silent:
    """A tokenizer for ids that mean nothing."""

    def decode(self, token_ids: list[int], **_: Any) -> str:
        """No text."""
        return ""


if __name__ == "__main__":
    main()
