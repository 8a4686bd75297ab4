"""What methods are given: the protocols of a condition and of a batch, and the stimulus that makes batches.

A stimulus says how the samples of a dataset become what a method is given under a condition, such as stereo clips
with noise. A track names its stimulus; the harness, the results and the report know nothing else of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from ...datagen.dataset import Dataset
from ...errors import InputError
from .labels import Labels


class Condition(Protocol):
    """One cell of the grid: a frozen dataclass whose fields are its settings."""

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name, None where it is off; the class takes them as keywords again."""

    def columns(self) -> dict[str, float]:
        """Return the condition as the columns of a predictions file; NaN where a setting is off."""

    def label(self) -> str:
        """Return a short name for tables and files."""

    def given(self) -> str:
        """Return what a method is given of one sample, in words."""


class Batch(Protocol):
    """What a method is given at once."""

    @property
    def sample_id(self) -> Sequence[str]:
        """The name of each sample, for methods that need random numbers."""

    def __len__(self) -> int: ...

    def copy(self) -> Self:
        """Return a batch with arrays of its own, so that no method can change what the next one is given."""


C = TypeVar("C", bound=Condition)


def _as_it_is(dataset: Dataset, condition: C) -> C:
    return condition


@dataclass(frozen=True)
class Stimulus(Generic[C]):
    """How samples become what methods are given.

    `noun` names one sample, `sense` and `attention` say what a method does with it, such as hear and listen.
    `condition` is the class of its conditions, `options` the options of `whence bench` that make them: `grid` takes
    those that the user gave (by name) and the track's own conditions. `batches` yields what is given of the samples
    under a condition, in the order of the labels; `suited` is the condition as it can be had of a dataset.
    """

    noun: str
    sense: str
    attention: str
    condition: type[C]
    options: tuple[str, ...]
    grid: Callable[[Mapping[str, Any], Sequence[C]], list[C]]
    batches: Callable[[Dataset, Labels, C], Iterator[Batch]]
    suited: Callable[[Dataset, C], C] = _as_it_is

    def conditions(self, given: Mapping[str, Any], own: Sequence[C], track: str) -> list[C]:
        """Return the grid that the options `given` ask for; raises InputError for one that does not apply."""
        for name in given:
            if name not in self.options:
                known = ", ".join(map(_flag, self.options)) or "no such options: its samples are given as stored"
                raise InputError(f"{_flag(name)} does not apply to the track {track!r}, which has {known}")
        return self.grid(given, own)


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
