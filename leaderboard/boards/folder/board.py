"""A board without a server: a folder, such as a git repository, to which submissions are added by pull requests.

```
DIR/board.json                          title and tracks
DIR/expectations/SLUG.json              what a submission must hold: dataset, conditions, names of the samples
DIR/submissions/SLUG/KEY.parquet        a submission
DIR/submissions/SLUG/KEY.json           who sent it, when, and whether it is a baseline
DIR/labels/*.parquet                    the private labels, unless they are kept elsewhere (they should be)
```
Whoever has the labels scores and renders it; nothing that is there is ever written over.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ....digests import digest
from ....errors import InputError
from ....files import written_whole
from ....registry import nearest
from ...standing.record import BoardInfo, EntryInfo, Half, Phase, Standing
from ...submission.card import Name, first_fault, plain_text
from ...submission.expectation import (
    Expectation,
    Submission,
    check_fit,
    check_submission,
    expectation_from_json,
    read_submission,
)
from ...submission.file import write_submission

if TYPE_CHECKING:
    from ...sealing.labels_file import SealedLabels

BOARD = "board.json"
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
_CONFIG = ConfigDict(extra="forbid", frozen=True)


class FolderTrack(BaseModel):
    """One track of a folder board."""

    model_config = _CONFIG

    slug: Slug
    title: Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(plain_text)]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    phase: Phase = "open"


class BoardFile(BaseModel):
    """What `board.json` holds."""

    model_config = _CONFIG

    format: Literal[1] = 1
    title: Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(plain_text)]
    tracks: tuple[FolderTrack, ...] = ()


class Sender(BaseModel):
    """What lies beside a submission: who sent it, when (ISO 8601, UTC), and as what."""

    model_config = _CONFIG

    team: Name
    submitted: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    kind: Literal["submission", "baseline"] = "submission"


@dataclass(frozen=True)
class FolderBoard:
    """An open folder board."""

    folder: Path
    title: str
    tracks: Sequence[FolderTrack]

    def track_of(self, fingerprint: str) -> FolderTrack:
        """Return the track on the dataset `fingerprint`; raises InputError where the board has none."""
        for track in self.tracks:
            if track.fingerprint == fingerprint:
                return track
        known = ", ".join(f"{track.slug} ({track.fingerprint[:16]})" for track in self.tracks) or "none"
        raise InputError(f"{self.folder} has no track on the dataset {fingerprint[:16]}; its tracks: {known}")

    def expectation(self, track: FolderTrack) -> Expectation:
        """Return what a submission to `track` must hold."""
        return expectation_from_json(_read_json(self.folder / "expectations" / f"{track.slug}.json"))

    def submissions(self, track: FolderTrack) -> list[Path]:
        """Return the files of the submissions to `track`, by name."""
        return sorted((self.folder / "submissions" / track.slug).glob("*.parquet"))


def is_folder_board(place: Path) -> bool:
    """Whether the folder `place` holds a board."""
    return (place / BOARD).is_file()


def open_board(folder: Path) -> FolderBoard:
    """Return the board in `folder`; raises InputError where there is none."""
    if not is_folder_board(folder):
        raise InputError(f"{folder} holds no {BOARD}: give the folder of a board, or the address of a server")
    try:
        found = BoardFile.model_validate(_read_json(folder / BOARD))
    except ValidationError as error:
        raise InputError(f"{folder / BOARD}: {first_fault(error, BoardFile.model_fields)}") from None
    return FolderBoard(folder, found.title, found.tracks)


def create_board(folder: Path, title: str) -> FolderBoard:
    """Write an empty board into `folder`; raises InputError where there is one."""
    if is_folder_board(folder):
        raise InputError(f"{folder} holds a board already")
    _write_board(folder, _checked(BoardFile, {"title": title}))
    return open_board(folder)


def add_track(board: FolderBoard, slug: str, title: str, expectation: Expectation) -> FolderBoard:
    """Return `board` with one track more, on the dataset of `expectation`; raises InputError for a slug it has."""
    if slug in {track.slug for track in board.tracks}:
        raise InputError(f"{board.folder} has a track {slug!r} already: choose another name")
    track = _checked(FolderTrack, {"slug": slug, "title": title, "fingerprint": expectation.fingerprint})
    _write_json(board.folder / "expectations" / f"{slug}.json", expectation.to_json())
    _write_board(board.folder, BoardFile(title=board.title, tracks=(*board.tracks, track)))
    return open_board(board.folder)


def close_track(board: FolderBoard, slug: str) -> FolderBoard:
    """Return `board` with the track `slug` closed: it takes nothing more, and its private half is shown."""
    slugs = {track.slug for track in board.tracks}
    if slug not in slugs:
        raise InputError(f"{board.folder} has no track {slug!r}: {nearest(slug, slugs)}")
    tracks = [t.model_copy(update={"phase": "closed"}) if t.slug == slug else t for t in board.tracks]
    _write_board(board.folder, BoardFile(title=board.title, tracks=tuple(tracks)))
    return open_board(board.folder)


def entry_key(submission: Submission) -> str:
    """Return a name for `submission` in addresses: its card's name and 8 digits that its content decides."""
    content = [
        submission.header.model_dump(),
        submission.condition.tolist(),
        submission.sample_id.tolist(),
        submission.prediction.tolist(),
    ]
    words = re.sub(r"[^a-z0-9]+", "-", submission.card.name.lower()).strip("-")[:40].strip("-")
    return f"{words or 'entry'}-{digest(content)[:8]}"


