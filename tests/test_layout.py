"""The house: packages, imports in one direction, docstrings that run, a program that starts fast."""

import ast
import configparser
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import whence

ROOT = Path(__file__).parents[1]
FOLDERS = {"whence": "src/whence"} | {
    f"whence.{name}": name for name in ("datagen", "benchmarks", "baselines", "models", "leaderboard")
}
FLOORS = ["whence", "whence.datagen", "whence.benchmarks", "whence.models", "whence.baselines", "whence.leaderboard"]
"""From the ground up: each may import what comes before it. The commands stand on all of them."""

COMMANDS = ("whence.commands", "whence.cli", "whence.__main__")
FACADE = ("whence.python", "whence.estimators", "whence.metrics", "whence.torch")
"""What `import whence` offers; it stands on everything, and its names are imported when they are first used."""
SCRIPTS = ("whence.benchmarks.speed", "whence.benchmarks.studies")
"""Timings and studies, which nothing of ours may import."""


@cache
def source_files() -> list[tuple[str, Path]]:
    """Return every module's dotted name and file."""
    found = []
    for package, folder in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found.append((".".join([package, *(part for part in parts if part != "__init__")]), path))
    return found


def modules() -> list[str]:
    """Return the dotted names under which the installed modules are imported."""
    return [name for _, name, _ in pkgutil.walk_packages(whence.__path__, "whence.") if name != "whence.__main__"]


def floor_of(module: str) -> int:
    """Return how high `module` stands: the commands stand above the floors, the scripts above the commands."""
    if module.startswith(SCRIPTS):
        return len(FLOORS) + 1
    if module.startswith((*COMMANDS, *FACADE)):
        return len(FLOORS)
    return FLOORS.index(".".join(module.split(".")[:2]) if ".".join(module.split(".")[:2]) in FLOORS else "whence")


@cache
def imported_modules(module: str, path: Path) -> set[str]:
    """Return the modules of ours that `path` imports; `from . import name` imports `name` if that is a module."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    known, names = {name for name, _ in source_files()}, set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            inside = (f"{source}.{alias.name}" for alias in node.names)
            names |= {name if name in known else source for name in inside}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & known


def test_every_package_is_listed():
    listed = configparser.ConfigParser()
    listed.read(ROOT / "setup.cfg")
    found = {name for name, path in source_files() if path.name == "__init__.py"}
    assert set(listed["options"]["packages"].split()) == found


@pytest.mark.parametrize(("module", "path"), source_files(), ids=lambda value: str(value) if "." in str(value) else "")
def test_imports_point_down(module, path):
    above = [name for name in imported_modules(module, path) if floor_of(name) > floor_of(module)]
    assert not above, f"{module} imports {above}, which stand above it"


def neighbours(package: str) -> dict[str, set[str]]:
    """Return what imports what inside `package`: its own modules, and each of its subpackages as one."""

    def part(module: str) -> str:
        return ".".join(module.split(".")[: package.count(".") + 2])

    found: dict[str, set[str]] = {}
    for module, path in source_files():
        if f"{module}.".startswith(f"{package}.") and (package in SCRIPTS or not module.startswith(SCRIPTS)):
            inside = {part(name) for name in imported_modules(module, path) if f"{name}.".startswith(f"{package}.")}
            found.setdefault(part(module), set()).update(inside - {part(module)})
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return those of `graph` that can be reached from themselves, in the order of their names."""

    def reached(start: str) -> set[str]:
        found, waiting = set(), [*graph[start]]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += graph[name]
        return found

    return sorted(name for name in graph if name in reached(name))


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert circle(graph) == ["b", "c"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a"}}) == []


def test_no_folder_holds_a_circle():
    """Inside every package, modules and subpackages can be sorted so that each imports only those before it.

    Each package is looked at on its own: its modules are nodes, and so is each subpackage with all that lies in it.
    Every import statement counts, also one in a function or under TYPE_CHECKING: it says that one file cannot be
    understood without the other. A name in a registry does not count: what looks it up there knows only how it is
    called. Timings and studies use everything and are used by nothing, so they are left out of what lies above them.
    """
    packages = [name for name, path in source_files() if path.name == "__init__.py"]
    circles = {package: found for package in packages if (found := circle(neighbours(package)))}
    assert circles == {}


def test_benchmarks_never_import_a_method():
    for module, path in source_files():
        if module.startswith("whence.benchmarks") and not module.startswith(SCRIPTS):
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
    """Every `whence ...` in the documents, also inside a sentence, names a command and options that exist."""
    import typer

    from whence.cli import app

    group = typer.main.get_command(app)
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for line in re.findall(r"^whence .*|(?<=`)whence [^`]+(?=`)", page.read_text(), re.M):
            line = line.replace("generate --recipe", "generate recipe --recipe")  # which needs no kind
            words, command = line.split("#")[0].split()[1:], group
            while words and hasattr(command, "commands") and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            known = {option for parameter in command.params for option in parameter.opts}
            if hasattr(command, "commands"):  # a group, named in a sentence, perhaps with an option of its own
                assert set(words) <= known, f"{page.name}: {line}"
                continue
            assert {word for word in words if word.startswith("--")} <= known, f"{page.name}: {line}"


def test_links_in_the_documents_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
