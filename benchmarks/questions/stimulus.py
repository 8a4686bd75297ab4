"""The input of methods: interfaces of conditions and batches, and the stimulus that makes batches.

A stimulus turns the samples of a dataset into a method's input under a condition, such as stereo clips with noise. A
track names its stimulus; the harness, the results and the report need nothing else.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from ...datagen.dataset import Dataset
from ...registry import load
from .labels import Labels
from .settings import Stated


class Condition(Protocol):
    """One condition of the grid: a frozen dataclass whose fields are its settings."""

    def __hash__(self) -> int:
        """Return the same number for equal settings."""

    def stated(self) -> dict[str, float | int | None]:
        """Return every setting by name, None if it is off; the constructor takes them as keywords."""

    def label(self) -> str:
        """Return a short name for tables and files."""

    def given(self) -> str:
        """Describe a method's input for one sample."""

    def published_form(self) -> bool:
        """Return whether all settings that papers keep fixed have their published values, so that numbers compare."""


def columns_of(condition: Condition) -> dict[str, float]:
    """Return the condition as columns of a predictions file; NaN for a setting that is off."""
    return {key: float("nan") if value is None else float(value) for key, value in condition.stated().items()}


class Batch(Protocol):
    """The input of one `predict` call: a frozen dataclass of arrays and constants."""

    @property
    def sample_id(self) -> Sequence[str]:
        """The name of each sample, for methods that need random numbers."""

    def __len__(self) -> int: ...


B = TypeVar("B", bound=Batch)


def private_copy(batch: B) -> B:
    """Return a deep copy of `batch`, so that no method can change the input of the next one."""
    fields = {f.name: getattr(batch, f.name) for f in dataclasses.fields(batch)}  # type: ignore[arg-type]
    own = {name: value.copy() for name, value in fields.items() if isinstance(value, np.ndarray)}
    return dataclasses.replace(batch, **own)  # type: ignore[type-var]


@dataclass(frozen=True)
class GivenArray:
    """One array of a batch that a sealed set holds: its name, the dimensions of one sample, a description. `file` is
    the file name ending under which boards play or show it, "wav" or one in "jpg"; empty if they do not.
    """

    name: str
    dimensions: tuple[str, ...]
    description: str
    file: str = ""

    def stored_name(self, condition: int) -> str:
        """Return the array's name in the dataset under the condition with that number."""
        return f"condition_{condition}_{self.name}"


C = TypeVar("C", bound=Condition)


def _as_it_is(dataset: Dataset, condition: C) -> C:
    return condition


@dataclass(frozen=True)
class Stimulus(Generic[C]):
    """How samples become the input of methods.

    `noun` names one sample; `sense` and `attention` are what a method does with it, such as hear and listen.
    `condition` is the class of its conditions, `batch` that of its batches of at most `size` samples. A batch holds the
    `arrays`, the `constants` that all samples of a condition share, and `sample_id`, nothing else; so does a sealed
    set. `batches` yields the input of the samples under a condition, in the order of the labels; `suited` adapts a
    condition to a dataset. `revealed` yields the same with parts of the truth, for oracles; None if there are none.
    `exhibits` names the function (`module:name`) that shows single samples in a report; empty if they have no picture
    or sound. `gallery` names the one that shows samples of one row beside each other, with the same arguments, of
    which the answers are to all samples; empty if rows hold one sample. `physics` names the function that returns the
    checks of a track (`track -> Sequence[Check]`, see `questions.physics`); empty if there are none.
    """

    noun: str
    sense: str
    attention: str
    condition: type[C]
    batch: Callable[..., Batch]
    size: int
    arrays: tuple[GivenArray, ...]
    constants: tuple[str, ...]
    batches: Callable[[Dataset, Labels, C], Iterator[Batch]]
    suited: Callable[[Dataset, C], C] = _as_it_is
    revealed: Callable[[Dataset, Labels, C], Iterator[Batch]] | None = None
    exhibits: str = ""
    gallery: str = ""
    physics: str = ""

    def condition_of(self, stated: Stated) -> C:
        """Return the condition whose `stated()` is `stated`."""
        return self.condition(**stated)

    def load_exhibits(self) -> Callable[..., Sequence[Any]] | None:
        """Return the function named by `exhibits`. It loads matplotlib, so it is imported only when needed."""
        found: Callable[..., Sequence[Any]] | None = load(self.exhibits) if self.exhibits else None
        return found

    def load_gallery(self) -> Callable[..., Sequence[Any]] | None:
        """Return the function named by `gallery`, imported only when needed."""
        found: Callable[..., Sequence[Any]] | None = load(self.gallery) if self.gallery else None
        return found

    def load_physics(self) -> Callable[[Any], Sequence[Any]] | None:
        """Return the function named by `physics`, imported only when needed."""
        found: Callable[[Any], Sequence[Any]] | None = load(self.physics) if self.physics else None
        return found
