"""Cameras against OpenCV's projection and closed forms."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from whence.conventions import wrap_degrees
from whence.datagen.cameras import (
    PITCH_DEG,
    Camera,
    back_project,
    orientation,
    project,
    ray_directions,
    relative_rotation,
)
from whence.errors import InputError

HEADINGS = st.floats(-360, 360, allow_nan=False)
TO_OPENCV = np.diag([1.0, -1.0, -1.0])


def test_the_default_camera_is_that_of_the_fact_sheet() -> None:
    camera = Camera()
    assert camera.focal == pytest.approx(277.128, abs=1e-3)
    assert camera.intrinsics.tolist() == [[camera.focal, 0, 160], [0, camera.focal, 120], [0, 0, 1]]
    assert 2 * np.degrees(np.arctan(120 / camera.focal)) == pytest.approx(46.8, abs=0.05)
    assert PITCH_DEG == -22.5


@given(HEADINGS, st.floats(-80, 80))
@settings(deadline=None, max_examples=50)
def test_orientation_looks_along_the_heading(heading: float, pitch: float) -> None:
    turned, angle, tilt = orientation(heading, pitch), np.radians(heading), np.radians(pitch)
    level = np.array([-np.sin(angle), 0, -np.cos(angle)])
    np.testing.assert_allclose(turned[:, 0], [np.cos(angle), 0, -np.sin(angle)], atol=1e-12)
    np.testing.assert_allclose(-turned[:, 2], np.cos(tilt) * level + [0, np.sin(tilt), 0], atol=1e-12)
    np.testing.assert_allclose(turned.T @ turned, np.eye(3), atol=1e-12)
    assert np.linalg.det(turned) == pytest.approx(1.0)


@given(HEADINGS, st.floats(-40, 40))
@settings(deadline=None, max_examples=30)
def test_project_is_opencv_s(heading: float, pitch: float) -> None:
    camera, turned = Camera(), orientation(heading, pitch)
    rng = np.random.default_rng(3)
    position = rng.uniform(-2, 2, 3)
    points = position + (rng.uniform((-2, -1, -6), (2, 1, -1), (20, 3))) @ turned.T
    rotation = TO_OPENCV @ turned.T
    expected, _ = cv2.projectPoints(
        points, Rotation.from_matrix(rotation).as_rotvec(), -rotation @ position, camera.intrinsics, None
    )
    pixels, depth = project(camera, turned, position, points)
    np.testing.assert_allclose(pixels, expected[:, 0], atol=1e-6)
    np.testing.assert_allclose(depth, (rotation @ (points - position).T)[2], atol=1e-9)


def test_rays_and_back_projection_invert_the_projection() -> None:
    camera, turned, position = Camera(32, 24), orientation(37.0), np.array([1.0, 1.5, -2.0])
    depth = np.random.default_rng(1).uniform(0.5, 9, (24, 32))
    y, x = np.mgrid[:24, :32] + 0.5
    for points in (position + 3 * ray_directions(camera, turned), back_project(camera, turned, position, depth)):
        pixels, found = project(camera, turned, position, points.reshape(-1, 3))
        np.testing.assert_allclose(pixels, np.stack([x.ravel(), y.ravel()], axis=1), atol=1e-9)
    np.testing.assert_allclose(found, depth.ravel(), atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(ray_directions(camera, turned), axis=2), 1.0)


@given(HEADINGS, st.floats(-25, 25))
@settings(deadline=None, max_examples=30)
def test_what_is_to_the_left_appears_to_the_left(heading: float, azimuth: float) -> None:
    angle = np.radians(heading + azimuth)
    pixels, _ = project(Camera(), orientation(heading, 0.0), np.zeros(3), [[-np.sin(angle), 0, -np.cos(angle)]])
    assert pixels[0, 0] == pytest.approx(160 - Camera().focal * np.tan(np.radians(azimuth)), abs=1e-6)


@given(HEADINGS, HEADINGS)
@settings(deadline=None, max_examples=50)
def test_relative_rotation_moves_points_between_views(before: float, after: float) -> None:
    rotation = relative_rotation(before, after)
    point = np.random.default_rng(0).standard_normal((5, 3))
    first, second = (point @ orientation(heading) @ TO_OPENCV for heading in (before, after))
    np.testing.assert_allclose(first @ rotation.T, second, atol=1e-9)
    turn = np.degrees(Rotation.from_matrix(rotation).magnitude())
    assert turn == pytest.approx(abs(float(wrap_degrees(after - before))), abs=1e-5)


def test_points_behind_the_camera_have_no_image() -> None:
    pixels, depth = project(Camera(), orientation(0.0, 0.0), np.zeros(3), [[0, 0, 2.0], [0, 0, -2.0]])
    assert np.isnan(pixels[0]).all()
    assert depth.tolist() == [-2.0, 2.0]
    assert pixels[1].tolist() == [160.0, 120.0]


@pytest.mark.parametrize("camera", [(0, 240, 60.0), (320, 240, 180.0), (320, 240, 0.0)])
def test_a_camera_that_cannot_be_is_refused(camera: tuple[int, int, float]) -> None:
    with pytest.raises(InputError, match="expected"):
        Camera(*camera)


def test_a_stride_must_divide_the_picture() -> None:
    assert Camera().scaled(0.25) == Camera(80, 60)
    with pytest.raises(InputError, match="whole pixels"):
        Camera().scaled(1 / 7)
