"""Renders camera views of a scene with the same ray structure that traces sound.

`render` returns the picture as if drawn at three times the size and reduced (`rendering/shading.py` explains how, and
which samples need a ray), with metric depth and instance at each pixel centre. `glance` returns only depth and
instance, at fewer points and for many headings at once, to choose views.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .cameras import PITCH_DEG, Camera, image_plane, orientation
from .rendering.filtering import reduce_picture
from .rendering.painting import paint_hits, paint_planes
from .rendering.shading import SAMPLES, agreements, centre_samples, look, sample_rays
from .rendering.surfaces import surfaces_of
from .scenes.rays import Hits
from .scenes.scene import Scene

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

BACKGROUND = (0, 0, 0)
"""Background colour: faces that are not hit have no light."""


class View(NamedTuple):
    """A camera view.

    `image` is (height, width, 3). `depth` (height, width) is in metres along the optical axis, 0 where nothing is hit.
    `instance` (height, width) is -1 there, and the index of the face in a scene without instances.
    """

    image: npt.NDArray[np.uint8]
    depth: Float32
    instance: Int32


class Glance(NamedTuple):
    """`depth` and `instance` (headings, height / stride, width / stride), as in `View`."""

    depth: Float32
    instance: Int32


def render(
    scene: Scene,
    position: npt.ArrayLike,
    heading: float,
    camera: Camera = Camera(),  # noqa: B008
    pitch: float = PITCH_DEG,
    *,
    every_sample: bool = False,
) -> View:
    """Return the view from `position` (3,) m; angles in degrees.

    With `every_sample` all samples are traced, which is slow and serves as reference. Raises InputError for a position
    that is not finite.
    """
    eye = _checked_position(position)
    view, width, height = _view_from(eye, camera, heading, pitch), camera.width, camera.height
    surfaces = surfaces_of(scene)
    centres = sample_rays(view, width, centre_samples(width, height))
    hits = cast(scene, eye, centres.direction)
    fine = np.empty((SAMPLES * height, SAMPLES * width, 3), dtype=np.uint8)
    left = np.arange(SAMPLES * height * SAMPLES * width)
    if not every_sample:
        seen = look(surfaces, view, centres.point, hits)
        left = paint_planes(surfaces, seen, agreements(surfaces, width, height, seen), fine)
    others = sample_rays(view, width, left)
    paint_hits(surfaces, look(surfaces, view, others.point, cast(scene, eye, others.direction)), left, fine)
    depth = _depth(hits, centres.ahead).reshape(height, width)
    return View(reduce_picture(fine), depth, _instances(scene, hits.face).reshape(height, width))


def glance(
    scene: Scene,
    position: npt.ArrayLike,
    headings: npt.ArrayLike,
    camera: Camera = Camera(),  # noqa: B008
    pitch: float = PITCH_DEG,
    stride: int = 4,
) -> Glance:
    """Return depth and instance at the centre of every block of `stride` x `stride` pixels, for all `headings`."""
    eye = _checked_position(position)
    coarse = camera.scaled(1 / stride)
    centres = centre_samples(coarse.width, coarse.height)
    views = [_view_from(eye, coarse, heading, pitch) for heading in np.asarray(headings, np.float64)]
    rays = [sample_rays(view, coarse.width, centres) for view in views]
    hits = cast(scene, eye, np.concatenate([one.direction for one in rays]))
    shape = (len(views), coarse.height, coarse.width)
    depth = _depth(hits, np.concatenate([one.ahead for one in rays]))
    return Glance(depth.reshape(shape), _instances(scene, hits.face).reshape(shape))


def _view_from(eye: Float64, camera: Camera, heading: float, pitch: float) -> Float64:
    """Return the `view` (5, 3) of `rendering.shading.look`."""
    turned = orientation(heading, pitch)
    return np.stack([eye, *image_plane(camera, turned), -turned[:, 2]])


def cast(scene: Scene, eye: Float64, directions: npt.NDArray[np.floating]) -> Hits:
    """Return the hits of the rays from `eye` (3,) along the unit `directions` (n, 3)."""
    return scene.rays.hits(np.broadcast_to(eye.astype(np.float32), directions.shape), directions)


def _depth(hits: Hits, ahead: Float64) -> Float32:
    """Return the depth (n,) of `hits` of rays that lead `ahead` (n,) along the optical axis, 0 where nothing is hit."""
    return np.where(hits.face >= 0, hits.distance * ahead, 0.0).astype(np.float32)


def _instances(scene: Scene, face: Int32) -> Int32:
    if scene.instance is None:
        return face
    return np.where(face >= 0, scene.instance[face], -1).astype(np.int32)


def _checked_position(position: npt.ArrayLike) -> Float64:
    eye = np.asarray(position, dtype=np.float64)
    if eye.shape != (3,) or not np.isfinite(eye).all():
        raise InputError(f"camera position {eye.tolist()}: expected three finite coordinates in metres")
    return eye
