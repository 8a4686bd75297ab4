"""What a report shows of a run: its methods in rank order, its grid of conditions, and the middle of that grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...registry import parse_specification
from ..questions.metrics import Metric
from ..questions.quantities import Quantity
from ..questions.stimulus import Condition
from ..scoring.results import CEILING, CHANCE, Row
from .tables import varying_keys

if TYPE_CHECKING:
    from ..bench import Run

Stated = Mapping[str, float | None]
"""A condition by the names of its settings, as results hold it."""

DEAF = ("zero", "random", "random-rotation", "random-azimuth")
"""Our methods that do not listen or look."""
TYPICAL_SNR_DB = 10.0
_AXES = {
    "snr_db": ("SNR", "dB"),
    "rt60_nominal": ("RT60", "s"),
    "distractor": ("distractor", ""),
    "clip_seconds": ("clip", "s"),
    "window": ("window", "samples"),
    "votes": ("votes", ""),
    "reverberation": ("reverberation", ""),
    "sources": ("sources", ""),
    "dominance_db": ("dominance", "dB"),
    "rotation_up_to": ("|rotation| up to", "deg"),
}
_OFF = {"snr_db": "clean", "distractor": "none"}


def level_text(key: str, level: float | None) -> str:
    """Return one level of the setting `key` without its name: "10", or "clean" where it is off.

    >>> level_text("snr_db", -10.0), level_text("snr_db", None)
    ('-10', 'clean')
    """
    return _OFF.get(key, "off") if level is None else f"{level:g}"


def axis_title(key: str) -> str:
    """Return the name and unit of the setting `key` for an axis, such as "SNR (dB)"."""
    name, unit = _AXES.get(key, (key, ""))
    return f"{name} ({unit})" if unit else name


def stated_text(condition: Stated, keys: Sequence[str]) -> str:
    """Return the settings `keys` of `condition` for a reader.

    >>> stated_text({"snr_db": 10.0, "distractor": None}, ["snr_db", "distractor"])
    'SNR 10 dB, no distractor'
    """
    return ", ".join(_setting_text(key, condition.get(key)) for key in keys)


def _setting_text(key: str, level: float | None) -> str:
    name, unit = _AXES.get(key, (key, ""))
    if level is None:
        return {"snr_db": "no noise added"}.get(key, f"no {name}")
    return f"{name} {level:g} {unit}".rstrip()


def capitalised(text: str) -> str:
    """Return `text` with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def in_order(key: str, levels: Sequence[float | None]) -> list[float | None]:
    """Return the distinct `levels` from low to high; where a setting is off, that is no noise (last) or no level.

    >>> in_order("snr_db", [None, 10.0, -10.0, 10.0])
    [-10.0, 10.0, None]
    """
    off = np.inf if key == "snr_db" else -np.inf
    return sorted(set(levels), key=lambda level: off if level is None else level)


@dataclass(frozen=True)
class View:
    """A run as its report looks at it. The track's first metric ranks the methods."""

    run: "Run"

    @property
    def metric(self) -> Metric:
        """The metric that ranks."""
        return self.run.track.metrics[0]

    @property
    def quantity(self) -> Quantity | None:
        """What is predicted; None where it is a side."""
        return self.run.track.quantity

    @property
    def noun(self) -> str:
        """What one sample is called."""
        return self.run.track.stimulus.noun

    @property
    def attention(self) -> str:
        """What a method does that is not deaf or blind: listen or look."""
        return self.run.track.stimulus.attention

    @property
    def cluster_noun(self) -> str:
        """Whose samples depend on each other."""
        return self.run.labels.cluster_name + "s"

    @cached_property
    def pooled(self) -> list[Stated]:
        """The conditions over all samples, in the order they were run."""
        return [c for c in self._conditions if not set(self.run.labels.groups) & set(c)]

    @cached_property
    def _conditions(self) -> list[Stated]:
        distinct = {frozenset(row.condition.items()): row.condition for row in self.run.results.rows}
        return list(distinct.values())

    def split(self, condition: Stated) -> list[Stated]:
        """Return `condition` for each part of the samples, such as each nominal RT60; empty where nothing splits."""
        keys = set(self.run.labels.groups)
        return [c for c in self._conditions if c.keys() & keys and condition.items() <= c.items()]

    @cached_property
    def varying(self) -> list[str]:
        """The settings that differ among the pooled conditions."""
        return varying_keys(self.pooled)

    @property
    def shown_keys(self) -> list[str]:
        """The settings that name a condition: those that vary, noise where none does."""
        return self.varying or [key for key in ("snr_db",) if key in self.middle]

    def text(self, condition: Stated) -> str:
        """Return what tells `condition` from the others."""
        split = [key for key in self.run.labels.groups if key in condition]
        return stated_text(condition, [*self.shown_keys, *split]) or f"all {self.noun}s"

    @cached_property
    def middle(self) -> Stated:
        """The pooled condition that stands for all: 10 dB where there is one, else the middle one."""
        typical = [c for c in self.pooled if c.get("snr_db") == TYPICAL_SNR_DB] or self.pooled
        return typical[(len(typical) - 1) // 2]

    @cached_property
    def _rows(self) -> dict[tuple[str, str, frozenset[tuple[str, float | None]]], Row]:
        rows = self.run.results.rows
        return {(row.method, row.metric, frozenset(row.condition.items())): row for row in rows}

    def row(self, method: str, condition: Stated, metric: Metric | None = None) -> Row | None:
        """Return the score of `method` under `condition`, None where it is missing."""
        return self._rows.get((method, (metric or self.metric).name, frozenset(condition.items())))

    @cached_property
    def methods(self) -> list[str]:
        """The methods, best mean over the pooled conditions first, those with missing conditions last."""
        names = {row.method: None for row in self.run.results.rows if row.method not in (CHANCE, CEILING)}
        return sorted(names, key=self._standing)

    def _standing(self, method: str) -> tuple[int, float]:
        values = [row.value for c in self.pooled if (row := self.row(method, c)) is not None]
        mean = float(np.mean(values)) if values else np.inf
        return -len(values), -mean if self.metric.higher_is_better else mean

    @cached_property
    def listening(self) -> list[str]:
        """The methods whose answer depends on what they are given, best first."""
        return [name for name in self.methods if parse_specification(name)[0] not in DEAF and self._differs(name)]

    def _differs(self, method: str) -> bool:
        values = [self.predictions(method, c) for c in self.pooled]
        return any(v is not None and (len(v) == 1 or np.ptp(v) > 0) for v in values)

    def best(self, condition: Stated) -> str | None:
        """Return the listening method with the best score under `condition`, None where there is none."""
        rows = [row for name in self.listening if (row := self.row(name, condition)) is not None]
        sign = -1 if self.metric.higher_is_better else 1
        return min(rows, key=lambda row: sign * row.value).method if rows else None

    def harness_condition(self, condition: Stated) -> Condition:
        """Return the pooled `condition` as the harness takes it."""
        return next(p.condition for p in self.run.predictions if p.condition.stated() == dict(condition))

    def predictions(self, method: str, condition: Stated) -> npt.NDArray[np.float64] | None:
        """Return what `method` predicted (n,) under the pooled `condition`, None where it is missing."""
        for one in self.run.predictions:
            if one.method == method and one.condition.stated() == dict(condition):
                return one.values(self.run.labels)
        return None

    def terms(self, method: str, condition: Stated) -> npt.NDArray[np.float64] | None:
        """Return the error or score of each sample (n,) by the metric that ranks, None where it is missing."""
        predicted = self.predictions(method, condition)
        return None if predicted is None else self.metric.per_sample(self.run.labels.truth, predicted)
