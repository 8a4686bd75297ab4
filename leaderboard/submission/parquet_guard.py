"""What can be known of a Parquet file before any of it is decompressed: enough to refuse a hostile one.

A file of a few kilobytes can stand for terabytes. Its footer says how much it claims to hold, but nobody is bound by
that; what a reader allocates is decided by the header of each page. So both are checked: the footer's rows, columns
and sizes, and then every page header of every column, walked as the reader will walk them.

Footer and headers are read here, in Python: asked for the columns of a damaged footer, pyarrow (26) ends the whole
process. It gets to see only what has passed.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as parquet

from ...errors import InputError
from .thrift import Struct, ThriftError, read_struct

MAGIC = b"PAR1"
TAIL = 8
"""Bytes at the end: the length of the footer and the magic word."""
HEADER_BYTES = 65_536
"""Bytes of the longest page header; ours take about 100, statistics may make them longer."""
DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, RLE_DICTIONARY = 0, 2, 3, 4, 8
PLAIN_ENCODINGS = frozenset((PLAIN, PLAIN_DICTIONARY))
DATA_ENCODINGS = frozenset((PLAIN, PLAIN_DICTIONARY, RLE_DICTIONARY))
"""Encodings that cannot hold more than their bytes say, once dictionaries are kept as such."""
LEVEL_ENCODINGS = frozenset((RLE, BIT_PACKED))
TYPES = {"INT32": 1, "INT64": 2, "FLOAT": 4, "DOUBLE": 5, "BYTE_ARRAY": 6}
"""Physical types by name, as the footer numbers them."""
REQUIRED, OPTIONAL = 0, 1
SMALLEST_VALUE = 4
"""Bytes of the smallest value of a dictionary: an integer, or a string's length."""


@dataclass(frozen=True)
class Limits:
    """How much a file may hold: bytes on disk, rows, row groups, bytes of the footer and of a decompressed column."""

    file_bytes: int = 64 * 2**20
    rows: int = 2_000_000
    row_groups: int = 256
    footer_bytes: int = 2**20
    column_bytes: int = 256 * 2**20
    pages: int = 20_000

    @classmethod
    def of_rows(cls, rows: int, longest_name: int) -> "Limits":
        """Return limits for exactly `rows` rows whose names have at most `longest_name` bytes."""
        return cls(
            file_bytes=rows * (longest_name + 24) + 2**21, rows=rows, column_bytes=rows * (longest_name + 16) + 2**20
        )


@dataclass(frozen=True)
class Chunk:
    """One column of one row group: its name, its values, the bytes from which to which it lies in the file."""

    name: str
    values: int
    start: int
    end: int


def open_guarded(
    path: Path, columns: Mapping[str, str], limits: Limits
) -> tuple[parquet.ParquetFile, dict[bytes, bytes]]:
    """Return the Parquet file `path`, open for reading, its string columns as dictionaries, and its metadata.

    `columns` are the physical types by name. Raises InputError unless the file holds exactly these, flat, and stays
    within `limits` however it is read.
    """
    footer, data_end = _footer(path, limits)
    try:
        _check_schema(footer, columns)
        chunks = _chunks(footer, columns, data_end, limits)
        metadata = {pair.text(1): pair.text(2) for pair in footer.structs(5)}
    except ThriftError as error:
        raise InputError(f"the footer is damaged: {error}") from None
    _check_pages(path, chunks, limits)
    strings = [name for name, kind in columns.items() if kind == "BYTE_ARRAY"]
    try:
        file = parquet.ParquetFile(
            path,
            read_dictionary=strings,
            pre_buffer=False,
            thrift_string_size_limit=limits.footer_bytes,
            thrift_container_size_limit=limits.footer_bytes,
        )
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise InputError(f"the file cannot be read as Parquet: {one_line(error)}") from None
    return file, metadata


def one_line(error: object, longest: int = 160) -> str:
    """Return the text of `error` in one printable line."""
    return " ".join(ascii(str(error))[1:-1].replace("\\n", " ").split())[:longest]


