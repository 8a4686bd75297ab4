"""What can be measured and with what: names and where they live, loaded only when asked for.

Ours are listed here. Anyone else's method is found through the entry-point group `whence.methods`, or straight from
a file as `file.py:Name`. A name may carry parameters: `beta:exponent=0.5`.
"""

import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from .digests import sha256
from .errors import InputError

METHOD_GROUP = "whence.methods"


@dataclass(frozen=True)
class Entry:
    """A registered method or track: where it lives (`module:attribute`), the tracks it serves, one line on it.

    `trained` says that a method has weights, which it learnt from data.
    """

    target: str
    tracks: tuple[str, ...]
    summary: str
    trained: bool = False


TRACKS = {
    "tde": Entry("whence.benchmarks.tracks.tde:TRACK", ("tde",), "time delay of speech between two microphones"),
    "left-right": Entry(
        "whence.benchmarks.tracks.left_right:TRACK", ("left-right",), "on which side a sound is, from stereo"
    ),
    "rotation": Entry(
        "whence.benchmarks.tracks.rotation:TRACK", ("rotation",), "how far a camera turned between two pictures"
    ),
    "azimuth": Entry("whence.benchmarks.tracks.azimuth:TRACK", ("azimuth",), "from where a sound comes to two ears"),
}

_BOTH = ("tde", "left-right")
_LICENCE = "weights for non-commercial research only"
METHODS = {
    "zero": Entry("whence.baselines.constant:Zero", (*_BOTH, "rotation", "azimuth"), "always says zero: chance"),
    "random": Entry("whence.baselines.constant:Random", _BOTH, "a delay drawn at random, deaf"),
    "gcc-phat": Entry("whence.baselines.gcc:GccPhat", (*_BOTH, "azimuth"), "phase transform (Knapp and Carter 1976)"),
    "scot": Entry("whence.baselines.gcc:Scot", _BOTH, "smoothed coherence transform (Carter 1973)"),
    "roth": Entry("whence.baselines.gcc:Roth", _BOTH, "Roth's impulse response processor (1971)"),
    "flat": Entry("whence.baselines.gcc:Flat", _BOTH, "plain cross-correlation"),
    "ml": Entry("whence.baselines.gcc:MaximumLikelihood", _BOTH, "Hannan and Thomson's weighting (1973)"),
    "beta": Entry("whence.baselines.gcc:Beta", _BOTH, "phase transform to the power beta, 0..1"),
    "iid-rms": Entry("whence.baselines.level:LevelRatio", ("left-right",), "the louder channel, over the clip"),
    "iid-vote": Entry("whence.baselines.level:LevelVotes", ("left-right",), "the louder channel, by votes of windows"),
    "random-rotation": Entry("whence.baselines.constant:RandomRotation", ("rotation",), "drawn at random, blind"),
    "random-azimuth": Entry("whence.baselines.azimuth:RandomAzimuth", ("azimuth",), "drawn at random, deaf"),
    "itd-sphere": Entry("whence.baselines.azimuth:ItdSphere", ("azimuth",), "low-passed delay, by the rigid sphere"),
    "ild-sphere": Entry("whence.baselines.azimuth:IldSphere", ("azimuth",), "level differences, by the rigid sphere"),
    "sift": Entry("whence.baselines.sift:Sift", ("rotation",), "SIFT keypoints, ratio test (Lowe 2004)"),
    "superglue": Entry("whence.baselines.learned_matching:SuperGlue", ("rotation",), f"SuperGlue; {_LICENCE}", True),
    "lightglue": Entry("whence.baselines.learned_matching:LightGlue", ("rotation",), f"LightGlue; {_LICENCE}", True),
    "loftr": Entry("whence.baselines.learned_matching:LoFTR", ("rotation",), "Efficient LoFTR, no keypoints", True),
}


def parse_specification(text: str) -> tuple[str, dict[str, str]]:
    """Return the name and the parameters of `name:key=value:key=value`.

    >>> parse_specification("gcc-phat:votes=mode")
    ('gcc-phat', {'votes': 'mode'})
    >>> parse_specification("mine.py:Mine:depth=3")
    ('mine.py:Mine', {'depth': '3'})
    """
    parts = text.split(":")
    count = next((k for k, part in enumerate(parts) if "=" in part), len(parts))
    name, pairs = ":".join(parts[:count]), [part.partition("=") for part in parts[count:]]
    if not name or not all(key and separator for key, separator, _ in pairs):
        raise InputError(f"method {text!r}: expected NAME or NAME:key=value, or file.py:Name")
    return name, {key: value for key, _, value in pairs}


def method_entries() -> dict[str, Entry]:
    """Return every registered method by name, other distributions' included."""
    found = dict(METHODS)
    for point in entry_points(group=METHOD_GROUP):
        found.setdefault(point.name, Entry(point.value, (), f"from {point.dist.name if point.dist else point.value}"))
    return found


def load_method(name: str) -> tuple[Any, str]:
    """Return the class of the method `name` and the sha256 of the file that defines it."""
    if ".py:" in name:
        found = _load_from_file(name)
    else:
        found = _load(_known(name, method_entries(), "method", "whence methods").target)
    file = inspect.getsourcefile(found) if isinstance(found, type) else None
    return found, sha256(Path(file).read_bytes()) if file else ""


def load_track(name: str) -> Any:
    """Return the track `name`; raises InputError naming the nearest one there is."""
    return _load(_known(name, TRACKS, "track", "whence tracks").target)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known name closest to `name`, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _known(name: str, entries: dict[str, Entry], what: str, command: str) -> Entry:
    if name not in entries:
        raise InputError(f"unknown {what} {name!r}: {nearest(name, entries)} (`{command}` lists them)")
    return entries[name]


def _load(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{target} cannot be loaded: {error}; reinstall the package that registers it") from error


def _load_from_file(name: str) -> Any:
    file, _, attribute = name.rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise InputError(f"method file {file} does not exist: give file.py:Name")
    module = _import_file(path)
    if not hasattr(module, attribute):
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        raise InputError(f"method file {file} has no {attribute!r}: {nearest(attribute, classes)}")
    return getattr(module, attribute)


def _import_file(path: Path) -> ModuleType:
    """Return the module in the file `path`; it may import what lies beside it."""
    specification = importlib.util.spec_from_file_location(f"whence_method_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.resolve().parent))
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"method file {path} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module
