"""New tracks: from a sealed dataset and its labels, which are copied to where the scoring process alone reads them.

The dataset may move later.
"""

import json
import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ....datagen.dataset import Dataset
from ....datagen.storage import Folder
from ....errors import InputError
from ...sealing.labels_file import SEAL_ANOTHER, SealedLabels, check_commitment, read_labels_file, write_labels_file
from ...standing.scoring import halves_of, indices_of
from ...submission.expectation import Expectation, expectation_of
from ...submission.twins import no_twin
from .audit import record
from .models import TrackRow
from .settings import FILE, Settings
from .tracks import expectation_for, find_track

LABELS = "labels"
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
LONGEST_TITLE = 120


def labels_path(folder: Path, slug: str) -> Path:
    """Return where the labels of a track lie."""
    return folder / LABELS / f"{slug}.parquet"


def checked_expectation(data: str, labels: Path) -> Expectation:
    """Return what a submission for the public sealed dataset `data` must hold.

    Raises InputError unless the file `labels` is the one that it was sealed with, and has a public half.
    """
    dataset = Dataset(data)
    expectation, check = expectation_of(dataset), check_commitment(labels, dataset)
    if check.faults:
        raise InputError(f"{labels} does not belong to {data}: {check.faults[0]}")
    indices_of(read_labels_file(labels), "public")
    return expectation


def check_room(settings: Settings, expectation: Expectation) -> None:
    """Raise InputError where the board takes no file as large as a submission for `expectation` may be."""
    needed = expectation.rows * expectation.answer.nbytes
    if needed > settings.upload_bytes:
        raise InputError(
            f"the answers of a submission have {needed} bytes and the board takes files of {settings.upload_bytes}: "
            f"set upload_bytes = {expectation.limits.file_bytes} in {settings.folder / FILE}"
        )


def add_track(
    session: Session,
    folder: Path,
    slug: str,
    expectation: Expectation,
    labels: Path,
    *,
    title: str,
    per_day: int,
    data: str | None = None,
) -> TrackRow:
    """Return a new track, open for `per_day` submissions a team and day (UTC); raises InputError.

    The file `labels`, which fits `expectation`, is copied into the board's `folder`. `data` is the path or URL of the
    public dataset, for what pages play of it.
    """
    if not SLUG.fullmatch(slug):
        raise InputError(f"track {slug!r}: expected small letters, digits and - in between, such as tde-2026")
    if not 1 <= len(title) <= LONGEST_TITLE or per_day < 1:
        raise InputError(f"expected a --title of 1 to {LONGEST_TITLE} characters, and --per-day of at least 1")
    if session.scalar(select(TrackRow.id).where(TrackRow.slug == slug)):
        raise InputError(f"track {slug!r} exists: choose another name; a set that changes is another track")
    sealed = read_labels_file(labels)
    _check_new(session, expectation, sealed)
    _keep_labels(sealed, expectation, labels, labels_path(folder, slug))
    track = TrackRow(
        slug=slug,
        title=title,
        track=expectation.track,
        fingerprint=expectation.fingerprint,
        per_day=per_day,
        phase="open",
        created=time.time(),
        expectation=json.dumps(expectation.to_json()),
        data=data and Folder(data).absolute,
        revision=1,
        lease_from=0.0,
        lease_until=0.0,
        has_private="private" in halves_of(sealed),
        commitment=sealed.commitment,
    )
    session.add(track)
    record(session, "track added", f"{expectation.track}, {expectation.fingerprint[:16]}", track=slug)
    return track


def _check_new(session: Session, expectation: Expectation, sealed: SealedLabels) -> None:
    """Raise InputError where another track has the same labels: closing it would show those of both."""
    same = (TrackRow.fingerprint == expectation.fingerprint) | (TrackRow.commitment == sealed.commitment)
    other = session.scalar(select(TrackRow.slug).where(same).limit(1))
    if other is not None:
        raise InputError(f"the board has these labels in the track {other!r} already: {SEAL_ANOTHER}")


def move_data(session: Session, slug: str, data: str) -> None:
    """Let a track find its public dataset, or a twin, at the path or URL `data`; raises InputError for another one."""
    track, dataset = find_track(session, slug), Dataset(data)
    if dataset.fingerprint != track.fingerprint and (reason := _no_twin(session, track, dataset)):
        raise InputError(
            f"{data} is the dataset {dataset.fingerprint[:16]}: "
            f"track {slug!r} is on {track.fingerprint[:16]} ({reason})"
        )
    track.data = Folder(data).absolute
    record(session, "data moved", track.data, track=slug)


def _no_twin(session: Session, track: TrackRow, dataset: Dataset) -> str:
    known = expectation_for(session, track).content
    return no_twin(known, dataset.content if known else None)


def _keep_labels(sealed: SealedLabels, expectation: Expectation, source: Path, target: Path) -> None:
    """Copy the labels, or write them as those of the track's dataset where that is a twin of the one sealed."""
    if sealed.fingerprint == expectation.fingerprint:
        return _copy_labels(source, target)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    twin = replace(sealed, fingerprint=expectation.fingerprint, content=expectation.content)
    return write_labels_file(target, twin)


def _copy_labels(source: Path, target: Path) -> None:
    """Copy the labels to where only the owner of the board's folder can read them."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with (
        source.open("rb") as reader,
        os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writer,
    ):
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())
    partial.replace(target)
