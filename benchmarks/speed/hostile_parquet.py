"""Parquet files made to waste a reader's time, for the tests and for the timing of a board under attack."""

from ...leaderboard.submission.parquet_guard import MAGIC

PHYSICAL = {"condition": 1, "sample_id": 6, "prediction": 5}
"""The columns of a submission and their types, as Parquet numbers them."""
I32, I64, TEXT, LIST, STRUCT = 5, 6, 8, 9, 12
LONG_LIST = 65_000


def varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def number(value: int) -> bytes:
    """An integer as the compact protocol writes it."""
    return varint((value << 1) ^ (value >> 63))


def text(value: str) -> bytes:
    """Text as the compact protocol writes it."""
    return varint(len(value.encode())) + value.encode()


def items(kind: int, parts: list[bytes]) -> bytes:
    """A list of values of the type `kind`."""
    return bytes([0xF0 | kind]) + varint(len(parts)) + b"".join(parts)


def struct(*fields: tuple[int, int, bytes]) -> bytes:
    """A struct of (number, type, content), in order of their numbers."""
    out, last = bytearray(), 0
    for key, kind, content in fields:
        out += bytes([(key - last) << 4 | kind]) + content
        last = key
    return bytes(out) + b"\x00"


def page(rows: int, empty_structs: int = LONG_LIST) -> bytes:
    """The header of an empty page of `rows` values, with a list of empty structs that no reader asked for."""
    inner = struct((1, I32, number(rows)), (2, I32, number(0)), (3, I32, number(3)), (4, I32, number(3)))
    waste = [(9, LIST, items(STRUCT, [b"\x00"] * empty_structs))] if empty_structs else []
    zero = number(0)
    return struct((1, I32, zero), (2, I32, zero), (3, I32, zero), (5, STRUCT, inner), *waste)


def chunk(name: str, rows: int, start: int, size: int) -> bytes:
    """What a footer says of a column of a row group that lies at `start`."""
    about = struct(
        (1, I32, number(PHYSICAL[name])),
        (2, LIST, items(I32, [number(0), number(3)])),
        (3, LIST, items(TEXT, [text(name)])),
        (4, I32, number(0)),
        (5, I64, number(rows)),
        (6, I64, number(size)),
        (7, I64, number(size)),
        (9, I64, number(start)),
    )
    return struct((2, I64, number(start)), (3, STRUCT, about))


def file_of(content: bytes, groups: list[dict[str, tuple[int, int]]], rows: int) -> bytes:
    """A file with `content` after its magic word, and row groups whose columns lie at (start, size)."""
    schema = [struct((4, TEXT, text("schema")), (5, I32, number(len(PHYSICAL))))]
    for name, kind in PHYSICAL.items():
        schema.append(struct((1, I32, number(kind)), (3, I32, number(0)), (4, TEXT, text(name))))
    parts = []
    for group in groups:
        columns = [chunk(name, rows, *group[name]) for name in PHYSICAL]
        parts.append(struct((1, LIST, items(STRUCT, columns)), (2, I64, number(1)), (3, I64, number(rows))))
    footer = struct(
        (1, I32, number(2)),
        (2, LIST, items(STRUCT, schema)),
        (3, I64, number(rows * len(groups))),
        (4, LIST, items(STRUCT, parts)),
    )
    return MAGIC + content + footer + len(footer).to_bytes(4, "little") + MAGIC


def one_page_for_all(groups: int = 100) -> bytes:
    """A file of less than 100 kB in which every column of every row group is the same slow page."""
    content = page(1)
    everywhere = dict.fromkeys(PHYSICAL, (len(MAGIC), len(content)))
    return file_of(content, [everywhere] * groups, rows=1)


def slow_pages(pages: int = 20, empty_structs: int = LONG_LIST) -> bytes:
    """A file whose columns have `pages` slow pages without a value before the one that holds all."""
    column = page(0, empty_structs) * pages + page(1, empty_structs)
    place = {name: (len(MAGIC) + k * len(column), len(column)) for k, name in enumerate(PHYSICAL)}
    return file_of(column * len(PHYSICAL), [place], rows=1)
