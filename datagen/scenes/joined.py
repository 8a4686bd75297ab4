"""A home with a few objects put into it: two scenes seen as one, whose ray structures are kept."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .rays import Hits, Rays
from .scene import Scene


class JoinedRays(Rays):
    """Casts rays against two structures; faces of the second are numbered after the `count` faces of the first."""

    def __init__(self, first: Rays, second: Rays, count: int) -> None:
        self._first, self._second, self._count = first, second, count

    def hits(self, origins: npt.ArrayLike, directions: npt.ArrayLike) -> Hits:
        """Return the nearer of both hits of each ray."""
        far, near = self._first.hits(origins, directions), self._second.hits(origins, directions)
        nearer = (near.face >= 0) & ((far.face < 0) | (near.distance < far.distance))
        near = near._replace(face=near.face + np.int32(self._count))
        return Hits(*(np.where(nearer, one, other) for one, other in zip(near, far, strict=True)))

    def blocked(self, starts: npt.ArrayLike, ends: npt.ArrayLike, margin: float = 1e-3) -> npt.NDArray[np.bool_]:
        """Return whether anything of either is in the way."""
        return self._first.blocked(starts, ends, margin) | self._second.blocked(starts, ends, margin)


@dataclass(frozen=True, eq=False)
class JoinedScene(Scene):
    """The faces of `first` followed by those of `second`; instances of `second` are numbered after those of `first`."""

    first: Scene = None  # type: ignore[assignment]
    second: Scene = None  # type: ignore[assignment]

    @cached_property
    def rays(self) -> Rays:
        """The ray structures of both."""
        return JoinedRays(self.first.rays, self.second.rays, len(self.first.faces))


def joined(first: Scene, second: Scene) -> JoinedScene:
    """Return `first` with the objects of `second` in it; both have instances and the same materials."""
    assert first.instance is not None
    assert second.instance is not None
    texture = np.where(second.texture < 0, second.texture, second.texture + len(first.textures)).astype(np.int16)
    return JoinedScene(
        name=first.name,
        vertices=np.concatenate([first.vertices, second.vertices]),
        faces=np.concatenate([first.faces, second.faces + np.int32(len(first.vertices))]),
        material=np.concatenate([first.material, second.material]),
        materials=first.materials,
        colour=np.concatenate([first.colour, second.colour]),
        texture=np.concatenate([first.texture, texture]),
        texture_coordinates=np.concatenate([first.texture_coordinates, second.texture_coordinates]),
        textures=(*first.textures, *second.textures),
        instance=np.concatenate([first.instance, second.instance + np.int32(len(first.instance_names))]),
        instance_names=(*first.instance_names, *second.instance_names),
        first=first,
        second=second,
    )
