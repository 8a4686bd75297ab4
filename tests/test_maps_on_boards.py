"""Maps go the way of numbers on a board: submission, sealed labels, scores, pages; hostile files are refused alike."""

import contextlib
import dataclasses
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from test_submission import _varint
from toy_board import CONDITIONS, all_rows, placed, toy_labels, toy_submission, with_rows

from whence import registry
from whence.benchmarks.questions.answer import AnswerKind
from whence.benchmarks.questions.labels import Labels, arrays_of_truth
from whence.benchmarks.questions.metrics import Metric
from whence.benchmarks.questions.track import Track
from whence.benchmarks.stimuli.stereo.batch import STEREO
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.errors import InputError, VerificationError
from whence.leaderboard.boards.folder.board import (
    add_submission,
    add_track,
    close_track,
    create_board,
    entry_key,
    standings,
)
from whence.leaderboard.boards.service.new_track import check_room
from whence.leaderboard.boards.service.scorer import Scorer
from whence.leaderboard.boards.service.settings import Settings
from whence.leaderboard.pages.board_page import render_board
from whence.leaderboard.pages.entry_page import render_entry
from whence.leaderboard.pages.export import export_site
from whence.leaderboard.sealing.labels_file import read_labels_file, write_labels_file
from whence.leaderboard.standing import scoring
from whence.leaderboard.standing.record import BoardInfo, EntryInfo
from whence.leaderboard.standing.scoring import score_submissions
from whence.leaderboard.standing.standing import standing_of
from whence.leaderboard.submission.expectation import check_submission
from whence.leaderboard.submission.file import KEY, read_submission, write_submission
from whence.leaderboard.submission.summary import condition_lines

SHAPE = (2, 4)


