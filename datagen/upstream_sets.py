"""Reads one set of HM3D-SS as written by its authors' generator: metadata.json, pictures and impulse responses.

Names, signs and frames are those of IFICL/SLfM, which match ours: left positive, +Y up, -Z ahead at heading 0.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from PIL import Image

from ..conventions import SAMPLE_RATE, wrap_degrees
from ..errors import InputError
from .acoustics.ears import near_ear_of_responses
from .cameras import PITCH_DEG, Camera
from .pictures import read_picture

Float64 = npt.NDArray[np.float64]

ANGLE_TOLERANCE = 0.1
"""Largest difference between a stored angle and that of the stored positions, degrees."""


class IncompleteSet(InputError):
    """Raised if part of a set is missing, damaged or not finite: the set can be skipped, as in the authors' loader."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """The geometry of a set: `headings` (v,) degrees, `cameras` (v, 3) and `sources` (s, 3) m, and the stored
    `azimuths` (s, v) degrees, `rt60` (s, v, 2) s and `quaternions` (v, 4; w, x, y, z)."""

    headings: Float64
    cameras: Float64
    sources: Float64
    azimuths: Float64
    rt60: Float64
    quaternions: Float64

    def expected_azimuths(self) -> Float64:
        """Return the azimuths (s, v) from the positions, degrees, 0 ahead, left positive; a source straight above or
        below the ears counts as along -Z."""
        towards = self.sources[:, None] - self.cameras[None]
        level = np.abs(towards[..., [0, 2]]).max(axis=-1) > 0
        bearing = np.degrees(np.arctan2(-towards[..., 0], -towards[..., 2]))
        return wrap_degrees(np.where(level, bearing, 0.0) - self.headings)

    def lateral(self) -> Float64:
        """Return the sine (s, v) of each source's angle from the median plane, positive to the left."""
        towards = self.sources[:, None] - self.cameras[None]
        flat, away = np.hypot(towards[..., 0], towards[..., 2]), np.linalg.norm(towards, axis=-1)
        return np.asarray(np.sin(np.radians(self.expected_azimuths())) * flat / np.maximum(away, 1e-9))

    def expected_quaternions(self) -> Float64:
        """Return the quaternions (v, 4; w, x, y, z): rotation by the pitch about +X, then by the heading about +Y."""
        yaw, pitch = np.radians(self.headings) / 2, math.radians(PITCH_DEG) / 2
        parts = [np.cos(yaw) * math.cos(pitch), np.cos(yaw) * math.sin(pitch)]
        return np.stack([*parts, np.sin(yaw) * math.cos(pitch), -np.sin(yaw) * math.sin(pitch)], axis=1)


def read_geometry(folder: Path) -> Geometry:
    """Return the geometry in the metadata of the set in `folder`.

    Raises IncompleteSet if something is missing, InputError if it contradicts itself.
    """
    metadata = _metadata(folder)
    views, sources = _numbered(metadata, r"camera_(\d+)_angle"), _numbered(metadata, r"source_(\d+)_position")
    if not views or not sources:
        raise IncompleteSet(f"{folder}/metadata.json names {views} cameras and {sources} sources")
    pairs = [[f"sound_{j}_camera_{k}" for k in range(views)] for j in range(sources)]

    def numbers(names: Any, *shape: int) -> Float64:
        """Return the values of `names` as an array of `shape`."""
        return _numbers(folder, metadata, names, shape)

    found = Geometry(
        headings=numbers([f"camera_{k}_angle" for k in range(views)], views),
        cameras=numbers([f"camera_{k}_position" for k in range(views)], views, 3),
        sources=numbers([f"source_{j}_position" for j in range(sources)], sources, 3),
        azimuths=numbers([[f"relative_angle_between_{name}" for name in row] for row in pairs], sources, views),
        rt60=numbers([[f"{name}_rir_rt60" for name in row] for row in pairs], sources, views, 2),
        quaternions=numbers([f"camera_{k}_rotation_in_quaternion" for k in range(views)], views, 4),
    )
    _check_angles(folder, found)
    return found


def _metadata(folder: Path) -> Mapping[str, Any]:
    path = folder / "metadata.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IncompleteSet(f"{path} cannot be read ({error})") from None
    if not isinstance(found, dict):
        raise IncompleteSet(f"{path} holds no JSON object")
    return found


def _numbered(metadata: Mapping[str, Any], pattern: str) -> int:
    """Return the number of keys that match `pattern` with consecutive numbers from 0."""
    numbers = {int(match.group(1)) for match in map(re.compile(pattern).fullmatch, metadata) if match}
    return next(k for k in range(len(numbers) + 1) if k not in numbers)


