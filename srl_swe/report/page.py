"""One HTML page for a run: what it set out to do, how it went, and trajectories to read step by step.

The page is a single file without scripts from elsewhere. It is written from what lies in the run's folder, so it can be
written again at any time, also while the run goes on. Text of a model or a sandbox is escaped, always.
"""

__all__ = ["write_page"]

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from srl_swe.errors import InputError
from srl_swe.experts.action import render
from srl_swe.experts.trajectory import Trajectory, read_trajectories

_TEMPLATE = Path(__file__).with_name("page.html")
_STAGES = ("sft", "srl", "rlvr")
_COLOURS = ("#2563eb", "#d97706", "#6b7280", "#9ca3af")
_SHOWN = 3  # trajectories of each outcome


@dataclass(frozen=True)
class Curve:
    """One line of a plot: points, or a level that is drawn dashed from side to side."""

    name: str
    points: tuple[tuple[float, float], ...]
    level: bool = False


def write_page(run: Path) -> Path:
    """Write `report/index.html` in a run's folder and return its path. Raises InputError when the folder is no run."""
    if not (run / "recipe.toml").exists():
        raise InputError(f"{run}: not a run's folder, there is no recipe.toml in it")
    lines = {name: _metrics(run / name) or _metrics(run, name) for name in _STAGES}
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = page.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        title=run.name,
        summary=_json(run / "summary.json"),
        plots=[plot for name, found in lines.items() if found for plot in _plots(name, found)],
        trajectories=_chosen(run),
        recipe=(run / "recipe.toml").read_text(encoding="utf-8"),
    )
    home = run / "report"
    home.mkdir(exist_ok=True)
    (home / "index.html").write_text(text, encoding="utf-8")
    return home / "index.html"


def _plots(stage: str, lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The plots of one stage: its reward beside its floors, its held-out reward, and what went into the updates."""

    def series(key: str, name: str) -> Curve:
        return Curve(name, tuple((line["update"], float(line[key])) for line in lines if line.get(key) is not None))

    last = lines[-1]
    floors = [
        Curve(name, ((0.0, float(last[key])),), level=True)
        for key, name in (("floor_constant", "constant action"), ("floor_previous_action", "previous action"))
        if key in last
    ]
    held = tuple((line["update"], float(line["held_out"]["step_reward"])) for line in lines if "held_out" in line)
    rewards = [series("reward_mean", "sampled"), Curve("held out, greedy", held), *floors]
    wanted = [
        (f"{stage}: reward", rewards),
        (f"{stage}: loss", [series("loss", "loss")] if stage == "sft" else []),
        (f"{stage}: entropy", [series("entropy", "nats a token")]),
        (f"{stage}: groups that disagree", [series("groups_kept", "kept"), series("groups_drawn", "drawn")]),
    ]
    plots = []
    for title, curves in wanted:
        drawn = [curve for curve in curves if curve.points]
        if any(not curve.level for curve in drawn):
            plots.append({"title": title, "svg": Markup(_svg(drawn)), "curves": _legend(drawn)})
    return plots


def _legend(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    return [{"name": c.name, "colour": _COLOURS[i % len(_COLOURS)], "level": c.level} for i, c in enumerate(curves)]


def _svg(curves: Sequence[Curve], width: int = 460, height: int = 220) -> str:
    """A line plot with its axes' ends written on them. Every value is a number, so nothing has to be escaped."""
    left, right, top, bottom = 46, 10, 12, 24
    xs = [x for curve in curves if not curve.level for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    x0, x1 = min(xs), max(max(xs), min(xs) + 1)
    margin = 0.08 * (max(ys) - min(ys)) or 0.1
    y0, y1 = min(ys) - margin, max(ys) + margin

    def place(x: float, y: float) -> str:
        across = left + (x - x0) / (x1 - x0) * (width - left - right)
        return f"{across:.1f},{height - bottom - (y - y0) / (y1 - y0) * (height - top - bottom):.1f}"

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img">']
    for share in (0.0, 0.5, 1.0):
        value = y0 + share * (y1 - y0)
        across, down = place(x0, value).split(",")
        parts.append(f'<line class="grid" x1="{across}" y1="{down}" x2="{width - right}" y2="{down}"/>')
        parts.append(f'<text x="{left - 5}" y="{float(down) + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    parts.append(f'<text x="{left}" y="{height - 6}">update {x0:g}</text>')
    parts.append(f'<text x="{width - right}" y="{height - 6}" text-anchor="end">{x1:g}</text>')
    for index, curve in enumerate(curves):
        colour = _COLOURS[index % len(_COLOURS)]
        ends = ((x0, curve.points[0][1]), (x1, curve.points[0][1])) if curve.level else curve.points
        dash = ' stroke-dasharray="5 4"' if curve.level else ""
        path = " ".join(place(x, y) for x, y in ends)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dash} points="{path}"/>')
        if len(ends) == 1:
            across, down = path.split(",")
            parts.append(f'<circle cx="{across}" cy="{down}" r="3" fill="{colour}"/>')
    return "".join([*parts, "</svg>"])


def _chosen(run: Path) -> list[dict[str, Any]]:
    """Some trajectories of every evaluated stage, resolved ones first, else some of the run's own."""
    chosen = []
    for home in sorted((run / "evaluations").glob("*"), key=lambda path: path.stat().st_mtime):
        for file in sorted(home.glob("new_bugs.trajectories.jsonl")):
            chosen += [_shown(home.name, trajectory) for trajectory in _some(list(read_trajectories(file)))]
    own = run / "trajectories.jsonl"
    if not chosen and own.exists():
        chosen = [_shown("training", trajectory) for trajectory in _some(list(read_trajectories(own)))]
    return chosen


def _some(trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    good = [trajectory for trajectory in trajectories if trajectory.resolved][:_SHOWN]
    return good + [trajectory for trajectory in trajectories if not trajectory.resolved][:_SHOWN]


def _shown(stage: str, trajectory: Trajectory) -> dict[str, Any]:
    outcome = {True: "resolved", False: "not resolved", None: "sandbox failure"}[trajectory.resolved]
    return {
        "stage": stage,
        "task": trajectory.task,
        "outcome": outcome,
        "exit": trajectory.exit_status,
        "problem": trajectory.problem_statement,
        "patch": trajectory.patch,
        "steps": [
            {
                "thought": step.thought.strip(),
                "action": render(step.action) if step.raw is None else step.raw,
                "observation": step.observation,
            }
            for step in trajectory.steps
        ],
    }


def _metrics(folder: Path, stage: str | None = None) -> list[dict[str, Any]]:
    file = folder / "metrics.jsonl"
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return [line for line in lines if stage in (None, line.get("stage"))]


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
