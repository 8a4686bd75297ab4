"""Absorption and scattering of surfaces in octave bands, with the source of each number.

Absorption: random-incidence coefficients as measured in reverberation chambers (ISO 354) and printed in the appendix
of M. Vorlaender, *Auralization*, Springer, 2008 ("V2008" below, with the name of its row). Materials missing there are
marked as estimates, with the measured row they follow.

Scattering: measured coefficients of furnished surfaces are scarce; all of these are estimates. Flat building surfaces
get 0.05 to 0.25, rising with frequency, as is customary for smooth walls (H. Kuttruff, *Room Acoustics*, 5th edition,
2009); tables, chairs and the like follow V2008's row of classroom tables, open shelves three quarters of its row of
rectangular boxes (after I. Bork, Acta Acustica united with Acustica 91, 2005).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0)
"""Centres of the octave bands of all acoustic materials."""


@dataclass(frozen=True)
class AcousticMaterial:
    """`absorption` and `scattering` are shares of energy, 0..1, in each of `BANDS_HZ`; `source` is their reference."""

    name: str
    absorption: tuple[float, ...]
    scattering: tuple[float, ...]
    source: str


_SMOOTH = (0.05, 0.05, 0.06, 0.08, 0.10, 0.12)
_UNEVEN = (0.05, 0.08, 0.12, 0.18, 0.22, 0.25)
_SOFT = (0.10, 0.12, 0.18, 0.25, 0.30, 0.35)
_FURNITURE = (0.20, 0.30, 0.40, 0.50, 0.50, 0.60)
_BOXES = (0.30, 0.50, 0.65, 0.75, 0.80, 0.80)

_TABLE = (
    # name, absorption 125 to 4000 Hz, scattering, source
    ("plaster", (0.02, 0.02, 0.03, 0.04, 0.05, 0.05), _SMOOTH, "V2008: limestone walls / lime cement plaster"),
    ("plasterboard", (0.15, 0.10, 0.06, 0.04, 0.04, 0.05), _SMOOTH, "V2008: 2 x 13 mm plasterboard, painted"),
    ("ceiling", (0.20, 0.15, 0.10, 0.08, 0.04, 0.02), _SMOOTH, "V2008: plasterboard ceiling on battens"),
    ("concrete", (0.01, 0.01, 0.02, 0.02, 0.02, 0.05), _SMOOTH, "V2008: smooth concrete"),
    ("brick", (0.03, 0.03, 0.03, 0.04, 0.05, 0.07), _UNEVEN, "V2008: brick wall, rough finish"),
    ("acoustic ceiling", (0.45, 0.55, 0.60, 0.90, 0.86, 0.75), _SMOOTH, "V2008: perforated 27 mm gypsum board, 16 %"),
    ("facing brick", (0.04, 0.14, 0.49, 0.35, 0.31, 0.36), _UNEVEN, "V2008: facing-brick brickwork, open butt joins"),
    ("wallpaper", (0.02, 0.03, 0.04, 0.05, 0.07, 0.08), _SMOOTH, "estimate: V2008, plaster, under paper"),
    ("textile wallpaper", (0.02, 0.02, 0.05, 0.15, 0.30, 0.40), _SMOOTH, "V2008: needle felt, 5 mm, stuck to concrete"),
    ("wood floor", (0.10, 0.07, 0.06, 0.06, 0.06, 0.06), _SMOOTH, "V2008: wood floor, 2 layers over airspace"),
    ("wood panelling", (0.18, 0.12, 0.10, 0.09, 0.08, 0.07), _UNEVEN, "V2008: wood, 16 mm, on 40 mm studs"),
    ("carpet", (0.08, 0.08, 0.30, 0.60, 0.75, 0.80), _SOFT, "V2008: 9 mm tufted pile carpet on felt underlay"),
    ("rug", (0.09, 0.08, 0.21, 0.26, 0.27, 0.37), _SOFT, "V2008: 10 mm soft carpet on concrete"),
    ("tile", (0.01, 0.01, 0.01, 0.02, 0.02, 0.02), _SMOOTH, "V2008: ceramic tiles with a smooth surface"),
    ("marble", (0.01, 0.01, 0.01, 0.02, 0.02, 0.02), _SMOOTH, "V2008: marble floor"),
    ("linoleum", (0.02, 0.03, 0.03, 0.03, 0.03, 0.02), _SMOOTH, "V2008: linoleum or cork tile on concrete"),
    ("glass", (0.10, 0.07, 0.05, 0.03, 0.02, 0.02), _SMOOTH, "V2008: double glazing, 10 mm gap"),
    ("curtain", (0.30, 0.45, 0.65, 0.56, 0.59, 0.71), _FURNITURE, "V2008: cotton curtains draped to 3/4 area"),
    ("upholstery", (0.44, 0.60, 0.77, 0.89, 0.82, 0.70), _FURNITURE, "V2008: empty chairs, upholstered, cloth cover"),
    ("leather", (0.40, 0.50, 0.58, 0.61, 0.58, 0.50), _FURNITURE, "V2008: empty chairs, upholstered, leather cover"),
    ("bed", (0.49, 0.66, 0.80, 0.88, 0.82, 0.70), _FURNITURE, "estimate: V2008, medium upholstered chairs, empty"),
    ("fabric", (0.03, 0.12, 0.15, 0.27, 0.37, 0.42), _SOFT, "V2008: cotton cloth folded to 7/8 area"),
    ("bookshelf", (0.12, 0.16, 0.25, 0.30, 0.32, 0.35), _BOXES, "estimate: paper edges, between rug and wood"),
    ("wood", (0.14, 0.10, 0.06, 0.08, 0.10, 0.10), _FURNITURE, "V2008: solid wooden door, as furniture"),
    ("door", (0.14, 0.10, 0.06, 0.08, 0.10, 0.10), _SMOOTH, "V2008: solid wooden door"),
    ("plastic", (0.06, 0.10, 0.10, 0.20, 0.30, 0.20), _FURNITURE, "V2008: plastic chairs, unoccupied"),
    ("metal", (0.02, 0.02, 0.03, 0.03, 0.04, 0.05), _FURNITURE, "estimate: V2008, hard surfaces on average"),
    ("ceramic", (0.01, 0.01, 0.01, 0.02, 0.02, 0.02), _FURNITURE, "V2008: ceramic tiles, as bath, basin and vase"),
    ("plant", (0.05, 0.06, 0.13, 0.28, 0.49, 0.56), _BOXES, "estimate: loose leaves as V2008, open vertical blinds"),
    ("paper", (0.03, 0.04, 0.11, 0.17, 0.24, 0.35), _FURNITURE, "estimate: thin porous sheet, half of cotton cloth"),
    ("hard", (0.02, 0.02, 0.03, 0.03, 0.04, 0.05), _SMOOTH, "V2008: walls, hard surfaces on average"),
)

MATERIALS: Mapping[str, AcousticMaterial] = MappingProxyType({row[0]: AcousticMaterial(*row) for row in _TABLE})
"""All materials by name."""

DEFAULT_MATERIAL = "plasterboard"
"""The result of `material_named` if no keyword matches: the light walls that homes mostly consist of."""

_KEYWORDS = (
    # The first row with a keyword in the name wins, so narrower words come first.
    ("curtain", "curtain drape blind"),
    ("bookshelf", "bookshelf bookcase book"),
    ("rug", "rug doormat"),
    ("carpet", "carpet"),
    ("bed", "bed mattress pillow duvet blanket quilt"),
    ("leather", "leather"),
    ("upholstery", "sofa couch armchair upholster cushion ottoman recliner seat"),
    ("fabric", "fabric cloth textile towel linen cotton wool clothes"),
    ("wood floor", "parquet laminate woodfloor floorboard hardwood"),
    ("linoleum", "linoleum vinyl cork"),
    ("marble", "marble granite stone travertine terrazzo"),
    ("tile", "tile mosaic"),
    ("glass", "glass window mirror screen television tv monitor"),
    ("door", "door"),
    ("plant", "plant leaf leaves foliage flower tree grass"),
    ("ceramic", "ceramic porcelain sink bath bathtub toilet basin washbasin vase"),
    ("metal", "metal steel iron chrome aluminium aluminum brass fridge refrigerator stove oven radiator appliance"),
    ("plastic", "plastic rubber"),
    ("brick", "brick masonry"),
    ("concrete", "concrete cement"),
    ("wood floor", "floor"),
    ("wood panelling", "panelling paneling panel wainscot"),
    (
        "wood",
        "wood wooden oak pine walnut teak furniture cabinet cupboard wardrobe table desk chair shelf drawer dresser",
    ),
    ("paper", "paper poster picture painting canvas lampshade"),
    ("wallpaper", "wallpaper"),
    ("ceiling", "ceiling"),
    ("plaster", "plaster stucco wall paint"),
)


def material_named(text: str) -> AcousticMaterial:
    """Return the material whose keyword occurs as a word in `text`, or `DEFAULT_MATERIAL`.

    A word ends at any non-letter and where a capital follows a small letter. A plural s is ignored, and a keyword of
    five letters or more also matches within a longer word.

    >>> material_named("Curtain_Fabric.002").name, material_named("woodenTable-3").name, material_named("Rugs.1").name
    ('curtain', 'wood', 'rug')
    >>> material_named("Material.001").name
    'plasterboard'
    """
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = [word.lower() for word in re.findall(r"[A-Za-z]+", split)]
    for name, keywords in _KEYWORDS:
        if any(_matches(word, keyword) for keyword in keywords.split() for word in words):
            return MATERIALS[name]
    return MATERIALS[DEFAULT_MATERIAL]


def _matches(word: str, keyword: str) -> bool:
    return word in (keyword, keyword + "s") or (len(keyword) >= 5 and keyword in word)
