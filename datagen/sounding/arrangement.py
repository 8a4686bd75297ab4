"""Arranges one picture: camera, two or three objects in view, and two sources out of view."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...conventions import wrap_degrees
from ..cameras import Camera
from ..home import TracedHome
from ..scenes.scene import Scene
from .boxes import box_of, overlap, share_of
from .models import Model, assembled
from .outlook import Outlook, look_from
from .placement import Placed, Target, put, visible_pixels
from .profiles import Profile

Float64 = npt.NDArray[np.float64]

CAMERAS, CAMERAS_PER_SIZE, TRIES = 240, 24, 12
"""Cameras tried for a picture, and for one choice of sizes, and targets tried for each object from one camera."""
LEAST_DEPTH, LEAST_MEDIAN_DEPTH = 0.3, 1.2
"""Least distance of the nearest surface, and of the median one, from a camera, m."""
NEAREST_SOURCE, FARTHEST_SOURCE = 0.5, 4.0
"""Distance of a source out of view from the ears, m."""
SOURCE_HEIGHTS = (0.2, 1.8)
MARGIN = 8.0
"""Least angle between a source out of view and the edge of the picture, degrees."""
_SOURCE_TRIES = 40


@dataclass(frozen=True, eq=False)
class Arrangement:
    """What is in a picture: the `outlook` of its camera, the objects `placed`, and the sources out of view (2, 3) m."""

    outlook: Outlook
    placed: Sequence[Placed]
    unseen: Float64

    @property
    def scene(self) -> Scene:
        """The objects, then their side tables; instance k is object k."""
        tables = [one.table for one in self.placed if one.table]
        return assembled([*((one.model, one.pose) for one in self.placed), *tables])

    @property
    def sources(self) -> Float64:
        """All sources (objects + 2, 3), m."""
        return np.concatenate([[one.centre for one in self.placed], self.unseen])


def directions_from(eye: Float64, heading: float, sources: Float64) -> tuple[Float64, Float64, Float64]:
    """Return azimuth, elevation (degrees, left and up positive) and distance (m) of `sources` (n, 3) from the ears.

    The ears are at `eye` (3,) m and face `heading` degrees.
    """
    away = sources - eye
    distance = np.linalg.norm(away, axis=1)
    azimuth = wrap_degrees(np.degrees(np.arctan2(-away[:, 0], -away[:, 2])) - heading)
    return azimuth, np.degrees(np.arcsin(away[:, 1] / distance)), distance


def arrange(
    home: TracedHome, models: Sequence[Model], table: Model, profile: Profile, rng: np.random.Generator
) -> Arrangement | None:
    """Return `models` in a picture of `home`, None if there is no place for them."""
    for camera in range(CAMERAS):
        if camera % CAMERAS_PER_SIZE == 0:
            areas = profile.areas(len(models), rng)
        foot = home.floor.random_point(rng)
        eye = foot + np.array([0.0, rng.uniform(*profile.eye), 0.0])
        outlook = look_from(home.scene, eye, float(rng.uniform(0, 360)))
        if not has_room(outlook):
            continue
        placed = _place_all(models, table, areas, home, outlook, profile, rng)
        unseen = None if placed is None else unseen_sources(home, outlook, rng)
        if placed is not None and unseen is not None:
            return Arrangement(outlook, placed, unseen)
    return None


def has_room(outlook: Outlook) -> bool:
    """Return whether nothing is right before the camera."""
    depth = np.minimum(outlook.distance, 10.0)
    return bool(depth.min() > LEAST_DEPTH and np.median(depth) > LEAST_MEDIAN_DEPTH)


def _place_all(
    models: Sequence[Model],
    table: Model,
    areas: Float64,
    home: TracedHome,
    outlook: Outlook,
    profile: Profile,
    rng: np.random.Generator,
) -> list[Placed] | None:
    """Return all `models` in view, each well visible, None if one finds no place."""
    placed: list[Placed] = []
    for model, area in zip(models, areas, strict=True):
        for _ in range(TRIES):
            target = Target(*profile.centre(float(np.sqrt(area)) / 2, rng), float(area))
            one = put(model, table, outlook, target, profile, rng)
            if one is None or not home.in_sight(outlook.eye[None], one.centre):
                continue
            if fits(one, placed, outlook, profile):
                placed.append(one)
                break
        else:
            return None
    return placed


def fits(one: Placed, others: list[Placed], outlook: Outlook, profile: Profile) -> bool:
    """Return whether `one` and all `others` are well visible together."""
    if any(overlap(one.box, other.box) > profile.most_overlap for other in others):
        return False
    if profile.least_inside and one.share_inside(outlook) < profile.least_inside:
        return False
    together = [*others, one]
    seen = visible_pixels(together, outlook)
    own = [np.isfinite(each.distance).sum() for each in together]
    if any(pixels.sum() < profile.least_visible * all_own for pixels, all_own in zip(seen, own, strict=True)):
        return False
    areas = [share_of(box_of(pixels)) for pixels in seen]
    return max(areas) <= profile.largest_ratio * min(areas)


def unseen_sources(home: TracedHome, outlook: Outlook, rng: np.random.Generator) -> Float64 | None:
    """Return two sources (2, 3) out of view in line of sight, None if they are not found."""
    found: list[Float64] = []
    for _ in range(_SOURCE_TRIES):
        foot = home.floor.random_point_near(rng, outlook.eye, FARTHEST_SOURCE)
        if foot is None:
            return None
        source = foot + np.array([0.0, rng.uniform(*SOURCE_HEIGHTS), 0.0])
        if _is_heard_only(source, outlook) and home.in_sight(outlook.eye[None], source):
            found.append(source)
        if len(found) == 2:
            return np.array(found)
    return None


def _is_heard_only(source: Float64, outlook: Outlook) -> bool:
    away = source - outlook.eye
    azimuth = wrap_degrees(np.degrees(np.arctan2(-away[0], -away[2])) - outlook.heading)
    beside = abs(float(azimuth)) > Camera().horizontal_field_of_view / 2 + MARGIN
    return beside and NEAREST_SOURCE <= float(np.linalg.norm(away, axis=-1)) <= FARTHEST_SOURCE
