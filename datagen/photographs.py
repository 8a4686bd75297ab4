"""Finds the photographs in a folder: skips depth maps and the like beside them, and refuses other pictures.

The `pano` folder of Stanford2D3D has a folder `rgb` and, beside it, depth, normal, semantic and others with matching
file names; other sets keep NAME_rgb.png and NAME_depth.png side by side. Such companions are recognised by name. A
picture without a companion is judged by its values: blank, a few flat colours (labels), unit vectors (normals), or
dark grey, without texture, or in the colours of a colour map (depth).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from ..digests import digest, sha256
from ..errors import InputError
from .pictures import EXTENSIONS, Picture, is_of_one_colour, picture_files, read_picture

_NO_PHOTOGRAPH = re.compile(
    r"(?:^|(?<=[-_. ]))(?P<kind>semantic_pretty|semantics?|sem|segmentation|seg|instances?|labels?|masks?|depths?|"
    r"disparity|disp|normals?|global_xyz|xyz|albedo|confidence)"
    r"(?:[-_. ]?(?:maps?|vis|viz|visual|visuali[sz]ations?|colou?r(?:ed)?|raw|image|img|mm))?(?=$|[-_. ])",
    re.IGNORECASE,
)
_NO_PHOTOGRAPH_AT_END = re.compile(_NO_PHOTOGRAPH.pattern + "$", re.IGNORECASE)
_SMALLER = re.compile(
    r"(?:^|(?<=[-_. ]))(?P<kind>thumb|thumbs|thumbnails?|previews?|lowres|small)(?=$|[-_. ])", re.IGNORECASE
)
_PHOTOGRAPH = ("rgb", "rgb_rawlight", "color", "colour", "image", "images", "photo")

FLAT_SHARE = 0.9
"""A picture is drawn if it has few colours and more than this share of its pixels equal both neighbours."""
FEWEST_COLOURS, MOST_LABELS, PIXELS_PER_LABEL = 32, 200, 20_000
UNIT_TOLERANCE, UNIT_SHARE = 0.05, 0.6
"""A picture shows normals if this share of its colours are unit vectors, (r, g, b) / 127.5 - 1: 0.8 of normals in a
JPEG of quality 60, at most 0.15 of eleven photographs."""
ONE_WAY, SURE_SHARE = 0.95, 0.9
"""Unit vectors whose mean is longer point one way, as the blue of a sky does: then the share must be larger."""
LEAST_HEIGHT = 32
"""Pixels: a smaller picture is an icon."""
SEAM, SEAM_LEVELS, SEAM_COLUMNS = 1.5, 4.0, 256
"""The edges of a picture do not meet if they differ by so many times what nine in ten neighbours of its columns do, and
so many levels: at most 0.8 times in eleven panoramas, 1.7 and more in crops of them."""
GREY_LEVELS, GREY_SHARE = 40, 0.99
"""A picture is grey if the colours of this share of its pixels differ by no more levels: tinted ones are grey too."""
DARK_LEVEL, DARK_SHARE = 31, 0.99
"""A grey picture shows depth if this share of its non-white pixels is below an eighth of the range."""

SMOOTH_ROWS, SMOOTH_GREY, SMOOTH_COLOURED, CELLS_OF_ONE_TINT = 512, 0.87, 0.8, 160
"""A picture has no texture if a large share of its pixels lies between their neighbours, a level more or less, where it
is seen in about 512 rows: 0.88 to 0.98 of rendered depths, 0.08 to 0.75 of eleven photographs, grey or not. Where it is
not grey, it also fills few of the 32 x 32 x 32 cells of colours: photographs so smooth fill 200 or more."""
COARSE_ROWS, COARSE_LEVELS, COARSE_SPREAD, SMOOTH_COARSE = 128, 3.0, 100.0, 0.81
"""A grey picture has no texture either if this holds for means over blocks, which noise does not reach: 0.84 to 0.95 of
rendered depths with noise of two levels, 0.15 to 0.77 of the photographs. Darker pictures have finer levels."""
SATURATED, SATURATED_SHARE, MOST_CELLS, HUES, FEWEST_HUES, LEAST_SMOOTH, JOINED_SHARE = 60, 0.5, 400, 12, 3, 0.3, 0.5
"""A picture is coloured by a map if half of it is saturated, in three or more of twelve hues, and it fills few cells:
saturated photographs fill 700 or more. A map is a line through the colours, so most of its cells touch another."""
PATCHED_SHARE = 0.8
"""A coloured picture shows patches if more than this share of its pixels equals both neighbours, the commonest colour
apart: labels stored as JPEG reach 0.82 and more, the photographs at most 0.68, at quality 30."""


@dataclass(frozen=True)
class Photographs:
    """The `names` of the photographs in `folder`, with slashes, and the count of `left_out` pictures by kind."""

    folder: str
    names: tuple[str, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    """Those whose left and right edges do not meet."""

    @property
    def digest(self) -> str:
        """Digest of the names and bytes of the photographs. Raises InputError if one is missing."""
        try:
            return digest({name: sha256((Path(self.folder) / name).read_bytes()) for name in self.names})
        except OSError as error:
            raise InputError(f"{error.filename}: {error.strerror}; give its folder with --images DIR") from None

    @property
    def said(self) -> tuple[str, ...]:
        """One line on what was left out, if anything."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.left_out.items()))
        return (f"{sum(self.left_out.values())} pictures beside the photographs: {kinds}",) if kinds else ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """One line on pictures that seem to show less than a whole turn, if any."""
        more = f" and {len(self.cut) - 1} more" if len(self.cut) > 1 else ""
        doubt = "the left and right edges do not meet: is it a whole turn of 360 degrees?"
        return (f"{self.cut[0]}{more}: {doubt}",) if self.cut else ()


