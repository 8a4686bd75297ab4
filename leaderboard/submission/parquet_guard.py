"""What can be known of a Parquet file before any of it is decompressed: enough to refuse a hostile one.

A file of a few kilobytes can stand for terabytes. Its footer says how much it claims to hold, but nobody is bound by
that; what a reader allocates is decided by the header of each page. So both are checked: the footer's rows, columns
and sizes, and then every page header of every column, walked as the reader will walk them. No two columns may share
bytes, and all headers of a file together have a budget of bytes and values, so that the walk itself stays short.

Footer and headers are read here, in Python: asked for the columns of a damaged footer, pyarrow (26) ends the whole
process. It gets to see only what has passed.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as parquet

from ...errors import InputError
from .thrift import Budget, Struct, ThriftError, read_struct

MAGIC = b"PAR1"
TAIL = 8
"""Bytes at the end: the length of the footer and the magic word."""
HEADER_BYTES = 65_536
"""Bytes of the longest page header; ours take about 100, statistics may make them longer."""
HEADER_VALUES = 1000
"""Values of the longest page header; ours have 8, those with statistics 14."""
DATA_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2 = 0, 2, 3
PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, RLE_DICTIONARY = 0, 2, 3, 4, 8
PLAIN_ENCODINGS = frozenset((PLAIN, PLAIN_DICTIONARY))
DATA_ENCODINGS = frozenset((PLAIN, PLAIN_DICTIONARY, RLE_DICTIONARY))
"""Encodings that cannot hold more than their bytes say, once dictionaries are kept as such."""
LEVEL_ENCODINGS = frozenset((RLE, BIT_PACKED))
FIXED = "FIXED_LEN_BYTE_ARRAY"
TYPES = {"INT32": 1, "INT64": 2, "FLOAT": 4, "DOUBLE": 5, "BYTE_ARRAY": 6, FIXED: 7}
"""Physical types by name, as the footer numbers them."""
REQUIRED, OPTIONAL = 0, 1
SMALLEST_VALUE = 2
"""Bytes of the smallest value of a dictionary: a 16-bit number of labels; others have 4 and more."""
GROUP_PAGES, GROUP_HEADER_BYTES, GROUP_HEADER_VALUES = 64, 2**16, 1024
"""Allowed for each row group of ours; the largest have 46 pages, whose headers have 33 kB or 665 values."""
BUFFER_BYTES = 2**20
"""Bytes read from the disk at once: a column chunk may be as long as the file."""


@dataclass(frozen=True)
class Limits:
    """How much a file may hold: bytes on disk, rows, row groups, bytes of the footer and of a decompressed column.

    `fixed_bytes` are those of a column whose values all have one length. `pages`, `header_bytes` and `header_values`
    are of all page headers together.
    """

    file_bytes: int = 64 * 2**20
    rows: int = 2_000_000
    row_groups: int = 256
    footer_bytes: int = 2**20
    column_bytes: int = 256 * 2**20
    fixed_bytes: int = 256 * 2**20
    pages: int = 20_000
    header_bytes: int = 2 * 2**20
    header_values: int = 100_000
    values: int = 2**27
    """Values of all columns together, also those that are missing: these take no bytes of a file, but of memory."""

    @property
    def dictionary_values(self) -> int:
        """Values of all dictionaries of a column together: some writers repeat them in every row group."""
        return 4 * self.rows + 1024

    @classmethod
    def of_rows(cls, rows: int, longest_name: int, answer_bytes: int = 8, groups: int = 0) -> "Limits":
        """Return limits for exactly `rows` rows whose names have at most `longest_name` bytes, answers `answer_bytes`.

        `groups` is in how many row groups such a file needs to be written.
        """
        return cls(
            file_bytes=rows * (longest_name + 16 + answer_bytes) + 2**21,
            rows=rows,
            row_groups=cls.row_groups + groups,
            column_bytes=rows * (longest_name + 16) + 2**20,
            fixed_bytes=rows * (answer_bytes + 16) + 2**20,
            pages=cls.pages + GROUP_PAGES * groups,
            header_bytes=cls.header_bytes + GROUP_HEADER_BYTES * groups,
            header_values=cls.header_values + GROUP_HEADER_VALUES * groups,
        )


@dataclass(frozen=True)
class Chunk:
    """One column of one row group: its name, its values, the bytes from which to which it lies in the file.

    `fixed`: all values have one length, and are stored plainly: a dictionary would let a short file hold many of them.
    """

    name: str
    values: int
    start: int
    end: int
    fixed: bool = False


def open_guarded(
    path: Path, columns: Mapping[str, str], limits: Limits, lengths: Mapping[str, int] | None = None
) -> tuple[parquet.ParquetFile, dict[bytes, bytes]]:
    """Return the Parquet file `path`, open for reading, its string columns as dictionaries, and its metadata.

    `columns` are the physical types by name, `lengths` the bytes of a value of those of one length. Raises InputError
    unless the file holds exactly these, flat, and stays within `limits` however it is read.
    """
    footer, data_end = _footer(path, limits)
    try:
        _check_schema(footer, columns, lengths or {})
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
            buffer_size=BUFFER_BYTES,
            thrift_string_size_limit=limits.footer_bytes,
            thrift_container_size_limit=limits.footer_bytes,
        )
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise InputError(f"the file cannot be read as Parquet: {one_line(error)}") from None
    return file, metadata


def check_parquet(path: Path, limits: Limits) -> None:
    """Raise InputError unless the Parquet file `path`, whatever its columns are, stays within `limits` when read.

    That holds if words are read as dictionaries, and numbers have at most 8 bytes: see that the columns are such.
    """
    footer, data_end = _footer(path, limits)
    try:
        if footer.number(3) > limits.rows or len(footer.structs(4)) > limits.row_groups:
            raise InputError(f"the file has more than {limits.rows} rows or {limits.row_groups} row groups")
        parts = [part for group in footer.structs(4) for part in group.structs(1)]
        chunks = [replace(_place(part, data_end), fixed=False) for part in parts]
    except ThriftError as error:
        raise InputError(f"the footer is damaged: {error}") from None
    if sum(abs(chunk.values) for chunk in chunks) > limits.values:
        raise InputError(f"the file has more than {limits.values} values")
    _check_apart(chunks)
    _check_pages(path, chunks, limits)


def open_regular(path: Path, *, follow: bool = False) -> BinaryIO:
    """Return the file `path`, open for reading; raises InputError for a device, a pipe, a folder, or a link.

    Where `follow` is True, a link to a file will do.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise InputError(f"{ascii(path.name)[1:-1]} is missing") from None
    except OSError as error:
        reason = "a link" if path.is_symlink() else error.strerror or "unreadable"
        raise InputError(f"{ascii(path.name)[1:-1]} cannot be read ({reason}): expected a file") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError(f"{ascii(path.name)[1:-1]} is no regular file")
    return os.fdopen(handle, "rb")


