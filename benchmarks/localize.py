"""Where in pictures of one's own a sound comes from: a method of the track `sounding-object` on a picture or a film."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ..conventions import SAMPLE_RATE
from ..datagen.corpora.decoding import Unusable, decode, require_usable
from ..datagen.footage import Footage, open_footage, open_picture
from ..datagen.pictures import EXTENSIONS, Picture
from ..datagen.sounds.excerpts import LEVEL, PEAK, excerpt, root_mean_square
from ..digests import generator_for
from ..errors import InputError
from ..files import require_local, written_whole
from .display.film import Add, folder_of_frames, video_file, write_picture
from .questions.maps import Map, map_of
from .running.harness import answered
from .running.method import LoadedMethod, load_methods
from .stimuli.picture_sound.batch import PictureSoundBatch
from .stimuli.picture_sound.picture import overlay
from .tracks.sounding_object import TRACK

Audio = npt.NDArray[np.float32]

LEAST_SECONDS = 0.1
FRAMES_AT_ONCE = 8
SECONDS = 3.0
"""How long a sound a method hears with each picture; that of the clips of `sounding-objects`."""


@dataclass(frozen=True)
class Task:
    """A method that hears `seconds` of sound with each picture."""

    method: LoadedMethod
    seconds: float = SECONDS

    def maps(self, pictures: list[Picture], audio: Audio, names: list[str]) -> list[Map]:
        """Return the map of each picture with its sound, `audio` (n, samples)."""
        batch = PictureSoundBatch(np.stack(pictures), audio[:, None], tuple(names), SAMPLE_RATE)
        return [map_of(answer) for answer in answered(self.method, batch, TRACK.answer)[0]]


def open_task(specification: str, seconds: float = SECONDS, device: str | None = None) -> Task:
    """Return the method named by `specification`, ready for `localize`.

    Raises InputError for an unknown method, one of another track, and one that needs a dataset.
    """
    if not LEAST_SECONDS <= seconds <= 60:
        raise InputError(f"--window {seconds:g}: expected {LEAST_SECONDS:g} to 60 seconds")
    method = load_methods([specification], TRACK.name, ("paper",), device)[0]
    if method.is_oracle or hasattr(method.method, "prepare"):
        raise InputError(f"method {method.label!r} learns from a dataset or its truth, and here is none: give another")
    return Task(method, seconds)


def localize(source: Path, sound: Path | None, out: Path, task: Task, rate: float | None = None) -> list[str]:
    """Write the maps of `source`, a picture, a folder of frames or a video, with the file `sound`; return remarks.

    Maps lie over a picture in `out` (.png), or over the frames of a film in a folder or an .mp4 file; or `out` is .npy,
    and they are written as numbers: float32 (rows, columns), for a film (frames, rows, columns). A video's own sound is
    heard if `sound` is None. `rate` is that of the frames per second, if a video does not state it.

    Raises InputError for files that are missing or broken, silent sounds, and what the method refuses.
    """
    require_local(out, "--out")
    if out.exists() and source.exists() and out.samefile(source):
        raise InputError(f"--out {out} is what is read: choose another name")
    if source.suffix.lower() in EXTENSIONS and not source.is_dir():
        if rate is not None:
            raise InputError(f"--fps {rate:g} is for films, and {source} is one picture: leave it out")
        return _localize_picture(source, sound, out, task)
    return _localize_film(open_footage(source, rate), sound, out, task)


def _localize_picture(source: Path, sound: Path | None, out: Path, task: Task) -> list[str]:
    if out.suffix not in (".png", ".npy"):
        raise InputError(f"--out {out}: expected a name that ends in .png (the map over the picture) or .npy (the map)")
    picture = open_picture(source)
    heard = levelled(heard_with_picture(_open_sound(sound, source), task.seconds))
    (found,) = task.maps([picture], heard[None], [source.name])
    if out.suffix == ".npy":
        _write_numbers(out, found)
    else:
        write_picture(out, overlay(picture, found))
    return [f"{source}: {task.method.label} finds nothing in it that sounds"] if found.max() <= 0 else []


def _localize_film(film: Footage, sound: Path | None, out: Path, task: Task) -> list[str]:
    _check_out(out)
    own = None if film.names else film.path
    heard = levelled(_open_sound(sound, film.path, own))
    count, maps = 0, []
    with _writer(film, out, sound or film.path) as add, tqdm(total=film.count, unit="frame", desc="localize") as bar:
        for first, frames in _groups(film):
            names = [_name(film, first + k) for k in range(len(frames))]
            audio = np.stack([window(heard, (first + k) / film.rate, task.seconds) for k in range(len(frames))])
            found = task.maps(frames, audio, names)
            for frame, one, name in zip(frames, found, names, strict=True):
                add(overlay(frame, one), name)
            maps += found if out.suffix == ".npy" else []
            count += len(frames)
            bar.update(len(frames))
    if out.suffix == ".npy":
        _write_numbers(out, np.stack(maps))
    return _remarks(film, out, count, len(heard) / SAMPLE_RATE)


def _check_out(out: Path) -> None:
    if out.suffix not in ("", ".mp4", ".npy"):
        raise InputError(f"--out {out}: expected a name that ends in .mp4 or .npy, or a folder without a suffix")


def _writer(film: Footage, out: Path, sound: Path) -> AbstractContextManager[Add]:
    if out.suffix == ".npy":
        return _nothing()
    return video_file(out, film.rate, sound) if out.suffix == ".mp4" else folder_of_frames(out)


@contextmanager
def _nothing() -> Iterator[Add]:
    yield lambda picture, name: None


def _groups(film: Footage) -> Iterator[tuple[int, list[Picture]]]:
    """Yield a few frames at a time, with the number of the first."""
    frames, first = film.frames(), 0
    while group := list(islice(frames, FRAMES_AT_ONCE)):
        yield first, group
        first += len(group)


def _name(film: Footage, number: int) -> str:
    return Path(film.names[number]).stem if film.names else f"frame-{number:06d}"


def _remarks(film: Footage, out: Path, count: int, seconds: float) -> list[str]:
    """Return what a user must know about a film of `count` frames and a sound of `seconds`."""
    found = []
    if count < film.count:
        found.append(f"{film.path}: {count} of {film.count} frames could be decoded; is it whole?")
    if seconds < (count - 1) / film.rate:
        found.append(
            f"the sound ends at {seconds:.1f} s, the film at {count / film.rate:.1f} s: later frames hear nothing"
        )
    if out.suffix == ".mp4" and not shutil.which("ffmpeg"):
        found.append(f"{out} has no sound: ffmpeg is not on PATH")
    return found


def _write_numbers(out: Path, maps: npt.NDArray[np.float32]) -> None:
    with written_whole(out) as partial, partial.open("wb") as file:
        np.save(file, maps)


def _open_sound(path: Path | None, source: Path, video: Path | None = None) -> Audio:
    """Return the sound at `path`, or that of the `video`, (samples,) at 16 kHz.

    Raises InputError if it is missing, silent, or cannot be decoded.
    """
    if path is None and video is None:
        raise InputError(f"{source} has no sound: give one with --sound")
    file = path or source
    if file.is_dir():
        raise InputError(f"--sound {file} is a folder: give one sound file")
    if not file.is_file():
        raise InputError(f"--sound {file} does not exist")
    try:
        decoded = decode(file, video=path is None)
        require_usable(decoded.mono, decoded.sample_rate, minimum_seconds=LEAST_SECONDS, minimum_rate=SAMPLE_RATE)
    except Unusable as reason:
        hint = "give another file" if path else "give the sound with --sound"
        raise InputError(f"{file}: no usable sound: {reason}; {hint}") from None
    return decoded.at_16_khz()


def levelled(sound: Audio) -> Audio:
    """Return `sound` (samples,) at the level of the clips of `sounding-objects`: one gain for all of it."""
    gain = min(LEVEL / root_mean_square(sound), PEAK / float(np.abs(sound).max()))
    return np.asarray(gain * sound, dtype=np.float32)


def heard_with_picture(sound: Audio, seconds: float) -> Audio:
    """Return `seconds` of `sound` (samples,) that hold sound; a shorter one is repeated."""
    return excerpt(sound, seconds, rng=generator_for(0, "localize")).astype(np.float32)


def window(sound: Audio, time: float, seconds: float) -> Audio:
    """Return `seconds` of `sound` (samples,) around `time`, s, as Senocak et al. (2019) do; zeros lie beyond its ends.

    >>> window(np.arange(1, 5, dtype=np.float32), 1 / 16_000, 4 / 16_000).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    samples = round(seconds * SAMPLE_RATE)
    start = round(time * SAMPLE_RATE) - samples // 2
    found = np.zeros(samples, np.float32)
    low, high = max(start, 0), min(start + samples, len(sound))
    if high > low:
        found[low - start : high - start] = sound[low:high]
    return found