def find_photographs(images: str) -> Photographs:
    """Return the photographs in the folder `images` and below; raises InputError if any cannot be used."""
    folder = Path(images)
    if not folder.is_dir():
        raise InputError(f"{images} is not a folder: give the folder that holds equirectangular photographs")
    kinds = kinds_by_name(picture_files(folder))
    names = tuple(name for name, kind in kinds.items() if not kind)
    if not names:
        raise InputError(f"{images} holds no photograph ({', '.join(EXTENSIONS)}): give equirectangular ones")
    companions = len(names) < len(kinds)
    whole = {name: _check(folder / name, companions and _is_named_photograph(name)) for name in names}
    _refuse_twins(images, names)
    cut = tuple(name for name in names if not whole[name])
    return Photographs(images, names, Counter(kind for kind in kinds.values() if kind), cut)


def kinds_by_name(names: Iterable[str]) -> dict[str, str]:
    """Return the kind of each of `names` that its companion's name implies, "" for a photograph.

    >>> kinds_by_name(["pano/depth/a_depth.png", "pano/rgb/a_rgb.png", "hall_normal.jpg"])
    {'pano/depth/a_depth.png': 'depth', 'pano/rgb/a_rgb.png': '', 'hall_normal.jpg': ''}
    """
    stems = {name: PurePosixPath(name).with_suffix("").as_posix() for name in names}
    places = {place.casefold() for stem in stems.values() for place in _places(stem)}
    places |= {place for stem in stems.values() for place in _beside(stem)}
    return {name: _kind(stem, places) for name, stem in stems.items()}


def _beside(stem: str) -> list[str]:
    """Return where a folder of another kind beside those of `stem` holds its companions: */a for pano/a and for a.

    >>> _beside("pano/rgb/a"), _beside("pano/depth/a")
    (['pano/rgb/*/a', 'pano/*/a', '*/rgb/a'], ['pano/depth/*/a'])
    """
    parts = stem.casefold().split("/")
    within = ["/".join([*parts[:-1], "*", parts[-1]])]
    if any(_NO_PHOTOGRAPH.fullmatch(part) or _SMALLER.fullmatch(part) for part in parts[:-1]):
        return within
    numbers = range(len(parts) - 2, -1, -1)
    return within + ["/".join([*parts[:number], "*", *parts[number + 1 :]]) for number in numbers]


def _places(stem: str) -> list[str]:
    """Return the path `stem` and every folder above it."""
    return [stem, *(str(parent) for parent in PurePosixPath(stem).parents)]


def _kind(stem: str, places: set[str]) -> str:
    """Return the kind of `stem` if its path differs from one of `places` only in a word for that kind, else ""."""
    parts = stem.split("/")
    for number, part in enumerate(parts):
        whole = (_NO_PHOTOGRAPH.fullmatch(part) or _SMALLER.fullmatch(part)) if number < len(parts) - 1 else None
        if whole and "/".join([*parts[:number], "*", *parts[number + 1 :]]).casefold() in places:
            return whole["kind"].lower()
        for word in (*_NO_PHOTOGRAPH.finditer(part), *_SMALLER.finditer(part)):
            before, after = part[: word.start()], part[word.end() :]
            twins = [before + photograph + after for photograph in _PHOTOGRAPH] + [before.rstrip("-_. ") + after]
            if any("/".join([*parts[:number], twin]).casefold() in places for twin in twins if twin):
                return word["kind"].lower()
    return ""


def _refuse_twins(images: str, names: tuple[str, ...]) -> None:
    stems = [Path(name).with_suffix("").as_posix() for name in names]
    count = Counter(stems)
    twice = next((name for name, stem in zip(names, stems, strict=True) if count[stem] > 1), None)
    if twice:
        raise InputError(f"{images}/{twice}: another photograph differs only in its extension; rename one")


