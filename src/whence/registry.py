"""The registry of tracks, methods and kinds of dataset, by name; each is imported when it is first used.

Those of Whence are listed here. Third-party methods come from the entry-point group `whence.methods` or from a file, as
`file.py:Name`; third-party tracks from the group `whence.tracks`. A method's name may carry parameters:
`beta:exponent=0.5`.
"""

import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from .digests import sha256
from .errors import InputError

LEARNED_PACKAGES = ("torch", "lightning_fabric", "safetensors")
"""What the extra `learned` installs, and trained models import."""
METHOD_GROUP, TRACK_GROUP = "whence.methods", "whence.tracks"
"""Entry-point groups for other distributions."""


@dataclass(frozen=True)
class Registration:
    """A registered method or track: its location (`module:attribute`), the tracks it serves, a one-line summary.

    `trained` marks methods with learned weights; one that serves no track is trained for what it learns on the way.
    `condition` locates the class of a track's conditions, whose settings become command-line options; its module
    imports nothing heavy.
    """

    target: str
    tracks: tuple[str, ...]
    summary: str
    trained: bool = False
    condition: str = ""


_TRACKS, _STIMULI = "whence.benchmarks.tracks", "whence.benchmarks.stimuli"
_STEREO = f"{_STIMULI}.stereo.condition:StereoCondition"
_GUIDED = f"{_STIMULI}.guided.condition:GuidedCondition"
_PAIRS, _BINAURAL = f"{_STIMULI}.view_pairs.condition:AsStored", f"{_STIMULI}.binaural.condition:BinauralCondition"

_SOUNDING = f"{_STIMULI}.picture_sound.condition:PictureSoundCondition"
_PANORAMA = f"{_STIMULI}.panorama_sound.condition:PanoramaSoundCondition"


def _track(module: str, name: str, summary: str, condition: str) -> Registration:
    return Registration(f"{_TRACKS}.{module}:TRACK", (name,), summary, condition=condition)


TRACKS = {
    "tde": _track("tde", "tde", "time delay of speech between two microphones", _STEREO),
    "left-right": _track("left_right", "left-right", "side of a sound, from stereo", _STEREO),
    "guided": _track("guided", "guided", "time delay of the speaker pointed at, of two", _GUIDED),
    "rotation": _track("rotation", "rotation", "how far a camera rotated between two pictures", _PAIRS),
    "azimuth": _track("azimuth", "azimuth", "azimuth of a sound heard by two ears", _BINAURAL),
    "sounding-object": _track("sounding_object", "sounding-object", "where in a picture a sound comes from", _SOUNDING),
    "panning": _track("panning", "panning", "where a camera looks in a panorama to follow the sound", _PANORAMA),
}

PROBE, PROBED = "probe", ("rotation", "azimuth")
"""`whence bench probe` runs these tracks together and ranks by the 64-way accuracies of SLfM's linear probes."""

_BOTH = ("tde", "left-right")
_MAPS = ("sounding-object",)
_LICENCE = "weights for non-commercial research only"


def _method(target: str, tracks: tuple[str, ...], summary: str, trained: bool = False) -> Registration:
    return Registration(f"whence.baselines.{target}", tracks, summary, trained)


_MODELS = "whence.models."


def _learned(target: str, tracks: tuple[str, ...], summary: str) -> Registration:
    return Registration(f"{_MODELS}{target}", tracks, summary, trained=True)


