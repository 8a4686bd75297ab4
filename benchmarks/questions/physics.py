"""Checks by physics: changes of a method's input whose effect on its answer is known without any label.

Swapping two microphones negates their delay, whatever is said. A check declares the change and the effect; a stimulus
lists its checks in the function that `Stimulus.physics` names, which takes the track, since one stimulus can serve
tracks with different answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from .answer import AnswerKind, Answers
from .labels import Float64, Indices, Labels
from .maps import Map, enlarged, map_of
from .quantities import Quantity

Mask = npt.NDArray[np.bool_]
Rule = Literal["equals", "moves", "answers"]
"""What the answer to a changed input must be: the expected one; another one; any finite one."""


class Answered(Protocol):
    """What has `answer`: a track."""

    @property
    def answer(self) -> AnswerKind:
        """The kind of its answers."""


@dataclass(frozen=True)
class Distance:
    """How far answers are apart: `between` gives (n,), at least 0, in `unit`; `described` tells many in a few words."""

    unit: str
    between: Callable[[Answers, Answers], Float64]
    described: Callable[[Answers], str]


@dataclass(frozen=True)
class Asked:
    """Samples with a method's answers `before` and `after` a change, each (n, *shape); `batch` is the unchanged one."""

    batch: Any
    labels: Labels
    before: Answers
    after: Answers


@dataclass(frozen=True)
class Check:
    """One change and its effect. `physics` says it in a sentence.

    `change` returns the changed batch, with as many samples in the same order. By the rule `equals`, an answer must be
    within `tolerance` (unit of `distance`) of what `expected` returns: of the answers that physics allows, the one
    nearest to `after`. By `moves` it must differ by more than that; by `answers` it must be finite. `counts` (n,)
    selects the samples that can be checked; None selects all.
    """

    name: str
    physics: str
    change: Callable[[Any, Labels], Any]
    distance: Distance
    tolerance: float
    expected: Callable[[Asked], Answers] | None = None
    rule: Rule = "equals"
    counts: Callable[[Asked], Mask] | None = None

    def __post_init__(self) -> None:
        assert (self.rule == "equals") == (self.expected is not None), "`equals` needs the expected answer"

    def counted(self, asked: Asked) -> Mask:
        """Return which samples (n,) can be checked."""
        return np.ones(len(asked.labels), dtype=bool) if self.counts is None else self.counts(asked)

    def deviation(self, asked: Asked) -> Float64:
        """Return how far (n,) answers are from the expected ones; if none are expected, from those before."""
        target = asked.before if self.expected is None else self.expected(asked)
        return self.distance.between(asked.after, target)


def distance_of(track: Answered) -> Distance:
    """Return the distance between answers of `track`: in its unit, in sides, or 1 - r of maps."""
    if track.answer.quantity is not None:
        return in_unit_of(track.answer.quantity)
    return MAPS if track.answer.shape else SIDES


def in_unit_of(quantity: Quantity) -> Distance:
    """Return the distance between answers that are a `quantity`, angles the short way round.

    >>> from .quantities import AZIMUTH
    >>> in_unit_of(AZIMUTH).between(np.array([170.0]), np.array([-170.0])).tolist()
    [20.0]
    """

    def between(answers: Answers, others: Answers) -> Float64:
        return np.abs(quantity.in_unit(answers - others))

    def described(answers: Answers) -> str:
        low, high = np.quantile(quantity.in_unit(answers), [0.05, 0.95])
        return f"90 % lie in [{low:.{quantity.digits}f}, {high:.{quantity.digits}f}] {quantity.unit}"

    return Distance(quantity.unit, between, described)


def _sides_apart(answers: Answers, others: Answers) -> Float64:
    return np.asarray((answers >= 0) != (others >= 0), dtype=np.float64)


def _share_left(answers: Answers) -> str:
    return f"{100 * np.mean(answers >= 0):.0f} % are left"


SIDES = Distance("sides", _sides_apart, _share_left)
"""0 for the same side and 1 for the other; answers >= 0 are left."""


def maps_apart(answers: Answers, others: Answers) -> Float64:
    """Return 1 - r (n,) of stored maps (n, 3138): 0 for the same shape, 2 for its negative.

    r is Pearson's correlation of cells, at 224 x 224 pixels if the sizes differ. Two even maps are the same. An even
    one and another, or one that says "nothing sounds" and one that does not, are 1 apart.
    """
    pairs = zip(answers, others, strict=True)
    return np.array([_apart(map_of(one), map_of(other)) for one, other in pairs], dtype=np.float64)


def _apart(one: Map, other: Map) -> float:
    if bool(one.max() > 0) != bool(other.max() > 0):
        return 1.0
    if one.shape != other.shape:
        one, other = (enlarged(each, "aligned_bilinear") for each in (one, other))
    a, b = (each.astype(np.float64) - each.mean(dtype=np.float64) for each in (one, other))
    sizes = [float(np.linalg.norm(each)) for each in (a, b)]
    flat = [size <= 1e-6 * float(np.abs(each).max(initial=0)) for size, each in zip(sizes, (one, other), strict=True)]
    if any(flat):
        return 0.0 if all(flat) else 1.0
    return max(0.0, 1.0 - float((a * b).sum()) / (sizes[0] * sizes[1]))


def says_something(answers: Answers) -> Mask:
    """Return which stored maps (n, 3138) say that something in the picture sounds."""
    return np.array([map_of(answer).max() > 0 for answer in answers], dtype=bool)


def _share_silent(answers: Answers) -> str:
    return f"{100 * np.mean(~says_something(answers)):.0f} % say that nothing sounds"


MAPS = Distance("1 - r", maps_apart, _share_silent)


def negated(asked: Asked) -> Answers:
    """Return the answers before, negated."""
    return -asked.before


def unchanged(asked: Asked) -> Answers:
    """Return the answers before."""
    return asked.before


def next_of(groups: npt.ArrayLike) -> Indices:
    """Return for each sample the index (n,) of the next one with the same `groups` (n,), after the last the first.

    >>> next_of([5, 5, 7, 5]).tolist()
    [1, 3, 2, 0]
    """
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order])
    ends = np.searchsorted(codes[order], codes[order], side="right")
    place = np.arange(len(order)) + 1
    found = np.empty(len(order), dtype=np.intp)
    found[order] = order[np.where(place == ends, starts, place)]
    return found