def _is_named_photograph(name: str) -> bool:
    """Return whether a folder or the last word of `name` calls it a photograph, as in rgb/1.png and 1_rgb.png.

    >>> _is_named_photograph("pano/rgb/a.png"), _is_named_photograph("full/rgb_rawlight.png")
    (True, True)
    """
    *folders, stem = PurePosixPath(name).with_suffix("").as_posix().casefold().split("/")
    return any(part in _PHOTOGRAPH for part in folders) or stem.endswith(_PHOTOGRAPH)


def _check(path: Path, told_apart: bool) -> bool:
    """Return whether the edges of a picture meet.

    Raises InputError if it cannot be used; one `told_apart` by its name may look drawn, as renders do.
    """
    picture = read_picture(path)
    height, width = picture.shape[:2]
    if width != 2 * height:
        raise InputError(
            f"{path} is {width} x {height} pixels: an equirectangular photograph is twice as wide as high; "
            "remove it or convert it"
        )
    if height < LEAST_HEIGHT:
        raise InputError(f"{path} is {width} x {height} pixels: expected at least {LEAST_HEIGHT} rows; remove it")
    if fault := _named_otherwise(path) or _no_light(picture) or ("" if told_apart else _drawn(picture)):
        raise InputError(f"{path} is not a photograph: {fault}; remove it, or give a folder with only photographs")
    return _edges_meet(picture)


def _edges_meet(picture: Picture) -> bool:
    """Return whether the left and right edges of `picture` differ little more than neighbouring columns do."""
    size = max(1, picture.shape[1] // SEAM_COLUMNS)
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    level = picture[: rows * size, : columns * size].mean(axis=2).reshape(rows, size, columns, size).mean(axis=(1, 3))
    usual = np.percentile(np.abs(np.diff(level, axis=1)).mean(axis=0), 90)
    return bool(np.abs(level[:, 0] - level[:, -1]).mean() <= max(SEAM * usual, SEAM_LEVELS))


def _named_otherwise(path: Path) -> str:
    """Return the kind in the name of a lossless picture, "" if none; photographs are lossy, or can be renamed."""
    word = None if path.suffix.lower() in (".jpg", ".jpeg") else _NO_PHOTOGRAPH_AT_END.search(path.stem)
    return f"its name says {word['kind'].lower()}" if word else ""


def no_photograph(picture: Picture) -> str:
    """Return why `picture` is not a photograph, "" if it may be one."""
    return _no_light(picture) or _drawn(picture)


def _no_light(picture: Picture) -> str:
    """Return why the values of `picture` cannot be light, "" if they may be."""
    if is_of_one_colour(picture):
        return "it is blank, or nearly of one colour"
    if _is_unit_vectors(picture):
        return "its colours are unit vectors, as normals are"
    return "it is grey and nearly black, as depths are" if _is_depth(picture) else ""


def _drawn(picture: Picture) -> str:
    """Return why `picture` looks drawn by a program, "" if it does not."""
    if _has_few_flat_colours(picture):
        return "it has few colours, in flat patches, as labels have"
    if _has_no_texture(picture):
        return "it has few colours and no texture, as drawn depths and labels"
    if _is_colour_mapped(picture):
        return "it has few strong colours, as drawn depths and labels"
    patched = not _is_grey(picture) and _patched_share(picture) > PATCHED_SHARE
    return "it is made of flat patches, as labels are" if patched else ""


def _has_few_flat_colours(picture: Picture) -> bool:
    packed = _packed(picture)
    if float(_like_neighbours(packed).mean()) <= FLAT_SHARE:
        return False
    colours = np.zeros(1 << 24, bool)
    colours[packed] = True
    return int(colours.sum()) < max(FEWEST_COLOURS, min(MOST_LABELS, packed.size / PIXELS_PER_LABEL))


def _patched_share(picture: Picture) -> float:
    """Return the share of pixels equal to both neighbours, leaving out the commonest colour, such as black edges."""
    packed = _packed(picture)
    commonest = np.bincount(packed.ravel()).argmax()
    other = packed[:-1, :-1] != commonest
    return float(_like_neighbours(packed)[other].mean()) if other.any() else 0.0


def _packed(picture: Picture) -> npt.NDArray[np.uint32]:
    """Return the colours (height, width) of `picture` as numbers."""
    return np.asarray(picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32))


