"""Submissions: what is written is read back, what is wrong is refused in one line, and hostile files cost nothing."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy_board import (
    CONDITIONS,
    FINGERPRINT,
    all_rows,
    placed,
    toy_card,
    toy_labels,
    toy_submission,
    toy_submissions,
    with_rows,
)

from whence.benchmarks.speed.hostile_parquet import one_page_for_all, slow_pages
from whence.errors import InputError
from whence.leaderboard.submission import parquet_guard
from whence.leaderboard.submission.card import Card, card_of, read_card
from whence.leaderboard.submission.expectation import Expectation, check_submission
from whence.leaderboard.submission.file import KEY, Submission, header_of, read_submission, schema_of, write_submission
from whence.leaderboard.submission.parquet_guard import Limits
from whence.leaderboard.submission.thrift import Budget, ThriftError, read_struct

NAMES = [f"s{k:04d}" for k in range(40)]
EXPECTED = Expectation("tde", FINGERPRINT, CONDITIONS, NAMES)
SCHEMA = schema_of(EXPECTED.answer)
RNG = np.random.default_rng(1)
VALUES = RNG.uniform(-7e-4, 7e-4, (len(CONDITIONS), len(NAMES)))


def submission(values: np.ndarray = VALUES):
    return toy_submission(EXPECTED, values)


def read(path: Path, limits: Limits | None = None) -> Submission:
    return read_submission(path, EXPECTED.answer, limits or EXPECTED.limits)


def table(values: np.ndarray = VALUES) -> pa.Table:
    """A faultless submission as a table."""
    whole, rows = submission(values), all_rows(submission(values))
    metadata = {KEY: json.dumps(whole.header.model_dump()).encode()}
    columns = [rows.condition, pa.array(rows.sample_id, pa.string()), rows.answers]
    return pa.table(columns, schema=SCHEMA.with_metadata(metadata))


def header_with(**changes) -> dict[bytes, bytes]:
    return {KEY: json.dumps({**submission().header.model_dump(), **changes}).encode()}


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count the calls of functions, in Python ("call") and in C ("c_call")."""
    calls: Counter[str] = Counter()
    sys.setprofile(lambda frame, event, function: calls.update([event]))
    try:
        yield calls
    finally:
        sys.setprofile(None)


def refused(path: Path, match: str, limits: Limits | None = None) -> None:
    """Reading or checking `path` must raise one line, with few calls and little memory."""
    tracemalloc.start()
    pool = pa.total_allocated_bytes()
    try:
        with pytest.raises(InputError, match=match or None) as caught, counted_calls() as calls:
            check_submission(read(path, limits), EXPECTED)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert calls["call"] + calls["c_call"] < 600_000
    assert peak < 50e6
    assert pa.total_allocated_bytes() - pool < 50e6
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


class TestFile:
    """What is written is read back, and nothing else is taken for a submission."""

    def test_round_trip_is_exact_and_bytes_repeat(self, tmp_path):
        whole = submission()
        write_submission(whole, tmp_path / "a.parquet")
        write_submission(whole, tmp_path / "b.parquet")
        assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
        back = read(tmp_path / "a.parquet")
        check_submission(back, EXPECTED)
        assert back.header == whole.header
        assert placed(back, EXPECTED).tobytes() == VALUES.tobytes()

    @pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
    @pytest.mark.parametrize("version", ["1.0", "2.0"])
    def test_files_of_other_writers_are_read(self, tmp_path, compression, version):
        path = tmp_path / "a.parquet"
        parquet.write_table(
            table(), path, compression=compression, data_page_version=version, row_group_size=50, data_page_size=64
        )
        assert placed(read(path), EXPECTED).tobytes() == VALUES.tobytes()

    def test_pandas_writes_it_too(self, tmp_path):
        frame = table().to_pandas()
        shuffled = pa.Table.from_pandas(frame.sample(frac=1, random_state=3), preserve_index=False)
        metadata = {**shuffled.schema.metadata, **header_with()}
        parquet.write_table(shuffled.replace_schema_metadata(metadata), tmp_path / "a.parquet")
        back = read(tmp_path / "a.parquet")
        assert placed(back, EXPECTED).tobytes() == VALUES.tobytes()

    def test_conditions_may_come_in_another_order(self, tmp_path):
        whole = submission()
        turned = whole.header.model_copy(update={"conditions": whole.header.conditions[::-1]})
        back = replace(with_rows(whole, condition=2 - all_rows(whole).condition), header=turned)
        check_submission(back, EXPECTED)
        assert placed(back, EXPECTED).tobytes() == VALUES.tobytes()