METHODS = {
    "zero": _method("constant:Zero", (*_BOTH, "guided", "rotation", "azimuth", "panning"), "always zero: chance"),
    "random": _method("random_guess:Random", _BOTH, "a delay drawn at random, deaf"),
    "gcc-phat": Registration(
        "whence.baselines.gcc:GccPhat", (*_BOTH, "guided", "azimuth"), "phase transform (Knapp and Carter 1976)"
    ),
    "scot": _method("gcc:Scot", _BOTH, "smoothed coherence transform (Carter 1973)"),
    "roth": _method("gcc:Roth", _BOTH, "Roth's impulse response processor (1971)"),
    "flat": _method("gcc:Flat", _BOTH, "plain cross-correlation"),
    "ml": _method("gcc:MaximumLikelihood", _BOTH, "Hannan and Thomson's weighting (1973)"),
    "beta": _method("gcc:Beta", _BOTH, "phase transform to the power beta, 0..1"),
    "salvati": _learned("delay.salvati:Salvati", _BOTH, "network on parametrised correlations (Salvati et al. 2021)"),
    "stereocrw": _learned("delay.stereocrw:StereoCrw", _BOTH, "patches walk to the other channel and back, no labels"),
    "zeronce": _learned("delay.stereocrw:ZeroNce", _BOTH, "patches at one time match, no labels"),
    "monoclr": _learned("delay.stereocrw:MonoClr", _BOTH, "a patch of one channel finds itself, no labels"),
    "av-monoclr": _learned("delay.av_monoclr:AvMonoClr", ("guided",), "the voice that a query points at, no labels"),
    "whence-delay": _learned("delay.whence_delay:WhenceDelay", _BOTH, "our network on a whole clip, with intervals"),
    "attention": _learned(
        "picture.attention:Attention", ("sounding-object",), "cells that match the sound (Senocak et al. 2018)"
    ),
    "contrastive": _learned(
        "picture.contrastive:Contrastive", ("sounding-object",), "the losses of LVS, EZ-VSL, SLAVC, FNAC, no labels"
    ),
    "slfm": _learned(
        "motion.slfm:Slfm", ("rotation", "azimuth", "left-right"), "sound localization from motion (Chen et al. 2023)"
    ),
    "slfm-pretext": _learned("motion.pretext:SlfmPretext", (), "features for slfm, from sound at a turned head"),
    "avsa": _learned("motion.view_contrast:Avsa", (), "features for slfm, from which view belongs to which sound"),
    "rotnce": _learned("motion.view_contrast:RotNce", (), "features for slfm, from sounds told apart by rotation"),
    "probe": _learned("motion.probe:Probe", ("rotation", "azimuth"), "a linear layer of 64 bins on frozen features"),
    "ngcc-phat": _learned("delay.ngcc_phat:NgccPhat", _BOTH, "correlations of learned filters (Berg et al. 2022)"),
    "random-oracle": _method("oracles:RandomOracle", ("guided",), "the delay of either talker, by a coin: an oracle"),
    "oracle-mask": _method("oracles:OracleMask", ("guided",), "an ideal mask, then GCC-PHAT: an oracle"),
    "iid-rms": _method("level:LevelRatio", ("left-right",), "the louder channel, over the clip"),
    "iid-vote": Registration(
        "whence.baselines.level:LevelVotes", ("left-right",), "the louder channel, by votes of windows"
    ),
    "random-rotation": Registration(
        "whence.baselines.random_guess:RandomRotation", ("rotation",), "drawn at random, blind"
    ),
    "random-azimuth": _method("random_guess:RandomAzimuth", ("azimuth",), "drawn at random, deaf"),
    "itd-sphere": Registration(
        "whence.baselines.azimuth:ItdSphere", ("azimuth",), "low-passed delay, by the rigid sphere"
    ),
    "ild-sphere": Registration(
        "whence.baselines.azimuth:IldSphere", ("azimuth",), "level differences, by the rigid sphere"
    ),
    "sift": _method("keypoint_matching:Sift", ("rotation",), "SIFT keypoints, ratio test (Lowe 2004)"),
    "orb": _method("keypoint_matching:Orb", ("rotation",), "ORB keypoints, fast (Rublee et al. 2011)"),
    "akaze": _method("keypoint_matching:Akaze", ("rotation",), "AKAZE keypoints (Alcantarilla et al. 2013)"),
    "superglue": Registration(
        "whence.baselines.learned_matching:SuperGlue", ("rotation",), f"SuperGlue; {_LICENCE}", True
    ),
    "lightglue": Registration(
        "whence.baselines.learned_matching:LightGlue", ("rotation",), f"LightGlue; {_LICENCE}", True
    ),
    "loftr": Registration(
        "whence.baselines.learned_matching:LoFTR", ("rotation",), "Efficient LoFTR, no keypoints", True
    ),
    "centre-blob": _method("map_patterns:CentreBlob", _MAPS, "a blob in the middle: chance"),
    "centre-box": _method("map_patterns:CentreBox", _MAPS, "a box of half the picture (Senocak et al. 2019)"),
    "whole-picture": _method("map_patterns:WholePicture", _MAPS, "the same value everywhere"),
    "random-map": _method("map_patterns:RandomMap", _MAPS, "every cell drawn at random"),
    "dataset-prior": _method("map_patterns:DatasetPrior", _MAPS, "where sources lie in the other splits"),
    "spectral-residual": _method("saliency:SpectralResidual", _MAPS, "visual saliency (Hou and Zhang 2007), deaf"),
    "objectness": _method("objectness:Objectness", _MAPS, "objects, to a network of ImageNet (EZ-VSL's prior)", True),
    "random-view": _method("random_guess:RandomView", ("panning",), "drawn at random, blind and deaf"),
    "pan": _method("panning:Pan", ("panning",), "the mean direction of a map: pan:map=METHOD, default visual saliency"),
    "oracle-largest-object": _method("map_oracles:OracleLargestObject", _MAPS, "the largest object: an oracle"),
    "oracle-all-objects": _method("map_oracles:OracleAllObjects", _MAPS, "all objects: an oracle"),
}


