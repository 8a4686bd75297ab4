"""Reads films: the frames of a video file, or a folder of pictures, at a constant rate."""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError
from .pictures import Picture, picture_files, read_picture

LEAST_SIDE = 16
"""Least height and width of a picture, pixels."""
RATES = (0.1, 1000.0)
"""Frame rates that are believed, frames per second."""


@dataclass(frozen=True)
class Footage:
    """The frames in `path`: about `count` of them, `rate` per second; `names` are the files of a folder."""

    path: Path
    rate: float
    count: int
    names: tuple[str, ...] = ()

    def frames(self) -> Iterator[Picture]:
        """Yield the frames, uint8 (height, width, 3) sRGB; raises InputError if one is broken or of another size."""
        size: tuple[int, ...] = ()
        for k, frame in enumerate(self._pictures() if self.names else _video_frames(self.path)):
            size = size or frame.shape
            if frame.shape != size:
                where = self.path / self.names[k] if self.names else f"{self.path}, frame {k}"
                raise InputError(f"{where} is {_size(frame.shape)}, the first frame {_size(size)}: give one size")
            yield frame

    def _pictures(self) -> Iterator[Picture]:
        return (open_picture(self.path / name) for name in self.names)


def open_picture(path: Path) -> Picture:
    """Return the picture at `path`; raises InputError if it is missing, broken, or too small to show anything."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: give a picture, a folder of frames or a video")
    picture = read_picture(path)
    if min(picture.shape[:2]) < LEAST_SIDE:
        raise InputError(f"{path} is {_size(picture.shape)}: expected at least {LEAST_SIDE} pixels on either side")
    return picture


def open_footage(path: Path, rate: float | None = None) -> Footage:
    """Return the film at `path`, a folder of pictures or a video file, at `rate` frames per second.

    A video states its own rate. Pictures are ordered by their names, numbers in them by value. Raises InputError for a
    folder without pictures or without a `rate`, and for a file that is no video.
    """
    if rate is not None and not _believed(rate):
        raise InputError(f"--fps {rate:g}: expected {RATES[0]:g} to {RATES[1]:g} frames per second")
    if not path.exists():
        raise InputError(f"{path} does not exist: give a picture, a folder of frames or a video")
    return _open_folder(path, rate) if path.is_dir() else _open_video(path, rate)


def _open_folder(path: Path, rate: float | None) -> Footage:
    names = sorted((name for name in picture_files(path) if "/" not in name), key=natural)
    if not names:
        raise InputError(f"{path} holds no picture: give a folder of frames, such as frame-000.png")
    if rate is None:
        raise InputError(f"{path} does not say how fast its {len(names)} frames follow: give --fps")
    return Footage(path, rate, len(names), tuple(names))


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts names with the numbers in them by value.

    >>> sorted(["f10.png", "f9.png", "e.png"], key=natural)
    ['e.png', 'f9.png', 'f10.png']
    """
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _open_video(path: Path, rate: float | None) -> Footage:
    video = _capture(path)
    stated, count = video.get(cv2.CAP_PROP_FPS), video.get(cv2.CAP_PROP_FRAME_COUNT)
    video.release()
    if rate is None and not _believed(stated):
        raise InputError(f"{path} states {stated:g} frames per second: give --fps")
    return Footage(path, stated if rate is None else rate, max(int(count), 0))


def _believed(rate: float) -> bool:
    return math.isfinite(rate) and RATES[0] <= rate <= RATES[1]


def _capture(path: Path) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what fails is said below, in one line
    loud = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        video = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(loud)
    if not video.isOpened():
        raise InputError(f"{path} cannot be read as a video: it is damaged or of another kind; mp4 works everywhere")
    return video


def _video_frames(path: Path) -> Iterator[Picture]:
    video = _capture(path)
    try:
        found, frame = video.read()
        if not found:
            raise InputError(f"{path} holds no frame that can be decoded: it is damaged; copy or convert it again")
        if min(frame.shape[:2]) < LEAST_SIDE:
            raise InputError(f"{path} is {_size(frame.shape)}: expected at least {LEAST_SIDE} pixels on either side")
        while found:
            yield np.ascontiguousarray(frame[..., ::-1])
            found, frame = video.read()
    finally:
        video.release()


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]} pixels"
