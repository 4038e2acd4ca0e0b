"""Checkpoints: a folder that transformers loads as it is, with the trainer's state beside the weights.

A checkpoint is written under another name, flushed to the disk and renamed: one that has its name is whole. The last
two are kept. A disk that fills up costs the checkpoint that was being written, never an older one.
"""

__all__ = ["FINAL", "finish", "latest", "load", "save"]

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers.utils import logging as transformers_logging

from srl_swe.errors import InputError
from srl_swe.train.step import Optimizer

FINAL = "final"  # a link to the last checkpoint of a stage that has ended
_KEPT = 2
_PARTIAL = ".partial"


def save(folder: Path, update: int, model: Any, tokenizer: Any, optimizer: Optimizer, state: dict[str, Any]) -> Path:
    """Write `folder/<update>` and drop all but the last two. Raises InputError when it cannot be written."""
    target = folder / str(update)
    partial = folder / (target.name + _PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        (partial / "trainer").mkdir(parents=True)
        transformers_logging.disable_progress_bar()  # nobody waits for a bar of one shard
        model.save_pretrained(partial)
        tokenizer.save_pretrained(partial)
        torch.save(
            {"optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}, partial / "trainer" / "optimizer.pt"
        )
        (partial / "trainer" / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        _flush(partial)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors wrap what the disk says
        shutil.rmtree(partial, ignore_errors=True)
        good = latest(folder)
        kept = f"the last good one is {good}" if good else "there is none before it"
        raise InputError(
            f"{target}: the checkpoint could not be written ({error}); {kept}; make room, then resume"
        ) from error
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)
    _sync(folder)
    for old in _numbered(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return target


def finish(folder: Path) -> Path:
    """Let `folder/final` point to the last checkpoint, and return that."""
    last = latest(folder)
    assert last is not None, "a stage ends with a checkpoint"
    link = folder / (FINAL + _PARTIAL)
    link.unlink(missing_ok=True)
    link.symlink_to(last.name)
    link.rename(folder / FINAL)
    return last


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint."""
    numbered = _numbered(folder)
    return numbered[-1] if numbered else None


def load(checkpoint: Path, model: Any, optimizer: Optimizer) -> dict[str, Any]:
    """Put the weights into `model`, the moments into `optimizer`, and return the rest of the trainer's state."""
    for shard in sorted(checkpoint.glob("*.safetensors")):
        unexpected = model.load_state_dict(load_file(shard), strict=False).unexpected_keys
        assert not unexpected, f"{shard} holds weights of another model: {unexpected[:3]}"
    saved = torch.load(checkpoint / "trainer" / "optimizer.pt", map_location="cpu", weights_only=True)
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["rng"])
    state: dict[str, Any] = json.loads((checkpoint / "trainer" / "state.json").read_text(encoding="utf-8"))
    return state


def _numbered(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return sorted(found, key=lambda path: int(path.name))


def _flush(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