DATASETS = {
    "tde": "whence.datagen.tde:replan",
    "talkers": "whence.datagen.talkers:replan",
    "brir": "whence.datagen.brir:replan",
    "random-rooms": "whence.datagen.random_rooms:replan",
    "dry-clips": "whence.datagen.dry_clips:replan",
    "hm3d-ss": "whence.datagen.hm3d_ss:replan",
    "panoramas": "whence.datagen.panoramas:replan",
    "sounding-objects": "whence.datagen.sounding_objects:replan",
    "panning": "whence.datagen.panning:replan",
}
"""For each kind of dataset, the function that plans it again for `whence verify`: (dataset, elsewhere) -> plan.
Imported and sealed kinds are absent: their rows cannot be rendered again.
"""


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


def registered_methods() -> dict[str, Registration]:
    """Return all registered methods by name, including those of other distributions."""
    found = dict(METHODS)
    for point in entry_points(group=METHOD_GROUP):
        found.setdefault(
            point.name, Registration(point.value, (), f"from {point.dist.name if point.dist else point.value}")
        )
    return found


def registered_tracks() -> dict[str, Registration]:
    """Return all registered tracks by name, including those of other distributions."""
    found = dict(TRACKS)
    for point in entry_points(group=TRACK_GROUP):
        whose = f"from {point.dist.name if point.dist else point.value}"
        found.setdefault(point.name, Registration(point.value, (point.name,), whose))
    return found


