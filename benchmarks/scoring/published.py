"""The numbers that the papers print for our tracks, with the condition they were measured under.

The rows lie in `published_results.csv`, next to this file: first the papers' tables as they were collected
(`metric` as printed), then our reading of them. Conditions: `snr_db` (dB), `rt60_nominal` (s), `distractor`
(its rms relative to the target's, 0: none), `clip_seconds` (s), `reverberation` (level of the indirect sound) and
`sources` (heard at once). `uncertain_keys` names those conditions
that the paper does not print and that we inferred.
"""

import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from ...conventions import SAMPLE_RATE
from ...errors import InputError

PUBLISHED_VOTES = 128
GROUP_KEYS = ("rt60_nominal", "rotation_up_to")
"""The keys of a condition by which a dataset's own samples are split."""
CONDITION_KEYS = ("snr_db", "rt60_nominal", "distractor", "clip_seconds", "reverberation", "sources")


@dataclass(frozen=True)
class PublishedResult:
    """One printed number. Empty strings: the paper does not say."""

    track: str
    protocol: str
    method: str
    variant: str
    """How the votes of one clip are combined: "Mean" or "Mode"."""
    training_data: str
    augmented: str
    """"yes", "no", or "na" where nothing is trained."""
    metric: str
    """The name of our metric, see `metrics.METRICS`."""
    value: float
    unit: str
    condition: dict[str, float]
    uncertain_keys: tuple[str, ...]
    """Condition keys whose value is inferred, or (after `published_for`) not stated at all."""
    benchmark: str
    """The data that it was measured on, as the paper calls them."""
    source: str
    our_method: str | None
    """The untrained baseline of ours that should give this number, if there is one."""
    repeats: str | None
    """The source of the table that printed this number first, if this one only repeats it."""
    note: str

    @property
    def condition_known(self) -> bool:
        """Return whether every value of the condition is printed in the paper."""
        return not self.uncertain_keys


@cache
def _all_results() -> tuple[PublishedResult, ...]:
    table = files(__package__).joinpath("published_results.csv").read_text(encoding="utf-8")
    return tuple(_result(row) for row in csv.DictReader(table.splitlines()))


def published_results(track: str) -> list[PublishedResult]:
    """Return every published number of `track`, in the papers' order; none where nothing was published.

    >>> [row.value for row in published_results("left-right") if row.our_method == "iid-rms"]
    [75.4, 75.4]
    >>> published_results("left-right")[5].source
    'StereoCRW, In-the-wild (Sec. 4.2)'
    """
    return [result for result in _all_results() if result.track == track]


def published_for(track: str, condition: Mapping[str, float]) -> list[PublishedResult]:
    """Return the published numbers of `track` that were measured under the `condition` of a run.

    A run without the key `distractor` has none. A number whose paper does not state a key of `condition`
    matches any value of it, and then has the key among its `uncertain_keys`.

    >>> rows = published_for("tde", {"snr_db": 10.0, "rt60_nominal": 0.5})
    >>> [(row.variant, row.metric, row.value) for row in rows if row.our_method == "gcc-phat"][:2]
    [('Mean', 'mean_absolute_error', 0.16), ('Mean', 'root_mean_square_error', 0.318)]
    >>> rows[0].condition_known, rows[0].uncertain_keys
    (False, ('snr_db', 'rt60_nominal'))
    """
    for key in condition:
        if key not in CONDITION_KEYS:
            raise InputError(f"condition {key!r}: expected {', '.join(CONDITION_KEYS)}{_near_miss(key)}")
    run = {"distractor": 0.0, **condition}
    return [_flagged(result, run) for result in published_results(track) if _matches(result, run)]


def published_under(
    track: str, condition: Mapping[str, float | None], benchmarks: Collection[str]
) -> list[PublishedResult]:
    """Return the numbers first printed for the `condition` of a run, as its results state it, on `benchmarks`.

    Those on stereo clips were measured with 128 windows as long as the clip; a condition on a part of the samples,
    such as one RT60, takes only the numbers for that part.
    """
    clip, window = condition.get("clip_seconds"), condition.get("window")
    if "votes" in condition and (
        condition["votes"] != PUBLISHED_VOTES or clip is None or window != round(clip * SAMPLE_RATE)
    ):
        return []
    known = {key: value for key, value in condition.items() if key in CONDITION_KEYS and value is not None}
    if set(GROUP_KEYS) & condition.keys() - {"rt60_nominal"}:
        return []
    parts = {"rt60_nominal"} & known.keys()
    if "distractor" in condition:
        found = published_for(track, known)
    else:  # of homes and pictures the papers say what was on; all else was off
        stated = [result for result in published_results(track) if known.keys() <= result.condition.keys()]
        found = [result for result in stated if _matches(result, known)]
    return [
        result
        for result in found
        if result.benchmark in benchmarks
        and result.repeats is None
        and parts <= set(result.condition) <= {*known, "distractor"}
    ]


def _matches(result: PublishedResult, run: Mapping[str, float]) -> bool:
    return all(
        math.isclose(result.condition[key], value, rel_tol=1e-6, abs_tol=1e-9)
        for key, value in run.items()
        if key in result.condition
    )


def _flagged(result: PublishedResult, run: Mapping[str, float]) -> PublishedResult:
    unstated = tuple(key for key in run if key not in result.condition)
    return replace(result, uncertain_keys=result.uncertain_keys + unstated)


def _near_miss(key: str) -> str:
    near = get_close_matches(key, CONDITION_KEYS, n=1, cutoff=0.4)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _result(row: Mapping[str, str]) -> PublishedResult:
    return PublishedResult(
        track=row["track"],
        protocol=row["protocol"],
        method=row["method"],
        variant=row["variant"],
        training_data=row["training_data"],
        augmented=row["augmented"],
        metric=row["our_metric"],
        value=float(row["value"]),
        unit=row["unit"],
        condition={key: float(row[key]) for key in CONDITION_KEYS if row[key]},
        uncertain_keys=tuple(row["uncertain_keys"].split()),
        benchmark=row["benchmark"],
        source=f"{row['paper']}, {row['table']}",
        our_method=row["our_method"] or None,
        repeats=row["repeats"] or None,
        note=row["note"],
    )
