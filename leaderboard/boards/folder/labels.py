"""The private labels of a folder board: those that the host names, and no others.

A pull request may put a file of labels anywhere into the folder, so nothing is looked for there. What the host names
is compared with the commitment of the track.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ....datagen.content import Content
from ....errors import InputError
from ...sealing.labels_file import SealedLabels, read_labels_file
from .board_file import FolderTrack
from .guarded import inside, shown

LABELS = "labels"
"""The folder of a board where older versions looked for labels."""


def labels_by_fingerprint(root: Path, places: Sequence[Path]) -> dict[str, SealedLabels]:
    """Return the labels in `places` (files, or folders of them) by the fingerprint of their public dataset.

    Raises InputError for two files for one dataset, and for one that is no label file.
    """
    found: dict[str, SealedLabels] = {}
    come_from: dict[str, Path] = {}
    for path in dict.fromkeys(_files(root, places)):
        try:
            labels = read_labels_file(path)
        except InputError as error:
            raise InputError(f"--labels {shown(path)}: {' '.join(shown(error).split())}") from None
        other = come_from.setdefault(labels.fingerprint, path)
        if other is not path:
            raise InputError(f"--labels: {shown(other)} and {shown(path)} are both of one dataset: give one of them")
        found[labels.fingerprint] = labels
    return found


def _files(root: Path, places: Sequence[Path]) -> Iterator[Path]:
    """Yield the label files in `places`: none behind a link in the board's folder `root`, where strangers write."""
    own = Path(os.path.abspath(root))
    for place in map(Path, map(os.path.abspath, places)):
        mine = own in (place, *place.parents)
        files = sorted(place.glob("*.parquet")) if place.is_dir() else [place]
        if not files:
            raise InputError(f"--labels {shown(place)}: the folder holds no label file, such as labels.parquet")
        yield from (inside(own, path) if mine else path.resolve() for path in files)


def labels_of(
    root: Path, track: FolderTrack, known: dict[str, SealedLabels], content: Content | None = None
) -> SealedLabels:
    """Return the labels of `track`, whose dataset holds `content`, or those of a twin.

    Raises InputError unless they are among `known`, and those that the dataset was sealed with.
    """
    found = known.get(track.fingerprint) or _of_a_twin(track, known, content)
    if found is None:
        left = f"; those in {shown(root / LABELS)} may be anybody's, so name them" if (root / LABELS).exists() else ""
        raise InputError(f"no labels for the track {track.slug!r} of {shown(root)}: give them with --labels FILE{left}")
    if track.commitment is not None and found.commitment != track.commitment:
        raise InputError(
            f"--labels: those of the track {track.slug!r} are not the ones that its dataset was sealed with: "
            f"their commitment is {found.commitment[:16]}, expected {track.commitment[:16]}"
        )
    return found


def _of_a_twin(track: FolderTrack, known: dict[str, SealedLabels], content: Content | None) -> SealedLabels | None:
    """Return the labels of a twin of the dataset of `track`: equal commitments mean equal labels."""
    twins = (one.for_dataset(track.fingerprint, content, track.commitment) for one in known.values())
    return next((one for one in twins if one is not None), None)
