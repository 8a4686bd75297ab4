"""`open_scenes`: opens homes generated from a seed or read from a folder of glTF files."""

import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ...digests import digest
from ...errors import InputError
from .frame import HABITAT_MATTERPORT, Frame, standard_frame
from .glb import load_glb
from .gltf_file import named_files
from .own_materials import Absorptions
from .scene import Scene, check_scene

PROCEDURAL = "procedural"
PROCEDURAL_COUNT = 10
"""Default number of homes."""
GENERATOR_VERSION = 1
"""Raise this whenever the same seed and number give a different home."""
SUFFIXES = (".glb", ".gltf")
LICENCE_FILES = ("LICENSE", "LICENCE", "LICENSE.txt", "LICENCE.txt", "LICENSE.md", "LICENCE.md")
HABITAT_MATTERPORT_LICENCE = "Matterport End User License Agreement for Academic Use of Model Data (non-commercial)"
_LOADED_AT_ONCE = 2


@dataclass(frozen=True)
class ProceduralScenes:
    """Homes generated from `seed`; home k does not depend on `count`."""

    seed: int
    count: int
    location: str = PROCEDURAL
    licence: str = "generated, no rights claimed"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the homes."""
        return tuple(f"procedural-{number:05d}" for number in range(self.count))

    @property
    def digest(self) -> str:
        """Digest of the seed and the generator version, which determine the homes."""
        return digest({"kind": PROCEDURAL, "seed": self.seed, "version": GENERATOR_VERSION})

    def origin(self, number: int) -> str:
        """Return a description of home `number` for users."""
        return f"{self.names[number]} of seed {self.seed}"

    def load(self, number: int) -> Scene:
        """Return home `number`."""
        _check_number(number, self.count)
        return _draw(self.seed, number)


@dataclass(frozen=True)
class SceneFiles:
    """Homes in `files`, relative to the folder `location`, named `names`; `digest` covers names and contents.

    Each has its own entry in `frames`; without frames all are read in the standard frame. `centred` and `absorptions`
    are as in `load_glb`.
    """

    location: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    digest: str
    licence: str = "unknown"
    frames: tuple[Frame, ...] = ()
    centred: bool = False
    absorptions: Absorptions = ()

    def origin(self, number: int) -> str:
        """Return the path of home `number`."""
        return os.path.join(self.location, self.files[number])

    def load(self, number: int) -> Scene:
        """Return home `number`."""
        _check_number(number, len(self.files))
        path = self.origin(number)
        frame = self.frames[number] if self.frames else standard_frame(path)
        return _read(path, self.names[number], frame, self.centred, self.absorptions)


SceneSource = ProceduralScenes | SceneFiles
"""Homes with `names`, `digest`, `licence` and `location`; `load` generates or reads one on demand, and `origin`
describes it for users."""


def open_scenes(source: str, *, count: int | None, seed: int) -> SceneSource:
    """Return the homes of `source`: "procedural", or a folder of .glb or .gltf files and its subfolders.

    `count` limits them to the first files by path (default: all), or sets the number generated from `seed` (default:
    `PROCEDURAL_COUNT`). Nothing is loaded yet. Raises InputError for any other source.
    """
    if count is not None and count < 1:
        raise InputError(f"{count} scenes: expected at least 1")
    if source == PROCEDURAL:
        return ProceduralScenes(seed, PROCEDURAL_COUNT if count is None else count)
    folder = Path(source)
    if not folder.is_dir():
        raise InputError(f"{source} is not a folder of scenes: give one with .glb or .gltf files, or {PROCEDURAL!r}")
    return _scene_files(folder, count)


def open_scene_file(path: Path) -> SceneFiles:
    """Return the one home in the .glb or .gltf file `path`; raises InputError for anything else."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        raise InputError(f"{path} is not a scene file: give a .glb or .gltf file, or {PROCEDURAL!r}")
    folder, names = path.parent, (path.stem,)
    contents = digest([[path.stem, _file_digest(path)]])
    return SceneFiles(str(folder.absolute()), (path.name,), names, contents, _licence(folder, (path.name,)))


