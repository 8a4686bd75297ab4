"""Tables and figures for papers, each against the run that it is made of."""

import csv
import json
import os
import re
import shlex
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from conftest import babble
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.display.drawing import fitted, save, style
from whence.benchmarks.report.figures import slices
from whence.benchmarks.report.grid_figures import score_panels
from whence.benchmarks.report.heat_maps import _Maps, _sheet
from whence.benchmarks.report.view import View
from whence.benchmarks.scoring.results import Row
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.cli import main
from whence.commands import quickstart
from whence.commands.quickstart import next_steps
from whence.datagen.pipeline import generate
from whence.datagen.tde import plan_tde
from whence.errors import InputError

GRID = [StereoCondition(snr_db=level, votes=4) for level in (30.0, -10.0)]
METHODS = ("gcc-phat", "zero", "gcc-phat:protocol=best")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two runs on one dataset of six speakers, laid out as by the quickstart."""
    folder, rng = tmp_path_factory.mktemp("papers"), np.random.default_rng(3)
    for speaker in range(6):
        (folder / f"speech/speaker{speaker}").mkdir(parents=True)
        soundfile.write(folder / f"speech/speaker{speaker}/a.wav", babble(1.6, rng), 16_000)

    generate(plan_tde(str(folder / "speech"), clips=2, rt60=(0.1, 0.5)), str(folder / "tde.zarr"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whence.benchmarks.report.page._worst", lambda *_: None)
        bench("tde", str(folder / "tde.zarr"), folder / "runs/tde", methods=METHODS, conditions=GRID)
        patch.setattr("whence.benchmarks.bench.write_pages", lambda _: None)
        bench("tde", str(folder / "tde.zarr"), folder / "runs/more", methods=["beta"], conditions=GRID[:1])
    return folder


def said(capsys, *arguments, code=0):
    """Run the program in this process; return what it prints, and for a mistake its one line."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    printed = capsys.readouterr()
    assert ended.value.code == code, printed.err
    if code == 2:
        assert len(printed.err.splitlines()) == 1
        return printed.err
    return printed.out


def scores(folder):
    return [Row(**row) for row in json.loads((folder / "results.json").read_text())["rows"]]


