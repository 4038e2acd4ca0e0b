"""The house: imports run down the story, names are complete, and importing costs nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import srl_swe

PACKAGE = Path(srl_swe.__file__).parent
FLOORS = (
    "errors", "recipe", "bundled", "tasks", "sandbox", "grade", "experts", "reward", "envs", "plug", "policy",
    "train", "evaluate", "report", "cli",
)  # fmt: skip
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if "_content" not in path.parts and path != PACKAGE / "__init__.py"
)


def floor_of(module: str) -> int:
    return FLOORS.index(module.split(".")[1])


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_its_own_floor_and_those_above(path):
    own = FLOORS.index(path.relative_to(PACKAGE).with_suffix("").parts[0])
    for name in imported(path):
        if name.startswith("srl_swe."):
            assert floor_of(name) <= own, f"{path.name} on floor {FLOORS[own]} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_all_names_exactly_what_is_public(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} has no docstring"
    if path.name == "__init__.py":
        return
    listed = next(
        {ast.literal_eval(item) for item in node.value.elts}
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    )
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    taken_over = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert listed <= defined | assigned | taken_over, f"{path}: __all__ names what does not exist: {listed}"


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_loads_no_torch_and_no_docker():
    assert not {"torch", "docker", "transformers", "vllm"} & loaded_after("import srl_swe")


def test_the_command_line_loads_no_torch_and_no_docker():
    assert not {"torch", "docker", "transformers", "vllm"} & loaded_after("import srl_swe.cli.main")


def test_environments_load_no_torch():
    assert not {"torch", "transformers"} & loaded_after("import srl_swe.envs")


def test_only_one_broad_except_stands_in_the_package():
    broad = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
    ]
    assert len(broad) <= 1, broad
