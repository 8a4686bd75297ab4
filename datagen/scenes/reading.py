"""Decides how to read the files of a `SceneFiles`, from the user's settings, the file layout and the geometry."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from ...errors import InputError
from .frame import HABITAT_MATTERPORT, Frame, Up, known_frame, standard_frame
from .glb import read_corners
from .opening import SceneFiles
from .orientation import Judgement, as_options, judge
from .scene_axes import measure

TRUST = 3.0
"""Prior factor for the axis of Habitat-Matterport 3D if a file has the layout of that data set."""


FARTHEST = 1e30
"""Coordinates that no scene has, in any unit: sums and products of larger ones overflow."""


@dataclass(frozen=True)
class Reading:
    """`homes` with the frame of each, and one-line `remarks` for the user."""

    homes: SceneFiles
    remarks: tuple[str, ...] = ()

    @property
    def unusual(self) -> dict[str, Frame]:
        """The frames that deviate from the standard, by name of the home."""
        homes = self.homes
        paired = zip(homes.names, homes.frames, map(homes.origin, range(len(homes.files))), strict=True)
        return {name: frame for name, frame, path in paired if frame != standard_frame(path)}


def judged(homes: SceneFiles, *, up: Up | None = None, scale: float | None = None) -> Reading:
    """Return `homes`, centred, each in the frame judged from layout and geometry, with remarks for the user.

    `up` is the up axis of all of them and `scale` their metres per unit; None means judged. Raises InputError if a
    file cannot be read, or if only the user can decide.
    """
    if scale is not None and not (np.isfinite(scale) and scale > 0):
        raise InputError(f"--scale {scale:g}: expected the length of the unit in metres, > 0")
    paths = [homes.origin(number) for number in range(len(homes.files))]
    found = [_judge(path, up, scale) for path in tqdm(paths, unit="scene", desc="judging", leave=False, disable=None)]
    frames = tuple(judgement.frame for judgement in found)
    remarks = _together(dict(zip(homes.names, found, strict=True)))
    return Reading(replace(homes, frames=frames, centred=True), remarks)


def as_recorded(homes: SceneFiles, unusual: Mapping[str, Frame], centred: bool) -> SceneFiles:
    """Return `homes` as read for a dataset that recorded `unusual` frames and whether all were `centred`."""
    paths = [homes.origin(number) for number in range(len(homes.files))]
    frames = [unusual.get(name, standard_frame(path)) for name, path in zip(homes.names, paths, strict=True)]
    return replace(homes, frames=tuple(frames), centred=centred)


def _judge(path: str, up: Up | None, scale: float | None) -> Judgement:
    known, standard = known_frame(path), standard_frame(path)
    if up and scale:
        return Judgement(Frame(up, scale))
    corners = read_corners(path)
    if not np.abs(corners).max() < FARTHEST:
        return Judgement(Frame(up or known.up, scale or known.metres_per_unit))  # check_scene reports the fault
    trust = TRUST if HABITAT_MATTERPORT.fullmatch(path) else 1.0
    try:
        found = judge(measure(corners), known, trust, up=up, scale=scale)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if found.remark or up or found.frame.up == standard.up:
        return found
    return replace(found, remark=f"read with +Z up, as Matterport3D has it: {as_options(standard, known)} prevents it")


def _together(found: Mapping[str, Judgement]) -> tuple[str, ...]:
    """Return each distinct remark once, with the first home that it applies to."""
    homes: dict[str, list[str]] = {}
    for name, judgement in found.items():
        if judgement.remark:
            homes.setdefault(judgement.remark, []).append(name)
    return tuple(
        f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {remark}{_in_brackets(found[names[0]])}"
        for remark, names in homes.items()
    )


def _in_brackets(judgement: Judgement) -> str:
    return f" ({judgement.figures})" if judgement.figures else ""
