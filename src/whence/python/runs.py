"""Benches from Python: run methods, read their scores as tables and figures, compare them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from ..benchmarks.bench import bench as run_bench
from ..benchmarks.bench import open_run as open_finished
from ..benchmarks.bench import usual_folder
from ..benchmarks.display.drawing import picture, style
from ..benchmarks.display.notebook import block_html
from ..benchmarks.questions.metrics import Metric
from ..benchmarks.questions.settings import Stated, given_levels
from ..benchmarks.questions.source import Source, open_source
from ..benchmarks.questions.stimulus import Batch, Condition
from ..benchmarks.report.files import REPORT
from ..benchmarks.report.grid_figures import score_bars, score_panels
from ..benchmarks.report.page import write_report
from ..benchmarks.report.tables import score_table
from ..benchmarks.report.view import View
from ..benchmarks.report.worst import worst_samples
from ..benchmarks.running.run import Run as FinishedRun
from ..benchmarks.scoring.compare import comparison_frame, comparisons
from ..benchmarks.scoring.results import why_unranked
from ..datagen.dataset import Dataset as StoredDataset
from ..errors import InputError
from ..places import settle_home
from ..registry import load_track, nearest
from .data import Dataset, Place, place_of
from .typed import bench_command

Conditions = Mapping[str, Any] | Sequence[Condition]
"""Levels by setting, such as {"snr_db": [10, 0]}, or condition objects."""
FACTS = ("video", "scene", "panorama", "room", "speaker", "rt60_nominal", "azimuth", "distance")
"""What is told of a dataset's row beside its worst sample, where it is one value."""


def bench(
    track: str,
    data: Place,
    methods: Sequence[Any] | Mapping[str, Any] = (),
    conditions: Conditions | None = None,
    *,
    out: str | PathLike[str] | None = None,
    split: str | None = None,
    protocol: str = "paper",
    max_samples: int | None = None,
    device: str | None = None,
    keep_going: bool = False,
    report: bool = True,
    fresh: bool = False,
) -> "Run":
    """Run `methods` on a `track` under a grid of `conditions` and return the scores.

    A method is a name with parameters ("gcc-phat:votes=mode", "mine.py:Mine"), a class, an object or a function
    `mine(batch)` that returns one answer a sample. Give one, a list, or a mapping from labels; by default all baselines
    run. `conditions` are levels by setting, such as {"snr_db": [30, 10, None]} (None: off); settings left out have the
    track's levels. Everything is written to the folder `out` (default: runs/TRACK-FINGERPRINT), and a rerun computes
    only what is missing, unless `fresh`: a method defined in Python is keyed by its source and the values that it uses.
    Where these cannot be read, it runs anew, and a line on stderr says so. Without `report` no page is drawn until
    `run.report`.

        def mine(batch):  # batch.audio is (clips, 2, samples)
            return [whence.gcc_phat(left, right, batch.sample_rate) for left, right in batch.audio]

        run = whence.bench("tde", data, methods=["gcc-phat", mine], conditions={"snr_db": [30, 0]})

    Raises InputError for unknown names, data of another kind, and whatever a method returns that is no answer.
    """
    settle_home()
    if isinstance(methods, str) or callable(methods) or hasattr(methods, "predict"):
        methods = [methods]
    dataset = _opened(data)
    folder = Path(fspath(out)) if out is not None else usual_folder(load_track(track).name, dataset)
    stated = {"out": None if out is None else str(folder), "split": split, "max_samples": max_samples}
    stated |= {"protocol": None if protocol == "paper" else protocol, "device": device, "keep_going": keep_going}
    run = run_bench(
        track,
        dataset.url,
        folder,
        command=bench_command(track, dataset.url, methods, load_track(track).stimulus.condition, conditions, stated),
        methods=methods,
        conditions=_grid(open_source(load_track(track), dataset, split), conditions),
        protocol=protocol,
        max_samples=max_samples,
        split=split,
        device=device,
        keep_going=keep_going,
        report=report,
        fresh=fresh,
    )
    return Run(run)


def batches(
    track: str, data: Place, conditions: Conditions | None = None, *, split: str | None = None
) -> Iterable[Batch]:
    """Yield the batches that methods are given on a `track`: of every sample, one condition after the other.

    `next(iter(whence.batches("tde", data)))` is what to write a method against.
    """
    source = open_source(load_track(track), _opened(data), split)
    for condition in source.conditions(_grid(source, conditions)):
        yield from source.batches(source.labels, condition)


def open_run(folder: str | PathLike[str], data: Place | None = None) -> "Run":
    """Return the finished run in `folder`; `data` says where its dataset is now, if it has moved."""
    return Run(open_finished(Path(fspath(folder)), None if data is None else place_of(data)))


def compare(
    runs: "Run | str | PathLike[str] | Sequence[Run | str | PathLike[str]]",
    metric: str | None = None,
    *,
    against: str | None = None,
    by_rt60: bool = False,
) -> pd.DataFrame:
    """Compare the methods of one or several runs on the same samples, with the best one or with `against`.

    The table has a row for each method and condition: its value, and the paired difference and ratio to the method
    `against`, each with a 95 % interval. Raises InputError for runs of different tracks, datasets or samples.
    """
    several = [runs] if isinstance(runs, Run | str | PathLike) else list(runs)
    if not several:
        raise InputError("runs: give at least one run")
    finished = [(one if isinstance(one, Run) else open_run(one)).finished for one in several]
    found = comparisons(finished, metric, by_parts=by_rt60, against=against)
    return comparison_frame(found)


def _opened(data: Place) -> StoredDataset:
    return data if isinstance(data, StoredDataset) else StoredDataset(place_of(data))