def one_line(error: object, longest: int = 160) -> str:
    """Return the text of `error` in one printable line."""
    return " ".join(ascii(str(error))[1:-1].replace("\\n", " ").split())[:longest]


def _footer(path: Path, limits: Limits) -> tuple[Struct, int]:
    """Return the footer of the file, and the byte at which its data end; checks its size and magic words."""
    with open_regular(path) as stream:
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


def _check_schema(footer: Struct, columns: Mapping[str, str], lengths: Mapping[str, int]) -> None:
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
        if one.number(2, 0) != lengths.get(name, one.number(2, 0)):
            raise InputError(f"column {name}: values of {one.number(2, 0)} bytes, expected {lengths[name]}")
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
    _check_apart(found)
    return found


def _check_apart(chunks: Sequence[Chunk]) -> None:
    """Check that no two columns share bytes of the file."""
    for one, other in pairwise(sorted(chunks, key=lambda chunk: chunk.start)):
        if other.start < one.end:
            raise InputError(f"column {other.name} of a row group shares bytes of the file with column {one.name}")


def _chunk(name: str, part: Struct, rows: int, data_end: int, columns: Mapping[str, str]) -> Chunk:
    """Return one column of a row group of `rows`; raises InputError unless it lies in the file."""
    about = part.inner(3)
    if about.number(1) != TYPES[columns[name]] or about.fields.get(3) != [name.encode()]:
        raise InputError(f"column {name} is described in two ways")
    if about.number(5) != rows:
        raise InputError(f"column {name} has another number of values than its row group")
    return _place(part, data_end)


def _place(part: Struct, data_end: int) -> Chunk:
    """Return where one column of a row group lies; raises InputError unless that is in the file."""
    about = part.inner(3)
    name = ".".join(one.decode("utf-8", "replace") for one in about.texts(3))[:60]
    if part.text(1):
        raise InputError(f"column {name!a} points to another file: expected one file")
    start = about.number(9)
    dictionary = about.number(11, 0)
    start = min(start, dictionary) if dictionary > 0 else start
    end = start + about.number(7)
    if not len(MAGIC) <= start < end <= data_end:
        raise InputError(f"column {name!a} lies outside of the file")
    return Chunk(name, about.number(5), start, end, about.number(1) == TYPES[FIXED])


