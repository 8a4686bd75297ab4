"""Writes films: a folder of pictures, or an .mp4 file with its sound where ffmpeg is there."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...files import require_local, written_whole

Picture = npt.NDArray[np.uint8]
Add = Callable[[Picture, str], None]
"""Takes the next frame, uint8 (height, width, 3) sRGB, and its name."""
CODEC = "mp4v"
_SECONDS = 600


def write_picture(path: Path, picture: Picture) -> None:
    """Write `picture` (height, width, 3) sRGB as a PNG file."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    with written_whole(path) as partial:
        partial.write_bytes(data.tobytes())


@contextmanager
def folder_of_frames(path: Path) -> Iterator[Add]:
    """Yield what adds a frame as NAME.png to the new folder `path`, which appears when the block ends.

    Raises InputError if `path` is a file, or a folder that is not empty.
    """
    require_local(path)
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise InputError(f"--out {path} exists: give a new folder, or a name that ends in .mp4")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as made:
        frames = Path(made) / "frames"
        frames.mkdir()
        yield lambda picture, name: write_picture(frames / f"{name}.png", picture)
        frames.replace(path)


@contextmanager
def video_file(path: Path, rate: float, sound: Path) -> Iterator[Add]:
    """Yield what adds a frame to the video `path` of `rate` frames per second, which appears when the block ends.

    It has the sound of the file `sound` where ffmpeg is on PATH, else none. Raises InputError if either fails.
    """
    require_local(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as made:
        mute = Path(made) / "mute.mp4"
        writer = _Writer(mute, rate)
        yield writer.add
        writer.close()
        whole = with_sound(mute, sound, writer.seconds) if shutil.which("ffmpeg") else mute
        with written_whole(path) as partial:
            whole.replace(partial)


class _Writer:
    """OpenCV's writer, opened with the size of the first frame; its codec takes even sizes only."""

    def __init__(self, path: Path, rate: float) -> None:
        self._path, self._rate = path, rate
        self._writer: cv2.VideoWriter | None = None
        self._frames = 0

    @property
    def seconds(self) -> float:
        """How long the video is so far."""
        return self._frames / self._rate

    def add(self, picture: Picture, name: str) -> None:
        """Write a frame; an odd last row or column is repeated."""
        height, width = picture.shape[:2]
        even = cv2.copyMakeBorder(picture[..., ::-1], 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        if self._writer is None:
            self._writer = cv2.VideoWriter(
                str(self._path), cv2.VideoWriter.fourcc(*CODEC), self._rate, even.shape[1::-1]
            )
        if not self._writer.isOpened():
            raise InputError(f"OpenCV cannot write {CODEC} video of {width} x {height} pixels: give a folder as --out")
        self._writer.write(even)
        self._frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.release()


def with_sound(mute: Path, sound: Path, seconds: float) -> Path:
    """Return a copy of the video `mute` of `seconds`, beside it, with the first sound of the file `sound`.

    Raises InputError if ffmpeg cannot.
    """
    whole = mute.with_name("sound.mp4")
    streams = ("-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-c:a", "aac", "-t", f"{seconds:.6f}")
    files = ("-i", f"file:{mute.absolute()}", "-i", f"file:{sound.absolute()}")
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *files, *streams, str(whole.absolute())]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise InputError(f"ffmpeg cannot add the sound of {sound} ({said[-1][:120]}): convert it to wav") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"ffmpeg took over {_SECONDS} s to add the sound of {sound}: give a folder as --out"
        ) from error
    return whole
