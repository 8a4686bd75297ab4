"""Boards take predictions on twins of their dataset, play from twins, and say why they take nothing else."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from toy_board import example_standing, toy_labels, toy_submission
from toy_public_set import write_public_set

from whence.benchmarks.speed.made_up_board import SLUG, make_board
from whence.commands.leaderboard import export
from whence.datagen.dataset import Dataset
from whence.errors import InputError
from whence.leaderboard.boards.folder.board import add_submission, add_track, create_board, open_board, standings
from whence.leaderboard.boards.service import hosting
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.models import TrackRow
from whence.leaderboard.boards.service.new_track import labels_path
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.pages.samples import samples_at, samples_given
from whence.leaderboard.sealing.labels_file import check_commitment, read_labels_file, write_labels_file
from whence.leaderboard.standing.record import EntryInfo
from whence.leaderboard.submission.client import BoardClient
from whence.leaderboard.submission.expectation import (
    Expectation,
    check_submission,
    expectation_from_json,
    expectation_of,
)
from whence.leaderboard.submission.file import Submission, header_of, write_submission

SEALED = toy_labels()
INFO = EntryInfo("team-a", "2026-01-02T03:04:05Z")
FAR = "no twin: it holds values that differ by more than a step: condition_0_audio"
OTHER = "no twin: it holds another recipe, or other names, shapes or whole numbers"


@dataclass(frozen=True)
class Sets:
    """The board's public dataset, a twin whose values differ by their last bit, one that is louder, and another."""

    public: Dataset
    twin: Dataset
    louder: Dataset
    other: Dataset


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Sets:
    folder = tmp_path_factory.mktemp("sets")
    names = sorted(map(str, SEALED.labels.sample_id))

    def made(name, samples=names, gain=1.0):
        return write_public_set(str(folder / f"{name}.zarr"), samples, SEALED.conditions, gain=gain)

    return Sets(made("public"), made("twin", gain=1 + 1e-7), made("louder", gain=1.01), made("other", names[:-1]))


def predictions(expectation: Expectation) -> Submission:
    """Predictions for `expectation`, which state the content of its dataset."""
    shape = len(expectation.conditions), len(expectation.sample_ids)
    whole = toy_submission(expectation, np.full(shape, 1e-4))
    stated = {**whole.header.model_dump(), "content": expectation.content}
    return replace(whole, header=header_of(stated))


def on(dataset: Dataset) -> Submission:
    return predictions(expectation_of(dataset))


def without_content(submission: Submission) -> Submission:
    return replace(submission, header=submission.header.model_copy(update={"content": None}))


@pytest.fixture
def folder_board(sets, tmp_path):
    sealed = replace(SEALED, fingerprint=sets.public.fingerprint)
    write_labels_file(tmp_path / "labels.parquet", sealed)
    board = create_board(tmp_path / "board", "A board")
    return add_track(board, "delays", "Delays", expectation_of(sets.public), sealed.commitment)


@pytest.fixture
def served_board(sets, tmp_path):
    """A board on a server whose track is on the public dataset."""
    board = make_board(tmp_path / "served", per_day=9)
    _, database = hosting.open_board(board.folder)
    stated = json.dumps(expectation_of(sets.public).to_json())
    with database.writing() as session:
        session.execute(update(TrackRow).values(expectation=stated, fingerprint=sets.public.fingerprint))
    database.close()
    return board


def send(client, board, submission, folder: Path):
    write_submission(submission, folder / "sent.parquet")
    content = (folder / "sent.parquet").read_bytes()
    return client.post(f"/api/tracks/{SLUG}/submissions", content=content, headers=board.key("team0"))


