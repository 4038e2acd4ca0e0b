"""The door to all tiers: which of them work on this machine, which one to take, and opening it.

Docker comes before namespace because it is what people audit; recorded is opened by its own name, and nothing runs
unisolated unless the tier is called "none". Modules of a tier are imported when it is asked for, so that a machine
without Docker never loads its client.
"""

__all__ = ["TIERS", "TierReport", "choose_tier", "detect", "open_sandbox", "reap"]

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from srl_swe.errors import InputError, NoSandbox, SandboxError, did_you_mean
from srl_swe.sandbox.sandbox import Limits, Root, Sandbox

TIERS = ("docker", "namespace", "none")


@dataclass(frozen=True)
class TierReport:
    """One line of the doctor's: a tier, whether it works here, and why or why not in one sentence."""

    name: str
    works: bool
    sentence: str


def open_sandbox(tier: str, root: Root, files: Mapping[str, bytes], limits: Limits | None = None) -> Sandbox:
    """A running sandbox whose workspace holds `files`. `tier` is "auto", one of `TIERS`, or "recorded:CASSETTE"."""
    limits = limits or Limits()
    name = tier if tier in TIERS or tier.startswith("recorded:") else _chosen(tier)
    with ExitStack() as undo:
        sandbox = _start(name, root, limits)
        undo.callback(sandbox.close)
        try:
            sandbox.write(files)
        except OSError as error:
            raise SandboxError(f"{name}: the workspace could not be filled: {error}") from error
        undo.pop_all()
    return sandbox


def choose_tier(name: str = "auto") -> str:
    """The tier to use: a named one if it works here, or the first that does; NoSandbox says what to do otherwise."""
    recorded = name.startswith("recorded:")
    if name != "auto" and name not in TIERS and not recorded:
        raise InputError(f"--sandbox {name}: no such tier; {did_you_mean(name, ('auto', *TIERS))}")
    if name == "none" or recorded:
        return name
    tried = []
    for tier in ("docker", "namespace") if name == "auto" else (name,):
        report = _report(tier)
        if report.works:
            return tier
        tried.append(f"{tier}: {report.sentence}")
    if name == "auto":
        raise NoSandbox(f"no sandbox works on this machine. {' '.join(tried)}")
    other = "namespace" if name == "docker" else "docker"
    can = "this machine can" if _report(other).works else f"which this machine cannot: {_report(other).sentence}"
    raise NoSandbox(f"{tried[0]} Or run with --sandbox {other} ({can})")


def detect() -> list[TierReport]:
    """What this machine can do, found by opening a sandbox of each tier."""
    return [_report("docker"), _report("namespace")]


def reap() -> list[str]:
    """Remove what sandboxes of dead owners left: containers, cgroup and temporary folders; says what was removed."""
    from srl_swe.sandbox.docker import reap_containers
    from srl_swe.sandbox.lease import reap_folders

    return reap_containers() + reap_folders()


@cache
def _chosen(name: str) -> str:
    """`choose_tier` opens a sandbox to find out; once for each process is enough for opening many."""
    return choose_tier(name)


def _start(tier: str, root: Root, limits: Limits) -> Sandbox:
    if tier == "docker":
        from srl_swe.sandbox.docker import open_docker

        return open_docker(root, limits)
    if tier.startswith("recorded:"):
        from srl_swe.sandbox.recorded import open_recorded

        return open_recorded(Path(tier.removeprefix("recorded:")))
    if tier == "none":
        from srl_swe.sandbox.bare import open_bare

        return open_bare(root, limits)
    from srl_swe.sandbox.namespace import open_namespace

    return open_namespace(root, limits)


def _report(tier: str) -> TierReport:
    if tier == "docker":
        from srl_swe.sandbox.docker import docker_works as works
    else:
        from srl_swe.sandbox.namespace import namespace_works as works
    return TierReport(tier, *works())
