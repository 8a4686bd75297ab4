"""Pictures by a level camera, turned onto the sphere, where a turn of the camera is a shift along a row."""

import math

import torch
from torch import Tensor
from torch.nn import functional

MIDDLE, SPREAD = 0.45, 0.25
"""Of the levels 0..1 of a picture: what is taken off, and what the rest is divided by."""


def on_the_sphere(image: Tensor, pitch: Tensor, focal: Tensor, rows: int, columns: int, step_deg: float) -> Tensor:
    """Return pictures (n, 3, height, width) on a grid of directions, and where they show anything: (n, 4, rows,
    columns).

    A cell is `step_deg` wide and high; the middle column is the camera's heading, the middle row its `pitch` (n,), rad,
    positive upwards. Columns run from left to right. `focal` (n,) is the focal length in widths of the picture; the
    optical axis meets the picture in its middle.
    """
    azimuth = torch.deg2rad((torch.arange(columns, device=image.device) - (columns - 1) / 2) * step_deg)  # to the right
    below = torch.deg2rad((torch.arange(rows, device=image.device) - (rows - 1) / 2) * step_deg)
    elevation = pitch[:, None, None] - below[None, :, None]
    ahead, right = elevation.cos() * azimuth.cos(), (elevation.cos() * azimuth.sin()).expand(len(image), rows, columns)
    up = elevation.sin().expand_as(right)
    sine, cosine = pitch.sin()[:, None, None], pitch.cos()[:, None, None]
    depth, height = cosine * ahead + sine * up, cosine * up - sine * ahead
    far = depth.clamp_min(1e-3)
    aspect = image.shape[-1] / image.shape[-2]
    x, y = 2 * focal[:, None, None] * right / far, -2 * focal[:, None, None] * aspect * height / far
    seen = ((x.abs() < 1) & (y.abs() < 1) & (depth > 0))[:, None].float()
    found = functional.grid_sample(image, torch.stack([x, y], dim=-1), align_corners=False, padding_mode="border")
    return torch.cat([(found - MIDDLE) / SPREAD * seen, seen], dim=1)


def focal_in_widths(field_of_view_deg: float) -> float:
    """Return the focal length, in widths of the picture, for a horizontal field of view.

    >>> round(focal_in_widths(60.0), 4)
    0.866
    """
    return 0.5 / math.tan(math.radians(field_of_view_deg) / 2)
