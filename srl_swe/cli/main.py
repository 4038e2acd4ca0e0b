"""The command `srl-swe`: reads arguments, calls one function, prints what came of it.

Nothing is decided here. A failure that has a sentence ends with it on stderr and a non-zero exit code; engines, torch
and the engine's client are loaded by the command that needs them, so that `--help` is instant.
"""

__all__ = ["app", "main"]

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from srl_swe import __version__
from srl_swe.bundled import bundled
from srl_swe.errors import InputError, SrlSweError, did_you_mean

if TYPE_CHECKING:
    from srl_swe.tasks.task import Task

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
env_app = typer.Typer(no_args_is_help=True, help="Repositories that are plugged in.")
tasks_app = typer.Typer(no_args_is_help=True, help="Issues with hidden tests.")
data_app = typer.Typer(no_args_is_help=True, help="Expert trajectories and lessons.")
train_app = typer.Typer(no_args_is_help=True, help="Train a policy from a recipe.")
for name, part in (("env", env_app), ("tasks", tasks_app), ("data", data_app), ("train", train_app)):
    app.add_typer(part, name=name)

Item = TypeVar("Item")

console = Console()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Tier = Annotated[str, typer.Option("--sandbox", help="auto, docker, namespace, or none (no isolation at all).")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Override one setting: table.key=value.")]


def main() -> None:
    """Run the command line; a failure with a sentence is printed as that sentence."""
    try:
        app()
    except SrlSweError as error:
        print(f"srl-swe: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "transformers", "safetensors", "tokenizers"):
            raise
        print(f"srl-swe: this needs {error.name}: pip install 'srl-swe[train]'", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("srl-swe: interrupted; the same command goes on where it was", file=sys.stderr)
        sys.exit(130)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Train small open models to fix real repositories."""
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine can do, and remove what a killed run left behind."""
    from srl_swe.sandbox.open import detect, reap

    reports, removed = detect(), reap()
    chosen = next((report.name for report in reports if report.works), None)
    if as_json:
        _print_json({"tiers": {r.name: {"works": r.works, "why": r.sentence} for r in reports},
                     "chosen": chosen, "removed": removed})  # fmt: skip
    else:
        for report in reports:
            console.print(f"[{'green' if report.works else 'yellow'}]{report.name:10}[/] {report.sentence}")
        for line in removed:
            console.print(f"removed    {line}")
        console.print(f"commands will run in: [bold]{chosen or 'nothing; install one of the above'}[/]")
    if chosen is None:
        raise typer.Exit(1)


@app.command()
def quickstart(
    out: Annotated[Path, typer.Option(help="The folder of the run; an interrupted one goes on.")] = Path(
        "runs/quickstart"
    ),
    recipe: Annotated[Path | None, typer.Option(help="A recipe file; the bundled one if none is given.")] = None,
    tier: Tier = "auto",
    settings: Settings = None,
) -> None:
    """Doctor, build, experts, SRL, RLVR, evaluation of each stage on held-out tasks, and a page to read."""
    from srl_swe.cli.quickstart import run_quickstart
    from srl_swe.recipe import override, read_recipe

    read = read_recipe(recipe or bundled("data", "recipes", "quickstart.toml"), settings or [])
    if tier != "auto":
        read = override(read, [f"sandbox.tier={tier}"])
    run_quickstart(out, read, console)


@env_app.command("list")
def env_list(as_json: AsJson = False) -> None:
    """The repositories that are plugged in, with their tasks by split."""
    from srl_swe.tasks.disk import read_tasks
    from srl_swe.tasks.repository import load_repository, repositories

    rows: dict[str, dict[str, Any]] = {}
    for name in repositories():
        repository = load_repository(name)
        splits = Counter(task.split for task in read_tasks(name))
        rows[name] = {"summary": repository.summary, "held_out": repository.held_out, "tasks": dict(splits)}
    if as_json:
        _print_json(rows)
        return
    table = Table("repository", "tasks", "what it is", box=None)
    for name, row in rows.items():
        counts = ", ".join(f"{count} {split}" for split, count in sorted(row["tasks"].items()))
        table.add_row(name, counts or "none yet", row["summary"])
    console.print(table)


@env_app.command("show")
def env_show(name: str) -> None:
    """What an env.toml says."""
    from srl_swe.tasks.repository import load_repository

    console.print_json(load_repository(name).model_dump_json())


@env_app.command("check")
def env_check(name: str, tier: Tier = "auto", as_json: AsJson = False) -> None:
    """Build a repository and run its own tests in a sandbox."""
    from srl_swe.sandbox.open import open_sandbox
    from srl_swe.tasks.checkout import checkout
    from srl_swe.tasks.repository import load_repository

    repository = load_repository(name)
    built = checkout(repository)
    with open_sandbox(tier, built.root, built.files, repository.limits) as sandbox:
        result = sandbox.run(repository.test.command, timeout_s=repository.test.timeout_s)
    passed = result.returncode == 0
    last = result.text.strip().splitlines()[-1:] or [""]
    if as_json:
        _print_json({"name": repository.name, "passed": passed, "seconds": result.seconds, "summary": last[0]})
    else:
        console.print(f"{repository.name}: {last[0]}")
    if not passed:
        console.print(result.text, markup=False)
        raise typer.Exit(1)


@tasks_app.command("make")
def tasks_make(
    name: str,
    count: Annotated[int, typer.Option(help="Stop after so many valid tasks.")] = 120,
    seed: int = 0,
    out: Annotated[Path | None, typer.Option(help="Where to write; the repository's own folder by default.")] = None,
    tier: Tier = "auto",
    as_json: AsJson = False,
) -> None:
    """Make validated tasks from a repository by seeded mutations."""
    from srl_swe.plug.make import make_tasks

    with _progress(f"tasks for {name}", count) as tick:
        report = make_tasks(name, seed=seed, count=count, tier=tier, out=out, progress=tick)
    if as_json:
        _print_json(report.to_json())
        return
    table = Table("kind", *report.columns, box=None)
    for row in report.rows():
        table.add_row(*row)
    console.print(table)
    console.print(f"{report.valid} valid tasks in {report.seconds:.0f} s, written to {report.folder}")


@tasks_app.command("check")
def tasks_check(
    name: str,
    sample: Annotated[int, typer.Option(help="How many, evenly spread; 0 for all.")] = 0,
    tier: Tier = "auto",
    as_json: AsJson = False,
) -> None:
    """Prove tasks again: the fix resolves each one, and doing nothing does not."""
    from srl_swe.grade.grade import grade
    from srl_swe.tasks.checkout import checkout
    from srl_swe.tasks.repository import load_repository

    tasks = _tasks(name)
    tasks = tasks[:: max(1, len(tasks) // sample)][:sample] if sample else tasks
    built = checkout(load_repository(name))
    wrong = []
    with _progress("proving", len(tasks)) as tick:
        for number, task in enumerate(tasks, 1):
            gold = grade(task, built, task.gold_patch, tier=tier).status == "resolved"
            empty = grade(task, built, "", tier=tier).status == "resolved"
            if not gold or empty:
                wrong.append(task.id)
            tick(number)
    if as_json:
        _print_json({"tasks": len(tasks), "wrong": wrong})
    else:
        console.print(f"{len(tasks) - len(wrong)} of {len(tasks)} tasks hold" + "".join(f"\n  {one}" for one in wrong))
    if wrong:
        raise typer.Exit(1)


@tasks_app.command("export")
def tasks_export(name: str, out: Path) -> None:
    """Write a repository's tasks as SWE-bench rows (JSONL); their folder already is a SWE-bench 5 task repository."""
    from srl_swe.tasks.checkout import checkout
    from srl_swe.tasks.repository import load_repository
    from srl_swe.tasks.rows import write_rows

    built = checkout(load_repository(name))
    count = write_rows(out, _tasks(name), built)
    console.print(f"{count} rows in {out}")


@tasks_app.command("import")
def tasks_import(paths: list[Path], as_json: AsJson = False) -> None:
    """Read SWE-bench-family rows and say what is in them."""
    from srl_swe.tasks.rows import TaskRow, read_rows

    rows: list[TaskRow] = []
    refused: dict[str, str] = {}
    for path in paths:
        found, bad = read_rows(path)
        rows += found
        refused |= bad
    counts = Counter(row.repository for row in rows)
    if as_json:
        _print_json({"tasks": len(rows), "repositories": dict(counts), "refused": refused})
        return
    console.print(f"{len(rows)} tasks in {len(counts)} repositories, {len(refused)} rows refused")
    for repository, count in counts.most_common(20):
        console.print(f"{count:6} {repository}")
    for key, reason in refused.items():
        console.print(f"refused {key}: {reason}", markup=False)


@data_app.command("import")
def data_import(
    paths: list[Path],
    out: Annotated[Path | None, typer.Option(help="Write the trajectories to this JSONL file.")] = None,
    form: Annotated[str, typer.Option("--format", help="The store's format; detected by default.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Read expert trajectories of public stores; what is refused is counted by reason."""
    from srl_swe.experts.read import FORMATS, import_trajectories

    report = import_trajectories(paths, format=form, out=out)
    found = report.to_json()
    if as_json:
        _print_json(found)
    else:
        console.print(f"{found['trajectories']} trajectories, {found['steps']} steps, {found['lessons']} lessons"
                      f" ({found['raw_actions']} actions kept as raw shell)")  # fmt: skip
        for reason, count in found["refused"].items():
            console.print(f"  refused {count:5}  {reason}", markup=False)
        for path, row in found["files"].items():
            console.print(f"  {row['trajectories']:5} {row['format'] or 'nothing':16} {path}", markup=False)
        if out:
            console.print(f"written to {out}")
    if report.errors:
        raise InputError("; ".join(report.errors))
    if not report.trajectories:
        raise InputError(f"{', '.join(map(str, paths))}: no trajectory of a known format ({', '.join(FORMATS)})")


@data_app.command("stats")
def data_stats(paths: list[Path], as_json: AsJson = False) -> None:
    """Steps, lessons, kinds of action and the reward's floors of trajectory files."""
    from srl_swe.experts.lessons import lessons
    from srl_swe.experts.trajectory import read_trajectories
    from srl_swe.reward import floors

    trajectories = [trajectory for path in paths for trajectory in read_trajectories(path)]
    made = lessons(trajectories)
    if not made:
        raise InputError(f"{', '.join(map(str, paths))}: no lessons; each trajectory needs at least two steps")
    low = floors(made)
    kinds = Counter(type(step.action).__name__.lower() for t in trajectories for step in t.steps)
    found = {
        "trajectories": len(trajectories), "steps": sum(len(t.steps) for t in trajectories), "lessons": len(made),
        "resolved": sum(t.resolved is True for t in trajectories), "actions": dict(kinds.most_common()),
        "floors": {"constant": low.constant, "previous_action": low.previous_action},
    }  # fmt: skip
    if as_json:
        _print_json(found)
    else:
        for key, value in found.items():
            console.print(f"{key:14} {value}")


@data_app.command("experts")
def data_experts(
    out: Annotated[Path, typer.Option()] = Path("expert.jsonl"),
    repositories: Annotated[list[str] | None, typer.Option("--repository", help="Only these.")] = None,
    seed: int = 0,
    tier: Tier = "auto",
) -> None:
    """Let the scripted expert play every training task in a sandbox and write its trajectories."""
    from srl_swe.experts.scripted import play_all
    from srl_swe.experts.trajectory import write_trajectories
    from srl_swe.tasks.checkout import checkout
    from srl_swe.tasks.repository import load_repository

    tasks = _all_tasks("train", repositories)
    checkouts = {name: checkout(load_repository(name)) for name in sorted({task.repository for task in tasks})}
    left_out: list[str] = []
    with _progress("playing", len(tasks)) as tick:
        played = play_all(tasks, checkouts, tier=tier, seed=seed, left_out=left_out)
        count = write_trajectories(out, _ticking(played, tick))
    for reason in left_out:
        console.print(f"left out: {reason}", markup=False)
    console.print(f"{count} trajectories in {out}")


@app.command()
def pretrain(
    out: Annotated[Path, typer.Option(help="The folder of the model.")],
    seconds: Annotated[float, typer.Option(help="Time for training.")] = 3600.0,
    seed: int = 0,
) -> None:
    """Train the tiny base model from scratch on code and on practice episodes."""
    from srl_swe.train.pretrain import pretrain as run

    run(out, seconds=seconds, seed=seed)


def _train(
    stage: str, recipe: Path, out: Path | None, settings: list[str] | None, dry_run: bool, as_json: bool
) -> None:
    from srl_swe.recipe import read_recipe

    read = read_recipe(_recipe_path(recipe), settings or [])
    if dry_run:
        from srl_swe.train.describe import describe

        _print_json(describe(read, stage)) if as_json else console.print(describe(read, stage))
        return
    from srl_swe.cli.stages import train_stage

    folder = out or Path("runs") / f"{stage}-{_recipe_path(recipe).stem}"
    ended = train_stage(stage, read, folder, console)
    if as_json:
        _print_json({"updates": ended.updates, "seconds": ended.seconds, "checkpoint": str(ended.checkpoint)})
    else:
        console.print(f"{ended.updates} updates in {ended.seconds:.0f} s; the model is in {ended.checkpoint}")


RecipeArgument = Annotated[Path, typer.Argument(help="A TOML file, or the name of a bundled recipe.")]
Out = Annotated[Path | None, typer.Option(help="The run's folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; load no model.")]


@train_app.command("sft")
def train_sft(
    recipe: RecipeArgument, out: Out = None, settings: Settings = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Imitate the expert's actions by cross-entropy."""
    _train("sft", recipe, out, settings, dry_run, as_json)


@train_app.command("srl")
def train_srl(
    recipe: RecipeArgument, out: Out = None, settings: Settings = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Reward every sampled action by its similarity to the expert's."""
    _train("srl", recipe, out, settings, dry_run, as_json)


@train_app.command("rlvr")
def train_rlvr(
    recipe: RecipeArgument, out: Out = None, settings: Settings = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Reward whole episodes by the hidden tests."""
    _train("rlvr", recipe, out, settings, dry_run, as_json)


@app.command("eval")
def evaluate_command(
    model: Annotated[str, typer.Option(help="A model folder.")] = "data/models/tiny",
    split: Annotated[str, typer.Option(help="train, new_bugs, new_places or new_repository.")] = "new_bugs",
    repositories: Annotated[list[str] | None, typer.Option("--repository", help="Only these.")] = None,
    recipe: Annotated[Path, typer.Option(help="Whose [eval] and [sandbox] hold.")] = Path("quickstart"),
    predictions: Annotated[Path | None, typer.Option(help="Write SWE-bench predictions here.")] = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Play tasks with a model and report its resolve rate with a 95 % interval."""
    from srl_swe.cli.stages import load_policy
    from srl_swe.evaluate.evaluate import evaluate, write_predictions
    from srl_swe.recipe import override, read_recipe

    read = override(read_recipe(_recipe_path(recipe), settings or []), [f'model.path="{model}"'])
    tasks = _all_tasks(split, repositories)[: read.eval.tasks or None]
    with _progress("playing", len(tasks) * read.eval.samples) as tick:
        result = evaluate(load_policy(read), tasks, read, progress=tick)
    if predictions:
        write_predictions(predictions, result.episodes, model)
    if as_json:
        _print_json(result.to_json())
        return
    low, high = result.score.interval95
    console.print(
        f"{split}: {result.score.rate:.1%} of {result.score.tasks} tasks resolved, 95 % [{low:.1%}, {high:.1%}]"
    )
    for key in ("stops", "failures", "format_rate", "apply_rate", "steps", "tokens"):
        console.print(f"  {key:12} {getattr(result.score, key)}")


@app.command("grade")
def grade_command(
    predictions: Annotated[Path, typer.Argument(help="SWE-bench predictions (JSONL or JSON), or 'gold'.")],
    repositories: Annotated[list[str] | None, typer.Option("--repository", help="Only these.")] = None,
    split: str | None = None,
    tier: Tier = "auto",
    as_json: AsJson = False,
) -> None:
    """Grade patches with the hidden tests, through the grader that gives the reward."""
    from srl_swe.errors import SandboxError, TaskError
    from srl_swe.evaluate.evaluate import read_predictions
    from srl_swe.evaluate.statistics import wilson
    from srl_swe.grade.grade import grade
    from srl_swe.tasks.checkout import checkout
    from srl_swe.tasks.repository import load_repository

    tasks = {task.id: task for task in _all_tasks(split, repositories)}
    patches = (
        {one.id: one.gold_patch for one in tasks.values()}
        if str(predictions) == "gold"
        else read_predictions(predictions)
    )
    unknown = sorted(patches.keys() - tasks.keys())
    if unknown:
        raise InputError(f"{predictions}: no task is called {unknown[0]!r}; {did_you_mean(unknown[0], tasks)[:200]}")
    checkouts = {name: checkout(load_repository(name)) for name in sorted({tasks[key].repository for key in patches})}
    verdicts: dict[str, str] = {}
    with _progress("grading", len(patches)) as tick:
        for number, (key, patch) in enumerate(sorted(patches.items()), 1):
            try:
                verdicts[key] = grade(tasks[key], checkouts[tasks[key].repository], patch, tier=tier).status
            except (SandboxError, TaskError) as error:
                verdicts[key] = f"{type(error).__name__}: {error}"
            tick(number)
    resolved = sum(verdict == "resolved" for verdict in verdicts.values())
    found = {"resolved": resolved, "tasks": len(verdicts), "rate": resolved / max(1, len(verdicts)),
             "interval95": wilson(resolved, len(verdicts)), "verdicts": verdicts}  # fmt: skip
    if as_json:
        _print_json(found)
    else:
        console.print(f"{resolved} of {len(verdicts)} resolved ({found['rate']:.1%})")


@app.command()
def report(run: Annotated[Path, typer.Argument(help="The folder of a run or of a quickstart.")]) -> None:
    """Write a run's page: curves, stages, and trajectories to read."""
    from srl_swe.report.page import write_page

    console.print(f"open {write_page(run)}")


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="sandbox")] = "sandbox",
    tier: Tier = "auto",
    count: Annotated[int, typer.Option(help="Repetitions.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Measure what a sandbox costs on this machine."""
    from srl_swe.sandbox.bench import bench_sandbox

    if what != "sandbox":
        raise InputError(f"there is no benchmark {what!r}; there is 'sandbox'")
    figures = bench_sandbox(tier, count)
    if as_json:
        _print_json(figures)
        return
    for name, row in figures.items():
        console.print(f"{name}: {row}", markup=False)


def _tasks(name: str) -> "list[Task]":
    from srl_swe.tasks.disk import read_tasks

    tasks = read_tasks(name)
    if not tasks:
        raise InputError(f"{name} has no tasks yet; make them with: srl-swe tasks make {name}")
    return tasks


def _all_tasks(split: str | None, repositories: list[str] | None) -> "list[Task]":
    from srl_swe.tasks.disk import read_tasks
    from srl_swe.tasks.repository import repositories as known
    from srl_swe.tasks.task import SPLITS

    if split is not None and split not in SPLITS:
        raise InputError(f"there is no split {split!r}; {did_you_mean(split, SPLITS)}")
    names = repositories or list(known())
    for name in names:
        if name not in known():
            raise InputError(f"no repository is named {name!r}; {did_you_mean(name, known())}")
    tasks = [task for name in names for task in read_tasks(name, split)]
    if not tasks:
        raise InputError(f"no task in split {split or 'any'} of {', '.join(names)}")
    return tasks


def _recipe_path(recipe: Path) -> Path:
    """A bundled recipe may be called by its name alone."""
    ours = bundled("data", "recipes", f"{recipe}.toml")
    return ours if recipe.suffix != ".toml" and not recipe.exists() and ours.exists() else recipe


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, default=str))


class _Tick:
    """A progress bar where a terminal is there, nothing where not."""

    def __init__(self, title: str, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(title, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        return lambda done: self._bar.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _progress(title: str, total: int) -> _Tick:
    return _Tick(title, total)


def _ticking(items: Iterable[Item], tick: Callable[[int], None]) -> Iterable[Item]:
    for number, item in enumerate(items, 1):
        tick(number)
        yield item


if __name__ == "__main__":
    main()