def test_only_the_last_step_differs(sets):
    known = expectation_of(sets.public)
    assert sets.twin.fingerprint != sets.public.fingerprint
    check_submission(on(sets.twin), known)
    for dataset, reason in ((sets.louder, FAR), (sets.other, OTHER)):
        with pytest.raises(InputError, match=rf"is for the dataset {dataset.fingerprint[:16]}, .*\({reason}"):
            check_submission(on(dataset), known)
    with pytest.raises(InputError, match="maybe a twin, but its content is not stated"):
        check_submission(without_content(on(sets.twin)), known)
    with pytest.raises(InputError, match="maybe a twin, but the board knows no content to compare"):
        check_submission(on(sets.twin), replace(known, content=None))


def test_a_false_claim_gains_no_more_than_a_false_fingerprint(sets):
    """It says nothing of names: those are the board's."""
    known, other = expectation_of(sets.public), expectation_of(sets.other)
    with pytest.raises(InputError, match="predictions are missing"):
        check_submission(predictions(replace(other, content=known.content)), known)


def test_content_survives_the_file_and_older_ones_keep_their_keys(sets, tmp_path):
    known, sent = expectation_of(sets.public), on(sets.twin)
    write_submission(sent, tmp_path / "a.parquet")
    assert known.read(tmp_path / "a.parquet").header == sent.header
    assert "content" not in without_content(sent).header.model_dump()
    again = expectation_from_json(json.loads(json.dumps(known.to_json())))
    assert again.content == known.content
    assert "content" not in replace(known, content=None).to_json()


@pytest.mark.parametrize(
    "sketch",
    [
        {"audio": [1.0] * 6},
        {"audio": [float("nan")] * 7},
        {"audio": [1e300] * 7},
        {"audio": [-1.0] * 7},
        {"audio": ["1"] * 7},
        {"a" * 61: [1.0] * 7},
        {str(k): [1.0] * 7 for k in range(1001)},
        [1.0],
    ],
)
def test_implausible_contents_are_refused_in_one_line(sets, sketch):
    stated = on(sets.twin).header.model_dump()
    with pytest.raises(InputError, match=r"^the metadata of the submission: 'content") as refused:
        header_of({**stated, "content": {"exact": "0" * 64, "sketch": sketch}})
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def sealed_sets(tmp_path_factory):
    """The sealed set, a twin, a louder one and one that carries the commitment of other labels."""
    folder = tmp_path_factory.mktemp("sealed")
    names = sorted(map(str, SEALED.labels.sample_id))

    def made(name, gain=1.0, commitment=SEALED.commitment):
        url = str(folder / f"{name}.zarr")
        return write_public_set(url, names, SEALED.conditions, gain=gain, commitment=commitment)

    return Sets(made("public"), made("twin", 1 + 1e-7), made("louder", 1.01), made("other", commitment="11" * 32))


