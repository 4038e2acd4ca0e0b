"""What a sandbox costs on this machine: opening, a command above the same command outside, reset, timeout, closing.

Every figure is a wall-clock time of one process run; machines are shared and noisy, so compare rows of one run only.
"""

__all__ = ["bench_sandbox"]

import subprocess
import time
from collections.abc import Callable, Sequence
from statistics import quantiles
from typing import Any

from srl_swe.sandbox.open import detect, open_sandbox
from srl_swe.sandbox.sandbox import Root

_FILES = {"README.md": b"a file\n", "src/module.py": b"x = 1\n" * 200}
_LIMIT_S = 0.3


def bench_sandbox(tier: str = "auto", count: int = 30) -> dict[str, Any]:
    """Figures by tier ("auto": every tier that works here), in milliseconds: p50, p95 and n."""
    tiers = [report.name for report in detect() if report.works] if tier == "auto" else [tier]
    outside = _repeated(count, lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True, stdin=subprocess.DEVNULL))
    return {name: _measured(name, count, outside) for name in tiers}


def _measured(tier: str, count: int, outside: Sequence[float]) -> dict[str, Any]:
    opened, closed = [], []
    for _ in range(max(3, count // 5)):
        began = time.perf_counter()
        sandbox = open_sandbox(tier, Root(), _FILES)
        opened.append(time.perf_counter() - began)
        began = time.perf_counter()
        sandbox.close()
        closed.append(time.perf_counter() - began)
    with open_sandbox(tier, Root(), _FILES) as sandbox:
        sandbox.run("true")
        inside = _repeated(count, lambda: sandbox.run("true"))
        resets = _repeated(count, lambda: sandbox.reset(_FILES))
        late = _repeated(5, lambda: sandbox.run("sleep 60", timeout_s=_LIMIT_S))
    base = sorted(outside)[len(outside) // 2]
    return {
        "cold_start_ms": _row(opened),
        "command_overhead_ms": _row([seconds - base for seconds in inside]),
        "reset_ms": _row(resets),
        "timeout_to_dead_ms": _row([seconds - _LIMIT_S for seconds in late]),
        "teardown_ms": _row(closed),
    }


def _repeated(count: int, do: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - began)
    return seconds


def _row(seconds: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(cuts[9] * 1e3, 2), "p95": round(cuts[18] * 1e3, 2), "n": len(seconds)}
