"""Samples of a public sealed set as files that a browser plays or shows, by what the stimulus says of its arrays."""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...benchmarks.display.sounds import wav_of
from ...benchmarks.questions.stimulus import Stimulus
from ...datagen.content import Content
from ...datagen.dataset import Dataset, read_rows
from ...datagen.shards import MANIFEST
from ...datagen.storage import Folder
from ...digests import canonical_json
from ...errors import InputError
from ...registry import load_track
from ..standing.record import Entry, Standing
from ..submission.twins import no_twin
from .addresses import Address, file_name
from .view import BoardView, looked_up

OPEN_AT_ONCE = 16


def _jpeg_of(picture: npt.NDArray[np.uint8]) -> bytes:
    """Return `picture` (height, width, 3) as a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="JPEG", quality=85)
    return file.getvalue()


ENCODERS: Mapping[str, Callable[[npt.NDArray[Any]], bytes]] = {"wav": wav_of, "jpg": _jpeg_of}
"""What makes the bytes of a file, by its suffix, of a sample: (channels, n) float32 or (height, width, 3) uint8."""


class Samples:
    """What can be heard or seen of the samples of one sealed dataset."""

    def __init__(self, dataset: Dataset) -> None:
        """Find the samples of `dataset` by their names."""
        stimulus: Stimulus[Any] = load_track(dataset.recipe["track"]).stimulus
        self._dataset = dataset
        self._rows = {file_name(str(name)): row for row, name in enumerate(dataset.column("sample_id"))}
        self._arrays = {array.file: array for array in stimulus.arrays if _suffix(array.file) in ENCODERS}

    def files(self, sample: str) -> list[str]:
        """Return the names of the files of `sample`; none where the dataset has no such sample."""
        name = file_name(sample)
        return [f"{name}.{end}" for end in self._arrays] if name in self._rows else []

    def content(self, condition: int, file: str) -> bytes:
        """Return what `file` holds under the condition of that number; raises NothingHere."""
        name, _, end = file.partition(".")
        row, array = looked_up(name, self._rows), looked_up(end, self._arrays)
        stored = self._dataset.array(array.stored_name(condition))
        (values,) = read_rows(stored, np.array([row]), self._dataset.url)
        return ENCODERS[_suffix(end)](values)


def _suffix(file: str) -> str:
    return file.rpartition(".")[2]


@lru_cache(maxsize=OPEN_AT_ONCE)
def _opened(url: str, fingerprint: str, content: str) -> Samples:
    dataset, known = Dataset(url), json.loads(content)
    if dataset.fingerprint != fingerprint and (reason := no_twin(known, dataset.content if known else None)):
        raise InputError(f"{url} is another dataset than {fingerprint[:16]} ({reason})")
    return Samples(dataset)


def samples_at(url: str | None, fingerprint: str, content: Content | None = None) -> Samples | None:
    """Return the samples of the dataset `fingerprint`, or of a twin of its `content`.

    None where neither lies at `url`, from where it may move.
    """
    try:
        found = url and Folder(url).exists(MANIFEST)
        return _opened(url, fingerprint, canonical_json(content)) if url and found else None
    except InputError:
        return None


def lies_at(url: str | None) -> bool:
    """Return whether a dataset lies at `url`; of another machine that is believed, as asking it takes long."""
    try:
        folder = Folder(url or "")
    except InputError:
        return False
    return not folder.local or folder.exists(MANIFEST)


def samples_given(
    urls: Iterable[str], standings: Sequence[Standing], contents: Mapping[str, Content | None]
) -> dict[str, Samples]:
    """Return the samples of the datasets at `urls` by the fingerprint of their table.

    `contents` are those of the board's datasets by fingerprint, of which twins may be given. Raises InputError for a
    dataset that no track is on.
    """
    found = {}
    for url in urls:
        dataset = Dataset(url)
        fingerprint = _shown_as(url, dataset, standings, contents)
        _check_commitment(url, dataset, [one for one in standings if one.fingerprint == fingerprint])
        found[fingerprint] = Samples(dataset)
    return found


def _shown_as(url: str, dataset: Dataset, standings: Sequence[Standing], contents: Mapping[str, Content | None]) -> str:
    """Return the fingerprint of the table that is on `dataset` or on a twin of it; raises InputError for none."""
    known = [standing.fingerprint for standing in standings]
    if dataset.fingerprint in known:
        return dataset.fingerprint
    reasons = {one: no_twin(content, dataset.content) for one in known if (content := contents.get(one))}
    for fingerprint, reason in reasons.items():
        if not reason:
            return fingerprint
    why = "".join(f"; {fingerprint[:16]}: {reason}" for fingerprint, reason in reasons.items())
    raise InputError(f"--data {url}: the board has no track on this dataset ({dataset.fingerprint[:16]}){why}")


def _check_commitment(url: str, dataset: Dataset, standings: Sequence[Standing]) -> None:
    """Raise InputError where one of the tables on `dataset` was scored with other labels than it was sealed with."""
    stated = dataset.recipe.get("commitment")
    for standing in standings:
        if stated not in (None, standing.commitment):
            raise InputError(
                f"--data {url}: it was sealed with other labels than those that scored {standing.slug!r}: "
                f"commitment {stated[:16]}, theirs is {standing.commitment[:16]}"
            )


@dataclass(frozen=True)
class ShownSample:
    """A sample by name, and where what can be heard or seen of it lies; `label` says of what, and how it is given."""

    name: str
    label: str
    files: Sequence[Address]

    @property
    def sounds(self) -> list[Address]:
        """The files that are played."""
        return [file for file in self.files if _suffix(file.file) == "wav"]

    @property
    def pictures(self) -> list[Address]:
        """The files that are shown."""
        return [file for file in self.files if _suffix(file.file) != "wav"]


def given_under(view: BoardView) -> str:
    """Return in words the condition under which pages play or show samples: the middle one; empty where it is one."""
    return view.text(view.middle) if len(view.pooled) > 1 else ""


def shown_samples(view: BoardView, entry: Entry, samples: Samples | None) -> list[ShownSample]:
    """Return the samples that `entry` gets most wrong, as given under the middle condition."""
    standing, condition, given = view.standing, view.name(view.middle), given_under(view)
    found = []
    for name in entry.worst:
        label = ", ".join(filter(None, (f"{standing.noun} {name}", given)))
        files = samples.files(name) if samples else []
        addresses = [Address("sample", standing.slug, (condition,), file=file) for file in files]
        found.append(ShownSample(name, label, addresses))
    return found