class TestLabels:
    """Labels go with the set that was sealed and with its twins, proved by the commitment that all of these carry."""

    @pytest.fixture
    def labels(self, sealed_sets, tmp_path):
        public = sealed_sets.public
        sealed = replace(SEALED, fingerprint=public.fingerprint, content=public.content)
        write_labels_file(tmp_path / "labels.parquet", sealed)
        return tmp_path / "labels.parquet"

    def test_the_content_is_read_back_and_is_not_committed_to(self, labels, sealed_sets):
        found = read_labels_file(labels)
        assert found.content == sealed_sets.public.content
        assert found.commitment == SEALED.commitment

    def test_a_twin_is_taken(self, labels, sealed_sets):
        assert check_commitment(labels, sealed_sets.twin).passed
        (fault,) = check_commitment(labels, sealed_sets.louder).faults
        assert FAR in fault
        assert "carries the commitment" in check_commitment(labels, sealed_sets.other).faults[0]

    def test_older_labels_take_no_twin(self, sealed_sets, tmp_path):
        write_labels_file(tmp_path / "old.parquet", replace(SEALED, fingerprint=sealed_sets.public.fingerprint))
        assert check_commitment(tmp_path / "old.parquet", sealed_sets.public).passed
        (fault,) = check_commitment(tmp_path / "old.parquet", sealed_sets.twin).faults
        assert "the labels record no content" in fault

    def test_what_a_set_says_of_itself_is_not_believed(self, labels, sealed_sets, tmp_path):
        """A louder set states the content of the sealed one, and carries its commitment."""
        shutil.copytree(sealed_sets.louder.url, tmp_path / "fake.zarr")
        root = tmp_path / "fake.zarr" / "zarr.json"
        stated = json.loads(root.read_text())
        stated["attributes"]["whence"]["content"] = sealed_sets.public.content
        root.write_text(json.dumps(stated))
        fake = Dataset(str(tmp_path / "fake.zarr"))
        assert fake.content == sealed_sets.public.content
        (fault,) = check_commitment(labels, fake).faults
        assert FAR in fault

    def test_a_folder_board_on_a_twin_takes_the_labels(self, labels, sealed_sets, tmp_path):
        def board_on(dataset, name):
            board = create_board(tmp_path / name, "A board")
            return add_track(board, "delays", "Delays", expectation_of(dataset), dataset.recipe["commitment"])

        board = board_on(sealed_sets.twin, "twin")
        add_submission(board, on(sealed_sets.public), INFO)
        (found,) = standings(board, [labels])
        assert (len(found.entries), found.fingerprint) == (1, sealed_sets.twin.fingerprint)
        for dataset in (sealed_sets.louder, sealed_sets.other):
            with pytest.raises(InputError, match="no labels for the track 'delays'"):
                standings(board_on(dataset, dataset.fingerprint[:8]), [labels])

    def test_replaced_labels_do_not_ride_on_a_twin(self, sealed_sets, tmp_path):
        """They state the fingerprint and the content of a twin, but the track knows the commitment."""
        board = create_board(tmp_path / "board", "A board")
        twin, public = sealed_sets.twin, sealed_sets.public
        board = add_track(board, "delays", "Delays", expectation_of(twin), twin.recipe["commitment"])
        turned = replace(SEALED, labels=replace(SEALED.labels, truth=-SEALED.labels.truth))
        for one, error in ((public, "no labels for the track"), (twin, "are not the ones that its dataset was sealed")):
            write_labels_file(
                tmp_path / "turned.parquet", replace(turned, fingerprint=one.fingerprint, content=one.content)
            )
            with pytest.raises(InputError, match=error):
                standings(board, [tmp_path / "turned.parquet"])

    def test_a_server_on_a_twin_takes_the_labels(self, labels, sealed_sets, tmp_path):
        hosting.initialise(tmp_path / "board", {"title": "A board"})
        told = {"labels": labels, "title": "Delays", "per_day": 1}
        hosting.add_track(tmp_path / "board", "delays", data=sealed_sets.twin.url, **told)
        kept = read_labels_file(labels_path(tmp_path / "board", "delays"))
        assert (kept.fingerprint, kept.commitment) == (sealed_sets.twin.fingerprint, SEALED.commitment)
        for dataset in (sealed_sets.louder, sealed_sets.other):
            with pytest.raises(InputError, match="does not belong to"):
                hosting.add_track(tmp_path / "board", "more", data=dataset.url, **told)


