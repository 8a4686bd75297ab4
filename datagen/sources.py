"""Where the sources of a dataset are now: as the user says, as recorded, or missing, in one line that says which."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from ..english import counted
from ..errors import InputError
from .dataset import Elsewhere


class Recorded(Protocol):
    """What is known of how a dataset was made: an open dataset, or the recipe of one that is elsewhere."""

    @property
    def url(self) -> str:
        """Where this was read."""

    @property
    def name(self) -> str:
        """Kind of the dataset."""

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that affects the bytes, with the digests of the sources."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Descriptions of the sources; without locations where the recipe has travelled."""


class SourceKind(NamedTuple):
    """A kind of source: what it is, its option, where a dataset records it, and where a recipe holds its digest."""

    words: str
    option: str
    record: str
    location: str
    digests: tuple[str, ...]


SOURCES: Mapping[str, SourceKind] = {
    "speech": SourceKind("speech", "--speech DIR", "speech", "location", ("corpus", "speech", "dry.corpus")),
    "sounds": SourceKind("recordings", "--sounds DIR", "sounds", "location", ("sounds",)),
    "responses": SourceKind("measured responses", "--responses DIR", "engine", "location", ("responses",)),
    "scenes": SourceKind("3D scenes", "--scenes DIR", "scenes", "location", ("scenes",)),
    "images": SourceKind("photographs", "--images DIR", "images", "location", ("images",)),
    "hrtf": SourceKind("measured head", "--hrtf FILE.sofa", "engine", "hrtf", ("head",)),
}
"""By the key of `Elsewhere`."""
GENERATED = {"speech": "espeak", "scenes": "procedural"}
"""Sources that anyone can make: what is tried where no other is recorded."""


def digest_in(recipe: Mapping[str, Any], source: str) -> str:
    """Return the digest of `source` in `recipe`, empty if the recipe has none.

    >>> digest_in({"dry": {"corpus": "12ab"}}, "speech"), digest_in({"head": "rigid sphere"}, "sounds")
    ('12ab', '')
    """
    for path in SOURCES[source].digests:
        found: Any = recipe
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, str) and found and found != "rigid sphere":
            return found
    return ""


def place_of(recorded: Recorded, elsewhere: Elsewhere, source: str) -> str:
    """Return where `source` is: where the user says, else as recorded; "procedural" for homes that are made here.

    Raises InputError that says what is missing, and the option that points at it.
    """
    kind = SOURCES[source]
    about: Mapping[str, Any] = recorded.attributes.get(kind.record) or {}
    recorded_at = about.get(kind.location)
    if place := elsewhere.get(source):
        return place
    if isinstance(recorded_at, str) and (recorded_at == GENERATED.get(source) or os.path.exists(recorded_at)):
        return recorded_at
    if source in GENERATED and recorded_at is None and about.get("kind", GENERATED[source]) == GENERATED[source]:
        return GENERATED[source]
    raise missing(source, about, digest_in(recorded.recipe, source))


def missing(source: str, about: Mapping[str, Any], digest: str) -> InputError:
    """Return the error that `source`, described by its record `about` and `digest`, is not at hand."""
    kind = SOURCES[source]
    before = f", before at {about[kind.location]}" if about.get(kind.location) else ""
    what = f"{kind.words} ({described(about, digest)}{before})"
    return InputError(f"missing the {what} that the dataset was made from: say where it is with {kind.option}")


def described(about: Mapping[str, Any], digest: str) -> str:
    """Return a source in words: kind, size, layout and digest, as far as its record `about` tells.

    >>> described({"kind": "folder", "clips": 7, "speakers_known_by": {"LibriSpeech": 7}}, "12ab34cd56ef78")
    'folder, 7 clips, speakers by LibriSpeech, digest 12ab34cd56ef'
    """
    clips = about.get("clips")
    count = sum(clips.values()) if isinstance(clips, Mapping) else clips
    parts = [
        " ".join(str(about[key]) for key in ("kind", "subset") if about.get(key)),
        counted(count, "clip") if count else "",
        counted(about["photographs"], "photograph") if about.get("photographs") else "",
        counted(about["responses"], "response") if about.get("responses") else "",
        f"speakers by {', '.join(about['speakers_known_by'])}" if about.get("speakers_known_by") else "",
        f"digest {digest[:12]}" if digest else "",
    ]
    return ", ".join(filter(None, parts)) or "not described"
