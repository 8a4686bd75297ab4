"""A board without a server: a folder, such as a git repository, to which submissions are added by pull requests.

```
DIR/board.json                          title, tracks, and what the host has confirmed: the host's alone
DIR/expectations/SLUG.json              what a submission must hold: dataset, conditions, names of the samples
DIR/submissions/SLUG/KEY.parquet        a submission
DIR/submissions/SLUG/KEY.json           who sent it, when, and whether it is a baseline, as its sender says
```
Whoever has the labels scores and renders it; nothing that is there is ever written over. What a pull request can have
brought is not believed: it is opened as an upload is, and what a sender says counts once the host has accepted it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ....benchmarks.questions.answer import AnswerKind
from ....datagen.content import Content
from ....digests import digest, sha256
from ....errors import InputError
from ....files import written_whole
from ....registry import load_track, nearest
from ...sealing.labels_file import SEAL_ANOTHER, SealedLabels
from ...standing.record import BoardInfo, EntryInfo, Half, Standing
from ...standing.scoring import halves_of
from ...standing.standing import standing_of
from ...submission.expectation import Expectation, check_fit, check_submission, expectation_from_json
from ...submission.file import Rows, Submission, write_submission
from ...submission.names import looks
from .board_file import Accepted, BoardFile, ExpectationFile, FolderTrack, Sender, checked
from .guarded import digest_of, inside, read_json, shown
from .labels import labels_by_fingerprint, labels_of

BOARD = "board.json"
BOARD_BYTES, EXPECTATION_BYTES, SENDER_BYTES = 2**24, 2**26, 2**12
UNCONFIRMED = "unconfirmed"
"""What stands beside the name of a team that the host has not confirmed."""


@dataclass(frozen=True)
class FolderBoard:
    """An open folder board."""

    folder: Path
    title: str
    tracks: Sequence[FolderTrack]

    def track_of(self, fingerprint: str, content: Content | None = None) -> FolderTrack:
        """Return the track on the dataset `fingerprint`, or on a twin of its `content`; raises InputError for none."""
        for track in self.tracks:
            if track.fingerprint == fingerprint:
                return track
        reasons = [self.expectation(track).refusal(fingerprint, content) for track in self.tracks]
        if "" in reasons:
            return self.tracks[reasons.index("")]
        known = ", ".join(
            f"{track.slug} ({track.fingerprint[:16]}, {reason})"
            for track, reason in zip(self.tracks, reasons, strict=True)
        )
        raise InputError(f"{self.folder} has no track on the dataset {fingerprint[:16]}; its tracks: {known or 'none'}")

    def expectation(self, track: FolderTrack) -> Expectation:
        """Return what a submission to `track` must hold; raises InputError for a file that does not say it."""
        path = self.folder / "expectations" / f"{track.slug}.json"
        content = read_json(self.folder, path, EXPECTATION_BYTES)
        try:
            checked(ExpectationFile, content)
            found = expectation_from_json(content)
            load_track(found.track)
        except InputError as error:
            raise InputError(f"{shown(path)}: {error}") from None
        if found.fingerprint != track.fingerprint:
            raise InputError(f"{shown(path)} is of the dataset {found.fingerprint[:16]}: {BOARD} says another")
        return found

    def submissions(self, track: FolderTrack) -> list[Path]:
        """Return the files of the submissions to `track`, by name."""
        return sorted(inside(self.folder, self.folder / "submissions" / track.slug).glob("*.parquet"))

    def left_out(self, track: FolderTrack) -> list[Path]:
        """Return the files that were added to `track` after it was closed: they are not ranked."""
        return [path for path in self.submissions(track) if path.stem not in (track.entries or {})]


def is_folder_board(place: Path) -> bool:
    """Whether the folder `place` holds a board."""
    return (place / BOARD).is_file()


def open_board(folder: Path) -> FolderBoard:
    """Return the board in `folder`; raises InputError where there is none."""
    if not is_folder_board(folder):
        raise InputError(f"{folder} holds no {BOARD}: give the folder of a board, or the address of a server")
    try:
        found = checked(BoardFile, read_json(folder, folder / BOARD, BOARD_BYTES))
    except InputError as error:
        raise InputError(f"{shown(folder / BOARD)}: {error}") from None
    return FolderBoard(folder, found.title, found.tracks)


def create_board(folder: Path, title: str) -> FolderBoard:
    """Write an empty board into `folder`; raises InputError where there is one."""
    if is_folder_board(folder):
        raise InputError(f"{folder} holds a board already")
    _write_board(folder, checked(BoardFile, {"title": title}))
    return open_board(folder)


def add_track(
    board: FolderBoard, slug: str, title: str, expectation: Expectation, commitment: str | None = None
) -> FolderBoard:
    """Return `board` with one track more, on the dataset of `expectation`, whose labels must keep `commitment`.

    Raises InputError for a slug that it has, and for a dataset or labels: closing one track would show those of both.
    """
    if slug in {track.slug for track in board.tracks}:
        raise InputError(f"{board.folder} has a track {slug!r} already: choose another name")
    content = {"slug": slug, "title": title, "fingerprint": expectation.fingerprint, "commitment": commitment}
    track = checked(FolderTrack, content)
    for other in board.tracks:
        if other.fingerprint == track.fingerprint or (commitment and other.commitment == commitment):
            raise InputError(f"{board.folder} has these labels in the track {other.slug!r} already: {SEAL_ANOTHER}")
    _write_json(board.folder / "expectations" / f"{slug}.json", expectation.to_json())
    return _with_tracks(board, [*board.tracks, track])


def close_track(board: FolderBoard, slug: str) -> FolderBoard:
    """Return `board` with the track `slug` closed: the submissions that are there now are all that it ranks.

    Raises InputError where one of them cannot be ranked: once the track is closed, it could neither change nor go.
    """
    track = _track(board, slug)
    if track.entries is not None:
        raise InputError(f"track {slug!r} is closed already")
    expectation = board.expectation(track)
    for path in board.submissions(track):
        _entry(board, track, path, expectation)
    most = expectation.limits.file_bytes
    entries = {path.stem: digest_of(board.folder, path, most) for path in board.submissions(track)}
    return _changed(board, track, phase="closed", entries=entries)


def unconfirmed(board: FolderBoard) -> list[tuple[Path, Sender]]:
    """Return the submissions that the host has not accepted, and what their senders say of themselves."""
    waiting = (path for track in board.tracks for path in _waiting(board, track))
    return [(path, _sender(board, path)) for path in waiting]


def _waiting(board: FolderBoard, track: FolderTrack) -> list[Path]:
    most = board.expectation(track).limits.file_bytes
    paths = board.submissions(track)
    return [path for path in paths if _confirmed(track, path, digest_of(board.folder, path, most)) is None]


def accept(board: FolderBoard, key: str, moment: str | None = None) -> FolderBoard:
    """Return `board` with the submission `key` accepted: what its sender says of team and kind is shown from now on.

    It is dated `moment`, ISO 8601 in UTC, by default now. Raises InputError where there is no such submission, and for
    a team that looks like another: each team has a ladder of its own.
    """
    places = {path.stem: (track, path) for track in board.tracks for path in board.submissions(track)}
    if key not in places:
        raise InputError(f"{board.folder} has no submission {key!r}: {nearest(key, places)}")
    track, path = places[key]
    sender, most = _sender(board, path), board.expectation(track).limits.file_bytes
    _check_looks(board, sender.team, path)
    accepted = Accepted(
        sha256=digest_of(board.folder, path, most), team=sender.team, submitted=moment or _now(), kind=sender.kind
    )
    return _changed(board, track, accepted={**(track.accepted or {}), key: accepted})


def _check_looks(board: FolderBoard, team: str, path: Path) -> None:
    known = {one.team for track in board.tracks for one in (track.accepted or {}).values()}
    other = next((one for one in sorted(known - {team}) if looks(one) == looks(team)), None)
    if other is not None:
        where = shown(path.with_suffix(".json"))
        raise InputError(f"{where}: the team {team!a} looks like {other!a}: if it is the same, write its name so")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _track(board: FolderBoard, slug: str) -> FolderTrack:
    slugs = {track.slug: track for track in board.tracks}
    if slug not in slugs:
        raise InputError(f"{board.folder} has no track {slug!r}: {nearest(slug, slugs)}")
    return slugs[slug]


def _changed(board: FolderBoard, track: FolderTrack, **changes: Any) -> FolderBoard:
    changed = track.model_copy(update=changes)
    return _with_tracks(board, [changed if one is track else one for one in board.tracks])


def _with_tracks(board: FolderBoard, tracks: Sequence[FolderTrack]) -> FolderBoard:
    _write_board(board.folder, BoardFile(title=board.title, tracks=tuple(tracks)))
    return open_board(board.folder)


def entry_key(submission: Submission) -> str:
    """Return a name for `submission` in addresses: its card's name and 8 digits that its content decides."""
    answer: AnswerKind = load_track(submission.header.track).answer
    content: list[Any] = [submission.header.model_dump(), [], [], []]
    for rows in submission.pieces:
        for column, more in zip(content[1:], (rows.condition, rows.sample_id, _told(rows, answer)), strict=True):
            column.extend(more.tolist())
    words = re.sub(r"[^a-z0-9]+", "-", submission.card.name.lower()).strip("-")[:40].strip("-")
    return f"{words or 'entry'}-{digest(content)[:8]}"