class TestFolder:
    def test_predictions_on_a_twin_are_scored(self, folder_board, sets, tmp_path):
        add_submission(folder_board, on(sets.twin), INFO)
        (found,) = standings(open_board(folder_board.folder), [tmp_path / "labels.parquet"])
        assert len(found.entries) == 1

    def test_others_are_refused(self, folder_board, sets):
        for dataset, reason in ((sets.louder, FAR), (sets.other, OTHER)):
            with pytest.raises(InputError, match=rf"its tracks: delays \({sets.public.fingerprint[:16]}, {reason}"):
                add_submission(folder_board, on(dataset), INFO)

    def test_a_pull_request_cannot_break_the_content(self, folder_board):
        path = folder_board.folder / "expectations" / "delays.json"
        stated = json.loads(path.read_text())
        path.write_text(json.dumps({**stated, "content": {"exact": "0" * 64, "sketch": {"a": [-1.0] * 7}}}))
        with pytest.raises(InputError, match=r"delays\.json: 'content"):
            folder_board.expectation(folder_board.tracks[0])

    def test_an_export_plays_from_a_twin(self, folder_board, sets, tmp_path):
        add_submission(folder_board, on(sets.public), INFO)
        labels = [tmp_path / "labels.parquet"]
        with pytest.raises(InputError, match=rf"no track on this dataset .*{FAR}"):
            export(folder_board.folder, tmp_path / "no", labels, [sets.louder.url])
        (shown,) = standings(folder_board, labels)
        contents = {sets.public.fingerprint: expectation_of(sets.public).content}
        shown = replace(shown, commitment=sets.twin.recipe["commitment"])
        assert list(samples_given([sets.twin.url], [shown], contents)) == [sets.public.fingerprint]
        with pytest.raises(InputError, match="sealed with other labels"):
            export(folder_board.folder, tmp_path / "no", labels, [sets.twin.url])


class TestServer:
    def test_predictions_on_a_twin_are_taken(self, served_board, sets, tmp_path):
        with TestClient(create_app(read_settings(served_board.folder))) as client:
            assert send(client, served_board, on(sets.twin), tmp_path).status_code == 202
            refused = send(client, served_board, on(sets.louder), tmp_path)
            assert (refused.status_code, FAR in refused.json()["detail"]) == (422, True)
            refused = send(client, served_board, without_content(on(sets.twin)), tmp_path)
            assert "its content is not stated" in refused.json()["detail"]
            (stated,) = client.get("/api/tracks").json()["tracks"]
        answers = httpx.MockTransport(lambda request: httpx.Response(200, json={"tracks": [stated]}))
        with BoardClient("https://board.example.org", None, answers) as board:
            for dataset in (sets.public, sets.twin):
                sent = on(dataset).header
                assert board.track_of(sent.fingerprint, sent.stated_content) == SLUG
            sent = on(sets.louder).header
            with pytest.raises(InputError, match=FAR):
                board.track_of(sent.fingerprint, sent.stated_content)

    def test_a_track_plays_from_a_twin(self, served_board, sets):
        hosting.move_data(served_board.folder, SLUG, sets.twin.url)
        with pytest.raises(InputError, match=rf"track '{SLUG}' is on {sets.public.fingerprint[:16]} \({FAR}"):
            hosting.move_data(served_board.folder, SLUG, sets.louder.url)
        served = create_app(read_settings(served_board.folder)).state.board
        standing = replace(example_standing(), slug=SLUG, fingerprint=sets.public.fingerprint)
        assert served.samples(standing) is not None
        with served.database.reading() as session:
            assert session.scalars(select(TrackRow.data)).one() == sets.twin.url
        served.database.close()
        assert list(hosting.samples(served_board.folder)) == [sets.public.fingerprint]
        assert hosting.expectations(served_board.folder)[0].content == expectation_of(sets.public).content
        assert samples_at(sets.louder.url, sets.public.fingerprint, expectation_of(sets.public).content) is None

    @pytest.mark.parametrize("content", [None, 1, {}, {"exact": "x", "sketch": {}}, {"exact": "0" * 64}])
    def test_a_server_may_state_anything(self, sets, content):
        stated = {"slug": SLUG, "fingerprint": "0" * 64, "content": content}
        answers = httpx.MockTransport(lambda request: httpx.Response(200, json={"tracks": [stated]}))
        sent = on(sets.twin).header
        with (
            BoardClient("https://board.example.org", None, answers) as board,
            pytest.raises(InputError, match="but the board knows no content to compare"),
        ):
            board.track_of(sent.fingerprint, sent.stated_content)
