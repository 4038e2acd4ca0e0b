"""One update: forward passes over packed rows, their gradients added up, clipping, AdamW, the learning rate.

The weights that AdamW moves are always fp32: at a learning rate of 5e-7 an update is far below the resolution of bf16,
and a bf16 weight would never change. This file does not know where rows and their losses come from.
"""

__all__ = ["Optimizer", "Update", "learning_rate", "take_step"]

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from srl_swe.errors import InputError
from srl_swe.recipe import Stage
from srl_swe.train.grpo import Objective
from srl_swe.train.packed import Row, logprobs_and_entropies, packed_batches


@dataclass(frozen=True)
class Update:
    """What one optimizer step did. `tokens` are the scored ones, `rows_tokens` all, before prefixes are shared.

    `entropy` is the mean over scored tokens, in nats, of the distribution that the policy sampled from.
    """

    loss: float
    grad_norm: float
    clip_fraction: float
    entropy: float
    tokens: int
    rows_tokens: int


class Optimizer:
    """AdamW over fp32 weights. A model in a narrower type gets fp32 masters, and their rounded copy after each step."""

    def __init__(self, model: Any, stage: Stage) -> None:
        self.stage = stage
        self.parameters: list[torch.Tensor] = [p for p in model.parameters() if p.requires_grad]
        self.masters = [p if p.dtype == torch.float32 else p.detach().float() for p in self.parameters]
        self.adamw = torch.optim.AdamW(self.masters, lr=stage.lr, betas=stage.betas, weight_decay=stage.weight_decay)

    def absorb(self) -> None:
        """Add the gradients of the pass that just ended to the fp32 ones."""
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            if parameter is not master and parameter.grad is not None:
                gradient = parameter.grad.float()
                master.grad = gradient if master.grad is None else master.grad + gradient
                parameter.grad = None

    def step(self, lr: float) -> float:
        """Clip, move the weights, forget the gradients. Returns the norm before clipping."""
        norm = float(torch.nn.utils.clip_grad_norm_(self.masters, self.stage.grad_norm))
        if not math.isfinite(norm):
            raise InputError(f"the gradient is not finite any more; lower lr (it is {self.stage.lr:g}) or grad_norm")
        for group in self.adamw.param_groups:
            group["lr"] = lr
        self.adamw.step()
        self.adamw.zero_grad(set_to_none=True)
        with torch.no_grad():
            for parameter, master in zip(self.parameters, self.masters, strict=True):
                if parameter is not master:
                    parameter.copy_(master)
        return norm

    def state_dict(self) -> dict[str, Any]:
        """Moments, and masters where they are not the model's own weights."""
        narrow = [master for p, master in zip(self.parameters, self.masters, strict=True) if p is not master]
        return {"adamw": self.adamw.state_dict(), "masters": narrow}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`; the model's weights are loaded apart."""
        self.adamw.load_state_dict(state["adamw"])
        narrow = [master for p, master in zip(self.parameters, self.masters, strict=True) if p is not master]
        with torch.no_grad():
            for master, saved in zip(narrow, state["masters"], strict=True):
                master.copy_(saved)


def take_step(
    model: Any, optimizer: Optimizer, rows: Sequence[Row], objective: Objective, *, lr: float, temperature: float = 1.0
) -> Update:
    """One optimizer step over `rows`, in as many passes as memory asks for.

    `objective` divides by a number that belongs to the whole batch, so that the gradient does not depend on the passes.
    """
    model.train()
    loss, entropy, clipped, tokens = 0.0, 0.0, 0, 0
    for part in packed_batches(rows, optimizer.stage.micro_tokens):
        scored = logprobs_and_entropies(model, [rows[index] for index in part], temperature=temperature)
        surrogate = objective(part, [logprobs_T for logprobs_T, _ in scored])
        surrogate.loss.backward()  # type: ignore[no-untyped-call]
        optimizer.absorb()
        loss += float(surrogate.loss.detach())
        entropy += sum(float(entropy_T.sum()) for _, entropy_T in scored)
        clipped += surrogate.clipped
        tokens += surrogate.tokens
    norm = optimizer.step(lr)
    model.eval()
    count = max(tokens, 1)
    return Update(loss, norm, clipped / count, entropy / count, tokens, sum(len(row.token_ids) for row in rows))


def learning_rate(stage: Stage, progress: float) -> float:
    """The rate after `progress` (0 to 1) of the stage: linear warm-up, then constant or a cosine down to 0."""
    if progress < stage.warmup:
        return stage.lr * progress / stage.warmup
    if stage.schedule == "constant":
        return stage.lr
    after = min(1.0, (progress - stage.warmup) / max(1e-9, 1 - stage.warmup))
    return stage.lr * 0.5 * (1 + math.cos(math.pi * after))
