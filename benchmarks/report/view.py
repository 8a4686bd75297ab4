"""The report's view of a run: methods in rank order, the grid of conditions, scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..questions.answer import Answers
from ..questions.metrics import Metric
from ..questions.quantities import Quantity
from ..questions.settings import Stated, Wording
from ..questions.stimulus import Condition
from ..running.predictions import read_predictions
from ..running.run import Run
from ..scoring.main_table import ordered
from ..scoring.results import CEILING, CHANCE, Row
from ..scoring.scored import Scored


def capitalised(text: str) -> str:
    """Return `text` with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class View:
    """The report's view of a run. The metric `chosen` ranks the methods, by default the track's first."""

    run: Run
    chosen: Metric | None = None

    @property
    def metric(self) -> Metric:
        """The ranking metric."""
        return self.chosen or self.run.track.metrics[0]

    @property
    def quantity(self) -> Quantity | None:
        """The predicted quantity; None for sides and maps."""
        return self.run.track.quantity

    @property
    def wording(self) -> Wording:
        """The wording of conditions."""
        return self.run.track.wording

    @property
    def noun(self) -> str:
        """The noun for one sample."""
        return self.run.track.stimulus.noun

    @property
    def attention(self) -> str:
        """The verb for a method that uses its input: listen or look."""
        return self.run.track.stimulus.attention

    @property
    def cluster_noun(self) -> str:
        """The plural noun for clusters of dependent samples."""
        return self.run.labels.cluster_name + "s"

    @cached_property
    def _conditions(self) -> list[Stated]:
        distinct = {frozenset(row.condition.items()): row.condition for row in self.run.results.rows}
        return list(distinct.values())

    @cached_property
    def pooled(self) -> list[Stated]:
        """The conditions over all samples, in the order they were run."""
        return [c for c in self._conditions if not self.wording.part_keys(c)]

    def split(self, condition: Stated) -> list[Stated]:
        """Return `condition` for each part of the samples, such as each nominal RT60; empty if there are none."""
        return [c for c in self._conditions if self.wording.part_keys(c) and condition.items() <= c.items()]

    @cached_property
    def varying(self) -> list[str]:
        """The settings that differ among the pooled conditions."""
        return self.wording.varying(self.pooled)

    def text(self, condition: Stated) -> str:
        """Return the settings that distinguish `condition`: those that vary (noise if none does), and its part."""
        shown = self.varying or [key for key in ("snr_db",) if key in self.middle]
        return self.wording.text(condition, [*shown, *self.wording.part_keys(condition)]) or f"all {self.noun}s"

    @cached_property
    def middle(self) -> Stated:
        """The representative pooled condition."""
        return self.wording.middle(self.pooled)

    @cached_property
    def _rows(self) -> dict[tuple[str, str, frozenset[tuple[str, float | int | None]]], Row]:
        rows = self.run.results.rows
        return {(row.method, row.metric, frozenset(row.condition.items())): row for row in rows}

    def row(self, method: str, condition: Stated, metric: Metric | None = None) -> Row | None:
        """Return the score of `method` under `condition`, None if it is missing."""
        return self._rows.get((method, (metric or self.metric).name, frozenset(condition.items())))

    @cached_property
    def methods(self) -> list[str]:
        """The methods, best mean over the pooled conditions first, those with missing conditions last."""
        return [n for n in ordered(self.run.results.rows, self.metric, self.pooled) if n not in (CHANCE, CEILING)]

    @cached_property
    def listening(self) -> list[str]:
        """The methods that use their input, best first."""
        attentive = {one.method for one in self.run.scored if one.listens}
        return [name for name in self.methods if name in attentive]

    def best(self, condition: Stated) -> str | None:
        """Return the listening method with the best score under `condition`, None if there is none."""
        rows = [row for name in self.listening if (row := self.row(name, condition)) is not None]
        sign = -1 if self.metric.higher_is_better else 1
        return min(rows, key=lambda row: sign * row.value).method if rows else None

    def harness_condition(self, condition: Stated) -> Condition:
        """Return the pooled `condition` as an object for the harness."""
        found: Condition = self.run.track.stimulus.condition_of(condition)
        return found

    def scored(self, method: str, condition: Stated) -> Scored | None:
        """Return the terms of `method` under the pooled `condition`, None if they are missing."""
        wanted = dict(condition)
        return next((o for o in self.run.scored if o.method == method and dict(o.condition) == wanted), None)

    def answers(self, method: str, condition: Stated) -> Answers | None:
        """Return the answers (n, *shape) of `method`, read from its file; None if they are missing."""
        found = self.scored(method, condition)
        return None if found is None or found.file is None else read_predictions(found.file).answers

    def terms(self, method: str, condition: Stated) -> npt.NDArray[np.float64] | None:
        """Return the error or score of each sample (n,) by the ranking metric, None if it is missing.

        NaN for samples that do not count.
        """
        found = self.scored(method, condition)
        return None if found is None else found.terms[self.metric.name]

    def names_with_terms(self, names: Sequence[str]) -> list[str]:
        """Return the `names` that were run under the middle condition."""
        return [name for name in names if self.scored(name, self.middle) is not None]
