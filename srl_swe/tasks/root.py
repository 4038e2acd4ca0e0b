"""What a repository asks of a sandbox: what it is started from, and how much it may use.

The sandboxes turn these into images, mounts and control groups; nothing here does.
"""

__all__ = ["Limits", "Root"]

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use. A limit that is hit is the agent's doing: it shows in the result, not as an error."""

    timeout_s: float = 30.0
    memory_mb: int = 1024
    pids: int = 128
    cpus: float = 1.0
    disk_mb: int = 256
    output_kb: int = 64  # captured at the source; head and tail are kept
    network: bool = False  # only for set-up; an episode never has one


@dataclass(frozen=True)
class Root:
    """What a sandbox is started from: the image (Docker), and the folder of installed packages bound at /opt/site."""

    image: str | None = None
    site: Path | None = None
    environment: tuple[tuple[str, str], ...] = ()
