"""Every method of the track `tde` over its whole grid: noise, reverberation, a second talker, clip length and votes.

Benches a set of `whence generate tde`, one run folder for each part of the grid (a rerun computes what is missing), and
writes into OUT: `delay_grid.md` (tables with 95 % intervals, ratios to GCC-PHAT, published numbers, speeds),
`delay_grid.csv` (MAE and RMSE of every cell) and `delay_grid.png`.

    python -m whence.benchmarks.studies.delay_grid data/unseen.zarr docs/results --runs runs/grid

Networks are also run with random weights, as the papers do; those of `zeronce` and `monoclr` are that of `stereocrw`.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ...datagen.dataset import Dataset
from ...files import written_whole
from ...hardware import hardware, in_words
from ...registry import load_track
from ...script import run_script
from ..display.drawing import COLOURS, MARKERS, blank, save_image, style
from ..display.text_table import TextTable, markdown
from ..questions.source import Source, open_source
from ..report.tables import conditions_of, published_table, score_table
from ..running.harness import Grid, answered, predict
from ..running.method import load_methods
from ..running.run import Run, scored_run, write_listing
from ..scoring.compare import Comparison, comparisons
from ..scoring.results import CEILING, CHANCE, write_results
from ..stimuli.stereo.condition import StereoCondition

CLASSICAL = ("gcc-phat:votes=mode", "gcc-phat:protocol=best", "scot", "roth", "flat", "ml", "beta")
NETWORKS = ("whence-delay", "salvati", "ngcc-phat", "stereocrw")
REFERENCE, MAE, RMSE = "gcc-phat", "mean_absolute_error", "root_mean_square_error"
SNR_DB = (30.0, 20.0, 10.0, 0.0, -10.0)
EASY_MS = 0.05
"""Cells in which GCC-PHAT errs by no more are left out of the ratios: there is little left to gain."""
TIMED_CLIPS = 32


@dataclass(frozen=True)
class Part:
    """One part of the grid: its run's name, what it asks, its methods beside GCC-PHAT, its conditions, its clips."""

    name: str
    title: str
    methods: Sequence[str]
    conditions: Sequence[StereoCondition]
    clips: int | None = None


def parts(clips: int | None, few: int, fewer: int) -> list[Part]:
    """Return the parts of the grid, with `clips` (None: all) under noise, and `few` or `fewer` where clips are long."""
    untrained = [f"{name}:checkpoint=untrained" for name in NETWORKS]
    noise = [StereoCondition(snr_db=level) for level in SNR_DB]
    talkers = [StereoCondition(30.0, level, clip_seconds=0.48) for level in (0.1, 0.3, 0.5, 0.7, 0.9)]
    lengths = [StereoCondition(10.0, clip_seconds=seconds) for seconds in (0.032, 0.064, 0.128, 0.256, 0.48)]
    votes = [StereoCondition(10.0, votes=count) for count in (1, 16, 128, 512)]
    return [
        Part("noise", "Noise and reverberation", ("random", *CLASSICAL, *NETWORKS), noise, clips),
        Part("untrained", "Random weights", untrained, noise, few),
        Part("talkers", "A second talker, 0.48 s clips at SNR 30 dB", NETWORKS, talkers, few),
        Part("lengths", "Length of the clip, SNR 10 dB", NETWORKS, lengths, fewer),
        Part("votes", "Votes of 0.064 s windows, SNR 10 dB", NETWORKS, votes, few),
    ]


def bench(part: Part, data: str, folder: Path, methods: Sequence[str]) -> Run:
    """Return the run of a `part` in `folder`, of those of its methods that are among `methods` (none: all)."""
    source = open_source(load_track("tde"), Dataset(data), None, part.clips)
    chosen = ["zero", REFERENCE, *(name for name in part.methods if not methods or name in methods)]
    grid = Grid(source, load_methods(chosen, "tde", ("paper",)), part.conditions, folder)
    predict(grid).raise_first()
    run = scored_run(folder, source, "paper", grid.files())
    write_listing(folder, source, "paper", run.files)
    write_results(run.results, folder)
    return run