def _scene_files(folder: Path, count: int | None) -> SceneFiles:
    files = scene_files(folder)
    if not files:
        raise InputError(f"{folder}: no .glb or .gltf file in it or below")
    if count is not None and count > len(files):
        raise InputError(f"{folder} holds {len(files)} scenes, fewer than the {count} asked for")
    chosen = tuple(files[:count])
    names = _names(chosen, folder)
    contents = [[name, _file_digest(folder / file)] for name, file in zip(names, chosen, strict=True)]
    return SceneFiles(str(folder.absolute()), chosen, names, digest(contents), _licence(folder, chosen))


def scene_files(folder: Path) -> list[str]:
    """Return the sorted posix paths, relative to `folder`, of the homes in it and below.

    Habitat-Matterport 3D has several files per home, and only the plain .glb, whose textures anyone can read, counts:
    not NAME.semantic.glb (colours are labels), nor NAME.basis.glb beside NAME.glb. Linked folders are followed, each
    only once.
    """
    found, seen = set[str](), set[str]()
    for parent, folders, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(parent)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        homes = (name for name in files if not name.startswith(".") and name.lower().endswith(SUFFIXES))
        found |= {Path(parent, name).relative_to(folder).as_posix() for name in homes}
    return sorted(name for name in found if not _stands_aside(name, found))


def _stands_aside(name: str, plain: set[str]) -> bool:
    stem, suffix = os.path.splitext(name)
    home, kind = os.path.splitext(stem)
    return kind == ".semantic" or (kind == ".basis" and home + suffix in plain)


def _names(files: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Return a name for each of `files`; raises InputError if two would be equal.

    00009-vLpv2VX547B/vLpv2VX547B.glb is named after its folder, as in Habitat-Matterport 3D; any other file after its
    path without the extension.
    """
    names = tuple(_name(Path(file), folder) for file in files)
    for name, file, first in zip(names, files, (files[names.index(name)] for name in names), strict=True):
        if file != first:
            raise InputError(f"{folder}: {first} and {file} would both be named {name}: rename one of them")
    return names


def _name(file: Path, folder: Path) -> str:
    scanned = HABITAT_MATTERPORT.fullmatch((folder.absolute() / file).as_posix())
    return scanned.group(1) if scanned else file.with_suffix("").as_posix()


def _file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, including the files that a .gltf refers to."""
    found = sha256()
    try:
        for part in _parts(path):
            with part.open("rb") as content:
                while block := content.read(1 << 20):
                    found.update(block)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    return found.hexdigest()


def _parts(path: Path) -> list[Path]:
    if path.suffix.lower() != ".gltf":
        return [path]
    return [path, *named_files(path)]


def _licence(folder: Path, files: tuple[str, ...]) -> str:
    """Return the licence of `files` in `folder`: the first line of its licence file, else "unknown"."""
    if all(HABITAT_MATTERPORT.fullmatch((folder.absolute() / file).as_posix()) for file in files):
        return HABITAT_MATTERPORT_LICENCE
    for name in LICENCE_FILES:
        if (folder / name).is_file():
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").split("\n")
            return next((line.strip() for line in lines if line.strip()), "unknown")
    return "unknown"


def _check_number(number: int, count: int) -> None:
    if not 0 <= number < count:
        raise IndexError(f"scene {number} of {count}")


@lru_cache(maxsize=_LOADED_AT_ONCE)
def _draw(seed: int, number: int) -> Scene:
    from .procedural import procedural_scene

    return check_scene(procedural_scene(seed, number))


@lru_cache(maxsize=_LOADED_AT_ONCE)
def _read(path: str, name: str, frame: Frame, centred: bool, absorptions: Absorptions) -> Scene:
    return load_glb(path, name=name, frame=frame, centred=centred, absorptions=absorptions)
