"""A whole equivariance report card in one call: ask methods again about inputs changed as physics can predict."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..datagen.dataset import Dataset
from ..errors import InputError
from ..registry import load_track
from ..threads import thread_policy
from .questions.labels import Labels
from .questions.physics import Check
from .questions.settings import Level
from .questions.source import open_source
from .questions.track import Track
from .report.physics_card import ReportCard, write_card
from .running.method import PROTOCOLS, load_methods
from .running.probe import probe

SAMPLES = 300
"""Samples asked about by default."""


def probe_physics(
    track_name: str,
    url: str,
    *,
    methods: Sequence[str],
    given: Mapping[str, Sequence[Level]] | None = None,
    protocol: str = "paper",
    samples: int = SAMPLES,
    split: str | None = None,
    device: str | None = None,
    out: Path | None = None,
) -> ReportCard:
    """Return how the answers of `methods` change with the input, against physics, and write it to the folder `out`.

    They are asked about `samples` of the dataset at `url`, spread over it evenly, under the conditions `given` by flag
    (default: the first usual one of the track). Raises InputError for a track without checks and for oracles.
    """
    track = load_track(track_name)
    checks = checks_of(track)
    if out is not None and out.is_file():
        raise InputError(f"--out {out} is a file: give a folder")
    source = open_source(track, Dataset(url), split)
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    loaded = load_methods(methods, track_name, protocols, device)
    conditions = source.grid(given) if given else source.conditions()[:1]
    labels = spread(source.labels, samples)
    with thread_policy():
        probed = [probe(source, labels, method, one, checks) for method in loaded for one in conditions]
    card = ReportCard(source, labels, probed)
    if out is not None:
        write_card(card, out)
    return card


def checks_of(track: Track) -> Sequence[Check]:
    """Return the checks of `track`; raises InputError if its stimulus declares none."""
    declared = track.stimulus.load_physics()
    checks: Sequence[Check] = declared(track) if declared else ()
    if not checks:
        raise InputError(f"the track {track.name!r} declares no checks: name them in `physics` of its stimulus")
    return checks


def spread(labels: Labels, most: int) -> Labels:
    """Return `most` of `labels` or a few more, those of whole rows, which are spread evenly over all."""
    rows, counts = np.unique(labels.rows, return_counts=True)
    needed = min(len(rows), int(np.ceil(most / counts.mean())))
    kept = rows[np.unique(np.linspace(0, len(rows) - 1, needed).astype(np.intp))]
    return labels.take(np.flatnonzero(np.isin(labels.rows, kept)))