def _told(rows: Rows, answer: AnswerKind) -> Any:
    """Return the answers (n,) of `rows`, a digest of each where they are maps."""
    if not answer.shape:
        return rows.answers
    return np.array([sha256(one.tobytes()) for one in rows.answers.astype(answer.dtype)], dtype=object)


def add_submission(board: FolderBoard, submission: Submission, info: EntryInfo) -> Path:
    """Check `submission`, write it and who sent it into the board, and return its file.

    Raises InputError where it does not fit, where its track is closed, and where it is there already.
    """
    track = board.track_of(submission.header.fingerprint, submission.header.stated_content)
    if track.phase == "closed":
        raise InputError(f"the track {track.slug!r} of {board.folder} is closed: it takes no more submissions")
    check_submission(submission, board.expectation(track))
    sender = checked(Sender, asdict(info))
    path = inside(board.folder, board.folder / "submissions" / track.slug / f"{entry_key(submission)}.parquet")
    if path.exists():
        raise InputError(f"{path} is there already: the same predictions and card were submitted before")
    write_submission(submission, path)
    _write_json(path.with_suffix(".json"), sender.model_dump())
    return path


def standings(board: FolderBoard, labels: Sequence[Path] = ()) -> list[Standing]:
    """Return the standing of every track: of its public half while it is open, of the private one once it is closed.

    `labels` are the private label files (or folders of them). Raises InputError, with the name of the file, for a
    submission that does not fit, and for labels that are not those of the track.
    """
    known = labels_by_fingerprint(board.folder, labels)
    contents = [board.expectation(track).content for track in board.tracks]
    own = [labels_of(board.folder, track, known, one) for track, one in zip(board.tracks, contents, strict=True)]
    return [_standing(board, track, one) for track, one in zip(board.tracks, own, strict=True)]


