"""Expert trajectories from files and folders, whatever store they come from.

The format is told by the content of each row, never by the file's name. Files are read row by row, so that memory does
not grow with them. Nothing is left out in silence: every refusal is counted by its reason, and a file that breaks off
keeps the rows before the break.
"""

__all__ = ["FORMATS", "ImportReport", "import_trajectories", "read_stores"]

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srl_swe.errors import FormatError, InputError, did_you_mean
from srl_swe.experts.lessons import lessons
from srl_swe.experts.stores import mini, swe_smith
from srl_swe.experts.stores.record import Record
from srl_swe.experts.trajectory import SCHEMA, Trajectory, write_trajectories

FORMATS = ("swe-smith xml", "swe-smith tool", "swe-smith ticks", "mini-swe-agent 1", "mini-swe-agent 2", "srl-swe")
_ENDINGS = (".json", ".jsonl", ".traj", ".parquet")
_CHUNK = 1 << 20


@dataclass
class ImportReport:
    """What was read. `refused` counts turns, rows and files by reason; `raw_actions` are steps kept in raw form."""

    trajectories: int = 0
    steps: int = 0
    raw_actions: int = 0
    lessons: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def errors(self) -> list[str]:
        """One sentence for every file that breaks off."""
        return [entry["error"] for entry in self.files.values() if "error" in entry]

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        counts = {name: getattr(self, name) for name in ("trajectories", "steps", "raw_actions", "lessons")}
        return counts | {"refused": dict(self.refused.most_common()), "files": self.files}


def import_trajectories(paths: Iterable[str | Path], *, format: str = "auto", out: Path | None = None) -> ImportReport:
    """Read every trajectory under `paths`, and write them to `out` (JSON lines) when it is given.

    `format` "auto" tells each row's store by its content; one of `FORMATS` insists on it. Raises InputError for a path
    that does not exist.
    """
    report = ImportReport()
    found = read_stores(paths, report, format=format)
    if out is not None:
        write_trajectories(out, found)
    for _ in found:
        pass
    return report


def read_stores(paths: Iterable[str | Path], report: ImportReport, *, format: str = "auto") -> Iterator[Trajectory]:
    """The trajectories under `paths`, one at a time, counted in `report` as they come. Raises InputError."""
    if format != "auto" and format not in FORMATS:
        raise InputError(f"no trajectory format is called {format!r}; {did_you_mean(format, ('auto', *FORMATS))}")
    for path in [Path(path) for path in paths]:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        for file in _files_under(path):
            yield from _read_file(file, report, format)


def _files_under(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in _ENDINGS)


def _read_file(path: Path, report: ImportReport, format: str) -> Iterator[Trajectory]:
    entry: dict[str, Any] = {"format": None, "trajectories": 0, "steps": 0}
    report.files[str(path)] = entry
    try:
        for row in _rows(path):
            try:
                trajectory, record = _read_row(row, format)
            except ValueError as error:
                report.refused[str(error)] += 1
                continue
            report.refused.update(record.refused)
            report.raw_actions += record.raw_actions
            if not trajectory.steps:
                report.refused["a trajectory without a step"] += 1
                continue
            entry["format"] = entry["format"] or trajectory.source
            for count in (report, entry):
                _count(count, trajectory)
            report.lessons += len(lessons([trajectory]))
            yield trajectory
    except _Broken as error:
        entry["error"] = f"{path}: {error}"
        report.refused["a file that breaks off or is not JSON"] += 1
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def _count(count: ImportReport | dict[str, Any], trajectory: Trajectory) -> None:
    if isinstance(count, ImportReport):
        count.trajectories += 1
        count.steps += len(trajectory.steps)
    else:
        count["trajectories"] += 1
        count["steps"] += len(trajectory.steps)


def _read_row(row: Any, format: str) -> tuple[Trajectory, Record]:
    """The trajectory of one row. Raises ValueError with the reason of a refusal."""
    if not isinstance(row, dict):
        raise ValueError("a row that is no JSON object")
    if "schema" in row and "steps" in row:
        name: str | None = "srl-swe"
    else:
        name = mini.recognise(row) or swe_smith.recognise(row)
    if name is None:
        raise ValueError("a row that is no trajectory of a known format")
    if format not in ("auto", name):
        raise ValueError(f"a row in the format {name!r}, where {format!r} was asked for")
    if name == "srl-swe":
        if row["schema"] != SCHEMA:
            raise ValueError(f"a row of schema {row['schema']!r}; this version reads {SCHEMA}")
        try:
            return Trajectory.from_json(row), Record()
        except (KeyError, TypeError, AttributeError, FormatError) as error:
            raise ValueError("a row of ours that is not whole") from error
    return mini.read_row(row, name) if name.startswith("mini") else swe_smith.read_row(row, name)


class _Broken(Exception):
    """A file whose rest cannot be read; says where."""


def _rows(path: Path) -> Iterator[Any]:
    """The rows of a file: a JSON object, a JSON list, JSON lines, or a parquet table. Raises _Broken."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"PAR1":
        yield from _parquet_rows(path)
    else:
        yield from _json_rows(path)


def _parquet_rows(path: Path) -> Iterator[Any]:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise InputError(f"{path}: reading parquet needs pyarrow; pip install 'srl-swe[train]'") from error
    try:
        with ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=16):
                yield from batch.to_pylist()
    except ArrowInvalid as error:
        raise _Broken(f"not a whole parquet file ({error})") from error


def _json_rows(path: Path) -> Iterator[Any]:
    """JSON values one after another, or the elements of one list, decoded piece by piece."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        text, at, number, chunk = file.read(_CHUNK), 0, 0, _CHUNK
        at = _skip(text, at, "")
        in_list = text[at : at + 1] == "["
        at += in_list
        while True:
            at = _skip(text, at, "," if in_list else "")
            whole = False
            if at < len(text):
                if in_list and text[at] == "]":
                    return
                try:
                    value, end = decoder.raw_decode(text, at)
                    whole = True
                except (json.JSONDecodeError, RecursionError):
                    pass
            if whole:
                at, number = end, number + 1
                yield value
                continue
            more = file.read(chunk)
            if not more and at >= len(text) and not in_list:
                return
            if not more:
                row = f"after row {number}" if number else "in its first row"
                raise _Broken(f"is cut off or not JSON {row}; the {number} rows before it were read")
            text, at, chunk = text[at:] + more, 0, chunk * 2


def _skip(text: str, at: int, also: str) -> int:
    while at < len(text) and text[at] in f" \t\r\n{also}":
        at += 1
    return at
