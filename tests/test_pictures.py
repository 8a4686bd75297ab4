"""Pictures as cameras and tools write them become 8-bit sRGB with the right values, or are refused in one line."""

import contextlib
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from whence.datagen.pictures import is_of_one_colour, picture_files, read_picture
from whence.errors import InputError

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 256, (4, 8, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65_536, (4, 8, 3), dtype=np.uint16)
DEEP[0, :5] = np.array([0, 128, 129, 65_406, 65_535])[:, None]  # 128 / 257 is below a half, 129 / 257 above


def rounded(values):
    """16-bit values at 8 bits, by the definition: full scale to full scale, nearest."""
    return np.rint(values / 65_535 * 255).astype(np.uint8)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def encoded(values, ending):
    """Values of 16 bits, red first, in a file of OpenCV's, blue first."""
    order = [2, 1, 0, 3][: values.shape[2]] if values.ndim == 3 else slice(None)
    return cv2.imencode(ending, values[..., order] if values.ndim == 3 else values)[1].tobytes()


def png(colour_type, values):
    """A PNG file of 16-bit `values` (height, width, channels), written by hand."""
    height, width = values.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_sixteen_bits_are_rounded_over_the_whole_range():
    assert rounded(DEEP)[0, :5, 0].tolist() == [0, 0, 1, 254, 255]
    grey, alpha = DEEP[..., :1], np.full((4, 8, 1), 9, np.uint16)
    expected_grey = np.repeat(rounded(grey), 3, axis=2)
    np.testing.assert_array_equal(read_picture(png(2, DEEP)), rounded(DEEP))
    np.testing.assert_array_equal(read_picture(png(0, grey)), expected_grey)
    np.testing.assert_array_equal(read_picture(png(4, np.concatenate([grey, alpha], 2))), expected_grey)
    np.testing.assert_array_equal(read_picture(png(6, np.concatenate([DEEP, alpha], 2))), rounded(DEEP))
    np.testing.assert_array_equal(read_picture(encoded(DEEP, ".tif")), rounded(DEEP))
    np.testing.assert_array_equal(read_picture(saved(Image.fromarray(DEEP[..., 0]), "TIFF")), expected_grey)


def test_a_tiff_that_counts_from_white_is_turned_round():
    content = saved(Image.fromarray(DEEP[..., 0]), "TIFF")
    place = content.index(struct.pack("<HHI", 262, 3, 1)) + 8
    white_is_zero = content[:place] + struct.pack("<H", 0) + content[place + 2 :]
    np.testing.assert_array_equal(read_picture(white_is_zero)[..., 1], rounded(65_535 - DEEP[..., 0]))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_every_mode_of_eight_bits_becomes_colours(mode):
    image = Image.fromarray(COLOURS).convert(mode)
    content = saved(image, "TIFF")
    np.testing.assert_array_equal(read_picture(content), np.asarray(image.convert("RGB")))
    if mode == "RGBA":
        np.testing.assert_array_equal(read_picture(content), COLOURS)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, lambda p: p),
        (2, lambda p: p[:, ::-1]),
        (3, lambda p: p[::-1, ::-1]),
        (4, lambda p: p[::-1]),
        (5, lambda p: p.swapaxes(0, 1)),
        (6, lambda p: p[::-1].swapaxes(0, 1)[::-1, ::-1]),
        (7, lambda p: p[::-1, ::-1].swapaxes(0, 1)),
        (8, lambda p: p.swapaxes(0, 1)[:, ::-1]),
    ],
)
def test_pictures_are_turned_as_exif_says(orientation, stored, kind, deep):
    """EXIF: 6 says that the first stored line is the right edge, from above down; 8 that it is the left, from below."""
    upright = DEEP[..., 0] if deep else COLOURS
    if orientation in (6, 8):
        line = np.ascontiguousarray(stored(upright))[0]
        edge = upright[:, -1] if orientation == 6 else upright[::-1, 0]
        np.testing.assert_array_equal(line, edge)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(Image.fromarray(np.ascontiguousarray(stored(upright))), kind, exif=exif)
    expected = np.repeat(rounded(upright)[..., None], 3, axis=2) if deep else upright
    np.testing.assert_array_equal(read_picture(content), expected)


def test_textures_stay_as_they_are_stored():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved(Image.fromarray(COLOURS), "PNG", exif=exif)
    np.testing.assert_array_equal(read_picture(content, upright=False), COLOURS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved(Image.fromarray(COLOURS[..., 0].astype(np.float32)), "TIFF"), "floating-point numbers of 32 bits"),
        (saved(Image.fromarray(COLOURS[..., 0].astype(np.int32)), "TIFF"), "signed numbers of 32 bits"),
        (encoded(DEEP.astype(np.float32), ".tif"), "of a kind that is not supported"),
        (b"no picture", "damaged, or of a kind that is not supported"),
        (b"", "damaged, or of a kind that is not supported"),
        (saved(Image.fromarray(COLOURS), "GIF"), "of a kind that is not supported"),
        (saved(Image.new("1", (20_000, 9_000)), "PNG"), "Image size|20000 x 9000 pixels, more than"),
        (saved(Image.new("1", (40_000, 10_000)), "PNG"), "Image size"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(content, message):
    with pytest.raises(InputError, match=message) as error:
        read_picture(content, "x.png")
    assert str(error.value).startswith("x.png cannot be read as a picture")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_cut_file_is_refused_and_damage_never_ends_in_a_traceback(kind):
    content = saved(Image.fromarray(np.tile(COLOURS, (4, 4, 1))), kind)
    rng = np.random.default_rng(1)
    for share in (0.2, 0.5, 0.9):
        with pytest.raises(InputError, match="x cannot be read"):
            read_picture(content[: int(share * len(content))], "x")
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            damaged[place] = rng.integers(256)
        with contextlib.suppress(InputError):
            assert read_picture(bytes(damaged), "x").shape[2] == 3


def test_hidden_files_are_no_pictures(tmp_path):
    for name in ("b.jpg", "a/c.PNG", "._b.jpg", ".trash/d.jpg", "__MACOSX/b.jpg", "a/@eaDir/c.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert picture_files(tmp_path) == ["a/c.PNG", "b.jpg"]


def test_one_colour_is_seen_through_noise_and_specks_and_not_in_the_dark():
    rng = np.random.default_rng(0)
    blank = np.full((240, 320, 3), 90, np.uint8)
    noisy = blank + rng.integers(0, 5, blank.shape, dtype=np.uint8)
    noisy[0, :50] = 255
    night = rng.integers(0, 20, blank.shape, dtype=np.uint8)
    corner = blank.copy()
    corner[:24, :80] = 200
    assert [is_of_one_colour(p) for p in (blank, noisy, night, corner)] == [True, True, False, False]
