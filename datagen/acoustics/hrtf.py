"""Head-related impulse responses, from a rigid sphere or from measurements."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from .sofa import SofaHead
from .sphere_head import HEAD_RADIUS, SphereHead

__all__ = ["HEAD_RADIUS", "Head", "SofaHead", "SphereHead", "open_head"]


class Head(Protocol):
    """A listener's head, at 16 kHz.

    A wave that reaches the centre of the head at sample t appears at sample t + `lead`. Responses are `taps` samples
    long and relative to the free field at the centre (1 / (4 pi d) is not included).
    """

    @property
    def name(self) -> str:
        """Name of the head in results."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Where the head departs from its file, or leaves part of it out; one line each."""

    @property
    def taps(self) -> int:
        """Length of a response, samples."""

    @property
    def lead(self) -> int:
        """Samples of a response before the free-field click."""

    def responses(self, directions: npt.ArrayLike, distances: npt.ArrayLike | None = None) -> npt.NDArray[np.float32]:
        """Return the responses (left, right) to a click from each direction, float32 (n, 2, taps).

        `directions` (n, 3) are unit vectors towards the source in head axes (x right, y up, z backwards). `distances`
        (n,) are in m from the centre of the head; None means infinitely far.
        """


def open_head(source: str | None) -> Head:
    """Return the head of the SOFA file `source`, or the rigid sphere if it is None.

    >>> open_head(None).responses([[-1.0, 0.0, 0.0]]).shape
    (1, 2, 128)
    """
    return SphereHead() if source is None else SofaHead(source)