def _percent_at_points(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    return np.array([100 * one[tuple(points.T)].mean() for points, one in zip(truth, answers, strict=True)])


def maps_of(labels: Labels) -> np.ndarray:
    """One at the points of each sample, zero elsewhere."""
    maps = np.zeros((len(labels), *SHAPE))
    for one, points in zip(maps, labels.truth, strict=True):
        one[tuple(points.T)] = 1
    return maps


TRACK = Track(
    name="tiny-maps",
    question="Where are the points?",
    datasets=("tiny",),
    stimulus=STEREO,
    answer=AnswerKind("a map that is 1 at the points", SHAPE, "float16"),
    metrics=(Metric("at_points", "at the points", "%", True, _percent_at_points, "mean"),),
    read_labels=lambda dataset: None,
    chance=lambda labels: np.full((len(labels), *SHAPE), 0.25),
    ceiling=maps_of,
    default_conditions=(StereoCondition(),),
    default_methods=("zero",),
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    entry = registry.Registration(f"{__name__}:TRACK", ("tiny-maps",), "where points are")
    monkeypatch.setitem(registry.TRACKS, "tiny-maps", entry)


def sealed_points(samples: int = 48):
    """Sealed labels whose truth is one to three points (k, 2) a sample."""
    rng, numbers = np.random.default_rng(4), toy_labels(samples)
    points = [np.stack([rng.integers(0, n, 1 + k % 3) for n in SHAPE], axis=1) for k in range(samples)]
    labels = dataclasses.replace(numbers.labels, truth=arrays_of_truth(points), groups={})
    return dataclasses.replace(numbers, track="tiny-maps", labels=labels)


SEALED = sealed_points()
EXPECTED = SEALED.expectation
MAPS = np.random.default_rng(1).uniform(0, 1, (3, 48, *SHAPE)).astype(np.float16).astype(np.float64)


def submissions():
    """Three submissions by key: noise, chance's answer, and the truth."""
    true = np.repeat(maps_of(SEALED.labels)[None], 3, axis=0)
    values = {"noise": MAPS, "blob": np.full_like(MAPS, 0.25), "true": true}
    return {key: toy_submission(EXPECTED, maps, key) for key, maps in values.items()}


@pytest.fixture
def small_pieces(monkeypatch):
    """Files are written and read ten maps at a time."""
    monkeypatch.setattr("whence.benchmarks.running.predictions.GROUP_BYTES", 10 * TRACK.answer.nbytes)


class TestFile:
    def test_maps_come_back_bit_by_bit_whatever_the_pieces(self, tmp_path, small_pieces):
        whole = toy_submission(EXPECTED, MAPS)
        split = dataclasses.replace(whole, pieces=[_part(whole, slice(0, 7)), _part(whole, slice(7, None))])
        write_submission(whole, tmp_path / "a.parquet")
        write_submission(split, tmp_path / "b.parquet")
        assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
        back = EXPECTED.read(tmp_path / "a.parquet")
        check_submission(back, EXPECTED)
        assert placed(back, EXPECTED).tobytes() == MAPS.tobytes()
        assert max(len(rows.condition) for rows in back.pieces) == 10
        stored = parquet.ParquetFile(tmp_path / "a.parquet")
        assert stored.schema.column(2).physical_type == "FIXED_LEN_BYTE_ARRAY"
        assert stored.metadata.num_row_groups == 15

    def test_what_is_shown_before_it_is_sent(self):
        heads, lines = condition_lines(toy_submission(EXPECTED, MAPS))
        assert heads[2] == "smallest (mean of a map)"
        assert [float(x) for x in lines[1][2:5]] == pytest.approx(
            np.quantile(MAPS[1].mean(axis=(1, 2)), [0, 0.5, 1]), rel=1e-3
        )

    def test_a_board_that_takes_smaller_files_only_is_told(self, tmp_path):
        settings = Settings(folder=tmp_path, upload_bytes=1000)
        with pytest.raises(InputError, match=r"have 2304 bytes .* 1000: set upload_bytes = \d+ in .*service\.toml"):
            check_room(settings, EXPECTED)
        check_room(Settings(folder=tmp_path), EXPECTED)


def _part(whole, rows: slice):
    return dataclasses.replace(all_rows(whole), **{name: c[rows] for name, c in vars(all_rows(whole)).items()})


def written(path: Path, prediction: pa.Array, **options) -> Path:
    """A submission with another column of predictions."""
    rows = all_rows(toy_submission(EXPECTED, MAPS))
    write_submission(toy_submission(EXPECTED, MAPS), path)
    metadata = {KEY: parquet.read_metadata(path).metadata[KEY]}
    columns = {
        "condition": rows.condition,
        "sample_id": pa.array(rows.sample_id, pa.string()),
        "prediction": prediction,
    }
    parquet.write_table(pa.table(columns).replace_schema_metadata(metadata), path, **options)
    return path


def good() -> pa.Array:
    return TRACK.answer.column(MAPS.reshape(-1, *SHAPE))


def with_value(value: float) -> pa.Array:
    maps = MAPS.reshape(-1, *SHAPE).copy()
    maps[70, 1, 2] = value
    return TRACK.answer.column(maps)


class TestHostileFiles:
    """Each is refused in one line, before or while it is read."""

    @pytest.mark.parametrize(
        ("prediction", "match"),
        [
            (lambda: pa.array([b"x" * 10] * 144, pa.binary(10)), "values of 10 bytes, expected 16"),
            (lambda: pa.array([b"x" * 16] * 144, pa.binary()), "BYTE_ARRAY, expected FIXED_LEN_BYTE_ARRAY"),
            (lambda: pa.array(np.zeros(144)), "DOUBLE, expected FIXED_LEN_BYTE_ARRAY"),
            (lambda: pa.array([1] * 144, pa.decimal128(38)), "answers are stored as decimal128"),
            (lambda: pa.array([None] * 144, pa.binary(16)), "144 values are missing"),
            (lambda: with_value(np.nan), "not finite numbers, such as that of 's"),
            (lambda: with_value(-np.inf), "not finite numbers"),
        ],
    )
    def test_wrong_maps(self, tmp_path, prediction, match):
        refused(written(tmp_path / "a.parquet", prediction(), use_dictionary=["sample_id"]), match)

    def test_a_dictionary_of_maps(self, tmp_path):
        """One map, said many times, would make a long column of a short file."""
        refused(written(tmp_path / "a.parquet", good()), "page of kind 2: expected data pages")

    def test_another_encoding(self, tmp_path):
        encoding = {"prediction": "BYTE_STREAM_SPLIT"}
        path = written(tmp_path / "a.parquet", good(), use_dictionary=["sample_id"], column_encoding=encoding)
        refused(path, "column prediction has the Parquet encoding 9: expected plain encoding")

    def test_billions_of_rows_claimed(self, tmp_path):
        """The footer, its row group and its columns all claim three billion rows."""
        path = written(tmp_path / "a.parquet", good(), use_dictionary=["sample_id"])
        content = path.read_bytes()
        length = int.from_bytes(content[-8:-4], "little")
        footer = content[-8 - length : -8].replace(b"\x16" + _varint(144), b"\x16" + _varint(3 * 10**9))
        path.write_bytes(content[: -8 - length] + footer + len(footer).to_bytes(4, "little") + b"PAR1")
        refused(path, "claims 3000000000 rows: expected at most 144")

    def test_more_bytes_than_the_maps_have(self, tmp_path):
        limits = dataclasses.replace(EXPECTED.limits, fixed_bytes=1000)
        path = written(tmp_path / "a.parquet", good(), use_dictionary=["sample_id"])
        with pytest.raises(InputError, match="column prediction decompresses to more than 1000 bytes"):
            list(read_submission(path, TRACK.answer, limits).pieces)
        assert EXPECTED.limits.fixed_bytes - EXPECTED.rows * TRACK.answer.nbytes < 2**21

    def test_cut_short_anywhere(self, tmp_path, small_pieces):
        write_submission(toy_submission(EXPECTED, MAPS), tmp_path / "whole.parquet")
        whole = (tmp_path / "whole.parquet").read_bytes()
        for length in range(0, len(whole), 397):
            (tmp_path / "a.parquet").write_bytes(whole[:length])
            refused(tmp_path / "a.parquet", "")

    def test_flipped_bytes_never_crash(self, tmp_path, small_pieces):
        rng = np.random.default_rng(2)
        write_submission(toy_submission(EXPECTED, MAPS), tmp_path / "whole.parquet")
        whole = (tmp_path / "whole.parquet").read_bytes()
        for _ in range(150):
            content = bytearray(whole)
            for place in rng.integers(0, len(content), 3):
                content[place] = rng.integers(256)
            (tmp_path / "a.parquet").write_bytes(bytes(content))
            with contextlib.suppress(InputError):
                check_submission(EXPECTED.read(tmp_path / "a.parquet"), EXPECTED)

    def test_a_submission_with_holes(self):
        rows = all_rows(toy_submission(EXPECTED, MAPS))
        fewer = with_rows(toy_submission(EXPECTED, MAPS), **{name: column[1:] for name, column in vars(rows).items()})
        with pytest.raises(InputError, match="1 of 144 predictions are missing"):
            check_submission(fewer, EXPECTED)


def refused(path: Path, match: str) -> None:
    with pytest.raises(InputError, match=match or None) as caught:
        check_submission(EXPECTED.read(path), EXPECTED)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


class TestLabels:
    def test_arrays_come_back_as_they_were(self, tmp_path):
        boxes = [np.random.default_rng(k).uniform(size=(k % 3, 4)).astype("f4") for k in range(48)]
        sealed = with_truth(boxes)
        write_labels_file(tmp_path / "l.parquet", sealed)
        back = read_labels_file(tmp_path / "l.parquet")
        assert back.commitment == sealed.commitment
        for one, other in zip(back.labels.truth, boxes, strict=True):
            assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())

    @pytest.mark.parametrize("kind", ["f8", ">f8", "f2", "i4", "u1", "?"])
    def test_of_any_type(self, tmp_path, kind):
        sealed = with_truth([np.arange(6).reshape(2, 3).astype(kind)] * 48)
        write_labels_file(tmp_path / "l.parquet", sealed)
        np.testing.assert_array_equal(read_labels_file(tmp_path / "l.parquet").labels.truth[5], sealed.labels.truth[5])

    def test_arrays_of_two_types_are_refused(self):
        with pytest.raises(InputError, match=r"the truth holds arrays of .*: expected numbers of one type"):
            _ = with_truth([np.zeros(3), *[np.zeros(3, int)] * 47]).commitment

    @pytest.mark.parametrize(
        "change",
        [
            lambda boxes: np.nextafter(boxes, 2),
            lambda boxes: boxes.reshape(4, 2),
            lambda boxes: np.where(boxes == 0, -0.0, boxes),
            lambda boxes: boxes[:1],
            lambda boxes: boxes.astype("f4"),
        ],
    )
    def test_the_commitment_covers_every_bit(self, change):
        boxes = np.arange(8.0).reshape(2, 4)
        truths = [[boxes] * 48, [change(boxes)] * 48]
        assert with_truth(truths[0]).commitment != with_truth(truths[1]).commitment

    def test_a_changed_file_is_found_out(self, tmp_path):
        write_labels_file(tmp_path / "l.parquet", with_truth([np.arange(8.0).reshape(2, 4)] * 48))
        whole = parquet.read_table(tmp_path / "l.parquet")
        for name in ("truth", "truth_shape"):
            values = whole[name].to_pylist()
            values[7] = values[7][::-1]
            column = pa.array(values, whole.schema.field(name).type)
            parquet.write_table(
                whole.set_column(whole.column_names.index(name), name, column), tmp_path / "changed.parquet"
            )
            with pytest.raises((VerificationError, InputError)):
                read_labels_file(tmp_path / "changed.parquet")

    def test_numbers_keep_the_commitment_that_they_had(self):
        """That of the first version of the label file; sets in the world carry such ones."""
        assert toy_labels().commitment == "a0399903cebc8cd57621d3b52f1b21925c1a92591abf65e0fab237692d4cdc01"


def with_truth(arrays):
    labels = dataclasses.replace(SEALED.labels, truth=arrays_of_truth(arrays))
    return dataclasses.replace(SEALED, labels=labels)


class TestScores:
    def test_values_against_plain_numpy(self, tmp_path, small_pieces):
        """Also where the rows come in any order, ten at a time."""
        order = np.random.default_rng(3).permutation(144)
        mixed = with_rows(
            submissions()["noise"], **{n: c[order] for n, c in vars(all_rows(submissions()["noise"])).items()}
        )
        write_submission(mixed, tmp_path / "a.parquet")
        found = score_submissions(SEALED, {"m": EXPECTED.read(tmp_path / "a.parquet")}, "private")
        keep = np.flatnonzero(SEALED.half == "private")
        for k, condition in enumerate(CONDITIONS):
            expected = [100 * np.mean([MAPS[k, s, r, c] for r, c in SEALED.labels.truth[s]]) for s in keep]
            (row,) = found.find(method="m", condition=condition)
            assert row.value == pytest.approx(np.mean(expected), rel=1e-12)
            assert row.n == len(keep)

    def test_answers_are_reduced_some_at_a_time(self, tmp_path, small_pieces, monkeypatch):
        sizes, terms_of = [], scoring.terms_of
        monkeypatch.setattr(
            scoring, "terms_of", lambda m, t, answers: sizes.append(len(answers)) or terms_of(m, t, answers)
        )
        write_submission(submissions()["noise"], tmp_path / "a.parquet")
        reduced = scoring.reduce_submission(SEALED, EXPECTED.read(tmp_path / "a.parquet"))
        assert max(sizes) == 10
        assert sum(sizes) == 144
        assert reduced.nbytes == 3 * 48 * 8

    def test_a_standing_and_its_pages(self, tmp_path):
        found = standing_of(BoardInfo("maps", "Maps", "closed"), SEALED, submissions(), entries(), "public")
        assert found.ranked == ["true", "noise", "blob"]
        assert {row.method: row.value for row in found.overall}["true"] == 100
        assert all(entry.errors == [] for entry in found.entries.values())
        public = np.flatnonzero(SEALED.half == "public")
        terms = np.stack([_percent_at_points(SEALED.labels.truth[public], MAPS[k][public]) for k in range(3)]).mean(0)
        assert found.entries["noise"].worst[0] == SEALED.labels.sample_id[public[np.argmin(terms)]]
        assert "Where are the points?" in render_board(found)
        assert "Where the errors lie" not in render_entry(found, "noise")
        assert export_site([found], tmp_path / "site").exists()

    def test_on_a_board_in_a_folder(self, tmp_path):
        board = add_track(create_board(tmp_path / "board", "Ours"), "maps", "Maps", EXPECTED)
        made = submissions()
        other = MAPS.copy()
        other[2, 40, 1, 1] += 0.5
        assert entry_key(made["noise"]) == entry_key(toy_submission(EXPECTED, MAPS, "noise"))
        assert entry_key(made["noise"]) != entry_key(toy_submission(EXPECTED, other, "noise"))
        for key, one in made.items():
            add_submission(board, one, entries()[key])
        with pytest.raises(InputError, match="is there already"):
            add_submission(board, made["noise"], entries()["noise"])
        write_labels_file(tmp_path / "l.parquet", SEALED)
        (found,) = standings(close_track(board, "maps"), [tmp_path / "l.parquet"])
        expected = standing_of(BoardInfo("maps", "Maps", "closed"), SEALED, made, entries(), "private")
        assert sorted(row.value for row in found.rows) == sorted(row.value for row in expected.rows)

    def test_the_scorer_of_the_service_remembers_terms(self, tmp_path):
        (tmp_path / "labels").mkdir()
        write_labels_file(tmp_path / "labels" / "maps.parquet", SEALED)
        path = tmp_path / "noise.parquet"
        write_submission(submissions()["noise"], path)
        scorer = Scorer(tmp_path, 10**9)
        entry = {"key": "e", "path": str(path), "team": "us", "submitted": "2026-01-01T12:00:00Z", "kind": "submission"}
        halves = scorer.answer({"task": "score", "slug": "maps", **entry})["halves"]
        path.unlink()
        asked = {
            "task": "standing",
            "slug": "maps",
            "title": "Maps",
            "phase": "closed",
            "half": "public",
            "entries": [entry],
        }
        standing = scorer.answer(asked)["standing"]
        assert halves["public"]["rows"] == [row for row in standing["rows"] if row["method"] == "e"]
        assert score_submissions(SEALED, submissions(), "private").find(method="noise")[0].value == next(
            row["value"] for row in halves["private"]["rows"]
        )


def entries() -> dict[str, EntryInfo]:
    return {key: EntryInfo("us", "2026-01-01T12:00:00Z") for key in ("noise", "blob", "true")}
