"""glTF files against geometry worked out by hand, against trimesh, and there and back."""

import base64
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from whence.datagen.scenes.glb import load_glb, write_glb
from whence.datagen.scenes.materials import MATERIALS, AcousticMaterial
from whence.datagen.scenes.scene import Scene
from whence.errors import InputError

SQUARE = np.array([[0, 0, 0], [4, 0, 0], [4, 3, 0], [0, 3, 0]], np.float32)
CODES = {"f4": 5126, "u1": 5121, "u2": 5123, "u4": 5125, "i2": 5122}


class Maker:
    """Writes small glTF files, one feature at a time."""

    def __init__(self) -> None:
        self.binary = b""
        self.document: dict[str, Any] = {"asset": {"version": "2.0"}, "accessors": [], "bufferViews": [], "buffers": []}

    def view(self, content: bytes, **about: Any) -> int:
        self.binary += bytes(-len(self.binary) % 4)
        view = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(content), **about}
        self.document["bufferViews"].append(view)
        self.binary += content
        return len(self.document["bufferViews"]) - 1

    def array(self, values: np.ndarray, **about: Any) -> int:
        kind = "SCALAR" if values.ndim == 1 else f"VEC{values.shape[1]}"
        accessor = {"componentType": CODES[values.dtype.str[1:]], "count": len(values), "type": kind, **about}
        self.document["accessors"].append({"bufferView": self.view(values.tobytes()), **accessor})
        return len(self.document["accessors"]) - 1

    def image(self, pixels: np.ndarray, kind: str = "PNG") -> int:
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, kind, **({"lossless": True} if kind == "WEBP" else {}))
        view = self.view(content.getvalue())
        images = self.document.setdefault("images", [])
        images.append({"bufferView": view, "mimeType": f"image/{kind.lower()}"})
        self.document.setdefault("textures", []).append({"source": len(images) - 1})
        return len(images) - 1

    def square(self, **primitive: Any) -> dict[str, Any]:
        """A primitive of 4 x 3 m in the plane z = 0."""
        attributes = {"POSITION": self.array(SQUARE), **primitive.pop("attributes", {})}
        return {"attributes": attributes, "indices": self.array(np.array([0, 1, 2, 0, 2, 3], np.uint16)), **primitive}

    def write(self, path: Path, *primitives: dict[str, Any], **parts: Any) -> Path:
        """Write a .glb of one mesh and node, unless `parts` say otherwise."""
        self.document["buffers"] = [{"byteLength": len(self.binary)}]
        alone = {"meshes": [{"primitives": list(primitives)}], "nodes": [{"mesh": 0}], "scenes": [{"nodes": [0]}]}
        text = json.dumps({**self.document, **alone, **parts}).encode()
        text += b" " * (-len(text) % 4)
        binary = self.binary + bytes(-len(self.binary) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path


@pytest.fixture
def maker() -> Maker:
    return Maker()


def in_file(scene: Scene) -> np.ndarray:
    """The vertices (v, 3) in the frame of the file, turned to +Y up."""
    return scene.vertices.astype(np.float64) + scene.origin


def corners(scene: Scene) -> np.ndarray:
    """The triangles as (f, 3, 3), each begun at its smallest corner, in a fixed order."""
    triangles = in_file(scene)[scene.faces].round(5) + 0.0
    turned = [min((np.roll(t, -k, axis=0) for k in range(3)), key=lambda each: each.tolist()) for t in triangles]
    return np.array(sorted(turned, key=lambda each: each.tolist()))


def made(maker: Maker, tmp_path: Path, *primitives: dict[str, Any], **parts: Any) -> Scene:
    return load_glb(maker.write(tmp_path / "made.glb", *primitives, **parts))


# Geometry -------------------------------------------------------------------------------------------------------


def test_a_square(maker, tmp_path):
    scene = made(maker, tmp_path, maker.square())
    assert scene.name == "made"
    assert scene.areas.sum() == pytest.approx(12.0)
    assert scene.normals == pytest.approx(np.array([[0, 0, 1], [0, 0, 1]]))
    assert (scene.texture == -1).all()
    assert (scene.colour == 1).all()
    assert scene.instance is None
    assert not scene.unlit


def test_nested_nodes_scale_then_turn_then_move(maker, tmp_path):
    half = np.sqrt(0.5)
    nodes = [
        {"translation": [10, 0, 0], "children": [1]},
        {"rotation": [0, half, 0, half], "scale": [2, 2, 2], "children": [2]},  # a quarter turn about y: x to -z
        {"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 5, 0, 1], "mesh": 0},
    ]
    scene = made(maker, tmp_path, maker.square(), nodes=nodes)
    expected = [[10 + 0, 2 * (y + 5), -2 * x] for x, y, _ in SQUARE.tolist()]
    assert np.array(sorted(in_file(scene).round(4).tolist())) == pytest.approx(np.array(sorted(expected)), abs=1e-4)


def test_a_mirrored_node_keeps_its_front_in_front(maker, tmp_path):
    scene = made(maker, tmp_path, maker.square(), nodes=[{"mesh": 0, "scale": [-1, 1, 1]}])
    assert scene.normals == pytest.approx(np.array([[0, 0, 1], [0, 0, 1]]))


@pytest.mark.parametrize(("mode", "order"), [(5, [0, 1, 3, 2]), (6, [0, 1, 2, 3]), (4, [0, 1, 3, 1, 2, 3])])
def test_strips_and_fans_become_triangles(maker, tmp_path, mode, order):
    primitive = {**maker.square(), "indices": maker.array(np.array(order, np.uint8)), "mode": mode}
    scene = made(maker, tmp_path, primitive)
    assert scene.areas.sum() == pytest.approx(12.0)
    assert scene.normals == pytest.approx(np.array([[0, 0, 1], [0, 0, 1]]))


def test_points_and_lines_are_no_surface(maker, tmp_path):
    scene = made(maker, tmp_path, maker.square(), {**maker.square(), "mode": 1}, {**maker.square(), "mode": 0})
    assert len(scene.faces) == 2


def test_without_indices_every_three_vertices_are_a_triangle(maker, tmp_path):
    vertices = maker.array(SQUARE[[0, 1, 2, 0, 2, 3]])
    assert made(maker, tmp_path, {"attributes": {"POSITION": vertices}}).areas.sum() == pytest.approx(12.0)


def test_interleaved_quantised_and_sparse_numbers(maker, tmp_path):
    padded = np.zeros((4, 4), np.int16)
    padded[:, :3] = SQUARE * 1000
    view = maker.view(padded.tobytes(), byteStride=8)
    places, values = maker.view(np.array([2], np.uint16).tobytes()), maker.view(np.int16([4000, 3000, 500]).tobytes())
    sparse = {"count": 1, "indices": {"bufferView": places, "componentType": 5123}, "values": {"bufferView": values}}
    accessor = {"bufferView": view, "componentType": 5122, "count": 4, "type": "VEC3", "sparse": sparse}
    maker.document["accessors"].append(accessor)
    primitive = {"attributes": {"POSITION": 0}, "indices": maker.array(np.array([0, 1, 2, 0, 2, 3], np.uint32))}
    nodes = [{"mesh": 0, "scale": [0.001, 0.001, 0.001]}]
    scene = made(maker, tmp_path, primitive, nodes=nodes, extensionsRequired=["KHR_mesh_quantization"])
    expected = SQUARE.copy()
    expected[2, 2] = 0.5
    assert np.array(sorted(in_file(scene).tolist())) == pytest.approx(np.array(sorted(expected.tolist())), abs=1e-6)


# Instances, materials -------------------------------------------------------------------------------------------


def test_nodes_are_instances_and_names_tell_the_materials(maker, tmp_path):
    materials = [{"name": "Oak parquet"}, {"name": "mat13"}, {"name": "Material.002"}]
    first = [maker.square(material=0), maker.square(material=1)]
    parts = {
        "materials": materials,
        "meshes": [
            {"name": "Room", "primitives": first},
            {"name": "couch_mesh", "primitives": [maker.square(material=2)]},
        ],
        "nodes": [{"mesh": 0, "name": "Hall"}, {"mesh": 1, "translation": [0, 0, 2]}, {"mesh": 1, "name": "Two"}],
        "scenes": [{"nodes": [0, 1, 2]}],
    }
    scene = made(maker, tmp_path, **parts)
    assert list(scene.instance_names) == ["Hall", "couch_mesh", "Two"]
    assert scene.instance is not None
    assert scene.instance.tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
    names = [scene.materials[k].name for k in scene.material]
    assert names == ["wood floor"] * 2 + ["plasterboard"] * 2 + ["upholstery"] * 4


# Colour ---------------------------------------------------------------------------------------------------------


def test_factors_are_linear_and_vertex_colours_multiply_them(maker, tmp_path):
    given = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8)
    colours = maker.array(given, normalized=True)
    materials = [{"pbrMetallicRoughness": {"baseColorFactor": [0.5, 1.0, 0.0, 1.0]}}]
    scene = made(maker, tmp_path, maker.square(material=0, attributes={"COLOR_0": colours}), materials=materials)
    third, sixth = 0.6126, 0.4451  # sRGB of 1/3 and of 1/6
    assert scene.colour[0] == pytest.approx([sixth, third, 0], abs=2e-4)
    assert scene.colour[1] == pytest.approx([third, 0.6126, 0], abs=2e-4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("where", ["source", "EXT_texture_webp"])
def test_textures_of_every_format(maker, tmp_path, kind, where):
    pixels = np.full((16, 32, 3), (200, 100, 50), np.uint8)
    maker.image(pixels, kind)
    maker.document["textures"] = [{"source": 0} if where == "source" else {"extensions": {where: {"source": 0}}}]
    coordinates = maker.array(np.array([[0, 1], [2, 1], [2, 0], [0, 0]], np.float32))
    materials = [
        {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}, "extensions": {"KHR_materials_unlit": {}}}
    ]
    scene = made(maker, tmp_path, maker.square(material=0, attributes={"TEXCOORD_0": coordinates}), materials=materials)
    assert scene.unlit
    assert (scene.texture == 0).all()
    assert scene.textures[0].astype(int) == pytest.approx(pixels.astype(int), abs=3)
    assert scene.texture_coordinates.tolist() == [[[0, 1], [2, 1], [2, 0]], [[0, 1], [2, 0], [0, 0]]]


def test_grey_palette_transparent_and_deep_images(maker, tmp_path):
    for pixels in (
        np.full((4, 4), 77, np.uint8),
        np.full((4, 4, 4), 77, np.uint8),
        np.full((4, 4), 77 * 257, np.uint16),
    ):
        maker = Maker()
        maker.image(pixels)
        coordinates = maker.array(SQUARE[:, :2].copy())
        square = maker.square(material=0, attributes={"TEXCOORD_0": coordinates})
        materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
        assert (made(maker, tmp_path, square, materials=materials).textures[0] == np.full((4, 4, 3), 77)).all()


def test_the_second_texture_coordinates_are_scaled_turned_and_moved(maker, tmp_path):
    maker.image(np.zeros((2, 2, 3), np.uint8))
    wrong, right = (
        maker.array(each) for each in (np.ones((4, 2), np.float32), np.float32([[1, 0], [0, 1], [1, 1], [0, 0]]))
    )
    placed = {"offset": [0.25, 0.5], "rotation": np.pi / 2, "scale": [2, 4], "texCoord": 1}
    reference = {"index": 0, "texCoord": 0, "extensions": {"KHR_texture_transform": placed}}
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": reference}}]
    square = maker.square(material=0, attributes={"TEXCOORD_0": wrong, "TEXCOORD_1": right})
    scene = made(maker, tmp_path, square, materials=materials)
    # v runs down, so a quarter turn counter-clockwise takes +u to -v and +v to +u
    expected = [[0.25, 0.5 - 2], [0.25 + 4, 0.5], [0.25 + 4, 0.5 - 2]]
    assert scene.texture_coordinates[0] == pytest.approx(np.array(expected), abs=1e-6)


# Containers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
def test_a_gltf_with_its_data_inside_or_beside(maker, tmp_path, inside):
    primitive = maker.square()
    uri = (
        "data:application/octet-stream;base64," + base64.b64encode(maker.binary).decode() if inside else "my%20data.bin"
    )
    if not inside:
        (tmp_path / "my data.bin").write_bytes(maker.binary)
    document = {**maker.document, "meshes": [{"primitives": [primitive]}], "nodes": [{"mesh": 0}]}
    document["buffers"] = [{"uri": uri, "byteLength": len(maker.binary)}]
    path = tmp_path / "room.gltf"
    path.write_text(json.dumps(document))
    assert load_glb(path).areas.sum() == pytest.approx(12.0)


@pytest.mark.parametrize("name", ["cube-room", "home-theater"])
def test_real_files_are_what_trimesh_reads(shared_data, name):
    path = shared_data / "scenes" / f"{name}.glb"
    scene = load_glb(path)
    other = trimesh.load_scene(path).to_mesh()
    assert len(scene.faces) == len(other.faces)
    assert scene.areas.sum() == pytest.approx(other.area, rel=1e-5)
    assert in_file(scene).min(axis=0) == pytest.approx(other.bounds[0], abs=1e-4)
    assert in_file(scene).max(axis=0) == pytest.approx(other.bounds[1], abs=1e-4)


def test_a_photographed_scan_of_habitat_matterport_has_z_up(maker, tmp_path):
    two = {"nodes": [{"mesh": 0}, {"mesh": 0, "translation": [0, 0, 1]}], "scenes": [{"nodes": [0, 1]}]}
    path = maker.write(tmp_path / "train" / "00009-vLpv2VX547B" / "vLpv2VX547B.glb", maker.square(), **two)
    scene = load_glb(path)
    assert scene.unlit
    assert scene.instance is None
    assert np.ptp(scene.vertices, axis=0) == pytest.approx([4, 1, 3])
    assert in_file(scene)[:, 2].min() == pytest.approx(-3)  # its +Y is our -Z, straight ahead
    assert scene.normals[:, 1] == pytest.approx(1.0)


# There and back -------------------------------------------------------------------------------------------------


def furnished(unlit: bool = False) -> Scene:
    """A floor, a wall and a box with textures, tints and colours, and a material that no table has."""
    rng = np.random.default_rng(1)
    meshes = [trimesh.creation.box(bounds=bounds) for bounds in ([[0, 0, 0], [5, 3, 4]], [[1, 0, 1], [2, 1, 2]])]
    mesh = trimesh.util.concatenate([*meshes, trimesh.creation.icosphere(subdivisions=1).apply_translation([3, 1, 3])])
    count = len(mesh.faces)
    instance = np.repeat(np.array([0, 1, 2], np.int32), [12, 12, count - 24])
    return Scene(
        name="furnished",
        vertices=mesh.vertices.astype(np.float32),
        faces=mesh.faces.astype(np.int32),
        material=rng.integers(0, 3, count).astype(np.int16),
        materials=(
            MATERIALS["wood floor"],
            MATERIALS["plasterboard"],
            AcousticMaterial("mud", (0.5,) * 6, (0.1,) * 6, "x"),
        ),
        colour=np.where(rng.random((count, 1)) < 0.5, 1.0, rng.random((count, 3))).astype(np.float32),
        texture=rng.integers(-1, 2, count).astype(np.int16),
        texture_coordinates=rng.uniform(-2, 2, (count, 3, 2)).astype(np.float32),
        textures=tuple(rng.integers(0, 256, (8, 16, 3), np.uint8) for _ in range(2)),
        instance=instance,
        instance_names=("room", "box", "ball"),
        unlit=unlit,
    )


def described(scene: Scene) -> list[tuple[Any, ...]]:
    """What each face is, in a fixed order."""
    assert scene.instance is not None
    rows = []
    for f, face in enumerate(scene.faces):
        shown = scene.texture[f] >= 0
        image = scene.textures[scene.texture[f]].tobytes() if shown else b""
        points = np.concatenate([in_file(scene)[face], scene.texture_coordinates[f] * shown], axis=1).round(4) + 0.0
        turned = min(np.roll(points, -k, axis=0).tolist() for k in range(3))
        rows.append(
            (
                turned,
                scene.instance_names[scene.instance[f]],
                scene.materials[scene.material[f]],
                image,
                (scene.colour[f].astype(float).round(3) + 0.0).tolist(),
            )
        )
    return sorted(rows, key=lambda row: (row[0], row[1]))


@pytest.mark.parametrize("unlit", [True, False])
def test_an_export_reads_back_as_it_was(tmp_path, unlit):
    scene = furnished(unlit)
    write_glb(scene, tmp_path / "out" / "furnished.glb")
    again = load_glb(tmp_path / "out" / "furnished.glb")
    for one, other in zip(described(scene), described(again), strict=True):
        assert one == other
    assert again.unlit == unlit
    assert list(again.instance_names) == ["room", "box", "ball"]
    write_glb(scene, tmp_path / "again.glb")
    assert (tmp_path / "again.glb").read_bytes() == (tmp_path / "out" / "furnished.glb").read_bytes()


def test_trimesh_reads_an_export(tmp_path):
    scene = furnished()
    write_glb(scene, tmp_path / "furnished.glb")
    other = trimesh.load_scene(tmp_path / "furnished.glb")
    assert {"room", "box", "ball"} <= set(other.graph.nodes)
    assert other.to_mesh().area == pytest.approx(scene.areas.sum(), rel=1e-5)
    assert other.bounds == pytest.approx(np.array([scene.vertices.min(axis=0), scene.vertices.max(axis=0)]), abs=1e-5)


@pytest.mark.parametrize("name", ["cube-room", "home-theater"])
def test_real_files_read_back_as_they_were(shared_data, tmp_path, name):
    scene = load_glb(shared_data / "scenes" / f"{name}.glb")
    write_glb(scene, tmp_path / "again.glb")
    again = load_glb(tmp_path / "again.glb")
    assert np.array_equal(corners(scene), corners(again))
    assert [t.tobytes() for t in again.textures] == [t.tobytes() for t in scene.textures]
    assert np.unique(again.colour.round(4), axis=0).tolist() == np.unique(scene.colour.round(4), axis=0).tolist()


def test_an_export_is_a_glb(tmp_path):
    with pytest.raises(InputError, match=r"out\.obj: expected a name that ends in \.glb"):
        write_glb(furnished(), tmp_path / "out.obj")


# Wrong files ----------------------------------------------------------------------------------------------------


def refused(path: Path, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        load_glb(path)
    assert path.name in str(caught.value) or path.stem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("extension", "remedy"),
    [
        ("KHR_draco_mesh_compression", "Draco"),
        ("EXT_meshopt_compression", "meshoptimizer"),
        ("KHR_texture_basisu", "PNG or JPEG"),
        ("VENDOR_magic", "without this extension"),
    ],
)
def test_what_a_file_needs_and_is_not_read_here_is_named(maker, tmp_path, extension, remedy):
    path = maker.write(tmp_path / "a.glb", maker.square(), extensionsRequired=[extension])
    refused(path, f"needs {extension}.*{remedy}")


def test_compression_that_is_not_declared_is_found_too(maker, tmp_path):
    draco = maker.square(extensions={"KHR_draco_mesh_compression": {"bufferView": 0}})
    del maker.document["accessors"][0]["bufferView"]
    refused(maker.write(tmp_path / "draco.glb", draco), "KHR_draco_mesh_compression")
    maker = Maker()
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    textures = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    path = maker.write(tmp_path / "x.basis.glb", maker.square(material=0), materials=materials, textures=textures)
    refused(path, r"KHR_texture_basisu.*take the plain NAME\.glb")


def test_a_file_that_ends_too_soon(maker, tmp_path):
    whole = maker.write(tmp_path / "whole.glb", maker.square()).read_bytes()
    for size in (0, 3, 10, 19, 60, len(whole) - 200, len(whole) - 1):
        path = tmp_path / "cut.glb"
        path.write_bytes(whole[:size])
        refused(path, "damaged or not a glTF 2.0 file")


def test_any_flipped_part_of_a_file_is_one_line(shared_data, tmp_path):
    content = (shared_data / "scenes" / "home-theater.glb").read_bytes()[:400_000]
    content = content[:8] + struct.pack("<I", 12) + content[12:]
    path = tmp_path / "odd.glb"
    path.write_bytes(content)
    refused(path, "no JSON chunk")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"asset": {"version": "1.0"}}, "version is not 2.0"),
        ({"meshes": [{}]}, "damaged"),
        ({"nodes": [{"mesh": 7}]}, "damaged"),
        ({"nodes": [{"children": [0]}]}, "contain themselves"),
        ({"nodes": [{"mesh": 0, "rotation": [0, 0, 1]}]}, "damaged"),
        ({"nodes": [{}]}, "no triangles"),
        ({"nodes": [{"mesh": 0, "scale": [1000, 1000, 1000]}]}, "4000 m across; expected metres"),
        ({"nodes": [{"mesh": 0, "scale": [0.01, 0.01, 0.01]}]}, "0.04 m across"),
        ({"nodes": [{"mesh": 0, "scale": [1, float("nan"), 1]}]}, "not finite"),
        ({"nodes": [{"mesh": 0, "translation": [1, 2]}]}, "damaged"),
        (
            {"accessors": [{"componentType": 5126, "count": 4, "type": "VEC3", "bufferView": 0, "byteOffset": 24}] * 2},
            "damaged",
        ),
        ({"bufferViews": "none"}, "damaged"),
    ],
)
def test_documents_that_make_no_sense(maker, tmp_path, change, match):
    refused(maker.write(tmp_path / "odd.glb", maker.square(), **change), match)


