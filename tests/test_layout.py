"""The house: packages, imports in one direction, docstrings that run, a program that starts fast."""

import ast
import configparser
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import whence

ROOT = Path(__file__).parents[1]
FOLDERS = {"whence": "src/whence"} | {
    f"whence.{name}": name for name in ("datagen", "benchmarks", "baselines", "models", "leaderboard")
}
FLOORS = ["whence", "whence.datagen", "whence.benchmarks", "whence.models", "whence.baselines", "whence.leaderboard"]
"""From the ground up: each may import what comes before it. The commands stand on all of them."""


def source_files() -> list[tuple[str, Path]]:
    """Return every module's dotted name and file."""
    found = []
    for package, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "speed" in path.parts or "studies" in path.parts:
                continue
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found.append((".".join([package, *(part for part in parts if part != "__init__")]), path))
    return found


def modules() -> list[str]:
    """Return the dotted names under which the installed modules are imported."""
    return [name for _, name, _ in pkgutil.walk_packages(whence.__path__, "whence.") if name != "whence.__main__"]


def floor_of(module: str) -> int:
    """Return how high `module` stands; the commands stand above everything."""
    if module.startswith(("whence.commands", "whence.cli", "whence.__main__")):
        return len(FLOORS)
    return FLOORS.index(".".join(module.split(".")[:2]) if ".".join(module.split(".")[:2]) in FLOORS else "whence")


def imported_modules(module: str, path: Path) -> set[str]:
    """Return the modules of ours that `path` imports."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            names |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name for name in names if name.split(".")[0] == "whence"}


def test_every_package_is_listed():
    listed = configparser.ConfigParser()
    listed.read(ROOT / "setup.cfg")
    found = {name for name, path in source_files() if path.name == "__init__.py"}
    assert set(listed["options"]["packages"].split()) == found


@pytest.mark.parametrize(("module", "path"), source_files(), ids=lambda value: str(value) if "." in str(value) else "")
def test_imports_point_down(module, path):
    known = {name for name, _ in source_files()}
    above = [name for name in imported_modules(module, path) if name in known and floor_of(name) > floor_of(module)]
    assert not above, f"{module} imports {above}, which stand above it"


def test_benchmarks_never_import_a_method():
    for module, path in source_files():
        if module.startswith("whence.benchmarks"):
            assert not any("baselines" in name for name in imported_modules(module, path))


@pytest.mark.parametrize("name", modules())
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def public_definitions(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.ClassDef]:
    """Return the public functions and classes of a module's `body`, and the public methods of its classes."""
    found = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")]
    return found + [m for n in found if isinstance(n, ast.ClassDef) for m in public_definitions(n.body)]


def test_everything_public_has_a_docstring():
    trees = [(module, ast.parse(path.read_text())) for module, path in source_files()]
    found = [(module, node) for module, tree in trees for node in public_definitions(tree.body)]
    assert len(found) > 100
    assert [f"{module}.{node.name}" for module, node in found if ast.get_docstring(node) is None] == []


def test_starting_is_cheap():
    """Neither the package nor the program loads what computes before a command needs it."""
    script = (
        "import sys, whence, whence.cli; print([m for m in ('numpy', 'torch', 'dask', 'pandas') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"


def test_the_program_runs_as_a_module():
    answer = subprocess.run([sys.executable, "-m", "whence", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"whence {whence.__version__}"


def test_documents_name_real_commands_and_options():
    """Every `whence ...` line in the documents parses: its command exists and so does each of its options."""
    import typer

    from whence.cli import app

    group = typer.main.get_command(app)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for line in re.findall(r"^whence .*", page.read_text(), re.M):
            words, command = line.split("#")[0].split()[1:], group
            while words and hasattr(command, "commands") and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            assert not hasattr(command, "commands"), f"{page.name}: {line}"
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known, f"{page.name}: {line}"


def test_links_in_the_documents_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