def without_missing_packages(specifications: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return those of `specifications` whose packages are installed, and the trained models whose packages are not."""
    learned = all(importlib.util.find_spec(package) for package in LEARNED_PACKAGES)
    needs = {
        text: METHODS[name].target.startswith(_MODELS) for text in specifications if (name := _name(text)) in METHODS
    }
    left_out = [text for text, needed in needs.items() if needed and not learned]
    return [text for text in specifications if text not in left_out], left_out


def _name(specification: str) -> str:
    return parse_specification(specification)[0]


def load_conditions() -> list[Any]:
    """Return the distinct condition classes of Whence's tracks; their settings are the command-line options."""
    return [load(target) for target in dict.fromkeys(one.condition for one in TRACKS.values()) if target]


def load_method(name: str) -> tuple[Any, str]:
    """Return the class or function of the method `name` and the sha256 of the file that defines it."""
    if ".py:" in name or name.endswith(".py"):
        found = _load_from_file(name)
    else:
        found = load(_known(name, METHODS, registered_methods, "method").target)
    file = inspect.getsourcefile(found) if isinstance(found, type) or inspect.isfunction(found) else None
    return found, sha256(Path(file).read_bytes()) if file else ""


def load_track(name: str) -> Any:
    """Return the track `name`; raises InputError suggesting the nearest name."""
    return load(_known(name, TRACKS, registered_tracks, "track").target)


def load_replanner(kind: str) -> Any:
    """Return the function that plans a dataset of this `kind` again, or None if there is none."""
    return load(DATASETS[kind]) if kind in DATASETS else None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known name closest to `name`, or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"


def _known(
    name: str, ours: Mapping[str, Registration], everything: Callable[[], dict[str, Registration]], what: str
) -> Registration:
    """Return what is registered as `name`; listing `everything` that is installed takes 20 ms."""
    registered = ours if name in ours else everything()
    if name not in registered:
        raise InputError(f"unknown {what} {name!r}: {nearest(name, registered)} (`whence {what}s` lists them)")
    return registered[name]


def load(target: str) -> Any:
    """Return the attribute `target` (`module:attribute`); raises InputError if it cannot be loaded."""
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name in LEARNED_PACKAGES:
            raise InputError(f"{attribute} needs {error.name}: pip install '.[learned]'") from error
        raise InputError(f"{target} cannot be loaded: {error}; reinstall the package that registers it") from error
    except (ImportError, AttributeError) as error:
        raise InputError(f"{target} cannot be loaded: {error}; reinstall the package that registers it") from error


def _load_from_file(name: str) -> Any:
    file, _, attribute = (name if ".py:" in name else f"{name}:").rpartition(":")
    path = Path(file)
    if not path.is_file():
        raise InputError(f"method file {file} does not exist: give file.py:Name")
    module = _import_file(path)
    known = _methods_of(module)
    if not attribute:
        found = (
            " or ".join(f"{file}:{one}" for one in known)
            if known
            else "it defines no class with `predict` and no function"
        )
        raise InputError(f"method {name}: say which of the file, as file.py:Name: {found}")
    if not hasattr(module, attribute):
        hint = nearest(attribute, known) if known else "it defines no class with `predict` and no function"
        raise InputError(f"method file {file} has no {attribute!r}: {hint}")
    return getattr(module, attribute)


def methods_in(path: Path) -> list[str]:
    """Return the names of the methods that the file `path` defines; raises InputError if it cannot be loaded."""
    if not path.is_file():
        raise InputError(f"method file {path} does not exist: give file.py:Name")
    return _methods_of(_import_file(path))


def _methods_of(module: ModuleType) -> list[str]:
    """Return the classes with `predict` that `module` defines or, if it has none, its functions."""
    own = {
        key: value
        for key, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not key.startswith("_")
    }
    classes = [key for key, value in own.items() if isinstance(value, type) and hasattr(value, "predict")]
    return classes or [key for key, value in own.items() if inspect.isfunction(value)]


_beside: set[str] = set()
"""Modules next to a method file that it imported; they are reloaded together with it."""


def _import_file(path: Path) -> ModuleType:
    """Return the module in the file `path`, reloaded each time; it may import its neighbours."""
    folder = path.resolve().parent
    specification = importlib.util.spec_from_file_location(f"whence_method_{path.stem}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    for name in _beside & sys.modules.keys():
        del sys.modules[name]
    before = set(sys.modules)
    sys.modules[module.__name__] = module  # dataclasses look up their module
    sys.path.insert(0, str(folder))
    keeps_no_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # bytecode would hide a quick change
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise InputError(f"method file {path} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = keeps_no_bytecode
        _beside.update(name for name in set(sys.modules) - before if _lies_in(sys.modules[name], folder))
    return module


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(folder)
