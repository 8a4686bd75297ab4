"""Thousands of uploads that nobody should send: no answer is a 500, none holds a label, what is taken can be scored."""

import asyncio
import io
import json
import os
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from whence.benchmarks.speed.made_up_board import SLUG, make_board
from whence.leaderboard.boards.service import hosting
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.models import AuditRow, SubmissionRow
from whence.leaderboard.boards.service.scorer import Scorer
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.boards.service.standings import entry_of

EXAMPLES = 5 * settings().max_examples
"""Inputs of each of the four kinds: 2,000 in all, 10,000 with the profile `thorough`."""
MEMORY = 2**30
"""Bytes that scoring may use."""
REFUSED = {400, 401, 403, 404, 405, 408, 413, 415, 422, 429}
fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


class Target:
    """An application under attack, what it answered, and what it must never say."""

    def __init__(self, board, runner: asyncio.Runner, client: httpx.AsyncClient) -> None:
        self.board, self.runner, self.client = board, runner, client
        self.valid = board.payload(1)
        self.uploads: Counter = Counter()
        truth = board.sealed.labels.truth[np.abs(board.sealed.labels.truth) > 1e-5]
        self.secrets = [repr(float(value)).encode() for value in truth]
        self.secrets += [f"{value * 1000:.4f}".encode() for value in truth]
        self.secrets += [str(name).encode() for name in board.sealed.source_sample_id if len(name) > 5]
        self.secrets += [b"labels/", b"Traceback", board.sealed.salt.encode(), os.fsencode(board.folder)]

    def send(self, content: bytes) -> int:
        """Send `content` as a submission and check the answer."""
        status = self.ask("POST", f"/api/tracks/{SLUG}/submissions", content, self.board.key("team0"))
        self.uploads[status] += 1
        return status

    def ask(self, verb: str, address: str, content: bytes = b"", headers: Mapping[str, str] | None = None) -> int:
        """Send a request and check what every answer must be; return its status."""
        answer = self.runner.run(self.client.request(verb, address, content=content, headers=headers))
        assert answer.status_code < 500
        body = answer.content
        assert not any(secret in body for secret in self.secrets), body
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer.status_code


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """One board for all attacks, whose teams have no quota left to lose."""
    board = make_board(tmp_path_factory.mktemp("fuzz") / "board", per_day=10**6)
    app = create_app(read_settings(board.folder))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://board")
    with asyncio.Runner() as runner:
        found = Target(board, runner, client)
        yield found
        runner.run(client.aclose())
    app.state.board.database.close()
    check_log(found)
    check_scores(found)


def check_log(target: Target) -> None:
    """Every upload that was refused stands in the audit log, and nothing lies about."""
    assert not list((target.board.folder / "uploads" / "incoming").iterdir())
    _, database = hosting.open_board(target.board.folder)
    with database.reading() as session:
        refused = session.scalar(select(func.count()).where(AuditRow.action == "submission refused"))
        taken = session.scalar(select(func.count(SubmissionRow.id)))
    database.close()
    assert refused == sum(count for status, count in target.uploads.items() if status != 202)
    assert taken <= target.uploads[202]


def check_scores(target: Target) -> None:
    """Whatever was taken gets its scores and fits into a table: a failure would be a question that costs nothing."""
    settings, database = hosting.open_board(target.board.folder)
    with database.reading() as session:
        entries = [entry_of(settings, row) for row in session.scalars(select(SubmissionRow))]
    database.close()
    scorer = Scorer(target.board.folder, MEMORY)
    for entry in entries:
        request = {"slug": SLUG, "title": "Toy", "phase": "open", "half": "public", "entries": [entry], **entry}
        assert "halves" in scorer.answer({"task": "score", **request})
        assert "standing" in scorer.answer({"task": "standing", **request})


@fuzzing
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"PAR1"]), end=st.sampled_from([b"", b"PAR1"]))
def test_noise(target, content, start, end):
    assert target.send(start + content + end) in REFUSED


edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["flip", "zero", "cut", "insert", "ones"]),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=6,
)