def _grid(source: Source, asked: Conditions | None) -> Sequence[Condition]:
    if not isinstance(asked, Mapping):
        return tuple(asked or ())
    return source.grid(given_levels(source.track.stimulus.condition, asked)) if asked else ()


@dataclass(frozen=True)
class Plots:
    """Figures of a run; each is a matplotlib Figure."""

    run: FinishedRun

    def error(self, by: str | None = None, metric: str | None = None) -> Figure:
        """Return the error (or score) of every method against the setting `by`, with bands of 95 % intervals.

        `by` is a column of `scores`, such as "snr_db" or "rt60_nominal", by default the setting that varies; if none
        does, there are bars. `metric` is by default the track's first.
        """
        view = View(self.run, _metric(self.run, metric))
        known = [*view.varying, *self.run.labels.groups]
        if by is not None and by not in known:
            raise InputError(f"by={by!r}: {nearest(by, known) if known else 'nothing varies in this run'}")
        with style():
            key = by or next(iter(view.varying), None)
            return score_bars(view) if key is None else score_panels(view, key)


def _metric(run: FinishedRun, name: str | None) -> Metric:
    known = {metric.name: metric for metric in run.track.metrics}
    if name is not None and name not in known:
        raise InputError(f"metric={name!r}: {nearest(name, known)}")
    return run.track.metrics[0] if name is None else known[name]


class Run:
    """A finished bench: `scores`, `plot.error(by=...)`, `worst(10)`; `folder` holds its files and report.html."""

    def __init__(self, finished: FinishedRun) -> None:
        self.finished = finished

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.finished.folder

    @property
    def track(self) -> str:
        """The name of the track."""
        return self.finished.track.name

    @property
    def report(self) -> Path:
        """The page with everything, which opens in a browser; drawn if the run has none."""
        page = self._scored.folder / REPORT
        return page if page.is_file() else write_report(self._scored)

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset."""
        return Dataset(self.finished.dataset.url)

    @property
    def _scored(self) -> FinishedRun:
        if self.finished.source.sealed:
            raise InputError(f"{self.folder} was run on a sealed set: its scores come from the board (`whence submit`)")
        return self.finished

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Every score: a row for each method, condition and metric, with its 95 % interval (`ci_low`, `ci_high`).

        The columns of conditions come first. In rows over all samples, those of parts, such as `rt60_nominal`, are NaN.
        """
        return self._scored.results.frame()

    @property
    def plot(self) -> Plots:
        """Its figures."""
        return Plots(self._scored)

    def worst(
        self, count: int = 10, method: str | None = None, condition: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return the `count` samples with the largest error of `method`, the worst first.

        By default, it is the best method that uses its input, under the middle condition; `condition` picks another
        one by its settings, such as {"snr_db": 0}. `row` is the sample's row in the dataset.
        """
        view = View(self._scored)
        chosen = _condition(view, condition or {})
        name = method or view.best(chosen)
        if name is None or view.terms(name, chosen) is None:
            raise InputError(f"method={method!r}: {nearest(str(method), view.methods)}")
        return _worst_table(view, name, chosen, count)

    def __repr__(self) -> str:
        return f"<run of {self.track} on {self.finished.dataset.url}, in {self.folder}>"

    def _repr_html_(self) -> str:
        finished = self.finished
        if finished.source.sealed:
            return block_html(f"{self.track}: sealed, not scored", [], note=f"predictions: {self.folder}/predictions")
        why = why_unranked(finished.labels)
        table = score_table(finished.results, finished.track, finished.track.metrics[0], why=why)
        drawing = picture(self.plot.error(), "error", f"{self.track}: every method")
        drawn = (self.folder / REPORT).is_file()
        note = f"on {finished.dataset.url}" + (f"; report: {self.report}" if drawn else "")
        return block_html(f"run of {self.track}", [table], [("", drawing.uri)], note=note)


def _condition(view: View, asked: Mapping[str, Any]) -> Stated:
    """Return the pooled condition with the settings `asked` for, the middle one of several."""
    unknown = [key for key in asked if all(key not in condition for condition in view.pooled)]
    if unknown:
        raise InputError(f"condition: no setting {unknown[0]!r}: {nearest(unknown[0], view.pooled[0])}")
    fitting = [one for one in view.pooled if all(one[key] == level for key, level in asked.items())]
    if not fitting:
        there = "; ".join(view.text(one) for one in view.pooled)
        raise InputError(f"condition {dict(asked)} was not run: there are {there}")
    return view.wording.middle(fitting)


def _worst_table(view: View, method: str, condition: Stated, count: int) -> pd.DataFrame:
    run, samples = view.run, worst_samples(view, method, condition, count)
    terms, answers = view.terms(method, condition), view.answers(method, condition)
    assert terms is not None
    assert answers is not None
    columns: dict[str, Any] = {"sample_id": run.labels.sample_id[samples], "row": run.labels.rows[samples]}
    if run.track.answer.shape:
        texts = [run.track.answer.texts(run.labels.truth[k], answers[k]) for k in samples]
        columns |= {"truth": [truth for truth, _ in texts], "answer": [answer for _, answer in texts]}
    else:
        columns |= {"truth": run.labels.truth[samples], "answer": answers[samples]}
    columns[f"{view.metric.name}_{view.metric.unit}".replace("%", "percent")] = terms[samples]
    rows = run.labels.rows[samples]
    for name in FACTS:
        if name in run.dataset and run.dataset.array(name).ndim == 1:
            columns[name] = run.dataset.column(name)[rows]
    table = pd.DataFrame(columns)
    table.attrs |= {"method": method, "condition": dict(condition)}
    return table