class TestTable:
    """`whence table` prints what results.json has."""

    def test_csv_has_every_value_with_both_ends(self, place, capsys):
        text = said(capsys, "table", place / "runs/tde", "--metric", "mae", "--format", "csv")
        heads, *lines = csv.reader(text.splitlines())
        assert heads[:4] == ["method", "SNR 30 dB", "SNR 30 dB low", "SNR 30 dB high"]
        for row in scores(place / "runs/tde"):
            if row.metric == "mean_absolute_error" and "rt60_nominal" not in row.condition and row.method != "ceiling":
                line = next(line for line in lines if line[0] == row.method)
                k = 1 if row.condition["snr_db"] == 30 else 4
                assert [float(one) for one in line[k : k + 3]] == [row.value, row.ci_low, row.ci_high]

    def test_latex_is_a_booktabs_table_with_label_and_intervals(self, place, capsys):
        text = said(capsys, "table", place / "runs/tde", "--columns", "snr_db", "--rows", "method", "--format", "latex")
        order = [r"\caption{", r"\label{tab:tde-mean-absolute-error}", r"\toprule", r"{SNR (dB)}", r"\midrule",
                 "gcc-phat", r"\midrule", "chance", r"\bottomrule"]  # fmt: skip
        places = [text.index(one) for one in order[:5]]
        assert places == sorted(places)
        assert text.rindex("gcc-phat") < text.rindex(r"\midrule") < text.index("chance &") < text.index(order[-1])
        for row in scores(place / "runs/tde"):
            pooled = row.metric == "mean_absolute_error" and "rt60_nominal" not in row.condition
            if pooled and row.method != "ceiling":
                assert re.search(rf"{row.value:.3f}}}? \$\\pm\$ {(row.ci_high - row.ci_low) / 2:.3f}", text)
        assert text.count("{") == text.count("}")
        rows = [line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert {line.count("&") for line in rows} == {2}

    def test_bold_is_what_the_report_has_bold(self, place, capsys):
        text = said(capsys, "table", place / "runs/tde")
        report = (place / "runs/tde/tables.md").read_text().split("**tde: RMSE")[0]
        bold = {cell for line in report.splitlines() for cell in re.findall(r"\*\*([\d.]+ ±[\d.]+)\*\*", line)}
        assert set(re.findall(r"\*\*([\d.]+ ±[\d.]+)\*\*", text)) == bold

    def test_bold_follows_ranks_of_the_methods_shown(self, place, capsys):
        """Of one method alone nothing is bold; beside the blind one, the one that listens is."""
        alone = said(capsys, "table", place / "runs/tde", "--where", "method=gcc-phat", "--interval", "none")
        assert "**0" not in alone
        pair = said(capsys, "table", place / "runs/tde", "--where", "method=gcc-phat,zero", "snr_db=30")
        assert re.search(r"gcc-phat +\| +\*\*0", pair)
        assert "chance" not in pair

    def test_runs_are_joined_and_what_is_missing_says_so(self, place, capsys):
        text = said(capsys, "table", place / "runs/tde", place / "runs/more")
        assert re.search(r"\| beta +\| +\S+ ±\S+ \| +missing \|", text)

    def test_any_setting_lies_on_either_axis(self, place, capsys):
        run = place / "runs/tde"
        text = said(capsys, "table", run, "--rows", "snr", "--columns", "rt60_nominal", "--where", "method=gcc-phat",
                    "--interval", "none", "--format", "csv")  # fmt: skip
        known = {(row.condition["snr_db"], row.condition.get("rt60_nominal")): row.value
                 for row in scores(run) if (row.method, row.metric) == ("gcc-phat", "mean_absolute_error")}  # fmt: skip
        heads, *lines = csv.reader(text.splitlines())
        assert heads == ["snr_db", "RT60 0.1 s", "RT60 0.5 s"]
        for level, *values in lines:
            assert [float(one) for one in values] == [known[float(level), 0.1], known[float(level), 0.5]]

    def test_several_metrics_share_heads(self, place, capsys):
        text = said(capsys, "table", place / "runs/tde", "--metric", "mae", "rmse", "--columns", "metric", "snr_db",
                    "--format", "latex")  # fmt: skip
        assert r"\multicolumn{2}{c}{MAE (ms) $\downarrow$} & \multicolumn{2}{c}{RMSE (ms) $\downarrow$}" in text
        assert r"\cmidrule(lr){2-3} \cmidrule(lr){4-5}" in text

    def test_names_are_the_papers_and_cannot_break_latex(self, place, tmp_path, capsys):
        (tmp_path / "names.toml").write_text(
            "[method]\ngcc-phat = '[100 %] A_b & c'\nscot = 'not in this run'\n"
            "\"gcc-phat:protocol=best\" = { text = 'beta', latex = '$\\beta$' }\n[snr_db]\n30 = 'quiet'\n"
        )
        out = tmp_path / "table.tex"
        said(capsys, "table", place / "runs/tde", "--names", tmp_path / "names.toml", "--caption", "R&D", "--out", out)
        text = out.read_text()
        assert r"{}[100 \%] A\_b \& c &" in text
        assert "$\\beta$ &" in text
        assert r"Method & quiet & $-$10 \\" in text
        assert r"\caption{R\&D}" in text

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--metric", "maee"], "did you mean 'mae'"),
            (["--columns", "snrdb"], "did you mean 'snr_db'"),
            (["--columns", "metric"], "snr_db varies (-10, 30)"),
            (["--rows", "snr_db"], "method varies"),
            (["--rows", "method", "--columns", "method"], "both have method"),
            (["--where", "snr_db=15"], "there are 30, -10"),
            (["--where", "snr_db"], "expected KEY=VALUE"),
            (["--where", "method=zro"], "did you mean 'zero'"),
            (["--where", "metric=mae"], "with --metric"),
            (["--where", "method=chance"], "a method beside it"),
            (["--format", "pdf"], "'latex', 'markdown', 'csv'"),
            (["--out", "x.pdf"], "ends in .tex, .md, .csv"),
            (["--label", "a{b"], "expected letters"),
            (["--names", "nowhere.toml"], "does not exist"),
        ],
    )
    def test_wrong_input(self, place, capsys, arguments, message):
        assert message in said(capsys, "table", place / "runs/tde", *arguments, code=2)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[methods]\nzero='a'", "did you mean 'method'"),
            ("[method]\ngcc-pht='a'", "did you mean 'gcc-phat'"),
            ("[method]\nzero=3", "expected"),
            ("[method]\nzero='a'\ngcc-phat='a'", "have one name"),
            ("zero='a'", "expected a table"),
            ("zero", "is not TOML"),
        ],
    )
    def test_wrong_names(self, place, tmp_path, capsys, text, message):
        (tmp_path / "names.toml").write_text(text)
        assert message in said(capsys, "table", place / "runs/tde", "--names", tmp_path / "names.toml", code=2)