def edited(content: bytes, changes) -> bytes:
    """`content` after `changes` at these relative positions."""
    for place, kind, data in changes:
        k = int(place * len(content))
        if kind == "flip" and content:
            content = content[:k] + bytes([content[k] ^ (data[0] or 1)]) + content[k + 1 :]
        elif kind == "insert":
            content = content[:k] + data + content[k:]
        elif kind == "cut":
            content = content[:k] + content[k + len(data) :]
        else:
            content = content[:k] + (b"\0" if kind == "zero" else b"\xff") * len(data) + content[k + len(data) :]
    return content


@fuzzing
@given(changes=edits, in_footer=st.booleans())
def test_damaged_submissions(target, changes, in_footer):
    if in_footer:
        split = len(target.valid) - int.from_bytes(target.valid[-8:-4], "little") - 8
        content = target.valid[:split] + edited(target.valid[split:-8], changes) + target.valid[-8:]
    else:
        content = edited(target.valid, changes)
    assert target.send(content) in REFUSED | {202}


values = st.one_of(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=5),
    st.lists(st.integers(-(2**40), 2**40), max_size=5),
    st.lists(st.text(max_size=12), max_size=5),
    st.lists(st.none() | st.floats(-1, 1), max_size=5),
    st.lists(st.lists(st.floats(-1, 1), max_size=3), max_size=5),
    st.lists(st.binary(max_size=12), max_size=5),
    st.lists(st.booleans(), max_size=5),
)
names = st.sampled_from(
    ["condition", "sample_id", "prediction", "../../labels", "<script>alert(1)</script>"]
) | st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
compressions = st.sampled_from(["none", "snappy", "gzip", "zstd", "brotli"])


@fuzzing
@given(
    columns=st.dictionaries(names, values, max_size=4),
    metadata=st.none() | json_values | st.binary(max_size=50),
    compression=compressions,
)
def test_other_tables(target, columns, metadata, compression):
    length = min(map(len, columns.values()), default=0)
    table = pa.table({name: pa.array(column[:length]) for name, column in columns.items()})
    if metadata is not None:
        text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
        table = table.replace_schema_metadata({b"whence": text})
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression=compression)
    assert target.send(stream.getvalue()) in REFUSED


@pytest.fixture(scope="module")
def good(target) -> pa.Table:
    """A submission as a table, with its metadata."""
    return parquet.read_table(io.BytesIO(target.valid))


@fuzzing
@given(
    place=st.integers(0, 79),
    prediction=st.floats() | st.floats(-1, 1) | st.sampled_from([1.7e308, -1e300, 1e160, 5e-324]),
    name=st.none() | st.text(max_size=20) | st.sampled_from(["../../../etc/passwd", "<b>x</b>", "\u202e", "s" * 500]),
    condition=st.integers(-(2**31), 2**31 - 1) | st.integers(0, 1),
    field=st.sampled_from(
        ["method", "version", "track", "harness", "fingerprint", "conditions", "parameters", "card", "format", "extra"]
    ),
    value=st.none() | json_values,
)
def test_submissions_that_are_almost_right(target, good, place, prediction, name, condition, field, value):
    columns = {key: good[key].to_pylist() for key in good.column_names}
    columns["prediction"][place] = prediction
    if name is not None:
        columns["sample_id"][place] = name
        columns["condition"][place] = condition
    header = json.loads(good.schema.metadata[b"whence"])
    if value is not None:
        header[field] = value
    schema = good.schema.with_metadata({b"whence": json.dumps(header).encode()})
    stream = io.BytesIO()
    try:
        parquet.write_table(pa.table(columns, schema=schema), stream)
    except UnicodeEncodeError:
        return
    assert target.send(stream.getvalue()) in REFUSED | {202}


@settings(fuzzing, max_examples=300)
@given(
    path=st.text(max_size=30),
    verb=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    query=st.text(max_size=20),
)
def test_addresses(target, path, verb, query):
    for start in ("/", "/api/", "/tracks/", "/api/tracks/", f"/tracks/{SLUG}/", "/api/submissions/", "/labels/"):
        address = f"{start}{quote(path, errors='ignore')}?half={quote(query, errors='ignore')}"
        target.ask(verb, address, headers={"authorization": f"Bearer {quote(query, errors='ignore')}"})
