"""How a head turns a sound from somewhere into two: by the rigid sphere, or by measured responses."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from .sofa import SofaHead
from .sphere_head import HEAD_RADIUS, SphereHead

__all__ = ["HEAD_RADIUS", "Head", "SofaHead", "SphereHead", "open_head"]


class Head(Protocol):
    """A listener's head, at 16 kHz.

    A wave that passes the centre of the head at sample t has its free-field sample at t + `lead`; responses are
    `taps` samples long, relative to the free field at the centre (1 / (4 pi d) is not included).
    """

    @property
    def name(self) -> str:
        """What results call it."""

    @property
    def taps(self) -> int:
        """Samples of a response."""

    @property
    def lead(self) -> int:
        """Samples of a response before the free field's click."""

    def responses(self, directions: npt.ArrayLike, distances: npt.ArrayLike | None = None) -> npt.NDArray[np.float32]:
        """Return what both ears (left, right) hear of a click from each direction, float32 (n, 2, taps).

        `directions` (n, 3) are unit vectors towards the source in head axes (x right, y up, z backwards), `distances`
        (n,) m from the centre of the head, infinitely far where None.
        """


def open_head(source: str | None) -> Head:
    """Return the head that `source` names: a SOFA file, or the rigid sphere where it is None.

    >>> open_head(None).responses([[-1.0, 0.0, 0.0]]).shape
    (1, 2, 128)
    """
    return SphereHead() if source is None else SofaHead(source)
