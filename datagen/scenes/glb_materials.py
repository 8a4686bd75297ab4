"""How the materials of a glTF file look and sound.

Colours of glTF are linear (specification, section 3.9.2); a `Scene` holds sRGB, so factors and vertex colours are
encoded. For a tinted texture the product of encoded values stands for the encoded product, which is exact where the
tint is black or white and within a few hundredths elsewhere. Transparency is not shown: every surface is opaque, to
the eye as to the ear. Every texture repeats, whatever its sampler says.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .gltf_file import REMEDIES, GltfFile, Json, unsupported
from .materials import BANDS_HZ, DEFAULT_MATERIAL, MATERIALS, AcousticMaterial, material_named

Float64 = npt.NDArray[np.float64]

EXTRAS = "whence_acoustics"
"""Key under a material's `extras` where an export keeps the acoustic properties."""


@dataclass(frozen=True)
class Look:
    """What a material shows: linear `colour`, `image` number or -1, the set of texture coordinates and their
    2 x 3 `transform`, and whether it is `unlit`."""

    name: str = ""
    colour: tuple[float, ...] = (1.0, 1.0, 1.0)
    image: int = -1
    coordinates: int = 0
    transform: tuple[tuple[float, ...], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    unlit: bool = False


def read_look(file: GltfFile, material: Json) -> Look:
    """Return what `material` of `file` shows."""
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
    """Return the number of the image of `texture`, WebP first."""
    extensions = texture.get("extensions", {})
    if "EXT_texture_webp" in extensions:
        return int(extensions["EXT_texture_webp"]["source"])
    if "source" in texture:
        return int(texture["source"])
    raise unsupported(file.path, next((name for name in extensions if name in REMEDIES), "a texture without an image"))


def _transform(placed: Json) -> tuple[tuple[float, ...], ...]:
    """Return the 2 x 3 matrix of KHR_texture_transform: scale, then a turn counter-clockwise as seen with v
    downwards, then offset."""
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


def read_acoustics(material: Json, names: Sequence[str]) -> AcousticMaterial:
    """Return how `material` sounds: as an export of ours says, or else as its `names` do.

    `names` are those of the material, the mesh and the node: the first decides that is a material of the table or has
    a keyword of one.
    """
    kept = (material.get("extras") or {}).get(EXTRAS)
    if isinstance(kept, Mapping):
        return _kept(kept)
    for name in names:
        found = MATERIALS.get(name.strip().lower()) or material_named(name)
        if found.name != DEFAULT_MATERIAL or DEFAULT_MATERIAL in name.lower():
            return found
    return MATERIALS[DEFAULT_MATERIAL]


def _kept(kept: Mapping[str, Any]) -> AcousticMaterial:
    absorption, scattering = (tuple(float(share) for share in kept[key]) for key in ("absorption", "scattering"))
    if not len(absorption) == len(scattering) == len(BANDS_HZ) or not all(0 <= a <= 1 for a in absorption + scattering):
        raise ValueError(f"{EXTRAS}: expected {len(BANDS_HZ)} shares of 0 to 1")
    return AcousticMaterial(str(kept["name"]), absorption, scattering, str(kept["source"]))


def acoustics_as_extras(material: AcousticMaterial) -> dict[str, Any]:
    """Return the `extras` under which an export keeps `material`."""
    return {
        EXTRAS: {
            "name": material.name,
            "absorption": list(material.absorption),
            "scattering": list(material.scattering),
            "source": material.source,
        }
    }