def _numbers(folder: Path, metadata: Mapping[str, Any], names: Any, shape: tuple[int, ...]) -> Float64:
    """Return the values of `names`, a list or table of keys, as an array of `shape`; all must be finite."""
    values = [[metadata.get(n) for n in name] if isinstance(name, list) else metadata.get(name) for name in names]
    try:
        found = np.array(values, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != shape or not np.isfinite(found).all():
        first = names[0][0] if isinstance(names[0], list) else names[0]
        raise IncompleteSet(f"{folder}/metadata.json: {first} or one like it is missing or not finite")
    return found


def _check_angles(folder: Path, found: Geometry) -> None:
    """Raise InputError if stored azimuths or quaternions differ from those of the positions and headings."""
    expected = found.expected_azimuths()
    off = np.abs(wrap_degrees(found.azimuths - expected))
    if off.max() > ANGLE_TOLERANCE:
        j, k = divmod(int(off.argmax()), off.shape[1])
        raise InputError(
            f"{folder}/metadata.json: relative_angle_between_sound_{j}_camera_{k} is {found.azimuths[j, k]:.3f}, but "
            f"positions and heading give {expected[j, k]:.3f} degrees: move the folder away or generate it again"
        )
    turns = np.abs(np.einsum("vq,vq->v", found.quaternions, found.expected_quaternions()))
    wrong = np.degrees(2 * np.arccos(np.minimum(turns, 1.0)))
    if wrong.max() > ANGLE_TOLERANCE:
        k = int(wrong.argmax())
        raise InputError(
            f"{folder}/metadata.json: camera_{k}_rotation_in_quaternion is {wrong[k]:.3f} degrees off that of heading "
            f"{found.headings[k]:.3f} and pitch {PITCH_DEG:g}: move the folder away or generate it again"
        )


def check_ears(folder: Path, where: Geometry, samples: int) -> None:
    """Raise InputError if the direct sound, of up to `samples`, is heard on the side opposite to its source.

    The most lateral source is checked first, and the others only if the near ear does not lead for that one.
    """
    lateral = where.lateral()
    files = response_files(folder, "direct", *lateral.shape)
    j, k = divmod(int(np.abs(lateral).argmax()), lateral.shape[1])
    near = near_ear_of_responses(read_responses([[files[j][k]]], samples)[0], [lateral[j, k]])
    if near.verdict != "right":
        near = near_ear_of_responses(read_responses(files, samples).reshape(-1, 2, samples), lateral.ravel())
    if near.verdict in ("swapped", "contradictory"):
        raise InputError(
            f"{folder}/binaural_rirs_direct: {near}: the left ear must be the first channel; swap the channels, "
            "move the folder away or generate it again"
        )


def response_files(folder: Path, kind: str, sources: int, views: int) -> list[list[Path]]:
    """Return the files of the `kind` ("direct" or "indirect") responses, by source and view."""
    place = folder / f"binaural_rirs_{kind}"
    return [[place / f"sound_{j}_camera_{k}_rir.wav" for k in range(views)] for j in range(sources)]


def read_responses(files: list[list[Path]], samples: int) -> npt.NDArray[np.float32]:
    """Return the responses in `files`, float32 (source, view, ear, `samples`), padded with zeros."""
    return np.stack([[_read_response(file, samples) for file in row] for row in files])


def _read_response(file: Path, samples: int) -> npt.NDArray[np.float32]:
    try:
        sound, _ = soundfile.read(file, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise InputError(f"{file} cannot be read ({error}): generate its set again, or move it away") from None
    if not np.isfinite(sound).all():
        raise InputError(f"{file} holds values that are not finite: generate its set again, or move it away")
    if len(sound) > samples:
        raise InputError(f"{file} has grown since the import began: run the same command again from the start")
    return np.pad(sound.T, ((0, 0), (0, samples - len(sound))))


def response_samples(file: Path) -> int:
    """Return the length of a response, samples; raises IncompleteSet if missing, InputError if of another kind."""
    try:
        header = soundfile.info(file)
    except (soundfile.SoundFileError, OSError):
        raise IncompleteSet(f"{file} is missing or no wav file") from None
    if header.frames == 0:
        raise IncompleteSet(f"{file} is empty")
    if header.samplerate != SAMPLE_RATE or header.channels != 2:
        raise InputError(
            f"{file}: {header.channels} channels at {header.samplerate} Hz; expected binaural sound at {SAMPLE_RATE} Hz"
        )
    return int(header.frames)


def image_files(folder: Path, views: int) -> list[Path]:
    """Return the picture of every view."""
    return [folder / f"camera_{k}_rgb.png" for k in range(views)]


def check_image(file: Path) -> None:
    """Raise IncompleteSet if a picture is missing or damaged, InputError if it has another size."""
    camera = Camera()
    try:
        with Image.open(file) as picture:
            size = picture.size
            picture.verify()
    except (OSError, SyntaxError):
        raise IncompleteSet(f"{file} is missing or no whole picture") from None
    if size != (camera.width, camera.height):
        raise InputError(f"{file}: {size[0]} x {size[1]} pixels, expected {camera.width} x {camera.height}")


def read_image(file: Path) -> npt.NDArray[np.uint8]:
    """Return a picture as uint8 (height, width, 3)."""
    return read_picture(file)


def read_scene(folder: Path) -> str:
    """Return the name of a set's scene, which is the folder of its file, such as 00009-vLpv2VX547B."""
    named = _metadata(folder).get("scene_id")
    if not isinstance(named, str) or not Path(named).parent.name:
        raise InputError(
            f"{folder}/metadata.json: scene_id {named!r}: expected a path like .../00009-vLpv2VX547B/x.glb"
        )
    return Path(named).parent.name
