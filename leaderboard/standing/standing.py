"""From labels and submissions to a standing: scores, rank groups, paired differences, error histograms.

While a phase is open a standing holds rounded scores alone, see `ladder`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...benchmarks.questions.labels import Labels
from ...benchmarks.questions.metrics import Metric, Vector
from ...benchmarks.questions.track import Track
from ...benchmarks.report.tables import conditions_of
from ...benchmarks.running.predictions import HARNESS_VERSION
from ...benchmarks.scoring.published import PublishedResult, published_for
from ...benchmarks.scoring.results import Bounds, Results, Row, why_unranked
from ...benchmarks.scoring.statistics import Estimator, estimate
from ...registry import load_track
from ...threads import thread_policy
from ..sealing.labels_file import PUBLIC, SealedLabels
from ..submission.file import Condition, Submission
from .ladder import rounded_rows
from .paired import Terms, overall_rows, paired_differences
from .record import BoardInfo, Entry, EntryInfo, ErrorHistogram, Half, MetricInfo, PublishedNumber, Standing
from .scoring import Reduced, check_keys, halves_of, indices_of, labels_of, reduce_all, score_reduced

FEWEST = 10
"""Samples of the smallest part whose score is shown: a mean over fewer would give single labels away."""
BINS = 24
WORST = 10


@thread_policy()
def standing_of(
    info: BoardInfo,
    labels: SealedLabels,
    submissions: Mapping[str, Submission],
    entries: Mapping[str, EntryInfo],
    half: Half,
) -> Standing:
    """Return the standing of all `submissions` (by key, checked before) on one half of the samples.

    `entries` holds who sent each, in the order in which they came. Raises InputError for a reserved key and for a
    submission that does not fit.
    """
    return standing_of_reduced(info, labels, reduce_all(labels, submissions), entries, half)


def standing_of_reduced(
    info: BoardInfo,
    labels: SealedLabels,
    reduced: Mapping[str, Reduced],
    entries: Mapping[str, EntryInfo],
    half: Half,
    estimator: Estimator = estimate,
) -> Standing:
    """Return the standing of the submissions `reduced`, by key, as `standing_of` does."""
    track, scored = load_track(labels.track), labels_of(labels, half)
    bare = Standing(
        slug=info.slug,
        title=info.title,
        question=track.question,
        track=track.name,
        noun=track.stimulus.noun,
        fingerprint=labels.fingerprint,
        commitment=labels.commitment,
        source=str(labels.source["name"]),
        phase=info.phase,
        half=half if "private" in halves_of(labels) else "all",
        harness=HARNESS_VERSION,
        samples=len(scored),
        cluster_name=scored.cluster_name,
        unranked=why_unranked(scored),
        conditions=[dict(condition) for condition in labels.conditions],
        metrics=[MetricInfo(m.name, m.label, m.unit, m.higher_is_better) for m in track.metrics],
        rows=(),
        overall=(),
        entries=_entries(reduced, entries),
    )
    filled = _rounded if bare.is_open else _exact
    return filled(bare, labels, reduced, entries, half, estimator)


def _rounded(
    bare: Standing,
    labels: SealedLabels,
    reduced: Mapping[str, Reduced],
    entries: Mapping[str, EntryInfo],
    half: Half,
    estimator: Estimator,
) -> Standing:
    """Return the standing of an open phase: one rounded score an entry by the first metric, and nothing else."""
    terms, own = _terms(labels, reduced, half), labels_of(labels, half)
    check_keys(reduced)
    known = {key: info for key, info in entries.items() if key in reduced}
    overall = rounded_rows(_bounds(labels, terms.metric, own), terms, known, _seconds(reduced), len(own), estimator)
    return replace(bare, metrics=bare.metrics[:1], overall=overall)


def _exact(
    bare: Standing,
    labels: SealedLabels,
    reduced: Mapping[str, Reduced],
    entries: Mapping[str, EntryInfo],
    half: Half,
    estimator: Estimator,
) -> Standing:
    """Return the standing of a closed phase: everything, at full precision."""
    track = load_track(labels.track)
    results, overall = scores_of(labels, reduced, half, estimator)
    terms, worst = _terms(labels, reduced, half), _worst(labels, reduced)
    errors = {key: _histograms(track, labels.conditions, terms.by_entry[key]) for key in reduced}
    return replace(
        bare,
        rows=results.rows,
        overall=overall,
        entries={
            key: replace(entry, errors=errors[key], worst=worst.get(key, [])) for key, entry in bare.entries.items()
        },
        comparisons=paired_differences(terms, bare.conditions, estimator),
        published=_published(track, labels.source.get("published", ()), results),
    )


def scores_of(
    labels: SealedLabels, reduced: Mapping[str, Reduced], half: Half, estimator: Estimator = estimate
) -> tuple[Results, list[Row]]:
    """Return the scores of `reduced` submissions that are shown, and those over all conditions together."""
    track, own = load_track(labels.track), labels_of(labels, half)
    results, terms = score_reduced(labels, reduced, half, estimator), _terms(labels, reduced, half)
    shown = [row for row in results.rows if row.n >= FEWEST or not track.wording.part_keys(row.condition)]
    bounds = _bounds(labels, terms.metric, own)
    return replace(results, rows=shown), overall_rows(bounds, terms, _seconds(reduced), estimator)


def _bounds(sealed: SealedLabels, metric: Metric, own: Labels) -> Mapping[str, Vector]:
    """Return the terms of chance and ceiling by name on those of the labels `own` that count for `metric`."""
    return Bounds(load_track(sealed.track), own).terms(metric, metric.counted(own.truth))


def _seconds(reduced: Mapping[str, Reduced]) -> dict[str, float]:
    """Return the seconds a sample of each submission, the mean over the conditions."""
    return {key: float(np.mean(one.seconds)) for key, one in reduced.items()}


def _terms(sealed: SealedLabels, reduced: Mapping[str, Reduced], half: Half) -> Terms:
    """Return the terms by the metric that ranks of all submissions on one half."""
    metric, keep = load_track(sealed.track).metrics[0], indices_of(sealed, half)
    by_entry = {key: one.terms[metric.name][:, keep] for key, one in reduced.items()}
    return Terms.of(metric, sealed.labels.take(keep), by_entry)


def _entries(reduced: Mapping[str, Reduced], known: Mapping[str, EntryInfo]) -> dict[str, Entry]:
    """Return what is known of the entries, by key, whatever their scores are."""
    found = {}
    for key, one in reduced.items():
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
            physics=header.physics,
        )
    return found


def _histograms(track: Track, conditions: Sequence[Condition], terms: npt.NDArray[np.float64]) -> list[ErrorHistogram]:
    """Return how the errors `terms` (conditions, samples) are distributed; nothing where an answer is no quantity."""
    quantity = track.quantity
    if quantity is None:
        return []
    edges = np.concatenate([[0.0], np.geomspace(*quantity.error_range, BINS)])
    kept = [np.histogram(np.minimum(values, edges[-1]), edges)[0] for values in terms]
    return [
        ErrorHistogram(dict(condition), quantity.unit, [float(f"{edge:.6g}") for edge in edges], counts.tolist())
        for condition, counts in zip(conditions, kept, strict=True)
    ]


def _worst(sealed: SealedLabels, reduced: Mapping[str, Reduced]) -> dict[str, list[str]]:
    """Return by key the public samples with the largest mean error over the conditions, the worst first."""
    if not (sealed.half == PUBLIC).any():
        return {}
    terms = _terms(sealed, reduced, "public")
    sign = 1 if terms.metric.higher_is_better else -1
    order = {key: np.argsort(sign * rows.mean(axis=0), kind="stable") for key, rows in terms.by_entry.items()}
    return {key: [str(terms.sample_id[k]) for k in places[:WORST]] for key, places in order.items()}


def _published(track: Track, benchmarks: Sequence[str], results: Results) -> list[PublishedNumber]:
    """Return the numbers printed for `benchmarks` under the conditions of `results`."""
    names = {metric.name for metric in track.metrics}
    conditions = [c for pooled in (True, False) for c in conditions_of(results, track.wording, pooled=pooled)]
    return [
        _number(condition, found)
        for condition in conditions
        for found in published_for(track, condition, benchmarks)
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
