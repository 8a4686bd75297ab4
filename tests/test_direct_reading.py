"""Rows that are decompressed into their place are those that Zarr reads; a damaged shard is told."""

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec

from whence.datagen.dataset import read_rows
from whence.datagen.direct_reading import direct_reader
from whence.datagen.shards import compressor
from whence.errors import InputError

ORDERS = ([0], [6, 7, 8], list(range(23)), [22, 3, 3, 11, 0, 5, 4], list(range(10)), [9, 10, 11, 12, 19, 20])


ZSTANDARD = BloscCodec(cname="zstd", clevel=3, shuffle="shuffle", typesize=2)
"""How sets were compressed before."""


@pytest.fixture(scope="module", params=[compressor("i2"), ZSTANDARD], ids=["now", "before"])
def array(request, tmp_path_factory):
    """23 rows in shards of 10 and chunks of 5: the last shard is not full, and one chunk is not stored."""
    values = np.random.default_rng(0).integers(-999, 999, (23, 2, 7)).astype("i2")
    values[5:10] = 0
    group = zarr.create_group(tmp_path_factory.mktemp("rows") / "g")
    return group.create_array("a", data=values, chunks=(5, 2, 7), shards=(10, 2, 7), compressors=request.param)


@pytest.mark.parametrize("rows", ORDERS)
def test_rows_are_those_that_zarr_reads(array, rows):
    assert direct_reader(array) is not None
    found = read_rows(array, np.array(rows), "set")
    assert found.dtype == array.dtype
    assert np.array_equal(found, array[:][rows])


def test_rows_from_elsewhere_are_read_a_span_a_shard_in_any_order(array, monkeypatch):
    away = zarr.create_group(zarr.storage.MemoryStore())
    copy = away.create_array("a", data=array[:], chunks=(5, 2, 7), shards=(10, 2, 7), compressors=ZSTANDARD)
    assert direct_reader(copy) is None
    monkeypatch.setattr(zarr.Array, "oindex", None)  # ten times slower
    for rows in ORDERS:
        assert np.array_equal(read_rows(copy, np.array(rows), "set"), array[:][rows])


def test_other_layouts_are_left_to_zarr(tmp_path):
    group = zarr.create_group(tmp_path / "g")
    values = np.arange(24, dtype="f4").reshape(12, 2)
    plain = group.create_array("plain", data=values, chunks=(4, 2))
    split = group.create_array("split", data=values, chunks=(2, 1), shards=(4, 2), compressors=BloscCodec(typesize=4))
    packed = group.create_array("packed", data=values, chunks=(2, 2), shards=(4, 2))
    for one in (plain, split, packed):
        assert direct_reader(one) is None
        assert np.array_equal(read_rows(one, np.array([1, 2, 9]), "set"), values[[1, 2, 9]])


@pytest.mark.parametrize("harm", ["index", "chunk", "cut", "gone"])
def test_a_damaged_shard_is_told(array, tmp_path, harm):
    copy = zarr.create_group(tmp_path / "g").create_array(
        "a", data=array[:], chunks=(5, 2, 7), shards=(10, 2, 7), compressors=BloscCodec(cname="zstd", typesize=2)
    )
    path = tmp_path / "g" / "a" / "c" / "0" / "0" / "0"
    content = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    else:
        content[-20 if harm == "index" else 4] ^= 1
        path.write_bytes(content[:-7] if harm == "cut" else content)
    with pytest.raises(InputError, match="a shard is missing or damaged"):
        read_rows(copy, np.array([0, 1]), "set")
    assert np.array_equal(read_rows(copy, np.array([12]), "set"), array[12:13])