def tables(part: Part, run: Run) -> Iterator[TextTable]:
    """Yield the tables of a run: MAE and RMSE over all rooms, MAE by RT60, ratios, and the published numbers."""
    mae, rmse = run.track.metrics[:2]
    for metric in (mae, rmse):
        yield without_times(score_table(run.results, run.track, metric))
    if part.name in ("noise", "talkers"):
        for rt60 in np.unique(run.labels.groups["rt60_nominal"]):
            yield without_times(score_table(run.results, run.track, mae, {"rt60_nominal": float(rt60)}))
        yield ratios(comparisons([run], by_parts=True, against=REFERENCE))
        published = published_table(run.results, run.track)
        if published:
            yield published


def without_times(table: TextTable) -> TextTable:
    """Return a `table` of scores without speeds, which have a table of their own, diagnostics and bounds.

    Chance is the row `zero`.
    """
    last = list(table.heads).index("n") + 1
    rows = [row[:last] for row in table.rows if row[0] not in (CEILING, CHANCE)]
    moved = {row[0]: k for k, row in enumerate(rows)}
    bold = frozenset((moved[table.rows[r][0]], c) for r, c in table.bold if c < last and table.rows[r][0] in moved)
    return TextTable(table.caption, table.heads[:last], rows, bold)


def ratios(rows: Sequence[Comparison]) -> TextTable:
    """Return each method's MAE over that of GCC-PHAT, least to largest, in the cells of one RT60 where that errs.

    A cell counts as surely better, or worse, if the paired 95 % interval of the ratio lies below, or above, 1.
    """
    cells = [row for row in rows if "rt60_nominal" in row.condition]
    hard = [row.condition for row in cells if row.method == REFERENCE and row.value > EASY_MS]
    body = []
    for name in dict.fromkeys(row.method for row in cells if row.method != REFERENCE):
        own = [row for row in cells if row.method == name and row.condition in hard]
        if own:
            surely = sum(row.ratio_high < 1 for row in own), sum(row.ratio_low > 1 for row in own)
            shown = f"{min(row.ratio for row in own):.2f}", f"{max(row.ratio for row in own):.2f}"
            body.append([name, *shown, *map(str, surely)])
    count = sum(row.method == REFERENCE for row in cells)
    caption = f"MAE over that of {REFERENCE}, in the {len(hard)} of {count} cells of one RT60 where "
    heads = ["method", "least ratio", "largest ratio", "cells surely below 1", "cells surely above 1"]
    return TextTable(f"{caption}it errs by more than {EASY_MS:g} ms", heads, body)


def speeds(source: Source, methods: Sequence[str]) -> TextTable:
    """Return how many clips each of `methods` answers in a second of processor time, in the standard condition."""
    batch = next(iter(source.batches(source.labels.first(TIMED_CLIPS), StereoCondition(snr_db=10.0))))
    body = []
    for method in load_methods(methods, "tde", ("paper",)):
        answered(method, batch, source.track.answer)  # loads weights and compiles
        started = time.process_time()
        answered(method, batch, source.track.answer)
        body.append([method.label, f"{len(batch) / max(time.process_time() - started, 1e-6):.0f}"])
    return TextTable("Speed: 128 windows of 1,024 samples", ["method", "clips per CPU second"], body)


