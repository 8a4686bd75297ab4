"""`report.html`: one self-contained page of a run, with every table, figure and sound in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...datagen.recipes import travelling
from ...files import written_whole
from ...hardware import in_words
from ...threads import thread_policy
from ..display.drawing import style
from ..display.rendering import render_page
from ..running.run import Run
from ..scoring.results import CHANCE, Bounds, Row
from ..scoring.statistics import Interval, paired_difference
from .figures import Figure
from .files import FIGURES, REPORT, clear_figures
from .gallery import gallery
from .grid_figures import scores_over_grid
from .heat_maps import heat_maps
from .published_tables import published_tables
from .sample_figures import accuracy_by_azimuth, error_distribution, predicted_against_true
from .score_tables import details, html_table, interval_text, number
from .view import View
from .worst import WorstSample, worst_samples_shown


@dataclass(frozen=True)
class Worst:
    """The samples with the largest errors of one method, and the condition."""

    method: str
    condition: str
    samples: Sequence[WorstSample]


@thread_policy()
def write_report(run: Run) -> Path:
    """Write `report.html` and its figures for papers into the folder of `run`; return the page's path.

    Pictures of an earlier report in `figures` are removed. The page needs no network and
    no JavaScript, and the same run gives the same bytes.
    """
    folder = run.folder / FIGURES
    folder.mkdir(parents=True, exist_ok=True)
    clear_figures(run.folder)
    view = View(run)
    with style():
        page = _render(view, folder)
    target = run.folder / REPORT
    with written_whole(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target


def _render(view: View, folder: Path) -> str:
    return render_page(
        REPORT,
        f"{view.run.track.name}: {view.run.track.question}",
        track=view.run.track,
        facts=facts(view),
        noun=view.noun,
        attention=view.attention,
        clusters=view.cluster_noun,
        making=making(view),
        headline=headline(view),
        main=html_table(view),
        published=published_tables(view),
        figures=all_figures(view, folder),
        worst=_worst(view, folder),
        details=details(view),
    )


def all_figures(view: View, folder: Path) -> list[Figure]:
    """Return the figures of the report in order; each is also written to `folder` as PDF, SVG and PNG."""
    drawn = [*heat_maps(view, folder), *scores_over_grid(view, folder), error_distribution(view, folder)]
    by_sample = None
    if view.quantity is not None:
        by_sample = predicted_against_true(view, view.quantity, folder)
    elif not view.run.track.answer.shape:
        by_sample = accuracy_by_azimuth(view, folder)
    return [figure for figure in (*drawn, by_sample, gallery(view, folder)) if figure is not None]


def _worst(view: View, folder: Path) -> Worst | None:
    """Return the worst samples of the best listening method; None if no method listens."""
    method = view.best(view.middle)
    if method is None:
        return None
    return Worst(method, view.text(view.middle), worst_samples_shown(view, method, view.middle, folder))


def facts(view: View) -> list[tuple[str, str]]:
    """Return facts about the run, as names and texts."""
    dataset, labels, attributes = view.run.dataset, view.run.labels, view.run.dataset.attributes
    clusters = len(np.unique(labels.clusters.astype(str)))
    sources = {
        "speech": attributes.get("speech", {}).get("kind"),
        "engine": attributes.get("engine", {}).get("name"),
        "generator's protocol": dataset.recipe.get("protocol"),
    }
    return [
        ("dataset", dataset.name),
        ("fingerprint", dataset.fingerprint[:12]),
        (f"{view.noun}s", f"{len(labels)} of {len(dataset)}" if labels.within.shape[1] == 0 else str(len(labels))),
        *([("split", str(split))] if (split := view.run.results.dataset["split"]) else []),
        (view.cluster_noun, str(clusters)),
        ("methods' protocol", view.run.results.protocol),
        (f"input from each {view.noun}", view.harness_condition(view.middle).given()),
        *((name, str(value)) for name, value in sources.items() if value),
    ]


@dataclass(frozen=True)
class Making:
    """How a run was made: commands, facts as names and texts, and the recipe of the dataset as it travels."""

    commands: Sequence[str]
    facts: Sequence[tuple[str, str]]
    recipe: str


def making(view: View) -> Making:
    """Return how the run was made; runs of older versions do not tell all of it."""
    recipe, made = travelling(view.run.dataset), view.run.results.made
    commands = [recipe["command"] or f"whence generate --recipe {REPORT} DATA.zarr", *made.get("commands", [])]
    machine = made.get("machine", {})
    told = [
        ("seed", "" if recipe["recipe"].get("seed") is None else str(recipe["recipe"]["seed"])),
        ("dataset made with", _versions(recipe["software"])),
        ("benched with", _versions(made.get("software", {}))),
        ("benched on", in_words(machine) if machine else ""),
    ]
    return Making(commands, [fact for fact in told if fact[1]], json.dumps(recipe, indent=1))


def _versions(software: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in software.items())


def headline(view: View) -> str:
    """Return one to three sentences on the best method and its distance from chance."""
    rows = [row for name in view.methods if (row := view.row(name, view.middle)) is not None]
    chance = view.row(CHANCE, view.middle)
    if not rows or chance is None:
        return "No method was run."
    sign = -1 if view.metric.higher_is_better else 1
    oracles = {one.method for one in view.run.scored if one.is_oracle}
    best = min([row for row in rows if row.method not in oracles] or rows, key=lambda row: sign * row.value)
    ties = [row.method for row in rows if row.rank == best.rank and row is not best and row.method not in oracles]
    return " ".join((_claim(view, best), _against_chance(view, best, chance), _ties(best, ties))).strip()


def _with_unit(value: float, unit: str) -> str:
    return f"{number(value, unit)} {unit}"


def _claim(view: View, best: Row) -> str:
    interval = interval_text(best)
    sure = f"95 % interval {interval} {best.unit}" if interval else "interval unknown: only one cluster"
    value = _with_unit(best.value, best.unit)
    return f"{best.method} is best, with {view.metric.label} {value} ({sure}), {view.text(view.middle)}."


def _against_chance(view: View, best: Row, chance: Row) -> str:
    """Return a sentence on the gap to chance, with its paired interval."""
    gap = chance_gap(view, best.method)
    level = f"Chance, which {view.run.track.stimulus.sense}s nothing, has {_with_unit(chance.value, chance.unit)}"
    if not gap.distinguishable:
        return f"{level}: the difference is within noise."
    side = "better" if (gap.value > 0) == view.metric.higher_is_better else "worse"
    ends = sorted(abs(end) for end in (gap.low, gap.high))
    between = f"{number(ends[0], best.unit)} to {number(ends[1], best.unit)}"
    unit = "points" if best.unit == "%" else best.unit
    return f"{level}: the method is {side} by {number(abs(gap.value), best.unit)} {unit} ({between})."


def chance_gap(view: View, method: str) -> Interval:
    """Return the metric of `method` minus that of chance, under the middle condition, on the same resamples."""
    metric, keep = view.metric, view.metric.counted(view.run.labels.truth)
    labels, terms = view.run.labels.take(keep), view.terms(method, view.middle)
    assert terms is not None
    guessed = Bounds(view.run.track, view.run.labels).terms(metric, keep)[CHANCE]
    return paired_difference(metric, terms[keep], guessed, labels.clusters)


def _ties(best: Row, ties: Sequence[str]) -> str:
    if not ties:
        return ""
    return f"Its lead over {' and '.join(ties[:3])}{' and others' if len(ties) > 3 else ''} may be noise."
