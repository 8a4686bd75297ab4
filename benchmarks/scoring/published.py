"""The numbers that papers print for our tracks, with their conditions.

The rows are in `published_results.csv`, next to this file: first the papers' tables as printed, then our reading of
them. Conditions: `snr_db` (dB), `rt60_nominal` (s), `distractor` (its rms relative to the target's, 0: none),
`clip_seconds` (s), `reverberation` (level of the indirect sound) and `sources` (heard at once). `uncertain_keys` names
conditions that the paper does not print and that we inferred.
"""

import csv
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from ..questions.settings import Stated
from ..questions.track import Track

CONDITION_KEYS = ("snr_db", "rt60_nominal", "distractor", "clip_seconds", "reverberation", "sources")
"""The columns of the file that hold settings of a condition."""


@dataclass(frozen=True)
class PublishedResult:
    """One printed number. Empty strings mean that the paper does not say."""

    track: str
    protocol: str
    method: str
    variant: str
    """How the votes of a clip are combined: "Mean" or "Mode"."""
    training_data: str
    augmented: str
    """"yes", "no", or "na" if nothing is trained."""
    metric: str
    """The name of our metric, see `metrics.METRICS`."""
    value: float
    unit: str
    condition: dict[str, float]
    uncertain_keys: tuple[str, ...]
    """Condition keys whose value is inferred or, after `published_for`, not stated."""
    benchmark: str
    """The dataset, as the paper calls it."""
    source: str
    our_method: str | None
    """The untrained baseline of Whence that should reproduce this number, if any."""
    repeats: str | None
    """The source that first printed this number, if this one repeats it."""
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
    """Return every published number of `track`, in the papers' order; none if nothing was published.

    >>> [row.value for row in published_results("left-right") if row.our_method == "iid-rms"]
    [75.4, 75.4]
    >>> published_results("left-right")[5].source
    'StereoCRW, In-the-wild (Sec. 4.2)'
    """
    return [result for result in _all_results() if result.track == track]


def published_for(track: Track, condition: Stated, benchmarks: Collection[str]) -> list[PublishedResult]:
    """Return the numbers first printed on `benchmarks` under the `condition` of a run, as its results state it.

    A number matches if every setting stated in the paper has the run's level; a distractor that is off has level 0.
    Settings that are on in the run but not stated in the paper are added to `uncertain_keys`. A run on a part of the
    samples, such as one RT60, matches only numbers for that part; a run on all samples, only those for all.
    """
    parts = set(track.wording.part_keys(condition))
    whole = {key: level for key, level in condition.items() if key not in parts}
    if not parts <= set(CONDITION_KEYS) or not track.stimulus.condition_of(whole).published_form():
        return []
    run = {key: float(level) for key, level in condition.items() if key in CONDITION_KEYS and level is not None}
    if "distractor" in condition:
        run.setdefault("distractor", 0.0)
    return [
        _flagged(result, run)
        for result in published_results(track.name)
        if result.benchmark in benchmarks and result.repeats is None and _fits(result.condition, run, parts)
    ]


def _fits(stated: Mapping[str, float], run: Mapping[str, float], parts: Collection[str]) -> bool:
    """Return whether the condition a paper `stated` matches a `run` on these `parts` of the samples."""
    if not set(parts) <= set(stated) <= set(run):
        return False
    return all(math.isclose(stated[key], run[key], rel_tol=1e-6, abs_tol=1e-9) for key in stated)


def _flagged(result: PublishedResult, run: Mapping[str, float]) -> PublishedResult:
    unstated = tuple(key for key in run if key not in result.condition)
    return replace(result, uncertain_keys=result.uncertain_keys + unstated)


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
