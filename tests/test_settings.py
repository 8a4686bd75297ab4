"""A setting is declared once: a new one is an option, a column, a label, an axis and part of a sealed set."""

import json
from dataclasses import dataclass, replace

import pandas as pd
import pytest
import toy_maps
from typer.testing import CliRunner

from whence import registry
from whence.benchmarks.bench import bench
from whence.benchmarks.questions.settings import Setting, Wording, setting
from whence.benchmarks.questions.source import open_source
from whence.benchmarks.running.predictions import read_predictions
from whence.commands import bench as bench_command
from whence.commands import seal as seal_command
from whence.commands.conditions import takes_settings
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.errors import InputError
from whence.leaderboard.sealing.seal import seal


@dataclass(frozen=True)
class Dimmed(toy_maps.Grainy):
    """Pictures that are also dimmed."""

    dim: float | None = setting(
        None, name="dimming", unit="%", option="--dim", metavar="P ...", help="How much darker.", off="none"
    )

    def stated(self):
        return {**super().stated(), "dim": self.dim}


TRACK = replace(
    toy_maps.TRACK,
    stimulus=replace(toy_maps.STIMULUS, condition=Dimmed),
    default_conditions=(Dimmed(),),
)
METHOD = f"{toy_maps.__file__}:Bright"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> str:
    url = str(tmp_path_factory.mktemp("data") / "pictures.zarr")
    generate(toy_maps.ToyPictures(), url)
    return url


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The track with the new setting, as one line of the registry."""
    entry = registry.Registration(f"{__name__}:TRACK", ("toy-maps",), "bright", condition=f"{__name__}:Dimmed")
    monkeypatch.setitem(registry.TRACKS, "toy-maps", entry)


@pytest.mark.parametrize("command", [bench_command.bench, seal_command.seal])
def test_it_is_an_option_with_its_help(command):
    import typer

    app = typer.Typer()
    app.command()(takes_settings(command.__wrapped__))
    text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    assert "--dim" in text
    assert "How much darker." in text
    assert "--snr" in text


def test_it_is_a_column_a_label_and_an_axis(data, tmp_path):
    source = open_source(TRACK, Dataset(data))
    grid = source.grid({"--dim": [None, 20.0, 40.0]})
    assert [one.dim for one in grid] == [None, 20.0, 40.0]
    run = bench("toy-maps", data, tmp_path, methods=[METHOD], conditions=grid)
    assert set(read_predictions(run.files[1]).frame["dim"]) == {20.0}
    assert set(pd.read_csv(tmp_path / "results.csv")["dim"].dropna()) == {20.0, 40.0}
    table = (tmp_path / "tables.md").read_text()
    assert "dimming 20 %" in table
    page = (tmp_path / "report.html").read_text()
    assert "against dimming (%)" in page


def test_it_is_part_of_a_sealed_set(data, tmp_path):
    conditions = [Dimmed(dim=10.0), Dimmed(dim=30.0)]
    out, labels = str(tmp_path / "p.zarr"), tmp_path / "l.parquet"
    seal(data, track="toy-maps", labels_path=labels, out=out, conditions=conditions)
    sealed = Dataset(out)
    assert [one["dim"] for one in sealed.recipe["conditions"]] == [10.0, 30.0]
    held = open_source(TRACK, sealed)
    assert [one.dim for one in held.grid({"--dim": [30.0]})] == [30.0]
    with pytest.raises(InputError, match="is sealed and does not hold"):
        held.grid({"--dim": [50.0]})


@pytest.mark.parametrize(
    ("words", "message"),
    [(["x"], "--dim x: expected a number"), (["nan"], "--dim nan: expected a finite number")],
)
def test_words_that_are_no_levels_are_refused(words, message):
    with pytest.raises(InputError, match=message):
        Setting("dim", "dimming", option="--dim", off="none").parsed(words)
    assert Setting("dim", "dimming", off="none").parsed(["Off", "3"]) == [None, 3.0]


def test_what_follows_from_another_setting_goes_without_saying():
    window = Setting("window", "window", follows="clip")
    wording = Wording({"clip": Setting("clip", "clip", "s"), "window": window}, frozenset())
    conditions = [{"clip": 0.1, "window": 1600}, {"clip": 0.2, "window": 3200}]
    assert wording.varying(conditions) == ["clip"]
    assert wording.varying([*conditions, {"clip": 0.2, "window": 100}]) == ["clip", "window"]
    assert wording.text(conditions[0], wording.varying(conditions)) == "clip 0.1 s"


def test_results_state_every_setting(data, tmp_path):
    bench("toy-maps", data, tmp_path, methods=[METHOD])
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert {tuple(row["condition"]) for row in rows} == {("snr_db", "dim"), ("snr_db", "dim", "boxes")}
