"""Reads the picture, the mask and the sound of a clip in the form in which they are stored."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...conventions import SAMPLE_RATE
from ...errors import InputError
from ..corpora.decoding import Unusable, decode, require_usable
from ..pictures import Picture, read_picture

WIDTH, HEIGHT = 320, 240
"""Size of stored pictures; all of a picture is kept, so its aspect ratio may change."""
MOST_SECONDS, LEAST_SECONDS = 10, 0.1
NEARLY_BLACK, SOFT_PIXELS, MOST_SPECKS, SPECK_COLOURS = 24, 3, 0.002, 3
"""A mask is lossy if more than this share of what it shows are specks of several colours, none brighter."""
LEAST_SIDE = 8
"""Shortest side of a usable picture, pixels."""

Mono = npt.NDArray[np.int16]


class Unreadable(Exception):
    """Why a file gives no picture or no sound."""


def read_frame(file: Path, second: float | None) -> tuple[Picture, tuple[int, int]]:
    """Return the picture in `file`, or that of a video at `second`, as stored, and its first width and height.

    Raises Unreadable if it is damaged, tiny or black.
    """
    try:
        frame = read_picture(file) if second is None else _video_frame(file, second)
    except InputError as error:
        raise Unreadable(str(error)) from None
    height, width = frame.shape[:2]
    if min(width, height) < LEAST_SIDE:
        raise Unreadable(f"{file}: a picture of {width} x {height} pixels shows nothing")
    if not frame.any():
        raise Unreadable(f"{file}: the picture is black")
    stored = Image.fromarray(frame).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    return np.asarray(stored), (width, height)


def _video_frame(file: Path, second: float) -> Picture:
    """Return the frame of a video that is shown at `second`, counted from the first frame."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read when the first video is opened; faults are told here
    import cv2

    video = cv2.VideoCapture(str(file))
    try:
        rate = video.get(cv2.CAP_PROP_FPS) if video.isOpened() else 0.0
        if not 1 <= rate <= 1000:
            raise Unreadable(f"{file}: not a video that can be read")
        for _ in range(round(second * rate)):
            if not video.grab():
                break
        there, frame = video.read()
    finally:
        video.release()
    if not there:
        raise Unreadable(f"{file}: the video ends before second {second:g}, where its frame is")
    return np.ascontiguousarray(frame[:, :, ::-1])


def read_mask(file: Path) -> npt.NDArray[np.uint8]:
    """Return the mask in `file`, uint8 (height, width): 1 where it is not black.

    Raises Unreadable if it is damaged, or was compressed with losses: then black is not black around what is masked.
    """
    try:
        picture = read_picture(file)
    except InputError as error:
        raise Unreadable(str(error)) from None
    if _has_specks(picture):
        raise Unreadable(
            f"{file}: the mask was compressed with losses (JPEG), so black is not black; take the original"
        )
    return np.asarray(picture.any(axis=2), np.uint8)


def _has_specks(picture: Picture) -> bool:
    """Whether there are specks away from what is brighter, as the ringing of JPEG leaves them around edges.

    Soft edges, as of resized masks, lie beside what is brighter; numbers of categories fill patches, or are few where
    they are thin lines.
    """
    colour = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    brighter = picture.max(axis=2) > NEARLY_BLACK
    for _ in range(SOFT_PIXELS):
        brighter = _spread(brighter)
    specks = (colour > 0) & ~brighter & ~_in_patches(colour)
    many = np.count_nonzero(specks) > MOST_SPECKS * np.count_nonzero(colour)
    return bool(many and len(np.unique(colour[specks])) >= SPECK_COLOURS)


def _spread(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return `mask` (height, width) with all pixels that touch it."""
    wide = np.pad(mask, 1)
    across = wide[:, :-2] | wide[:, 1:-1] | wide[:, 2:]
    return np.asarray(across[:-2] | across[1:-1] | across[2:])


def _in_patches(colour: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Return whether each pixel (height, width) is part of 2 x 2 pixels of one `colour`."""
    here, patched = colour[1:, 1:], np.zeros(colour.shape, bool)
    alike = (here == colour[:-1, :-1]) & (here == colour[1:, :-1]) & (here == colour[:-1, 1:])
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            patched[rows, columns] |= alike
    return patched


def read_sound(file: Path) -> Mono:
    """Return the middle 10 s of the sound in `file`, or all of it, mono at 16 kHz and at its own level.

    Raises Unreadable if it is damaged, silent, shorter than 0.1 s, or of a lower sample rate.
    """
    try:
        sound = decode(file)
        if sound.sample_rate < SAMPLE_RATE:
            raise Unusable(f"{sound.sample_rate} Hz: above {sound.sample_rate // 2} Hz everything is lost")
        most = MOST_SECONDS * sound.sample_rate
        first = max(0, (len(sound.mono) - most) // 2)
        middle = sound.mono[first : first + most]
        require_usable(middle, sound.sample_rate, minimum_seconds=LEAST_SECONDS)
    except Unusable as fault:
        raise Unreadable(f"{file}: {fault}") from None
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror or error}") from None
    heard = type(sound)(middle, sound.sample_rate, "").at_16_khz()[: MOST_SECONDS * SAMPLE_RATE]
    return np.rint(np.clip(heard, -1, 1) * 32767).astype(np.int16)