def _check_pages(path: Path, chunks: Sequence[Chunk], limits: Limits) -> None:
    """Walk the page headers of all columns; raises InputError where they ask for more than `limits` allow."""
    headers: Counter[str] = Counter()
    allowed = {"pages": limits.pages, "bytes": limits.header_bytes, "values": limits.header_values}
    unpacked: Counter[str] = Counter()
    listed: Counter[str] = Counter()
    with open_regular(path) as stream:
        for chunk in chunks:
            name, most_bytes = chunk.name, limits.fixed_bytes if chunk.fixed else limits.column_bytes
            for page in _pages(stream, chunk):
                headers.update(pages=1, bytes=page.header_bytes, values=page.header_values)
                unpacked[name] += page.unpacked
                listed[name] += page.listed
                for what, most in allowed.items():
                    if headers[what] > most:
                        raise InputError(f"the page headers of the file are more than {most} {what}")
                if unpacked[name] > most_bytes:
                    raise InputError(f"column {name} decompresses to more than {most_bytes} bytes")
                if listed[name] > limits.dictionary_values:
                    raise InputError(f"column {name} has dictionaries of more than {limits.dictionary_values} values")


@dataclass(frozen=True)
class _Page:
    """A page: its header, its bytes once decompressed, its rows, and the values of a dictionary that it lists."""

    header_bytes: int
    header_values: int
    unpacked: int
    rows: int
    listed: int


def _pages(stream: BinaryIO, chunk: Chunk) -> Iterator[_Page]:
    """Yield the pages of a column in the order that a reader takes them."""
    start, rows, name = chunk.start, 0, chunk.name
    while rows < chunk.values:
        try:
            header, length, values = _page_header(stream, start, chunk.end)
            page, packed = _Page(length, values, header.number(2), *_counts(header, chunk)), header.number(3)
        except ThriftError as error:
            raise InputError(f"column {name}: a page header is damaged: {error}") from None
        if page.unpacked < 0 or packed < 0 or start + length + packed > chunk.end:
            raise InputError(f"column {name}: a page of {packed} bytes does not fit where it lies")
        if not 0 <= page.rows <= chunk.values - rows:
            raise InputError(f"column {name} holds more values than its row group has rows")
        rows += page.rows
        yield page
        start += length + packed


def _page_header(stream: BinaryIO, start: int, end: int) -> tuple[Struct, int, int]:
    """Return the page header at byte `start`, its length in bytes and how many values it holds."""
    stream.seek(start)
    budget = Budget(HEADER_VALUES)
    header, length = read_struct(stream.read(min(HEADER_BYTES, max(end - start, 0))), budget)
    return header, length, HEADER_VALUES - budget.values


def _counts(header: Struct, chunk: Chunk) -> tuple[int, int]:
    """Return how many rows and dictionary values a page holds.

    Raises InputError for a kind of page or encoding not taken.
    """
    kind, name = header.number(1), chunk.name
    known = frozenset((PLAIN,)) if chunk.fixed else DATA_ENCODINGS
    if kind == DICTIONARY_PAGE and not chunk.fixed:
        return 0, _dictionary_values(header.inner(7), header.number(2), name)
    if kind == DATA_PAGE:
        page = header.inner(5)
        _check_encoding(page.number(2), known, name)
        _check_encoding(page.number(3), LEVEL_ENCODINGS, name)
    elif kind == DATA_PAGE_V2:
        page = header.inner(8)
        _check_encoding(page.number(4), known, name)
    else:
        expected = "data pages" if chunk.fixed else "data and dictionary pages"
        raise InputError(f"column {name} has a page of kind {kind}: expected {expected}")
    return page.number(1), 0


def _dictionary_values(dictionary: Struct, unpacked: int, name: str) -> int:
    """Return how many values a dictionary lists; raises InputError for more than its bytes can hold."""
    _check_encoding(dictionary.number(2), PLAIN_ENCODINGS, name)
    listed = dictionary.number(1)
    if not 0 <= listed <= unpacked // SMALLEST_VALUE:
        raise InputError(f"column {name} has a dictionary of {listed} values, more than its bytes")
    return listed


def _check_encoding(encoding: int, known: frozenset[int], name: str) -> None:
    if encoding not in known:
        wanted = "plain encoding" if known == {PLAIN} else "plain or dictionary encoding"
        raise InputError(f"column {name} has the Parquet encoding {encoding}: expected {wanted}")
