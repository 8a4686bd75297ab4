"""Reads the visual and acoustic properties of the materials in a glTF file.

glTF colours are linear (specification, section 3.9.2). A `Scene` holds sRGB, so factors and vertex colours are encoded.
A tinted texture uses the product of encoded values instead of the encoded product, which is exact for black and white
tints and within a few hundredths otherwise. Every surface is opaque, to light and sound alike. Every texture repeats,
whatever its sampler says.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .gltf_file import REMEDIES, GltfFile, Json, unsupported
from .materials import BANDS_HZ, DEFAULT_MATERIAL, MATERIALS, AcousticMaterial, material_named

Float64 = npt.NDArray[np.float64]

EXTRAS = "whence_acoustics"
"""Key in the `extras` of a material under which an export stores the acoustic properties."""


@dataclass(frozen=True)
class Look:
    """The look of a material: linear `colour`, `image` index or -1, the set of texture coordinates and their 2 x 3
    `transform`, and whether it is `unlit`."""

    name: str = ""
    colour: tuple[float, ...] = (1.0, 1.0, 1.0)
    image: int = -1
    coordinates: int = 0
    transform: tuple[tuple[float, ...], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    unlit: bool = False


def read_look(file: GltfFile, material: Json) -> Look:
    """Return the look of `material` in `file`."""
    extensions = material.get("extensions", {})
    older = extensions.get("KHR_materials_pbrSpecularGlossiness")
    now = material.get("pbrMetallicRoughness", {})
    shown = (
        now
        if older is None
        else {"baseColorFactor": older.get("diffuseFactor", (1, 1, 1)), "baseColorTexture": older.get("diffuseTexture")}
    )
    colour = tuple(float(part) for part in shown.get("baseColorFactor", (1, 1, 1))[:3])
    name, unlit = str(material.get("name", "")), "KHR_materials_unlit" in extensions
    reference = shown.get("baseColorTexture")
    if reference is None:
        return Look(name, colour, unlit=unlit)
    placed = reference.get("extensions", {}).get("KHR_texture_transform", {})
    coordinates = placed.get("texCoord", reference.get("texCoord", 0))
    image = _image_of(file, file.items("textures")[reference["index"]])
    return Look(name, colour, image, coordinates, _transform(placed), unlit)


def _image_of(file: GltfFile, texture: Json) -> int:
    """Return the index of the image of `texture`, preferring WebP; -1 if it has none."""
    extensions = texture.get("extensions", {})
    if "EXT_texture_webp" in extensions:
        return int(extensions["EXT_texture_webp"]["source"])
    if "source" in texture:
        return int(texture["source"])
    if not extensions:
        return -1
    raise unsupported(file.path, next((name for name in extensions if name in REMEDIES), next(iter(extensions))))


def _transform(placed: Json) -> tuple[tuple[float, ...], ...]:
    """Return the 2 x 3 matrix of KHR_texture_transform: scale, rotate (counter-clockwise with v down), offset."""
    (along_u, along_v), (shift_u, shift_v) = placed.get("scale", (1, 1)), placed.get("offset", (0, 0))
    cosine, sine = math.cos(placed.get("rotation", 0.0)), math.sin(placed.get("rotation", 0.0))
    return ((cosine * along_u, sine * along_v, shift_u), (-sine * along_u, cosine * along_v, shift_v))


def encode_srgb(linear: npt.ArrayLike) -> Float64:
    """Return `linear` 0..1 as sRGB 0..1 (IEC 61966-2-1).

    >>> round(float(encode_srgb(0.5)), 4)
    0.7354
    """
    value = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)


def decode_srgb(encoded: npt.ArrayLike) -> Float64:
    """Return sRGB `encoded` 0..1 as linear 0..1: the inverse of `encode_srgb`."""
    value = np.clip(np.asarray(encoded, np.float64), 0.0, 1.0)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def read_acoustics(file: GltfFile, material: Json, names: Sequence[str]) -> AcousticMaterial:
    """Return the acoustic properties of `material`: from `extras` if we exported the file, else from its `names`.

    `names` are those of the material, mesh and node; the first that is a material of the table or has a keyword of one
    decides. `extras` may be any JSON value. Raises InputError if our exported properties were changed to invalid ones.
    """
    extras = material.get("extras")
    if isinstance(extras, Mapping) and EXTRAS in extras:
        return _kept(file, extras[EXTRAS])
    for name in names:
        found = MATERIALS.get(name.strip().lower()) or material_named(name)
        if found.name != DEFAULT_MATERIAL or DEFAULT_MATERIAL in name.lower():
            return found
    return MATERIALS[DEFAULT_MATERIAL]


def _kept(file: GltfFile, kept: Any) -> AcousticMaterial:
    try:
        absorption, scattering = (tuple(float(share) for share in kept[key]) for key in ("absorption", "scattering"))
        found = AcousticMaterial(str(kept["name"]), absorption, scattering, str(kept["source"]))
    except (KeyError, TypeError, ValueError):
        found = AcousticMaterial("", (), (), "")
    if not len(found.absorption) == len(found.scattering) == len(BANDS_HZ) or not all(
        0 <= share <= 1 for share in (*found.absorption, *found.scattering)
    ):
        raise InputError(
            f"{file.path}: extras {EXTRAS} {str(kept)[:60]!r}: expected name, source, and {len(BANDS_HZ)} shares of 0 "
            "to 1 as absorption and as scattering; correct or remove it"
        )
    return found


def acoustics_as_extras(material: AcousticMaterial) -> dict[str, Any]:
    """Return the `extras` in which an export stores `material`."""
    return {
        EXTRAS: {
            "name": material.name,
            "absorption": list(material.absorption),
            "scattering": list(material.scattering),
            "source": material.source,
        }
    }
