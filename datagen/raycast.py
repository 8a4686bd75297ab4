"""Renders camera views of a scene with the same ray structure that traces sound.

`render` returns the picture as if drawn at three times the size and reduced (`rendering/shading.py` explains how, and
which samples need a ray), with metric depth and instance at each pixel centre. `glance` returns only depth and
instance, at fewer points and for many headings at once, to choose views.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .cameras import PITCH_DEG, Camera, image_plane, orientation, ray_directions
from .rendering.filtering import reduce_picture
from .rendering.shading import SAMPLES, agreements, look, paint_hits, paint_planes, sample_rays
from .rendering.surfaces import surfaces_of
from .scenes.rays import Hits
from .scenes.scene import Scene

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]

BACKGROUND = (0, 0, 0)
"""Background colour."""


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
    turned = orientation(heading, pitch)
    view = np.stack([eye, *image_plane(camera, turned)])
    surfaces = surfaces_of(scene)
    directions = ray_directions(camera, turned)
    face, distance, u, v = cast(scene, eye, directions.reshape(-1, 3))
    fine = np.empty((SAMPLES * camera.height, SAMPLES * camera.width, 3), dtype=np.uint8)
    fine[:] = BACKGROUND
    left = np.arange(fine.shape[0] * fine.shape[1])
    if not every_sample:
        seen = look(surfaces, view, _centres(camera), face, u, v)
        left = paint_planes(surfaces, seen, agreements(surfaces, camera.width, camera.height, seen), fine)
    points, towards = sample_rays(view, camera.width, left)
    traced = cast(scene, eye, towards)
    paint_hits(surfaces, look(surfaces, view, points, traced.face, traced.u, traced.v), left, fine)
    shape = (camera.height, camera.width)
    depth = _depth(face.reshape(shape), distance.reshape(shape), directions, turned)
    return View(reduce_picture(fine), depth, _instances(scene, face).reshape(shape))


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
    turned = [orientation(heading, pitch) for heading in np.asarray(headings, np.float64)]
    directions = np.stack([ray_directions(coarse, one) for one in turned])
    hits = cast(scene, eye, directions.reshape(-1, 3))
    shape = directions.shape[:3]
    face, distance = hits.face.reshape(shape), hits.distance.reshape(shape)
    depth = [_depth(*each) for each in zip(face, distance, directions, turned, strict=True)]
    return Glance(np.stack(depth), _instances(scene, face))


def _centres(camera: Camera) -> Float64:
    """Return the image points (height x width, 2) of the pixel centres."""
    y, x = np.mgrid[: camera.height, : camera.width]
    return np.asarray(np.stack([x.ravel(), y.ravel()], axis=1) + 0.5)


def cast(scene: Scene, eye: Float64, directions: npt.NDArray[np.floating]) -> Hits:
    """Return the hits of the rays from `eye` (3,) along the unit `directions` (n, 3)."""
    return scene.rays.hits(np.broadcast_to(eye.astype(np.float32), directions.shape), directions)


def _depth(face: Int32, distance: Float32, directions: Float64, turned: Float64) -> Float32:
    """Return the depth of `distance` along the axis of a camera oriented by `turned`, 0 where nothing is hit."""
    return np.where(face >= 0, distance * -np.einsum("rck,k->rc", directions, turned[:, 2]), 0.0).astype(np.float32)


def _instances(scene: Scene, face: Int32) -> Int32:
    if scene.instance is None:
        return face
    return np.where(face >= 0, scene.instance[face], -1).astype(np.int32)


def _checked_position(position: npt.ArrayLike) -> Float64:
    eye = np.asarray(position, dtype=np.float64)
    if eye.shape != (3,) or not np.isfinite(eye).all():
        raise InputError(f"camera position {eye.tolist()}: expected three finite coordinates in metres")
    return eye
