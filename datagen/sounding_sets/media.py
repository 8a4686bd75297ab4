"""Finds the picture and the sound of a clip in a folder, however deep, by the end of their paths.

A clip whose media are not there is missing: it is never replaced by another one.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ...digests import sha256
from ...errors import InputError
from ..corpora.decoding import SUFFIXES
from ..pictures import EXTENSIONS
from .labelled import Labelled, MediaNames

VIDEOS = frozenset((".mp4", ".mkv", ".webm", ".avi", ".mov"))
SOUNDS = (SUFFIXES | {".m4a"}) - VIDEOS
NO_FRAMES = frozenset(("gt_masks", "masks", "mask", "annotations", "anno", "labels_rgb", "labels_semantic"))
"""Folders beside the frames whose pictures bear the same names."""

Index = Mapping[str, tuple[PurePosixPath, ...]]


class Found(NamedTuple):
    """The file of a picture, or of the video that shows it at `second`, and the file of its sound."""

    picture: Path
    sound: Path
    second: float | None = None


@dataclass(frozen=True)
class Media:
    """The pictures, sounds and videos in `folder` and below, relative to it."""

    folder: Path
    files: tuple[PurePosixPath, ...]

    @cached_property
    def _pictures(self) -> Index:
        frames = (file for file in self.files if not NO_FRAMES & {part.lower() for part in file.parts[:-1]})
        return _by_stem(frames, frozenset(EXTENSIONS))

    @cached_property
    def _sounds(self) -> Index:
        return _by_stem(self.files, SOUNDS)

    @cached_property
    def _videos(self) -> Index:
        return _by_stem(self.files, VIDEOS)

    @cached_property
    def _by_folder(self) -> Mapping[str, tuple[PurePosixPath, ...]]:
        """The pictures of each folder that holds any, by the folder's name."""
        found: dict[str, list[PurePosixPath]] = defaultdict(list)
        for files in self._pictures.values():
            for file in files:
                found[file.parent.name].append(file)
        return {name: tuple(sorted(files)) for name, files in found.items()}

    def find(self, wanted: MediaNames) -> Found | str:
        """Return where the media of a clip are, or which of them is missing.

        Raises InputError if two different files fit equally well.
        """
        video = self._file(self._videos, wanted.sounds)
        sound = self._file(self._sounds, wanted.sounds) or video
        picture = self._file(self._pictures, wanted.pictures) or self._first_frame(wanted.folders)
        if picture is None and video is not None and wanted.video_second is not None and sound is not None:
            return Found(video, sound, wanted.video_second)
        if picture is None or sound is None:
            lacking = [name for name, file in (("picture", picture), ("sound", sound)) if file is None]
            return f"no {' and no '.join(lacking)}"
        return Found(picture, sound)

    def _file(self, index: Index, ends: Iterable[str]) -> Path | None:
        """Return the file of `index` that ends with the first of `ends` that any ends with."""
        for end in ends:
            parts = PurePosixPath(end).parts
            fitting = [file for file in index.get(parts[-1], ()) if _ends_with(file, parts)] if parts else []
            if fitting:
                return self._only(fitting)
        return None

    def _first_frame(self, folders: Iterable[str]) -> Path | None:
        frames = next((self._by_folder[name] for name in folders if name in self._by_folder), ())
        places = sorted({frame.parent for frame in frames})
        return self._only([min(frame for frame in frames if frame.parent == place) for place in places])

    def _only(self, files: list[PurePosixPath]) -> Path | None:
        """Return the first of `files`, which must be copies of one another."""
        paths = [self.folder / file for file in files]
        for other in paths[1:]:
            if sha256(paths[0].read_bytes()) != sha256(other.read_bytes()):
                raise InputError(
                    f"{paths[0]} and {other} are of one clip but differ: keep one, or give the folder above"
                )
        return paths[0] if paths else None


def _ends_with(file: PurePosixPath, parts: tuple[str, ...]) -> bool:
    return len(parts) <= len(file.parts) and file.parts[-len(parts) : -1] == parts[:-1]


def _by_stem(files: Iterable[PurePosixPath], suffixes: frozenset[str]) -> Index:
    found: dict[str, list[PurePosixPath]] = defaultdict(list)
    for file in files:
        if file.suffix.lower() in suffixes:
            found[file.stem].append(file)
    return {stem: tuple(paths) for stem, paths in found.items()}


def open_media(folder: str) -> Media:
    """Return the media in `folder`; raises InputError if it is no folder or holds no picture and no sound."""
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"--media {folder} is not a folder: give the one that holds the pictures and sounds")
    media = Media(place, tuple(sorted(_files_in(place))))
    if not media.files:
        raise InputError(f"--media {folder} holds no picture, sound or video: give the folder of the set's media")
    return media


def _files_in(place: Path) -> Iterator[PurePosixPath]:
    """Yield the pictures, sounds and videos below `place`; hidden ones and macOS's copies are skipped."""
    known = {*EXTENSIONS, *SOUNDS, *VIDEOS}
    seen: set[str] = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        if (real := os.path.realpath(folder)) in seen:  # links may form a circle
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in names:
            if not name.startswith(".") and PurePosixPath(name).suffix.lower() in known:
                yield PurePosixPath((Path(folder) / name).relative_to(place).as_posix())


def find_media(media: Media, pictures: Iterable[Labelled]) -> tuple[list[tuple[Labelled, Found]], dict[str, str]]:
    """Return `pictures` with their media, and what is missing of each other one by its name."""
    found, missing = [], {}
    for picture in pictures:
        files = media.find(picture.media)
        if isinstance(files, str):
            missing[picture.name] = files
        else:
            found.append((picture, files))
    return found, missing