def test_compare_writes_what_the_ending_says(place, tmp_path, capsys):
    for ending, sign in (("tex", r"\label{tab:mean-absolute-error-paired}"), ("md", "|---"), ("csv", "difference_low")):
        said(capsys, "compare", place / "runs/tde", "--out", tmp_path / f"x.{ending}")
        assert sign in (tmp_path / f"x.{ending}").read_text().replace(":--", "---").replace("|--", "|---", 1)
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text().splitlines()))
    printed = json.loads(said(capsys, "compare", place / "runs/tde", "--json"))
    assert [float(row["difference"]) for row in rows] == [row["difference"] for row in printed]
    assert "ends in" in said(capsys, "compare", place / "runs/tde", "--out", tmp_path / "x.txt", code=2)
    assert not (tmp_path / "x.txt").exists()


def test_the_quickstart_ends_with_commands_that_run(place, capsys, monkeypatch):
    monkeypatch.setattr("whence.benchmarks.bench.write_pages", lambda _: None)
    for _, command in next_steps(place):
        program, *arguments = shlex.split(command)
        assert program == "whence"
        monkeypatch.setattr("whence.commands.bench.terminal", lambda: SimpleNamespace(print=lambda *_: None))
        few = ["--snr=30", "--votes=4"] if arguments[0] == "bench" else []
        said(capsys, *arguments, *few)
    assert "beta:beta=0.5" in said(capsys, "table", place / "runs/tde")


def test_a_process_that_is_killed_while_it_draws_ends_in_one_line(monkeypatch):
    monkeypatch.setattr(quickstart, "allowed_cores", lambda: 2)
    monkeypatch.setattr(quickstart, "draw_again", os._exit)
    with pytest.raises(InputError, match="the process that draws reports was killed"), quickstart._drawing() as draw:
        draw(9)


class TestFigures:
    """Figures for papers."""

    def test_svg_beside_pdf_and_the_same_each_time(self, tmp_path):
        drawing = Figure(layout="constrained")
        drawing.add_subplot().plot([0, 1], [1, 0])
        save(drawing, tmp_path, "a")
        first = (tmp_path / "a.svg").read_bytes()
        save(drawing, tmp_path, "a")
        assert (tmp_path / "a.svg").read_bytes() == first
        assert {path.name for path in tmp_path.iterdir()} == {"a.svg", "a.pdf", "a.png"}

    def test_the_report_lists_its_files(self, place):
        page = (place / "runs/tde/report.html").read_text()
        files = {path.stem for path in (place / "runs/tde/figures").glob("*.svg")}
        assert set(re.findall(r"<code>figures/([\w-]+)</code>", page)) == files

    def test_titles_do_not_overlap(self, place):
        run = open_run(place / "runs/tde")
        rows = [replace(row, method=f"{row.method}:of=a:long=name") for row in run.results.rows]
        view = View(replace(run, results=replace(run.results, rows=rows)))
        with style():
            assert_apart(_sheet(_Maps(view, slices(view)[0], view.wording.of("rt60_nominal"))))
            assert_apart(score_panels(View(run), "rt60_nominal"))
            assert fitted("a title of many words that is long", 1.0).count("\n") >= 2


def assert_apart(drawing):
    """Draw, and check that no title runs into another one or out of the figure."""
    canvas = FigureCanvasAgg(drawing)
    canvas.draw()
    titles = [one for axes in drawing.axes if axes.get_visible() for one in (axes.title, axes._left_title)]
    boxes = [title.get_window_extent(canvas.get_renderer()) for title in titles if title.get_text()]
    assert boxes
    for one, other in pairwise(sorted(boxes, key=lambda box: (round(-box.y0, -1), box.x0))):
        assert not one.overlaps(other)
    assert all(box.x1 <= drawing.bbox.x1 for box in boxes)
