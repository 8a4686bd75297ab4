"""Acoustic materials: plausible numbers, each with its source; names of other people's meshes find theirs."""

import pytest
from pyroomacoustics.parameters import materials_absorption_table

from whence.datagen.scenes.materials import BANDS_HZ, DEFAULT_MATERIAL, MATERIALS, material_named

PRINTED = {tuple(row["coeffs"][:6]) for row in materials_absorption_table.values()}
"""The same book's appendix as pyroomacoustics carries it."""


def test_every_material_is_complete() -> None:
    assert len(MATERIALS) >= 15
    for name, material in MATERIALS.items():
        assert material.name == name
        assert material.source
        for shares in (material.absorption, material.scattering):
            assert len(shares) == len(BANDS_HZ)
            assert all(0 < share <= 1 for share in shares)


@pytest.mark.parametrize("name", [name for name, m in MATERIALS.items() if m.source.startswith("V2008")])
def test_absorption_is_as_printed(name: str) -> None:
    assert MATERIALS[name].absorption in PRINTED


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Curtain_Fabric.002", "curtain"),
        ("Wood_Floor_Oak", "wood floor"),
        ("parquet", "wood floor"),
        ("bathroomTiles", "tile"),
        ("BathTub.white", "ceramic"),
        ("sofa-cushions", "upholstery"),
        ("window_glass", "glass"),
        ("Chairs", "wood"),
        ("MattressTop", "bed"),
        ("flat_ceiling_12", "ceiling"),
        ("carpet", "carpet"),
        ("Stainless steel", "metal"),
        ("Material.001", DEFAULT_MATERIAL),
        ("", DEFAULT_MATERIAL),
    ],
)
def test_names_find_their_material(text: str, name: str) -> None:
    assert material_named(text).name == name


def test_upholstery_absorbs_more_than_tiles() -> None:
    assert min(material_named("couch").absorption) > max(material_named("tiles").absorption)