class TestChecks:
    """A file that is read, but does not fit, is refused with the reason and one example."""

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            (lambda s: replace(s, answers=s.answers[:-1], sample_id=s.sample_id[:-1], condition=s.condition[:-1]),
             r"1 of 120 predictions are missing, such as 's0039' under condition 2"),
            (lambda s: replace(s, sample_id=np.where(s.sample_id == "s0003", "s0004", s.sample_id)),
             "3 of 120 .*missing"),
            (lambda s: replace(s, sample_id=np.where(s.sample_id == "s0003", "x\n<b>", s.sample_id)),
             r"rows of samples that the dataset does not have, such as 'x\\n<b>'"),
            (lambda s: replace(s, condition=s.condition + 1), "column condition: expected 0 to 2"),
            (lambda s: replace(s, condition=s.condition - 1), "column condition: expected 0 to 2"),
            (lambda s: replace(s, answers=np.where(np.arange(120) == 50, np.nan, s.answers)),
             "predictions that are not finite numbers, such as that of 's0010'"),
            (lambda s: replace(s, answers=np.full(120, -np.inf)), "predictions that are not finite"),
        ],
    )  # fmt: skip
    def test_samples(self, change, match):
        with pytest.raises(InputError, match=match):
            check_submission(Submission(submission().header, [change(all_rows(submission()))]), EXPECTED)

    def test_a_sample_given_twice(self):
        rows = all_rows(submission())
        doubled = with_rows(
            submission(),
            condition=np.append(rows.condition, np.int32(0)),
            sample_id=np.append(rows.sample_id, "s0007"),
            answers=np.append(rows.answers, 0.0),
        )
        with pytest.raises(InputError, match=r"1 of 120 predictions are there more than once, such as 's0007'"):
            check_submission(doubled, EXPECTED)

    @pytest.mark.parametrize(
        ("update", "match"),
        [
            ({"track": "left-right"}, "for the track 'left-right': expected 'tde'"),
            ({"fingerprint": "cd" * 32}, "for the dataset cdcdcdcdcdcdcdcd, expected abababababababab"),
            ({"harness": "0"}, "made with harness '0'"),
            ({"conditions": [CONDITIONS[0]], "seconds_per_sample": [0.1]}, "2 of 3 conditions are missing"),
            (
                {"conditions": [*CONDITIONS, {"snr_db": 1.0}], "seconds_per_sample": [0.1] * 4},
                "1 condition unknown",
            ),
            ({"conditions": [*CONDITIONS, CONDITIONS[0]], "seconds_per_sample": [0.1] * 4}, "some are the same"),
        ],
    )
    def test_header(self, update, match):
        whole = submission()
        with pytest.raises(InputError, match=match):
            check_submission(replace(whole, header=whole.header.model_copy(update=update)), EXPECTED)

    @pytest.mark.parametrize(
        ("factor", "match"),
        [
            (1e3, "look like milliseconds or samples; give seconds"),
            (16_000, r"a delay of 11\.\d s: give seconds, at most 1"),
            (1e6, "give seconds, at most 1"),
        ],
    )
    def test_delays_in_milliseconds_samples_or_microseconds(self, factor, match):
        with pytest.raises(InputError, match=match):
            check_submission(submission(VALUES * factor), EXPECTED)

    @pytest.mark.parametrize(("track", "bound"), [("tde", 1.0), ("azimuth", 360.0), ("left-right", 1e6)])
    @pytest.mark.parametrize("sign", [1.0, -1.0])
    def test_one_wild_prediction(self, track, bound, sign):
        expected, values = replace(EXPECTED, track=track), 1e3 * VALUES if track == "azimuth" else VALUES.copy()
        values[1, 7] = sign * bound
        check_submission(toy_submission(expected, values), expected)
        for wild in (np.nextafter(bound, np.inf), 1.7e308):
            values[1, 7] = sign * wild
            with pytest.raises(InputError, match=r"^an? (delay|angle|value) of "):
                check_submission(toy_submission(expected, values), expected)

    def test_delays_too_short_to_be_seconds(self):
        with pytest.raises(InputError, match="too short to be in seconds"):
            check_submission(submission(VALUES * 1e-6), EXPECTED)

    @pytest.mark.parametrize(
        "values", [np.zeros_like(VALUES), VALUES, np.where(RNG.random(VALUES.shape) < 0.3, 0.03, VALUES)]
    )
    def test_poor_delays_are_no_slip(self, values):
        check_submission(submission(values), EXPECTED)

    @pytest.mark.parametrize("track", ["rotation", "azimuth"])
    def test_angles(self, track):
        expected = replace(EXPECTED, track=track)
        degrees = RNG.uniform(-90, 90, VALUES.shape)
        check_submission(toy_submission(expected, degrees), expected)
        check_submission(toy_submission(expected, np.zeros_like(degrees)), expected)
        with pytest.raises(InputError, match="look like radians; give degrees"):
            check_submission(toy_submission(expected, np.radians(degrees)), expected)
        with pytest.raises(InputError, match="expected degrees in"):
            check_submission(toy_submission(expected, 10 * degrees), expected)

    def test_sides_have_no_unit(self):
        expected = replace(EXPECTED, track="left-right")
        check_submission(toy_submission(expected, 1e6 * VALUES), expected)


