"""From labels and submissions to a standing: scores, rank groups, paired differences, error histograms.

The classes themselves, and their form in JSON, are in `standing_record`; their names can be had from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...benchmarks.questions.track import Track
from ...benchmarks.report.tables import conditions_of
from ...benchmarks.running.predictions import HARNESS_VERSION
from ...benchmarks.scoring.published import GROUP_KEYS, PublishedResult, published_under
from ...benchmarks.scoring.results import Results, Row
from ...benchmarks.scoring.statistics import Estimator, estimate
from ...registry import load_track
from ..submission.expectation import Submission
from ..submission.file import Condition
from .paired import Terms, overall_rows, paired_differences
from .record import (
    BoardInfo,
    Entry,
    EntryInfo,
    ErrorHistogram,
    Half,
    Kind,
    MetricInfo,
    PairedDifferences,
    Phase,
    PublishedNumber,
    Standing,
    standing_from_json,
)
from .scoring import Answers, answers_of, indices_of, labels_of, score_answers

if TYPE_CHECKING:
    from ..sealing.labels_file import SealedLabels

__all__ = [
    "BoardInfo",
    "Entry",
    "EntryInfo",
    "ErrorHistogram",
    "Half",
    "Kind",
    "MetricInfo",
    "PairedDifferences",
    "Phase",
    "PublishedNumber",
    "Standing",
    "scores_of",
    "standing_from_json",
    "standing_of",
    "standing_of_answers",
]

FEWEST = 10
"""Samples of the smallest part whose score is shown: a mean over fewer would give single labels away."""
BINS = 24
WORST = 10


def standing_of(
    info: BoardInfo,
    labels: "SealedLabels",
    submissions: Mapping[str, Submission],
    entries: Mapping[str, EntryInfo],
    half: Half,
) -> Standing:
    """Return the standing of all `submissions` (by key, checked before) on one half of the samples.

    `entries` holds who sent each. Raises InputError for a reserved key and for a submission that does not fit.
    """
    return standing_of_answers(info, labels, answers_of(labels, submissions), entries, half)


def standing_of_answers(
    info: BoardInfo,
    labels: "SealedLabels",
    answers: Mapping[str, Answers],
    entries: Mapping[str, EntryInfo],
    half: Half,
    estimator: Estimator = estimate,
) -> Standing:
    """Return the standing of all `answers`, by key, as `standing_of` does."""
    track, scored = load_track(labels.track), labels_of(labels, half)
    results, overall = scores_of(labels, answers, half, estimator)
    terms = _terms(labels, answers, half)
    conditions = [dict(condition) for condition in labels.conditions]
    return Standing(
        slug=info.slug,
        title=info.title,
        question=track.question,
        track=track.name,
        noun=track.stimulus.noun,
        fingerprint=labels.fingerprint,
        commitment=labels.commitment,
        source=str(labels.source["name"]),
        phase=info.phase,
        half=half,
        harness=HARNESS_VERSION,
        samples=len(scored),
        cluster_name=scored.cluster_name,
        conditions=conditions,
        metrics=[MetricInfo(m.name, m.label, m.unit, m.higher_is_better) for m in track.metrics],
        rows=results.rows,
        overall=overall,
        entries=_entries(track, labels.conditions, terms, _worst(labels, answers), answers, entries),
        comparisons=paired_differences(terms, conditions, estimator),
        published=_published(track, labels.source.get("published", ()), results),
    )


def scores_of(
    labels: "SealedLabels", answers: Mapping[str, Answers], half: Half, estimator: Estimator = estimate
) -> tuple[Results, list[Row]]:
    """Return the scores of `answers` that are shown, and those over all conditions together."""
    results = score_answers(labels, answers, half, estimator)
    shown = [row for row in results.rows if row.n >= FEWEST or not set(GROUP_KEYS) & set(row.condition)]
    seconds = {key: float(np.mean(one.seconds)) for key, one in answers.items()}
    overall = overall_rows(load_track(labels.track), _terms(labels, answers, half), seconds, estimator)
    return replace(results, rows=shown), overall


def _terms(sealed: "SealedLabels", answers: Mapping[str, Answers], half: Half) -> Terms:
    """Return the errors of all answers on one half."""
    keep = indices_of(sealed, half)
    values = {key: one.values[:, keep] for key, one in answers.items()}
    return Terms.of(load_track(sealed.track).metrics[0], sealed.labels.take(keep), values)


def _entries(
    track: Track,
    conditions: Sequence[Condition],
    terms: Terms,
    worst: Mapping[str, list[str]],
    answers: Mapping[str, Answers],
    known: Mapping[str, EntryInfo],
) -> dict[str, Entry]:
    """Return the entries by key: what is known of them, their errors, and where they do worst in public."""
    found = {}
    for key, one in answers.items():
        header, info = one.header, known[key]
        found[key] = Entry(
            key=key,
            kind=info.kind,
            team=info.team,
            submitted=info.submitted,
            method=header.method,
            version=header.version,
            parameters=header.parameters,
            harness=header.harness,
            card=header.card,
            errors=_histograms(track, conditions, terms.by_entry[key]),
            worst=worst.get(key, []),
        )
    return found


def _histograms(track: Track, conditions: Sequence[Condition], terms: npt.NDArray[np.float64]) -> list[ErrorHistogram]:
    """Return how the errors `terms` (conditions, samples) are distributed; nothing where an answer is a side."""
    quantity = track.quantity
    if quantity is None:
        return []
    edges = np.concatenate([[0.0], np.geomspace(*quantity.error_range, BINS)])
    kept = [np.histogram(np.minimum(values, edges[-1]), edges)[0] for values in terms]
    return [
        ErrorHistogram(dict(condition), quantity.unit, [float(f"{edge:.6g}") for edge in edges], counts.tolist())
        for condition, counts in zip(conditions, kept, strict=True)
    ]


def _worst(sealed: "SealedLabels", answers: Mapping[str, Answers]) -> dict[str, list[str]]:
    """Return by key the public samples with the largest mean error over the conditions, the worst first."""
    if not (sealed.half == "public").any():
        return {}
    terms = _terms(sealed, answers, "public")
    sign = 1 if terms.metric.higher_is_better else -1
    order = {key: np.argsort(sign * rows.mean(axis=0), kind="stable") for key, rows in terms.by_entry.items()}
    return {key: [str(terms.sample_id[k]) for k in places[:WORST]] for key, places in order.items()}


def _published(track: Track, benchmarks: Sequence[str], results: Results) -> list[PublishedNumber]:
    """Return the numbers printed for `benchmarks` under the conditions of `results`."""
    names = {metric.name for metric in track.metrics}
    conditions = [*conditions_of(results, pooled=True), *conditions_of(results, pooled=False)]
    return [
        _number(condition, found)
        for condition in conditions
        for found in published_under(track.name, condition, benchmarks)
        if found.metric in names
    ]


def _number(condition: Condition, found: PublishedResult) -> PublishedNumber:
    return PublishedNumber(
        condition=dict(condition),
        metric=found.metric,
        unit=found.unit,
        value=found.value,
        method=found.method,
        variant=found.variant,
        training_data=found.training_data,
        source=found.source,
        uncertain=bool(found.uncertain_keys),
        note=found.note,
    )