def _footer(path: Path, limits: Limits) -> tuple[Struct, int]:
    """Return the footer of the file, and the byte at which its data end; checks its size and magic words."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limits.file_bytes:
            raise InputError(f"the file has {size} bytes: expected at most {limits.file_bytes}")
        start = stream.read(len(MAGIC))
        stream.seek(max(size - TAIL, 0))
        tail = stream.read(TAIL)
        if size < 2 * len(MAGIC) + TAIL or start != MAGIC or tail[4:] != MAGIC:
            raise InputError("the file is no Parquet file, or was cut short: send what `whence submit` builds")
        length = int.from_bytes(tail[:4], "little")
        if length > min(limits.footer_bytes, size - TAIL - len(MAGIC)):
            raise InputError(f"the footer claims {length} bytes: expected at most {limits.footer_bytes}, in the file")
        stream.seek(size - TAIL - length)
        text = stream.read(length)
    try:
        return read_struct(text)[0], size - TAIL - length
    except ThriftError as error:
        raise InputError(f"the footer is damaged: {error}") from None


def _check_schema(footer: Struct, columns: Mapping[str, str]) -> None:
    """Check that the columns are the expected ones, flat and of the right types."""
    root, *found = footer.structs(2) or [Struct()]
    nested = any(one.number(5, 0) for one in found)
    names = [one.text(4).decode("utf-8", "replace") for one in found]
    if nested or sorted(names) != sorted(columns) or root.number(5, 0) != len(columns):
        listed = ", ".join(ascii(name[:40]) for name in names[:4]) or "none"
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        raise InputError(f"the file has the columns {listed}{more}: expected {', '.join(columns)}, one value a row")
    for name, one in zip(names, found, strict=True):
        kind = one.number(1, -1)
        if kind != TYPES[columns[name]]:
            known = {number: word for word, number in TYPES.items()}
            raise InputError(f"column {name}: {known.get(kind, f'type {kind}')}, expected {columns[name]}")
        if one.number(3, -1) not in (REQUIRED, OPTIONAL):
            raise InputError(f"column {name} is nested: expected one value a row")


def _chunks(footer: Struct, columns: Mapping[str, str], data_end: int, limits: Limits) -> list[Chunk]:
    """Return every column of every row group; raises InputError where there are too many, or they do not add up."""
    claimed, groups = footer.number(3), footer.structs(4)
    if claimed > limits.rows:
        raise InputError(f"the file claims {claimed} rows: expected at most {limits.rows}")
    if len(groups) > limits.row_groups:
        raise InputError(f"the file has {len(groups)} row groups: expected at most {limits.row_groups}")
    rows = [group.number(3) for group in groups]
    if any(count < 1 for count in rows):
        raise InputError("the file has a row group without rows")
    if sum(rows) != claimed:
        raise InputError(f"the footer claims {claimed} rows, which its row groups do not add up to")
    names = [one.text(4).decode("utf-8", "replace") for one in footer.structs(2)[1:]]
    found = []
    for group, count in zip(groups, rows, strict=True):
        parts = group.structs(1)
        if len(parts) != len(columns):
            raise InputError(f"a row group has {len(parts)} columns: expected {len(columns)}")
        found += [_chunk(name, part, count, data_end, columns) for name, part in zip(names, parts, strict=True)]
    return found


def _chunk(name: str, part: Struct, rows: int, data_end: int, columns: Mapping[str, str]) -> Chunk:
    """Return one column of a row group of `rows`; raises InputError unless it lies in the file."""
    if part.text(1):
        raise InputError(f"column {name} points to another file: a submission is one file")
    about = part.inner(3)
    if about.number(1) != TYPES[columns[name]] or about.fields.get(3) != [name.encode()]:
        raise InputError(f"column {name} is described in two ways")
    if about.number(5) != rows:
        raise InputError(f"column {name} has another number of values than its row group")
    start = about.number(9)
    dictionary = about.number(11, 0)
    start = min(start, dictionary) if dictionary > 0 else start
    end = start + about.number(7)
    if not len(MAGIC) <= start < end <= data_end:
        raise InputError(f"column {name} lies outside of the file")
    return Chunk(name, rows, start, end)


def _check_pages(path: Path, chunks: Sequence[Chunk], limits: Limits) -> None:
    """Walk the page headers of all columns; raises InputError where they ask for more than `limits` allow."""
    spent: dict[str, int] = {}
    pages = 0
    with path.open("rb") as stream:
        for chunk in chunks:
            for size in _page_sizes(stream, chunk):
                spent[chunk.name] = spent.get(chunk.name, 0) + size
                pages += 1
                if pages > limits.pages or spent[chunk.name] > limits.column_bytes:
                    raise InputError(
                        f"column {chunk.name} decompresses to more than {limits.column_bytes} bytes "
                        f"(or the file has more than {limits.pages} pages)"
                    )


def _page_sizes(stream: BinaryIO, chunk: Chunk) -> Iterator[int]:
    """Yield the decompressed size in bytes of each page of a column, in the order that a reader takes them."""
    start, values, name = chunk.start, 0, chunk.name
    while values < chunk.values:
        try:
            header, position = _page_header(stream, start, chunk.end)
            unpacked, packed, count = header.number(2), header.number(3), _values(header, name)
        except ThriftError as error:
            raise InputError(f"column {name}: a page header is damaged: {error}") from None
        if unpacked < 0 or packed < 0 or position + packed > chunk.end:
            raise InputError(f"column {name}: a page of {packed} bytes does not fit where it lies")
        if not 0 <= count <= chunk.values - values:
            raise InputError(f"column {name} holds more values than its row group has rows")
        values += count
        yield unpacked
        start = position + packed


def _page_header(stream: BinaryIO, start: int, end: int) -> tuple[Struct, int]:
    """Return the page header at byte `start` and where it ends."""
    stream.seek(start)
    header, length = read_struct(stream.read(min(HEADER_BYTES, max(end - start, 0))))
    return header, start + length


def _values(header: Struct, name: str) -> int:
    """Return how many values a page adds to its column; raises InputError for a kind of page or encoding not taken."""
    kind = header.number(1)
    if kind == DICTIONARY_PAGE:
        dictionary = header.inner(7)
        _check_encoding(dictionary.number(2), PLAIN_ENCODINGS, name)
        if not 0 <= dictionary.number(1) <= header.number(2) // SMALLEST_VALUE:
            raise InputError(f"column {name} has a dictionary of {dictionary.number(1)} values, more than its bytes")
        return 0
    if kind == DATA_PAGE:
        page = header.inner(5)
        _check_encoding(page.number(2), DATA_ENCODINGS, name)
        _check_encoding(page.number(3), LEVEL_ENCODINGS, name)
    elif kind == DATA_PAGE_V2:
        page = header.inner(8)
        _check_encoding(page.number(4), DATA_ENCODINGS, name)
    else:
        raise InputError(f"column {name} has a page of kind {kind}: expected data and dictionary pages")
    return page.number(1)


def _check_encoding(encoding: int, known: frozenset[int], name: str) -> None:
    if encoding not in known:
        raise InputError(f"column {name} has the Parquet encoding {encoding}: expected plain or dictionary encoding")