def _like_neighbours(packed: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    here = packed[:-1, :-1]
    return np.asarray((here == packed[1:, :-1]) & (here == packed[:-1, 1:]))


def _is_unit_vectors(picture: Picture) -> bool:
    vectors = _thinned(picture) / 127.5 - 1
    lengths = np.linalg.norm(vectors, axis=1)
    told = lengths > 0.3  # grey means no normal
    unit = told & (np.abs(lengths - 1) < UNIT_TOLERANCE)
    if not (told.mean() > 0.5 and unit.sum() > UNIT_SHARE * told.sum()):
        return False
    is_sky = np.linalg.norm(vectors[unit].mean(axis=0), axis=-1) > ONE_WAY
    return not is_sky or bool(unit.sum() > SURE_SHARE * told.sum())


def _is_depth(picture: Picture) -> bool:
    grey = _thinned(picture)[:, 0]
    told = grey[grey < 255]  # white means no depth
    return _is_grey(picture) and bool(told.size == 0 or (told <= DARK_LEVEL).mean() >= DARK_SHARE)


def _is_grey(picture: Picture) -> bool:
    pixels = _thinned(picture).astype(np.int16)
    return bool((np.ptp(pixels, axis=1) <= GREY_LEVELS).mean() >= GREY_SHARE)


def _smooth_share(picture: Picture) -> float:
    """Return the share of pixels, of about 512 rows, that lie between their neighbours, a level more or less."""
    step = max(1, picture.shape[0] // SMOOTH_ROWS)
    return _between_neighbours(picture[::step, ::step].astype(np.float32).mean(axis=2), 1.01)


def _between_neighbours(level: npt.NDArray[np.float32], tolerance: float) -> float:
    """Return the share of `level` (height, width) within `tolerance` of its neighbours' mean, twice, both ways."""
    across = np.abs(level[1:-1, 2:] - 2 * level[1:-1, 1:-1] + level[1:-1, :-2])
    down = np.abs(level[2:, 1:-1] - 2 * level[1:-1, 1:-1] + level[:-2, 1:-1])
    return float((np.maximum(across, down) <= tolerance).mean())


def _coarsely_smooth_share(picture: Picture) -> float:
    """Return the share of means over blocks, about 128 rows of them, that lie between their neighbours."""
    size = max(1, picture.shape[0] // COARSE_ROWS)
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    level = picture[: rows * size, : columns * size].astype(np.float32).mean(axis=2)
    means = level.reshape(rows, size, columns, size).mean(axis=(1, 3))
    low, high = np.percentile(means, [5, 95])
    return _between_neighbours(means, COARSE_LEVELS * min(1.0, float(high - low) / COARSE_SPREAD))


def _has_no_texture(picture: Picture) -> bool:
    smooth = _smooth_share(picture)
    if _is_grey(picture):
        return smooth >= SMOOTH_GREY or _coarsely_smooth_share(picture) >= SMOOTH_COARSE
    return smooth >= SMOOTH_COLOURED and _cells(_thinned(picture)).sum() <= CELLS_OF_ONE_TINT


def _cells(pixels: Picture) -> npt.NDArray[np.bool_]:
    """Return which of the cells of colours (32, 32, 32) hold 98 % of `pixels` (n, 3), the fullest first."""
    packed = (pixels.astype(np.intp) >> 3) @ np.array([1024, 32, 1])
    count = np.bincount(packed, minlength=32**3)
    fullest = np.argsort(-count, kind="stable")
    taken = np.searchsorted(np.cumsum(count[fullest]), 0.98 * len(pixels)) + 1
    cells = np.zeros(32**3, bool)
    cells[fullest[:taken]] = True
    return cells.reshape(32, 32, 32)


def _joined_share(cells: npt.NDArray[np.bool_]) -> float:
    """Return the share of `cells` that touch another."""
    edged = np.pad(cells, 1)
    near = sum(np.roll(edged, shift, (0, 1, 2)).astype(int) for shift in product((-1, 0, 1), repeat=3))
    return float((np.asarray(near)[1:-1, 1:-1, 1:-1][cells] > 1).mean())


def _is_colour_mapped(picture: Picture) -> bool:
    pixels = _thinned(picture).astype(np.int32)
    saturated = np.ptp(pixels, axis=1) > SATURATED
    cells = _cells(_thinned(picture))
    if saturated.mean() < SATURATED_SHARE or cells.sum() > MOST_CELLS or _joined_share(cells) < JOINED_SHARE:
        return False
    red, green, blue = pixels[saturated].T
    turn = np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue) / (2 * np.pi) % 1
    hues = np.bincount((turn * HUES).astype(int) % HUES, minlength=HUES) > 0.02 * len(pixels)
    return bool(hues.sum() >= FEWEST_HUES and _smooth_share(picture) >= LEAST_SMOOTH)


def _thinned(picture: Picture) -> Picture:
    """Return about 100,000 of the pixels (n, 3)."""
    step = max(1, round((picture.shape[0] * picture.shape[1] / 100_000) ** 0.5))
    return picture[::step, ::step].reshape(-1, 3)
