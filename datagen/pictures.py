"""Reads pictures from cameras and tools as 8-bit sRGB, or refuses them with a one-line error.

Values of 8 and 16 bits are assumed to be sRGB-encoded over their full range, whatever colour profile is embedded (as
glTF 2.0, section 5.19, requires for textures). Transparency is dropped. Floating-point pictures are refused, because
files do not record the white level or whether values are linear.
"""

import io
import struct
import warnings
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from ..errors import InputError

Picture = npt.NDArray[np.uint8]
"""(height, width, 3), red first, sRGB."""

EXTENSIONS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
MOST_PIXELS = 178_956_970
"""About 18,900 x 9,450; anything larger is more likely an attack on memory than a photograph."""
ONE_COLOUR_LEVELS, ONE_COLOUR_SHARE = 4, 0.99
"""A picture is of one colour if this share of its pixels lies within this many levels (of 255) of the median."""

_ORIENTATION, _BITS, _SAMPLE_FORMAT, _PHOTOMETRIC = 0x0112, 258, 339, 262
_UNSIGNED, _WHITE_IS_ZERO = 1, 0
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""Exceptions that Pillow raises on damaged and hostile files."""


def read_picture(
    source: Path | bytes, name: str = "", *, upright: bool = True, most_pixels: int = MOST_PIXELS
) -> Picture:
    """Return the picture in a file or bytes, uint8 (height, width, 3) sRGB, turned `upright` by its EXIF data.

    Errors call it `name`. Raises InputError if it is damaged, too large, of another format, or not 8 or 16 bits deep.
    """
    name = name or str(source)
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about what is refused or repaired below
            return _decode(content, upright, most_pixels)
    except UnidentifiedImageError:
        reason = "it is damaged, or of a kind that is not supported"
    except _DAMAGED as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
    raise InputError(f"{name} cannot be read as a picture ({reason}): expected an 8- or 16-bit PNG, JPEG, TIFF or WebP")


def picture_files(folder: Path) -> list[str]:
    """Return the names of the pictures in `folder` and below, sorted, with slashes; hidden ones are skipped.

    Archives packed on macOS contain ._NAME.jpg beside NAME.jpg, and folders named __MACOSX.
    """
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS)
    return sorted(path.as_posix() for path in found if not _hidden(path) and (folder / path).is_file())


def is_of_one_colour(picture: Picture) -> bool:
    """Return whether `picture` is blank, or so nearly blank that nothing can be seen."""
    step = max(1, round((picture.shape[0] * picture.shape[1] / 20_000) ** 0.5))
    pixels = picture[::step, ::step].reshape(-1, picture.shape[2]).astype(np.int16)
    near = np.abs(pixels - np.median(pixels, axis=0)).max(axis=1) <= ONE_COLOUR_LEVELS
    return bool(near.mean() >= ONE_COLOUR_SHARE)


def _hidden(path: Path) -> bool:
    parts = PurePosixPath(path.as_posix()).parts
    return any(part.startswith(".") or part in ("__MACOSX", "@eaDir") for part in parts)


def _decode(content: bytes, upright: bool, most_pixels: int) -> Picture:
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > most_pixels:
            raise ValueError(f"{picture.width} x {picture.height} pixels, more than {most_pixels:,}")
        bits = _bits(content, picture)
        picture.load()
        shown = _deep(content, picture) if bits == 16 else np.asarray(picture.convert("RGB"))
        return np.ascontiguousarray(_turned(shown, _orientation(picture)) if upright else shown)


def _bits(content: bytes, picture: Image.Image) -> int:
    """Return the bits per channel: 16, or 8 if Pillow converts to 8. Raises ValueError for other depths."""
    if picture.format == "PNG":
        return 16 if content[24] == 16 else 8
    if picture.format != "TIFF":
        return 8
    tags = picture.tag_v2  # type: ignore[attr-defined]
    bits, kinds = set(tags.get(_BITS, (1,))), set(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)))
    if kinds != {_UNSIGNED} or len(bits) > 1 or max(bits) not in (1, 2, 4, 8, 16):
        kind = {2: "signed", 3: "floating-point"}.get(max(kinds), "unsigned")
        raise ValueError(f"its values are {kind} numbers of {max(bits)} bits, with no defined white level")
    return 16 if bits == {16} else 8


def _deep(content: bytes, picture: Image.Image) -> Picture:
    """Return a 16-bit picture rounded to 8 bits; Pillow would drop the low bytes of colours and clip greys."""
    if picture.mode not in ("RGB", "RGBA", "RGBX", "LA", "I") and not picture.mode.startswith("I;16"):
        return np.asarray(picture.convert("RGB"))
    values = _values_of_16_bits(content)
    if picture.format == "TIFF" and picture.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:  # type: ignore[attr-defined]
        values = 65_535 - values
    colours = np.repeat(values[:, :, None], 3, axis=2) if values.ndim == 2 else values[:, :, 2::-1]
    return ((colours.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _values_of_16_bits(content: bytes) -> npt.NDArray[np.uint16]:
    """Return (height, width) or (height, width, channel: blue, green, red, alpha); a TIFF comes already upright."""
    import cv2

    loud = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError(str(error)) from None
    finally:
        cv2.utils.logging.setLogLevel(loud)
    if values is None or values.dtype != np.uint16:
        raise ValueError("its 16-bit values cannot be decoded")
    return np.asarray(values, np.uint16)


def _orientation(picture: Image.Image) -> int:
    """Return the orientation that is still to be undone, 1 for none; damaged EXIF data say nothing."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except _DAMAGED:
        return 1


def _turned(shown: Picture, orientation: int) -> Picture:
    """Return `shown` upright, which was stored in one of the eight ways of EXIF (CIPA DC-008, Orientation)."""
    quarter_turns = {3: 2, 4: 2, 5: 1, 6: -1, 7: 1, 8: 1}.get(orientation, 0)
    turned = np.rot90(shown, {5: -1, 7: 1}.get(orientation, quarter_turns))
    return turned[:, ::-1] if orientation in (2, 4, 5, 7) else turned