def _standing(board: FolderBoard, track: FolderTrack, labels: SealedLabels) -> Standing:
    submissions, entries = {}, {}
    expectation = board.expectation(track)
    for path in _ranked(board, track):
        submissions[path.stem], entries[path.stem] = _entry(board, track, path, expectation)
    half: Half = halves_of(labels)[-1] if track.phase == "closed" else "public"
    entries = dict(sorted(entries.items(), key=lambda entry: (entry[1].submitted, entry[0])))
    return standing_of(BoardInfo(track.slug, track.title, track.phase), labels, submissions, entries, half)


def _ranked(board: FolderBoard, track: FolderTrack) -> list[Path]:
    """Return the files of `track` that are ranked: once it is closed, those that were there then."""
    found = board.submissions(track)
    if track.phase == "open":
        return found
    if track.entries is None:
        raise InputError(
            f"the track {track.slug!r} was closed by an older Whence, which did not note what was there: "
            f"remove what came later and run `whence leaderboard close` on it again"
        )
    gone = sorted(track.entries.keys() - {path.stem for path in found})
    if gone:
        raise InputError(f"the track {track.slug!r} was closed with a submission {gone[0]!r}, which is missing")
    return [path for path in found if path.stem in track.entries]


def _entry(
    board: FolderBoard, track: FolderTrack, path: Path, expectation: Expectation
) -> tuple[Submission, EntryInfo]:
    """Return the submission in the file `path`, and what is known of its sender; raises InputError that names it."""
    try:
        return _checked_entry(board, track, path, expectation)
    except InputError as error:
        raise InputError(f"{shown(path)}: {error}") from None


def _checked_entry(
    board: FolderBoard, track: FolderTrack, path: Path, expectation: Expectation
) -> tuple[Submission, EntryInfo]:
    """Return the same; raises InputError.

    Its key is what its content makes it, so that no two submissions share a page.
    """
    content = digest_of(board.folder, path, expectation.limits.file_bytes)
    if track.entries is not None and track.entries[path.stem] != content:
        raise InputError("it was changed after the track was closed")
    submission = expectation.read(path)
    check_fit(submission, expectation)
    sender, accepted = _sender(board, path), _confirmed(track, path, content)
    if path.stem != (key := entry_key(submission)):
        raise InputError(f"it is called {shown(path.stem)!r}, but its content makes it {key!r}: rename both files")
    if accepted is None:
        return submission, EntryInfo(f"{sender.team} ({UNCONFIRMED})", "")
    return submission, EntryInfo(accepted.team, accepted.submitted, accepted.kind)


def _confirmed(track: FolderTrack, path: Path, content: str) -> Accepted | None:
    """Return what the host has confirmed of the file `path` as it is now, None where that is nothing."""
    found = (track.accepted or {}).get(path.stem)
    return found if found is not None and found.sha256 == content else None


def _sender(board: FolderBoard, path: Path) -> Sender:
    return checked(Sender, read_json(board.folder, path.with_suffix(".json"), SENDER_BYTES))


def _write_board(folder: Path, content: BoardFile) -> None:
    _write_json(folder / BOARD, content.model_dump(mode="json", exclude_none=True))


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with written_whole(path) as partial:
        partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
