"""Measured binaural responses from a folder of wavs with an index, and what their sound says of their azimuths."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ..conventions import SAMPLE_RATE, SPEED_OF_SOUND, wrap_degrees
from ..digests import digest, sha256
from ..errors import InputError
from .acoustics.delay_pattern import delay_pattern
from .acoustics.ears import NearEar, near_ear_of_responses
from .acoustics.head_cues import USUAL_RADIUS, direct_delay, head_radius, implausible_size
from .csv_tables import Row, number_in, posix_path, read_table

INDEX = "index.csv"
TOLERANCE = 2e-4
"""s; eight measured heads, and a head in a seminar room, are within half of it of the sphere of their size."""
_SHOWN = 10


@dataclass(frozen=True)
class MeasuredResponse:
    """One measured response: `audio` float32 (2, taps) at 16 kHz, `azimuth` in degrees, `distance` in m or NaN."""

    file: str
    azimuth: float
    distance: float
    audio: npt.NDArray[np.float32]

    @property
    def name(self) -> str:
        """The file's path without its suffix, with slashes: `a/x` of `./a/x.wav`."""
        return Path(os.path.normpath(self.file)).with_suffix("").as_posix()

    @property
    def arrivals(self) -> list[float]:
        """Sample index of the loudest peak in each ear."""
        return [float(np.abs(ear).argmax()) for ear in self.audio]


def read_responses(folder: str) -> tuple[MeasuredResponse, ...]:
    """Return the responses listed in `folder`/index.csv (columns `file`, `azimuth_deg`, optionally `distance_m`).

    Azimuths are positive to the left. Raises InputError naming the file or row at fault.
    """
    if not Path(folder).exists():
        raise InputError(f"{folder} does not exist: give a SOFA file, or a folder of stereo wavs with an {INDEX}")
    index = Path(folder) / INDEX
    if not index.is_file():
        raise InputError(f"{index} does not exist: {_found_instead(index)}")
    rows = read_table(index, ("file", "azimuth_deg"))
    responses = tuple(_read_response(index.parent, row) for row in rows)
    _refuse_repeats(responses, index)
    return responses


def _found_instead(index: Path) -> str:
    """Return what to do about a missing `index`: save another kind of it under its name, or give another folder."""
    beside = sorted(index.parent.iterdir()) if index.parent.is_dir() else []
    other = next((file.name for file in beside if file.stem.casefold() == index.stem), "")
    if other:
        return f"save {other} as {INDEX}, with the columns file and azimuth_deg"
    return f"give a folder of stereo wavs with an {INDEX} (file, azimuth_deg)"


def _refuse_repeats(responses: Iterable[MeasuredResponse], index: Path) -> None:
    """Raise InputError if two of `responses` are the same file, or differ only in their suffix."""
    files: dict[str, str] = {}
    for response in responses:
        if response.name in files:
            raise InputError(
                f"{index}: {files[response.name]!r} and {response.file!r} have the same name: keep one row"
            )
        files[response.name] = response.file


def _read_response(folder: Path, row: Row) -> MeasuredResponse:
    file, where = posix_path(row["file"], folder), f"{folder / INDEX}, row of {row['file']!r}"
    path = folder / file
    azimuth = number_in(row, "azimuth_deg", where)
    distance = number_in(row, "distance_m", where) if row.get("distance_m") else float("nan")
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (TypeError, ValueError, soundfile.LibsndfileError) as error:
        raise InputError(f"{where}: {error}") from None
    if not np.isfinite(azimuth):
        raise InputError(f"{where}: azimuth_deg {azimuth} is not an angle")
    if audio.shape[1] != 2 or not np.isfinite(audio).all() or not audio.any():
        raise InputError(f"{path}: expected two channels (left, right) of finite audio that is not silent")
    resampled = soxr.resample(audio, rate, SAMPLE_RATE).T
    return MeasuredResponse(file, float(wrap_degrees(azimuth)), distance, np.ascontiguousarray(resampled, np.float32))


def check_sides(responses: Sequence[MeasuredResponse], folder: str) -> tuple[str, ...]:
    """Return one line for each of `responses` whose azimuth, or its side, is not that of its sound.

    Raises InputError if most are: then the azimuths are mirrored or turned, or the channels swapped or one is late.
    """
    index, angle = Path(folder) / INDEX, np.radians([response.azimuth for response in responses])
    lateral = np.sin(angle)
    heard = [response.audio for response in responses]
    near = near_ear_of_responses(heard, lateral)
    if near.verdict == "swapped":
        raise InputError(
            f"{index}: {near}: azimuths are positive to the left and the left channel comes first, so change the sign "
            "of azimuth_deg, or swap the channels"
        )
    delays = [direct_delay(np.asarray(pair, np.float64)) for pair in heard]
    if fault := delay_pattern(delays, lateral, np.cos(angle)).fault:
        raise InputError(f"{index}: {fault}: change azimuth_deg, or the files")
    if near.verdict in ("contradictory", "unclear") and near.which.size:
        return (f"{index}: the sound does not bear out azimuth_deg: {near}",)
    odd = tuple(
        f"{index}: {responses[k].file!r} is earlier and louder in the far ear: look at the sign of "
        f"{responses[k].azimuth:g} deg"
        for k in near.swapped
    )
    wrong = implausible_size(head_radius(heard, lateral))
    return odd + ((f"{index}: {wrong} by the files",) if wrong else disagreements(responses, str(index), near))


def disagreements(responses: Sequence[MeasuredResponse], where: str, near: NearEar | None = None) -> tuple[str, ...]:
    """Return one line for each of `responses` whose delay between the ears is not that of its azimuth.

    The delay of an azimuth is Woodworth's (1938), on a sphere of the size that the whole set tells. Those that `near`
    says are heard on the other side are left out. After ten lines, only how many more there are.
    """
    lateral = np.sin(np.radians([response.azimuth for response in responses]))
    heard = [response.audio for response in responses]
    radius = head_radius(heard, lateral)
    radius = radius if np.isfinite(radius) and radius > 0 else USUAL_RADIUS
    expected = radius / SPEED_OF_SOUND * (np.arcsin(lateral) + lateral)
    measured = np.array([direct_delay(np.asarray(audio, np.float64)) for audio in heard])
    apart = np.abs(measured - expected) > TOLERANCE
    apart[near.swapped if near else []] = False
    lines = [
        f"{where}: {responses[k].file!r} at {responses[k].azimuth:g} deg should have a delay of "
        f"{1e3 * expected[k]:+.2f} ms, but {1e3 * measured[k]:+.2f} ms is measured: look at its azimuth"
        for k in np.flatnonzero(apart).tolist()
    ]
    more = [f"{where}: {len(lines) - _SHOWN} more azimuths disagree with their delays"] if lines[_SHOWN:] else []
    return (*lines[:_SHOWN], *more)


def responses_digest(responses: tuple[MeasuredResponse, ...]) -> str:
    """Return a digest of the audio and labels of `responses`."""
    return digest([[r.file, r.azimuth, str(r.distance), sha256(r.audio.tobytes())] for r in responses])
