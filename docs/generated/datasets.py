"""The page of the datasets: what makes each kind, and the arrays it has."""

from collections.abc import Callable
from importlib import import_module

from whence.datagen import (
    dry_clips,
    home_fields,
    in_the_wild,
    panning,
    panoramas,
    random_rooms,
    recordings,
    sounding_objects,
    stereo,
    view_pairs,
)
from whence.datagen import talkers as two_talkers
from whence.datagen.lenses import Lens
from whence.datagen.shards import Field
from whence.registry import DATASETS, TRACKS, load_track

from .markdown import anchor, code, fenced, table

ARRAYS: dict[str, Callable[[], tuple[Field, ...]]] = {
    "tde": lambda: stereo.layout(1, 1).fields,
    "talkers": lambda: two_talkers.FIELDS,
    "brir": lambda: stereo.layout(1, 1, measured=True).fields,
    "random-rooms": lambda: (*stereo.LABELLED_AUDIO, *stereo.SPEECH, *random_rooms._FIELDS),
    "dry-clips": lambda: dry_clips.FIELDS,
    "hm3d-ss": lambda: home_fields.home_fields(views=4, sources=3),
    "panoramas": lambda: panoramas._FIELDS,
    "sounding-objects": lambda: sounding_objects.sounding_fields("room", True),
    "panning": lambda: panning._fields(),
    "in-the-wild": lambda: in_the_wild._FIELDS,
    "recordings": lambda: (*recordings._ALWAYS, *recordings._LABELS.values()),
    "view-pairs": lambda: view_pairs.fields(view_pairs.ViewPairsPlan((), "", Lens.of_field_of_view(60.0, 640, 480))),
}
"""The arrays of each kind with its default options; `sounding-objects` with all that are optional."""
INTRODUCTION = """# Datasets

A dataset is one Zarr v3 group, one row a sample, with its recipe, licences and a sha256 of every file; its fingerprint
names it in every result. `whence inspect` prints the card of yours: rows, recipe, sources, licences. Sizes below are
those of the default options. This page is drawn from the code.

"""


def page() -> str:
    """Return the page: a table, then the arrays of every kind."""
    rows = [(f"[`{kind}`](#{anchor(kind)})", _title(kind), code(serves(kind))) for kind in ARRAYS]
    return INTRODUCTION + table(("kind", "what it is", "tracks"), rows) + "".join(map(section, ARRAYS)) + IMPORTED


def serves(kind: str) -> list[str]:
    """Return the tracks that take datasets of this `kind`."""
    return [name for name in TRACKS if kind in load_track(name).datasets]


def _about(kind: str) -> str:
    imported = f"whence.datagen.{kind.replace('-', '_')}:"
    return fenced(import_module(DATASETS.get(kind, imported).partition(":")[0]).__doc__)


def _title(kind: str) -> str:
    return _about(kind).partition("\n")[0]


def section(kind: str) -> str:
    """Return the description and the arrays of one `kind`."""
    rows = [(f"`{one.name}`", one.dtype, _shape(one), _meaning(one)) for one in ARRAYS[kind]()]
    return f"\n## {kind}\n\n{_about(kind)}\n\n" + table(("array", "type", "shape of a row", "what it is"), rows)


def _shape(one: Field) -> str:
    axes = (f"{name} {size}" for name, size in zip(one.dimensions, one.shape, strict=True))
    return " x ".join(axes) or "one value"


def _meaning(one: Field) -> str:
    unit = (one.attributes or {}).get("units")
    return f"{one.description}, in {unit}" if unit else one.description


IMPORTED = """
## sounding-objects-import

Public sets of pictures with boxes, brought in by [`whence import`](maps.md): the picture, its sound, and the boxes that
people drew. Their arrays follow from the set.
"""