class TestHeader:
    """The metadata: only what is known, within bounds, and safe to show."""

    @pytest.mark.parametrize(
        ("changes", "match"),
        [
            ({"format": 2}, "'format'"),
            ({"surprise": 1}, "'surprise' is unknown"),
            ({"track": "../../etc"}, "'track': holds '/'"),
            ({"method": "<script>alert(1)</script>"}, "'method': holds '/'"),
            ({"method": "<img src=x>"}, "'method': holds '<'"),
            ({"method": ".hidden"}, "begins with a dot"),
            ({"method": "a\x00b"}, "holds the character U\\+0000, which readers cannot see"),
            ({"method": "x" * 201}, "'method': string should have at most 200"),
            ({"method": "\u0958" * 200}, "'method': value should have at most 200"),
            ({"fingerprint": "AB" * 32}, "'fingerprint'"),
            ({"fingerprint": "ab" * 32 + "\n"}, "'fingerprint'"),
            ({"conditions": []}, "'conditions'"),
            ({"conditions": [{}] * 1000}, "'conditions'"),
            ({"conditions": [{"snr_db": "30"}]}, "'conditions.0.snr_db"),
            ({"conditions": [{"snr_db": 10**400}]}, "'conditions.0.snr_db"),
            ({"seconds_per_sample": [1.0]}, "expected one number a condition"),
            ({"seconds_per_sample": [-1.0, 0.0, 0.0]}, "'seconds_per_sample.0'"),
            ({"parameters": {"a": {"b": 1}}}, "'parameters.a"),
            ({"parameters": {"<b>": 1}}, "'parameters"),
            ({"card": {}}, "'card.name' is missing"),
        ],
    )
    def test_refused(self, tmp_path, changes, match):
        parquet.write_table(table().replace_schema_metadata(header_with(**changes)), tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", match)

    @pytest.mark.parametrize(
        ("metadata", "match"),
        [
            ({}, "no metadata `whence`"),
            ({KEY: b""}, "is no JSON"),
            ({KEY: b"[" * 60_000}, "is no JSON"),
            ({KEY: b'{"a":' * 10_000}, "is no JSON"),
            ({KEY: b"\xff\xfe"}, "is no JSON"),
            ({KEY: b"9" * 60_000}, "is no JSON"),
            ({KEY: b'{"format": NaN}'}, "is no JSON"),
            ({KEY: b" " * 100_000}, "metadata has 100000 bytes"),
            ({KEY: b" " * 500_000}, "footer claims"),
            ({KEY: b"null"}, "metadata of the submission"),
        ],
    )
    def test_no_header(self, tmp_path, metadata, match):
        parquet.write_table(table().replace_schema_metadata(metadata), tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", match)

    def test_lone_surrogates_do_not_get_through(self, tmp_path):
        text = json.dumps({**submission().header.model_dump(), "method": "\ud800"}).encode()
        parquet.write_table(table().replace_schema_metadata({KEY: text}), tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "'method'")


class TestHostileFiles:
    """Files made to hurt: each is refused at once, in bounded memory."""

    def test_no_parquet(self, tmp_path):
        path = tmp_path / "a.parquet"
        for content in (b"", b"PAR1", b"PAR1PAR1", b"x" * 1000, b"PK\x03\x04" * 500, b"PAR1" + b"\xff" * 100 + b"PAR1"):
            path.write_bytes(content)
            refused(path, "no Parquet file|footer claims")

    def test_cut_short_anywhere(self, tmp_path):
        write_submission(submission(), tmp_path / "whole.parquet")
        whole, path = (tmp_path / "whole.parquet").read_bytes(), tmp_path / "a.parquet"
        for length in range(0, len(whole), 97):
            path.write_bytes(whole[:length])
            refused(path, "")

    def test_larger_than_allowed(self, tmp_path):
        path = tmp_path / "a.parquet"
        with path.open("wb") as stream:
            stream.truncate(10**12)  # sparse: takes no room on disk
        refused(path, "has 1000000000000 bytes")

    def test_millions_of_rows(self, tmp_path):
        rows = 5_000_000
        columns = [np.zeros(rows, np.int32), pa.repeat(pa.scalar("s0000"), rows), np.zeros(rows)]
        parquet.write_table(pa.table(columns, schema=SCHEMA.with_metadata(header_with())), tmp_path / "a.parquet")
        assert (tmp_path / "a.parquet").stat().st_size < 100_000
        refused(tmp_path / "a.parquet", "claims 5000000 rows: expected at most 120")
        refused(tmp_path / "a.parquet", "claims 5000000 rows", Limits())

    def test_dictionary_bomb(self, tmp_path):
        """One name of 8 MB, said 120 times: 960 MB of strings from a file of a few kilobytes."""
        columns = [np.zeros(120, np.int32), pa.repeat(pa.scalar("s" * 8_000_000), 120), np.zeros(120)]
        bomb = pa.table(columns, schema=SCHEMA.with_metadata(header_with()))
        parquet.write_table(bomb, tmp_path / "a.parquet", compression="zstd", write_statistics=False)
        assert (tmp_path / "a.parquet").stat().st_size < 20_000
        refused(tmp_path / "a.parquet", "column sample_id decompresses to more than")
        refused(tmp_path / "a.parquet", "sample_id has 8000000 characters", Limits())

    def test_compression_bomb(self, tmp_path):
        """Pages that decompress to 300 MB."""
        names = pa.array(["s" * 1_000_000] * 300, pa.string())
        columns = [np.zeros(300, np.int32), names, np.zeros(300)]
        bomb = pa.table(columns, schema=SCHEMA.with_metadata(header_with()))
        path = tmp_path / "a.parquet"
        parquet.write_table(bomb, path, compression="zstd", use_dictionary=False, write_statistics=False)
        assert path.stat().st_size < 200_000
        del names, columns, bomb
        refused(path, "column sample_id decompresses to more than", Limits())

    def test_encodings_that_unfold(self, tmp_path):
        path = tmp_path / "a.parquet"
        encoding = {"sample_id": "DELTA_BYTE_ARRAY"}
        parquet.write_table(table(), path, use_dictionary=False, column_encoding=encoding)
        refused(path, "column sample_id has the Parquet encoding 7")

    def test_many_row_groups(self, tmp_path):
        parquet.write_table(table(np.zeros((3, 400))[:, :40]), tmp_path / "a.parquet", row_group_size=1)
        refused(tmp_path / "a.parquet", "row groups", Limits(row_groups=100))

    @pytest.mark.parametrize(
        ("name", "column", "match"),
        [
            ("prediction", pa.array(np.zeros(120, np.float32)), "column prediction: FLOAT, expected DOUBLE"),
            ("prediction", pa.array(["0.0"] * 120), "column prediction: BYTE_ARRAY"),
            ("prediction", pa.array([[0.0]] * 120), "the file has the columns"),
            ("prediction", pa.array([None] * 120, pa.float64()), "120 values are missing"),
            ("prediction", pa.array([{"a": 0.0}] * 120), "the file has the columns"),
            ("condition", pa.array(np.zeros(120, np.int64)), "column condition: INT64"),
            ("condition", pa.array(np.zeros(120, np.uint32)), "32-bit integers"),
            ("condition", pa.array([0] * 120, pa.date32()), "32-bit integers"),
            ("sample_id", pa.array([b"\xff\xfe"] * 120, pa.binary()), "expected strings"),
            ("sample_id", pa.array(range(120)), "column sample_id: INT64"),
            ("sample_id", pa.array([None] * 120, pa.string()), "values are missing"),
            ("sample_id", pa.array([["s0000"]] * 120), "the file has the columns"),
        ],
    )  # fmt: skip
    def test_wrong_types(self, tmp_path, name, column, match):
        good = table()
        wrong = good.set_column(good.column_names.index(name), name, column)
        parquet.write_table(wrong, tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", match)

    def test_strings_that_are_no_text(self, tmp_path):
        good = table()
        broken = pa.array([b"\xff\xfe"] * 120, pa.binary()).view(pa.string())
        wrong = good.set_column(1, "sample_id", broken)
        parquet.write_table(wrong, tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "cannot be read|expected strings")

    def test_other_columns(self, tmp_path):
        parquet.write_table(table().drop(["prediction"]), tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "the file has the columns 'condition', 'sample_id': expected")
        more = table().append_column("../../x", pa.array(np.zeros(120)))
        parquet.write_table(more, tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", r"the file has the columns .*'../../x'")
        doubled = table().append_column("prediction", pa.array(np.zeros(120)))
        parquet.write_table(doubled, tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "the file has the columns")

    def test_a_thousand_columns(self, tmp_path):
        many = pa.table({f"c{k}": np.zeros(2) for k in range(1000)})
        parquet.write_table(many, tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "and 996 more: expected condition")

    def test_no_rows(self, tmp_path):
        parquet.write_table(table().slice(0, 0), tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "row group without rows|120 of 120 predictions are missing")

    @pytest.mark.parametrize(
        ("content", "match"),
        [
            (one_page_for_all(), "column sample_id of a row group shares bytes of the file with column condition"),
            (slow_pages(pages=5), "column condition: a page header is damaged: it holds too many values"),
            (slow_pages(pages=100, empty_structs=900), "the page headers of the file are more than 30000 values"),
        ],
    )
    def test_page_headers_have_a_budget(self, tmp_path, monkeypatch, content, match):
        """Lists of empty structs in page headers, and one page that stands for hundreds: all that is read is little."""
        spent = []
        spend = Budget.spend
        monkeypatch.setattr(Budget, "spend", lambda self: spent.append(1) or spend(self))
        (tmp_path / "a.parquet").write_bytes(content)
        with pytest.raises(InputError, match=match):
            read(tmp_path / "a.parquet", replace(EXPECTED.limits, header_values=30_000))
        assert len(spent) < 40_000

    def test_pages_and_their_headers_are_counted(self, tmp_path):
        (tmp_path / "a.parquet").write_bytes(slow_pages(pages=30, empty_structs=100))
        for limits, most in ((Limits(header_bytes=2000), "2000 bytes"), (Limits(pages=20), "20 pages")):
            with pytest.raises(InputError, match=f"the page headers of the file are more than {most}"):
                read(tmp_path / "a.parquet", limits)

    def test_dictionaries_of_values_that_no_row_has(self, tmp_path):
        """A dictionary of 200,000 names for 120 rows, each of which a reader would make an object of."""
        names = pa.array([f"{k:x}" for k in range(200_000)])
        column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(120, np.int32)), names)
        wrong = table().set_column(1, "sample_id", column)
        parquet.write_table(wrong, tmp_path / "a.parquet", write_statistics=False)
        refused(tmp_path / "a.parquet", "column sample_id has dictionaries of more than 1504 values|decompresses")

    def test_links_devices_and_pipes(self, tmp_path):
        write_submission(submission(), tmp_path / "whole.parquet")
        (tmp_path / "link.parquet").symlink_to(tmp_path / "whole.parquet")
        os.mkfifo(tmp_path / "pipe.parquet")
        refused(tmp_path / "link.parquet", r"link\.parquet cannot be read \(a link\): expected a file")
        refused(tmp_path / "pipe.parquet", r"pipe\.parquet is no regular file")
        refused(Path("/dev/zero"), "zero is no regular file")

    def test_a_folder_or_nothing(self, tmp_path):
        for path in (tmp_path, tmp_path / "absent.parquet"):
            with pytest.raises((InputError, OSError)):
                read(path)

    @pytest.mark.parametrize(
        ("page", "match"),
        [
            ({}, None),
            ({"unpacked": 2**31 - 1}, "column prediction decompresses to more than 100000 bytes"),
            ({"unpacked": -1}, "a page of 960 bytes does not fit"),
            ({"packed": 2000}, "a page of 2000 bytes does not fit where it lies"),
            ({"packed": -5}, "a page of -5 bytes does not fit"),
            ({"values": 121}, "more values than its row group has rows"),
            ({"values": -1}, "more values than its row group has rows"),
            ({"kind": 1}, "a page of kind 1"),
            ({"encoding": 9}, "the Parquet encoding 9"),
        ],
    )
    def test_a_page_header_is_not_believed(self, tmp_path, page, match):
        """Whatever the footer says, a page that asks for too much is refused before it is read."""
        said = {"kind": 0, "unpacked": 960, "packed": 960, "values": 120, "encoding": 0, **page}
        header = _struct(said["kind"], said["unpacked"], said["packed"])[:-1]
        inner = _struct(said["values"], said["encoding"], 3, 3)
        content = b"PAR1" + header + b"\x2c" + inner + b"\x00" + bytes(960)
        (tmp_path / "page").write_bytes(content)
        chunks = [parquet_guard.Chunk("prediction", 120, 4, len(content))]
        limits = Limits(column_bytes=100_000)
        if match is None:
            parquet_guard._check_pages(tmp_path / "page", chunks, limits)
            return
        with pytest.raises(InputError, match=match):
            parquet_guard._check_pages(tmp_path / "page", chunks, limits)

    def test_a_dictionary_of_more_values_than_bytes(self, tmp_path):
        header = _struct(2, 100, 100)[:-1] + b"\x4c" + _struct(2**30, 0) + b"\x00"
        (tmp_path / "page").write_bytes(b"PAR1" + header + bytes(100))
        chunks = [parquet_guard.Chunk("sample_id", 120, 4, 4 + len(header) + 100)]
        with pytest.raises(InputError, match="a dictionary of 1073741824 values, more than its bytes"):
            parquet_guard._check_pages(tmp_path / "page", chunks, Limits())

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_flipped_bytes_never_crash(self, tmp_path, data):
        path = tmp_path / "a.parquet"
        whole = _whole(tmp_path)
        content = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(content))
        try:
            check_submission(read(path), EXPECTED)
        except InputError as error:
            reason = str(error)
        else:
            reason = ""
        assert reason == "" or reason.isprintable()

    def test_memory_of_a_bomb_in_a_process_of_its_own(self, tmp_path):
        """The peak of a process that reads the worst file: no more than one that reads an honest one, plus 64 MB."""
        write_submission(submission(), tmp_path / "good.parquet")
        names = pa.array(["s" * 1_000_000] * 300, pa.string())
        bomb = pa.table([np.zeros(300, np.int32), names, np.zeros(300)], SCHEMA.with_metadata(header_with()))
        parquet.write_table(
            bomb, tmp_path / "bomb.parquet", compression="zstd", use_dictionary=False, write_statistics=False
        )
        del names, bomb
        good, bad = (_peak_megabytes(tmp_path / name) for name in ("good.parquet", "bomb.parquet"))
        assert bad < good + 64


def _varint(value: int) -> bytes:
    """A number as the compact protocol writes it: zigzag, seven bits a byte."""
    value, out = (value << 1) ^ (value >> 63), bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def _struct(*numbers: int) -> bytes:
    """A struct of 32-bit integers in the fields 1, 2, ..., as the compact protocol writes it."""
    return b"".join(b"\x15" + _varint(number) for number in numbers) + b"\x00"


_KEPT: dict[str, bytes] = {}


def _whole(folder: Path) -> bytes:
    if "whole" not in _KEPT:
        write_submission(submission(), folder / "whole.parquet")
        _KEPT["whole"] = (folder / "whole.parquet").read_bytes()
    return _KEPT["whole"]


def _peak_megabytes(path: Path) -> float:
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom whence.errors import InputError\n"
        "from whence.leaderboard.submission.file import read_submission\nfrom whence.registry import load_track\n"
        "try:\n    list(read_submission(Path(sys.argv[1]), load_track('tde').answer).pieces)\n"
        "except InputError:\n    pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return float(answer.stdout)


class TestThrift:
    """The reader of page headers, on what the protocol's description says."""

    def test_page_header_of_a_real_file(self, tmp_path):
        path = tmp_path / "a.parquet"
        parquet.write_table(table(), path, use_dictionary=False, compression="none", data_page_version="2.0")
        chunk = parquet.read_metadata(path).row_group(0).column(2)
        data = path.read_bytes()[chunk.data_page_offset :][:500]
        header, length = read_struct(data)
        assert (header.number(1), header.inner(8).number(1), header.inner(8).number(3)) == (3, 120, 120)
        assert length + header.number(3) == chunk.total_compressed_size

    @pytest.mark.parametrize(
        ("data", "match"),
        [
            (b"", "cut short"),
            (b"\x1c" * 1000, "too deep"),
            (b"\x19\x19" + b"\x19" * 1000, "too deep"),
            (b"\x18\xff\xff\xff\xff\x0f", "cut short"),
            (b"\x15" + b"\xff" * 20, "more than 64 bits"),
            (b"\x15" + _varint(2**31) + b"\x00", "more than 32 bits"),
            (b"\x15\x02\x05\x02\x02\x00", "there twice"),
            (b"\x19\xf5\xff\xff\xff\x7f", "longer than its bytes"),
            (b"\x1b\x00", "of type 11"),
        ],
    )
    def test_what_is_refused(self, data, match):
        with pytest.raises(ThriftError, match=match):
            read_struct(data)

    @given(st.binary(max_size=300))
    def test_any_bytes(self, data):
        try:
            _, length = read_struct(data)
            assert 0 < length <= len(data)
        except ThriftError:
            pass


class TestCard:
    """Method cards: TOML or JSON, checked field by field."""

    def test_toml_and_json(self, tmp_path):
        (tmp_path / "card.toml").write_text('name = "M"\nauthors = "A"\ntraining_data = "none"\n')
        (tmp_path / "card.json").write_text('{"name": "M", "authors": "A", "training_data": "none"}')
        assert read_card(tmp_path / "card.toml") == read_card(tmp_path / "card.json")

    @pytest.mark.parametrize(
        ("change", "match"),
        [
            ({"name": ""}, "'name'"),
            ({"name": "a/../b"}, "'name': holds '/'"),
            ({"name": "<script>"}, "'name': holds '<'"),
            ({"name": "a\u202eb"}, "U\\+202E"),
            ({"name": "ml\u200b"}, "U\\+200B, which readers cannot see"),
            ({"name": "a\u2028b"}, "U\\+2028"),
            ({"name": "a\u00adb"}, "U\\+00AD"),
            ({"name": "a\u200fb"}, "U\\+200F"),
            ({"name": "\U000e0041\U000e0042"}, "U\\+E0041"),
            ({"name": "\ue000x"}, "U\\+E000"),
            ({"name": "ml\u2800"}, "U\\+2800"),
            ({"name": "\u3164"}, "U\\+3164"),
            ({"name": "ml\ufe0f"}, "U\\+FE0F"),
            ({"name": "a\u00a0b"}, "blanks that cannot be told apart"),
            ({"name": "a  b"}, "blanks that cannot be told apart"),
            ({"name": "!?"}, "neither a letter nor a digit"),
            ({"name": "Z" + 79 * "\u0301"}, "more than 2 accents on one letter"),
            ({"description": "a" + 3 * "\u0323\u0302"}, "more than 2 accents on one letter"),
            ({"authors": "A\u200bB"}, "'authors': holds the character U\\+200B"),
            ({"authors": "<b onload=x>"}, "'authors': holds markup"),
            ({"description": "fine\n<iframe src=x>"}, "'description': holds markup"),
            ({"description": "x" * 4001}, "'description'"),
            ({"code": "javascript:alert(1)"}, "'code': is no web address"),
            ({"code": "https://x.org/\"onclick=x"}, "'code': is no web address"),
            ({"paper": "ftp://x.org"}, "'paper': is no web address"),
            ({"paper": "https://arxiv.org@evil.example/"}, "without a user name"),
            ({"paper": "https://arxiv.org:x@evil.example/"}, "without a user name"),
            ({"paper": "https:///x"}, "'paper': is no web address"),
            ({"training": "none"}, "did you mean 'training_data'"),
            ({"name": 3}, "'name': input should be a valid string"),
        ],
    )  # fmt: skip
    def test_refused(self, change, match):
        with pytest.raises(InputError, match=match) as caught:
            card_of({**toy_card("M").model_dump(), **change})
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize("link", ["https://x.org", "http://x.org:8000/~a/@b?c=d@e#f", "https://x.org?q=1", ""])
    def test_links(self, link):
        assert card_of({**toy_card("M").model_dump(), "paper": link}).paper == link

    @pytest.mark.parametrize("name", ["Zo\u00eb", "Zoe\u0308"])
    def test_names_that_look_alike_are_the_same(self, name):
        assert card_of({**toy_card("M").model_dump(), "name": name}).name == "Zo\u00eb"

    @pytest.mark.parametrize(
        "name", ["Ti\u1ebfng Vi\u1ec7t", "\u65b9\u6cd5 2", "\u0e17\u0e35\u0e48", "GCC (\u03b2 = 0.5)"]
    )
    def test_names_in_other_scripts(self, name):
        assert card_of({**toy_card("M").model_dump(), "name": name}).name == name

    @pytest.mark.parametrize(
        "name",
        ["\u0394t-net", "\u041c\u0435\u0442\u043e\u0434 3", "\u65e5\u672cGCC", "My chance", "\u0e19\u0e49\u0e33"],
    )
    def test_names_of_one_alphabet_a_word(self, name):
        assert card_of({**toy_card("M").model_dump(), "name": name}).name == name

    @pytest.mark.parametrize(
        ("name", "match"),
        [
            ("chance", "reads as 'chance', a row of every board"),
            ("CHANCE.", "reads as 'chance'"),
            ("c e i l i n g", "reads as 'ceiling'"),
            ("CeiIing", "reads as 'ceiling'"),
            ("cei1ing", "reads as 'ceiling'"),
            ("CE1LING", "reads as 'ceiling'"),
            ("CEIL|NG", "reads as 'ceiling'"),
            ("Chanc\u00e9", "reads as 'chance'"),
            ("\ua4da\ua4e7\ua4ee\ua4e0\ua4da\ua4f0", "reads as 'chance'"),
            ("GCC-PH\u0410T", "mixes CYRILLIC and LATIN letters in one word"),
            ("G\u03b1mma", "mixes GREEK and LATIN"),
            ("GCC \u0420\u041d\u0410\u0422", "CYRILLIC letters that look Latin"),
            ("\U0001d420\U0001d41c\U0001d41c", "U\\+1D420, which imitates another"),
            ("\uff27CC", "U\\+FF27, which imitates another"),
            ("\u24d6cc", "U\\+24D6, which imitates another"),
            ("\u1d04\u029c\u1d00\u0274\u1d04\u1d07", "U\\+1D04, which imitates another"),
            ("\U0001f172HANCE", "U\\+1F172, which imitates another"),
        ],
    )  # fmt: skip
    def test_names_that_imitate(self, name, match):
        """The expected forms are those of Unicode's tables of confusable characters, read by eye."""
        with pytest.raises(InputError, match=f"'name': .*{match}"):
            card_of({**toy_card("M").model_dump(), "name": name})

    def test_a_name_taken_by_an_older_board_stays(self, tmp_path):
        whole = submission()
        card = Card.model_construct(**{**whole.card.model_dump(), "name": "ceiling"})
        write_submission(replace(whole, header=whole.header.model_copy(update={"card": card})), tmp_path / "a.parquet")
        refused(tmp_path / "a.parquet", "'card.name': reads as 'ceiling'")
        assert EXPECTED.read(tmp_path / "a.parquet", stored=True).card.name == "ceiling"
        assert card_of(card.model_dump(), stored=True) == card

    def test_comparisons_are_no_markup(self):
        assert card_of({**toy_card("M").model_dump(), "description": "SNR < 0 dB, 3 > 2"}).description

    @pytest.mark.parametrize("content", ["name = ", "\xff", "[[[", "name = 'a'\nname = 'b'"])
    def test_no_toml(self, tmp_path, content):
        (tmp_path / "card.toml").write_bytes(content.encode("latin1"))
        with pytest.raises(InputError, match=r"card\.toml"):
            read_card(tmp_path / "card.toml")

    @given(st.dictionaries(st.sampled_from([*Card.model_fields, "other"]), st.text() | st.integers() | st.none()))
    @settings(max_examples=300, deadline=None)
    def test_any_text(self, content):
        try:
            card = card_of({"name": "M", "authors": "A", "training_data": "none", **content})
            reason, text = "", card.model_dump_json()
        except InputError as error:
            reason, text = str(error), ""
        assert reason == "" or reason.isprintable()
        text.encode("utf-8")


def test_header_takes_no_other_type():
    with pytest.raises(InputError, match="metadata of the submission"):
        header_of([])


def test_toy_submissions_pass():
    sealed = toy_labels()
    for one in toy_submissions(sealed).values():
        check_submission(one, sealed.expectation)
