"""What is supported: setup.cfg, the documents, the tools' settings and the CI say the same."""

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[1]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
NEEDED = {r.name: r.specifier for r in map(Requirement, SETUP["options"]["install_requires"].split("\n")[1:])}
PYTHONS = re.findall(r"Python :: (3\.\d+)", SETUP["metadata"]["classifiers"])
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
OLDEST = [line for line in (ROOT / ".github" / "oldest.txt").read_text().splitlines() if not line.startswith("#")]
TRIED = re.findall(r"^\| (\S+) +\| ([\d.]+) +\| ([\d.]+) +\|$", (ROOT / "docs" / "generate.md").read_text(), re.M)
"""The table of versions that were tried: package, oldest, newest."""


def lower_bound(specifiers: SpecifierSet) -> str:
    return next(one.version for one in specifiers if one.operator in (">=", "=="))


def is_at(bound: str, version: str) -> bool:
    """Whether `version` is the first one that `bound` names: 2.2 names 2.2.0, and 0.5 the only file of 0.5.0."""
    return Version(version).release[: len(Version(bound).release)] == Version(bound).release


def test_the_pythons_are_those_of_the_bounds():
    required = SpecifierSet(SETUP["options"]["python_requires"])
    assert [f"3.{minor}" for minor in range(30) if f"3.{minor}" in required] == PYTHONS


def test_the_readme_names_the_pythons():
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text()


def test_the_tools_check_for_the_oldest_python():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tools["mypy"]["python_version"] == PYTHONS[0]
    assert tools["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")


def test_every_python_is_tested():
    newest, oldest = WORKFLOW["jobs"]["newest"], WORKFLOW["jobs"]["oldest"]
    assert newest["strategy"]["matrix"]["python"] == PYTHONS
    assert any(step.get("run") == "bash .ci/run" for step in newest["steps"])
    assert oldest["container"] == f"python:{PYTHONS[0]}-bookworm"


def test_the_workflow_may_only_read_and_runs_once():
    """YAML takes the key `on` for a truth value. A branch with a pull request would else be tested twice a push."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW[True] == {"push": {"branches": ["main"]}, "pull_request": None}


def test_what_the_workflow_runs_is_there():
    commands = " ".join(step.get("run", "") for job in WORKFLOW["jobs"].values() for step in job["steps"])
    paths = re.findall(r"[\w./-]+\.(?:py|txt)\b|\.ci/run", commands)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("line", OLDEST)
def test_the_oldest_tested_are_the_lower_bounds(line):
    name, version = line.split("==")
    assert version in NEEDED[name]
    assert is_at(lower_bound(NEEDED[name]), version)


def test_the_documents_name_the_bounds():
    """The oldest tried is the lower bound; the newest tried is allowed."""
    assert {name.lower() for name, *_ in TRIED} >= {"python", "numpy", "scipy", "numba", "soxr", "zarr", "pillow"}
    bounds = NEEDED | {"python": SpecifierSet(SETUP["options"]["python_requires"])}
    for name, oldest, newest in TRIED:
        assert is_at(lower_bound(bounds[name.lower()]), oldest), name
        assert oldest in bounds[name.lower()], name
        assert newest in bounds[name.lower()], name
    assert TRIED[0] == ("Python", PYTHONS[0], PYTHONS[-1])