def frame(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Return MAE and RMSE (ms) of every method, condition and RT60 of `runs`, by the name of their part."""
    tables = []
    for name, run in runs.items():
        whole = run.results.frame()
        kept = whole[
            ~whole.method.isin([CEILING, CHANCE]) & whole.metric.isin([one.name for one in run.track.metrics[:2]])
        ]
        tables.append(kept.assign(part=name))
    settings = ["snr_db", "rt60_nominal", "distractor", "clip_seconds", "votes"]
    columns = ["part", "method", *settings, "metric", "unit", "value", "ci_low", "ci_high", "n"]
    return pd.concat(tables, ignore_index=True)[columns].round(4)


def draw(run: Run, folder: Path) -> None:
    """Write `delay_grid.png`: MAE against noise in each reverberation time, for GCC-PHAT and the networks."""
    rooms = np.unique(run.labels.groups["rt60_nominal"])
    with style():
        figure = blank(1.3 + 1.4 * len(rooms), 2.8)
        panels = figure.subplots(1, len(rooms), sharey=True, squeeze=False)[0]
        for panel, rt60 in zip(panels, rooms, strict=True):
            draw_room(panel, run, float(rt60))
        panels[0].set_ylabel("MAE (ms)")
        panels[0].set_ylim(bottom=0)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        save_image(figure, folder, "delay_grid")


def draw_room(axes: Axes, run: Run, rt60: float) -> None:
    """Draw MAE against noise at one `rt60` (s), with bands of 95 % intervals."""
    cells = [one for one in conditions_of(run.results, run.track.wording, pooled=False) if one["rt60_nominal"] == rt60]
    x = range(len(cells))
    for k, name in enumerate(("zero", REFERENCE, *NETWORKS)):
        rows = [row for cell in cells for row in run.results.find(method=name, metric=MAE, **cell)]
        if rows:
            axes.plot(x, [row.value for row in rows], COLOURS[k], marker=MARKERS[k % 4], markersize=3, label=name)
            low, high = [row.ci_low for row in rows], [row.ci_high for row in rows]
            axes.fill_between(x, low, high, color=COLOURS[k], alpha=0.12, linewidth=0)
    axes.set_xticks(x, [f"{cell['snr_db']:g}" for cell in cells])
    axes.set(title=f"RT60 {rt60:g} s", xlabel="SNR (dB)")


def page(runs: Mapping[str, Run], grid: Sequence[Part], speed: TextTable) -> str:
    """Return the page of all tables, in Markdown."""
    labels = next(iter(runs.values())).labels
    about = (
        f"Clips of {len(set(labels.clusters))} speakers, made by `whence generate tde`; ± is half of a 95 % interval "
        f"over speakers. Computed on {in_words(hardware())}, by `python -m whence.benchmarks.studies.delay_grid`."
    )
    lines = [
        "# Time delay: the whole grid",
        about,
        "![MAE against noise in each room](delay_grid.png)",
        markdown(speed),
    ]
    for part in grid:
        run = runs[part.name]
        lines += [f"## {part.title}", f"{len(run.labels)} clips in each condition.", *map(markdown, tables(part, run))]
    return "\n\n".join(line.rstrip("\n") for line in lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write tables, numbers and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="dataset of `whence generate tde`")
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("--runs", type=Path, default=Path("runs/grid"), help="folder of the runs")
    parser.add_argument("--method", nargs="+", default=(), help="of the grid's methods, only these and GCC-PHAT")
    parser.add_argument("--clips", type=int, help="clips under noise (default: all)")
    parser.add_argument("--few", type=int, default=300, help="clips with a second talker, votes and random weights")
    parser.add_argument("--fewer", type=int, default=150, help="clips of each length")
    options = parser.parse_args(arguments)
    grid = parts(options.clips, options.few, options.fewer)
    runs = {part.name: bench(part, options.data, options.runs / part.name, options.method) for part in grid}
    labels = dict.fromkeys(one.method for one in runs["noise"].scored)
    options.out.mkdir(parents=True, exist_ok=True)
    draw(runs["noise"], options.out)
    frame(runs).to_csv(options.out / "delay_grid.csv", index=False)
    text = page(runs, grid, speeds(runs["noise"].source, list(labels)))
    with written_whole(options.out / "delay_grid.md") as partial:
        partial.write_text(text, encoding="utf-8")
    print(f"{options.out}/delay_grid.md")
    return 0


if __name__ == "__main__":
    run_script(main)