def add_submission(board: FolderBoard, submission: Submission, info: EntryInfo) -> Path:
    """Check `submission`, write it and who sent it into the board, and return its file.

    Raises InputError where it does not fit, where its track is closed, and where it is there already.
    """
    track = board.track_of(submission.header.fingerprint)
    if track.phase == "closed":
        raise InputError(f"the track {track.slug!r} of {board.folder} is closed: it takes no more submissions")
    check_submission(submission, board.expectation(track))
    sender = _checked(Sender, asdict(info))
    path = board.folder / "submissions" / track.slug / f"{entry_key(submission)}.parquet"
    if path.exists():
        raise InputError(f"{path} is there already: the same predictions and card were submitted before")
    write_submission(submission, path)
    _write_json(path.with_suffix(".json"), sender.model_dump())
    return path


def standings(board: FolderBoard, labels: Sequence[Path] = ()) -> list[Standing]:
    """Return the standing of every track: of its public half while it is open, of the private one once it is closed.

    `labels` are the private label files (or folders of them), besides those in the board's own folder. Raises
    InputError, with the name of the file, for a submission that does not fit.
    """
    known = _labels_by_fingerprint([*labels, board.folder / "labels"])
    missing = [track.slug for track in board.tracks if track.fingerprint not in known]
    if missing:
        raise InputError(f"no labels for the track {missing[0]!r} of {board.folder}: give them with --labels FILE")
    return [_standing(board, track, known[track.fingerprint]) for track in board.tracks]


def _standing(board: FolderBoard, track: FolderTrack, labels: "SealedLabels") -> Standing:
    from ...standing.standing import standing_of

    submissions, entries = {}, {}
    expectation = board.expectation(track)
    for path in board.submissions(track):
        try:
            submission = read_submission(path, expectation.limits)
            check_fit(submission, expectation)
            sender = _checked(Sender, _read_json(path.with_suffix(".json")))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        submissions[path.stem] = submission
        entries[path.stem] = EntryInfo(sender.team, sender.submitted, sender.kind)
    half: Half = "public" if track.phase == "open" else "private"
    return standing_of(BoardInfo(track.slug, track.title, track.phase), labels, submissions, entries, half)


def _labels_by_fingerprint(places: Sequence[Path]) -> dict[str, "SealedLabels"]:
    """Return the label files among `places` (files, or folders of them) by the fingerprint of their public dataset."""
    from ...sealing.labels_file import read_labels_file

    paths = [path for place in places for path in (sorted(place.glob("*.parquet")) if place.is_dir() else [place])]
    found = [read_labels_file(path) for path in paths if path.exists() or path in places[:-1]]
    return {labels.fingerprint: labels for labels in found}


def _write_board(folder: Path, content: BoardFile) -> None:
    _write_json(folder / BOARD, content.model_dump(mode="json"))


def _checked(model: Any, content: Mapping[str, Any]) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(first_fault(error, model.model_fields)) from None


def _write_json(path: Path, content: Any) -> None:
    with written_whole(path) as partial:
        partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from None
