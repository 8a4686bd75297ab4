"""The documentation site: what its generated pages say, and the files that GitHub and pre-commit read.

`mkdocs build --strict`, in `.ci/run`, checks that every page is there and that every link of the built site leads
somewhere.
"""

import configparser
import doctest
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from test_help import COMMANDS

import whence
from whence.datagen.dataset import Dataset
from whence.registry import DATASETS, METHODS, TRACKS, load_track

ROOT = Path(__file__).parents[1]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
METRICS = {one.name: one for name in TRACKS for one in load_track(name).metrics}


@pytest.fixture(autouse=True)
def pages(monkeypatch):
    """`docs/` on the path, as MkDocs has it."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))


@pytest.fixture(scope="module")
def tde(speech_folder, tmp_path_factory):
    """A set of three clips."""
    path = tmp_path_factory.mktemp("site") / "tde.zarr"
    return whence.generate("tde", path, speech=str(speech_folder), clips=1, rt60=[0.1], workers=1)


def generated(name):
    return import_module(f"generated.{name}")


def rows_of(markdown):
    """The cells of the table in `markdown`, without its head."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_page_of_a_track_says_what_a_batch_holds(tde):
    batch = next(iter(whence.batches("tde", tde)))
    rows = rows_of(generated("tracks").batch_table(load_track("tde").stimulus))
    assert [name for name, *_ in rows] == [f"`{name}`" for name in vars(batch)]
    kinds = {name.strip("`"): (kind, shape) for name, kind, shape, _ in rows}
    assert kinds["audio"][0] == batch.audio.dtype.name
    assert len(kinds["audio"][1].split(",")) == batch.audio.ndim
    assert kinds["sample_rate"] == (type(batch.sample_rate).__name__, "one number")


@pytest.mark.parametrize("name", TRACKS)
def test_every_track_has_a_section(name):
    track, section = load_track(name), generated("tracks").section(name)
    assert track.question in section
    assert [one.name for one in track.metrics if f"`{one.name}`" not in section] == []
    assert [one.name for one in track.stimulus.arrays if f"`{one.name}`" not in section] == []


def test_the_page_of_a_dataset_has_its_arrays(tde):
    data = Dataset(tde.url)
    rows = rows_of(generated("datasets").section("tde"))
    assert {name.strip("`") for name, *_ in rows} == set(data.manifest["arrays"])
    for name, _, shape, meaning in rows:
        array = data.array(name.strip("`"))
        assert tuple(map(int, re.findall(r"\b\d+\b", shape))) == array.shape[1:]
        assert f"in {array.attrs['units']}" in meaning if "units" in array.attrs else True


def test_every_kind_method_command_and_checkpoint_has_a_section():
    found = {
        name: set(re.findall(r"^## (.+)$", generated(name).page(), re.M))
        for name in ("datasets", "commands", "checkpoints")
    }
    assert found["datasets"] >= {*DATASETS, *(kind for name in TRACKS for kind in load_track(name).datasets)}
    assert found["commands"] == {" ".join(["whence", *path]) for path in COMMANDS}
    assert found["checkpoints"] == {path.stem for path in (ROOT / "models/weights").glob("*.safetensors")}


def test_a_method_has_its_parameters_and_defaults():
    section = generated("methods").section("beta")
    assert METHODS["beta"].summary in section
    assert ["`protocol`", "'paper', 'best'", "`'paper'`"] in rows_of(section)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_formula(name):
    formula = METRICS[name].formula
    assert formula
    assert formula.count("{") == formula.count("}")


def test_links_of_the_repository_lead_to_pages_of_the_site():
    inside = generated("top").within_the_site
    assert inside("[a](docs/bench.md#how-sure) [b](docs/)") == "[a](bench.md#how-sure) [b](index.md)"
    assert inside("[c](../CONTRIBUTING.md#a-track) [d](tour.ipynb)") == "[c](contributing.md#a-track) [d](tour.md)"
    assert inside("[e](https://example.org/docs/x.md)") == "[e](https://example.org/docs/x.md)"


def test_the_start_page_names_pages_by_what_they_are():
    assert not re.search(r"\[docs/\S+\.md\]", generated("top").start())


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda one: one.name)
def test_no_empty_line_cuts_a_table(page):
    heads = re.findall(r"^(?:\|.*\|\n)*\|.*\|\n\n\|.*\|\n(.*)", page.read_text(), flags=re.MULTILINE)
    assert all(set(line) <= set("|-: ") for line in heads), "rows after an empty line are no table"


def test_a_link_to_nothing_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<h2 id="here"></h2><a href="b.html#there">b</a><a href="#here">a</a>')
    (tmp_path / "b.html").write_text('<h2 id="there"></h2><a href="a.html#gone">a</a><img src="none.png">')
    assert [line.split()[3].rstrip(",") for line in generated("links").broken(tmp_path)] == ["a.html#gone", "none.png"]


def test_the_tour_shows_every_cell_and_what_came_out():
    notebook = json.loads((ROOT / "docs/tour.ipynb").read_text())
    page = generated("notebook").page(ROOT / "docs/tour.ipynb")
    assert page.count("```python\n") == sum(one["cell_type"] == "code" for one in notebook["cells"])
    shown = [out for one in notebook["cells"] for out in one.get("outputs", ())]
    assert page.count('<div class="output">') + page.count("```text\n") == len(shown)
    blocks = re.findall(r'<div class="output">.*', page)
    assert len(blocks) > 5
    assert [block[-40:] for block in blocks if not block.endswith("</div>")] == [], "a blank line ends raw HTML"


def test_examples_become_blocks():
    fenced = generated("markdown").fenced
    text = "Return 1.\n\n>>> f()\n1\n>>> g()\n2\n\nMore.\n\n>>> h()\n3"
    assert fenced(text) == ("Return 1.\n\n```pycon\n>>> f()\n1\n>>> g()\n2\n```\n\nMore.\n\n```pycon\n>>> h()\n3\n```")


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text()
    listed = {page for section in yaml.safe_load(text)["nav"] for pages in section.values() for page in pages}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= listed


@pytest.mark.parametrize("name", ["api", "markdown", "methods", "top", "tracks"])
def test_examples_of_the_generator_run(name):
    assert doctest.testmod(generated(name)).failed == 0


# What GitHub and pre-commit read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.stem
)
def test_an_issue_form_is_one(path):
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    kinds = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert all(part["type"] in kinds and part["attributes"]["label"] for part in form["body"])
    assert len({part["id"] for part in form["body"]}) == len(form["body"])


def test_a_release_is_checked_and_holds_no_secret():
    text = (ROOT / ".github/workflows/release.yml").read_text()
    steps = [step.get("run", "") for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    assert ["python -m build" in one for one in steps].index(True) < ["twine check" in one for one in steps].index(True)
    assert "secrets." not in text


def test_pre_commit_takes_the_ruff_of_the_tests():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    bounds = next(line for line in SETUP["options.extras_require"]["test"].split("\n") if line.startswith("ruff"))
    assert [one["additional_dependencies"] for one in hooks] == [[bounds]] * 2
