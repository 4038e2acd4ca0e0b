"""A repository that is plugged in: one folder with an `env.toml`, read strictly.

Bundled repositories lie in `envs/`; a second folder of them may be named by the variable SRL_SWE_ENVS. Nothing of a
repository is executed or fetched here.
"""

__all__ = ["Repository", "Source", "Tests", "load_repository", "repositories"]

import os
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from srl_swe.bundled import bundled
from srl_swe.errors import InputError, did_you_mean
from srl_swe.tasks.root import Limits

Names = Annotated[tuple[str, ...], Field(strict=False)]  # TOML has lists, the settings are frozen


class Table(BaseModel):
    """One table of the file: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(Table):
    """Where the files come from: a folder beside env.toml, a commit, or an sdist on PyPI; the last two are pinned."""

    path: str | None = None
    git: str | None = None
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    pypi: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = {name for name in ("path", "git", "commit", "pypi", "sha256") if getattr(self, name) is not None}
        if given not in ({"path"}, {"git", "commit"}, {"pypi", "sha256"}):
            raise ValueError("give path, or git with commit, or pypi with sha256")
        return self


class Tests(Table):
    """How the tests run in an episode, and where they lie; grading calls pytest itself, `timeout_s` is its limit."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    command: str = "python -m pytest -q"
    paths: Names = ("tests",)
    timeout_s: Annotated[float, Field(gt=0)] = 60.0


class Repository(Table):
    """What env.toml says. `folder` is where it lies; `packages` are pip requirements beside pytest."""

    model_config = ConfigDict(strict=False)  # strict validation refuses a table for a dataclass

    folder: Annotated[Path, Field(exclude=True)]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
    source: Source
    summary: str = ""
    licence: str = ""
    python: str = ">=3.11"
    packages: Names = ()
    setup: Names = ()
    test: Tests = Tests()
    limits: Limits = Limits()
    protected: Names = ()  # globs beside those that are always protected
    held_out: StrictBool = False  # never trained on


def repositories() -> dict[str, Path]:
    """Every folder with an env.toml, by its name: those that ship, then those under SRL_SWE_ENVS, which win."""
    homes = [bundled("envs")]
    if extra := os.environ.get("SRL_SWE_ENVS"):
        homes.append(Path(extra))
    return {file.parent.name: file.parent for home in homes for file in sorted(home.glob("*/env.toml"))}


def load_repository(folder_or_name: Path | str) -> Repository:
    """Read a repository by its folder or by its name. Raises InputError with the file and the key that is wrong."""
    file = _folder(folder_or_name) / "env.toml"
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{file.parent}: no env.toml here") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{file}: not a readable TOML file: {error}") from error
    if "folder" in values:
        raise InputError(f"{file}: there is no key 'folder'; {did_you_mean('folder', _known())}")
    try:
        return Repository.model_validate(values | {"folder": file.parent})
    except ValidationError as error:
        raise InputError(f"{file}: {_sentence(error.errors()[0])}") from error


def _folder(folder_or_name: Path | str) -> Path:
    if isinstance(folder_or_name, Path) or "/" in folder_or_name or folder_or_name in (".", ".."):
        return Path(folder_or_name)
    known = repositories()
    if folder_or_name in known:
        return known[folder_or_name]
    if Path(folder_or_name, "env.toml").is_file():
        return Path(folder_or_name)
    raise InputError(f"no repository is named {folder_or_name!r}; {did_you_mean(folder_or_name, known)}")


def _known(table: str | None = None) -> list[str]:
    if table == "limits":
        return [field.name for field in fields(Limits)]
    tables: dict[str, type[Table]] = {"source": Source, "test": Tests}
    model = tables.get(table or "", Repository)
    return [name for name in model.model_fields if name != "folder"]


def _sentence(error: Any) -> str:
    """The first thing that is wrong, in the words of the file."""
    *tables, key = [part for part in error["loc"] if isinstance(part, str)]
    table, where = (tables[0], f"[{tables[0]}] ") if tables else (None, "")
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where or 'it '}has no key {key!r}; {did_you_mean(key, _known(table))}"
    if error["type"] == "missing":
        return f"{where}the key {key!r} is missing"
    said = str(error["msg"]).removeprefix("Value error, ")
    return f"{where}{key}: {said[0].lower()}{said[1:]}, got {error['input']!r}"
