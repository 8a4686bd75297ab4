"""One example of HM3D-SS for its page, read from the dataset alone, without the scene."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.auralize import auralize
from ....datagen.acoustics.impulse_response import mix
from ....datagen.cameras import EYE_HEIGHT, PITCH_DEG, Camera, back_project, orientation
from ....datagen.dataset import Dataset, read_rows
from ....datagen.hm3d_ss import DEPTH_UNITS
from ....datagen.home_fields import RATIO

Float64 = npt.NDArray[np.float64]
Audio = npt.NDArray[np.float32]

SECONDS = 2.5
"""Seconds of speech in each player."""
_FIELDS = ("image", "heading", "rotation", "camera_position", "source_position", "azimuth", "rt60")
_RESPONSES = ("impulse_response_direct", "impulse_response_indirect", "direct_to_reverberant")
_OPTIONAL = ("depth", "dry_clip")


@dataclass(frozen=True)
class Points:
    """The surfaces seen in the views, as points: `place` (n, 2) m to the right (+X) and ahead (-Z) in the world,
    `height` (n,) m above the floor, `colour` (n, 3) in 0..1."""

    place: Float64
    height: Float64
    colour: Float64


@dataclass(frozen=True, eq=False)
class HomeExample:
    """Row `row` of a dataset: `fields` are its arrays, `speech` the dry clip of its first source, if it has one."""

    row: int
    name: str
    split: str
    field_of_view: float
    pitch: float
    fields: dict[str, Any]
    speech: Audio | None

    @property
    def views(self) -> int:
        """The number of views."""
        return len(self.fields["heading"])

    @property
    def sources(self) -> int:
        """The number of sources."""
        return len(self.fields["azimuth"])

    @cached_property
    def responses(self) -> Audio:
        """Impulse responses, direct + `RATIO` x indirect, (source, view, ear, samples)."""
        return mix(self.fields["impulse_response_direct"], self.fields["impulse_response_indirect"], RATIO)

    def heard(self, view: int) -> Audio | None:
        """Return the speech of the first source in `view`, (2, samples); None if none is assigned."""
        if self.speech is None:
            return None
        return auralize(self.speech, self.responses[0, view], 0, round(SECONDS * SAMPLE_RATE), 0)

    def points(self, step: int) -> Points | None:
        """Return the points of every `step`-th pixel in both directions; None without depth."""
        if "depth" not in self.fields:
            return None
        parts = [self._points_of(view, step) for view in range(self.views)]
        place, height, colour = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Points(place, height, colour)

    def _points_of(self, view: int, step: int) -> tuple[Float64, Float64, Float64]:
        depth = self.fields["depth"][view] / DEPTH_UNITS
        camera = Camera(depth.shape[1], depth.shape[0], self.field_of_view)
        eye = self.fields["camera_position"][view]
        turned = orientation(float(self.fields["heading"][view]), self.pitch)
        world = back_project(camera, turned, eye, depth)[::step, ::step]
        seen = depth[::step, ::step] > 0
        colour = self.fields["image"][view][::step, ::step][seen] / 255
        world = world[seen]
        return world[:, [0, 2]] * [1, -1], world[:, 1] - (eye[1] - EYE_HEIGHT), colour


def read_example(dataset: Dataset, row: int) -> HomeExample:
    """Return example `row` of `dataset`."""
    rows = np.array([row])
    names = [*_FIELDS, *_RESPONSES, *(name for name in _OPTIONAL if name in dataset)]
    fields = {name: read_rows(dataset.array(name), rows, dataset.url)[0] for name in names}
    attributes: dict[str, Any] = dict(dataset.array("image").attrs)
    return HomeExample(
        row=row,
        name=str(dataset.column("sample_id")[row]),
        split=str(dataset.column("split")[row]),
        field_of_view=float(attributes.get("horizontal_field_of_view_deg", Camera().horizontal_field_of_view)),
        pitch=float(attributes.get("pitch_deg", PITCH_DEG)),
        fields=fields,
        speech=_speech(dataset, fields),
    )


def _speech(dataset: Dataset, fields: dict[str, Any]) -> Audio | None:
    """Return the dry clip of the first source, (samples,) in [-1, 1]."""
    if "dry" not in dataset.parts or "dry_clip" not in fields:
        return None
    dry = dataset.part("dry")
    stored = read_rows(dry.array("audio"), np.array([fields["dry_clip"][0]]), dry.url)[0]
    return np.asarray(stored[: round(SECONDS * SAMPLE_RATE)] / np.float32(32768), dtype=np.float32)