def test_vertices_that_are_no_numbers(maker, tmp_path):
    holed = SQUARE.copy()
    holed[1, 2], holed[3, 0] = np.nan, np.inf
    square = maker.square(attributes={"POSITION": maker.array(holed)})
    refused(maker.write(tmp_path / "holed.glb", square), "2 of 4 vertices are not finite")


def test_other_wrong_files(maker, tmp_path):
    refused(tmp_path / "none.glb", "cannot be read")
    path = tmp_path / "text.glb"
    path.write_text("solid of another format")
    refused(path, "damaged or not a glTF")
    path = tmp_path / "lonely.gltf"
    document = {**maker.document, "meshes": [{"primitives": [maker.square()]}], "nodes": [{"mesh": 0}]}
    path.write_text(json.dumps({**document, "buffers": [{"uri": "gone.bin", "byteLength": 9}]}))
    refused(path, r"names 'gone\.bin', which cannot be read")
    path.write_text(json.dumps({**document, "buffers": [{"uri": "https://x.org/a.bin", "byteLength": 9}]}))
    refused(path, "expected a file beside it")


def test_an_image_that_cannot_be_decoded(maker, tmp_path):
    maker.image(np.zeros((4, 4, 3), np.uint8))
    maker.binary = maker.binary[:20] + bytes(len(maker.binary) - 20)
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    path = maker.write(tmp_path / "a.glb", maker.square(material=0), materials=materials)
    refused(path, "image 0 cannot be read as a picture.*expected an 8- or 16-bit PNG, JPEG")
