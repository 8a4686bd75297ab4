"""What glTF 2.0 allows is read, and what is not read here is refused by name; nothing of it is called damaged."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from test_glb import SQUARE, Maker, in_file, made

from whence.datagen.scenes.glb import load_glb
from whence.datagen.scenes.glb_materials import EXTRAS
from whence.errors import InputError


@pytest.fixture
def maker() -> Maker:
    return Maker()


def corners_of(scene) -> np.ndarray:
    return np.array(sorted(in_file(scene).round(5).tolist()))


def is_square(scene) -> bool:
    return scene.areas.sum() == pytest.approx(12.0) and len(scene.faces) == 2


ANYTHING = [None, True, 0, 1.5, "text", [], [1, {"a": None}], {}, {"a": [1]}, {EXTRAS.upper(): 1}]


@pytest.mark.parametrize("extras", ANYTHING, ids=str)
def test_extras_may_be_any_value_anywhere(maker, tmp_path, extras):
    square = {**maker.square(material=0), "extras": extras}
    for kind in ("accessors", "bufferViews"):
        maker.document[kind] = [{**item, "extras": extras} for item in maker.document[kind]]
    parts = {
        "asset": {"version": "2.0", "extras": extras},
        "materials": [{"name": "Oak parquet", "extras": extras, "pbrMetallicRoughness": {"extras": extras}}],
        "meshes": [{"primitives": [square], "extras": extras}],
        "nodes": [{"mesh": 0, "extras": extras}],
        "scenes": [{"nodes": [0], "extras": extras}],
        "extras": extras,
    }
    scene = made(maker, tmp_path, **parts)
    assert is_square(scene)
    assert scene.materials[0].name == "wood floor"


def test_extras_may_be_nested_deeply(maker, tmp_path):
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    assert is_square(made(maker, tmp_path, maker.square(material=0), materials=[{"extras": deep}]))
    text = json.dumps({"asset": {"version": "2.0"}, "extras": 1}).replace("1}", "[" * 200_000 + "]" * 200_000 + "}")
    (tmp_path / "deep.gltf").write_text(text)
    with pytest.raises(InputError, match=r"deep\.gltf: its JSON is nested too deeply"):
        load_glb(tmp_path / "deep.gltf")


@pytest.mark.parametrize("kept", [7, "x", None, {}, {"absorption": [2] * 6}, {"absorption": 1, "scattering": 1}])
def test_acoustics_of_an_export_that_were_changed_are_named(maker, tmp_path, kept):
    with pytest.raises(InputError, match=f"made.glb: extras {EXTRAS} .*expected name, source, and 6 shares"):
        made(maker, tmp_path, maker.square(material=0), materials=[{"extras": {EXTRAS: kept}}])


def test_cameras_lights_and_animations_are_passed_over(maker, tmp_path):
    light = {"KHR_lights_punctual": {"lights": [{"type": "point"}]}}
    parts = {
        "nodes": [
            {"children": [1, 2, 3, 4]},
            {"mesh": 0},
            {"camera": 0, "name": ""},
            {"extensions": {"KHR_lights_punctual": {"light": 0}}},
            {},
            {"mesh": 0, "translation": [0, 0, 99]},  # in no scene
        ],
        "scenes": [{"nodes": []}, {"nodes": [0]}],
        "scene": 1,
        "cameras": [{"type": "perspective", "perspective": {"yfov": 1, "znear": 0.1}}],
        "extensions": light,
        "extensionsUsed": ["KHR_lights_punctual", "VENDOR_unknown"],
        "extensionsRequired": ["KHR_lights_punctual"],
        "animations": [{"channels": [], "samplers": []}],
        "samplers": [{}],
    }
    assert is_square(made(maker, tmp_path, maker.square(), **parts))


def test_several_scenes_without_a_default_are_the_first(maker, tmp_path):
    nodes = [{"mesh": 0}, {"mesh": 0, "scale": [2, 2, 2]}]
    assert is_square(made(maker, tmp_path, maker.square(), nodes=nodes, scenes=[{"nodes": [0]}, {"nodes": [1]}]))
    assert made(maker, tmp_path, maker.square(), nodes=nodes, scenes=[]).areas.sum() == pytest.approx(60.0)


def test_nodes_may_lie_deep_and_have_no_extent(maker, tmp_path):
    chain = [{"children": [k + 1]} for k in range(600)]
    nodes = [*chain, {"mesh": 0, "children": [601]}, {"mesh": 0, "scale": [0, 0, 0], "translation": [0, 0, 50]}]
    assert is_square(made(maker, tmp_path, maker.square(), nodes=nodes))


@pytest.mark.parametrize(
    "other",
    [
        {"attributes": {"_NOTE": 0}},
        {"attributes": {"POSITION": 0}, "mode": 0},
        {"attributes": {"POSITION": 0}, "mode": 1, "indices": 1},
        {"attributes": {"POSITION": 0}, "mode": 3, "material": 0},
        {"attributes": {"NORMAL": 0}, "mode": 4},
    ],
)
def test_primitives_that_show_no_surface_are_passed_over(maker, tmp_path, other):
    square = maker.square()
    unread = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}
    textures = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    scene = made(maker, tmp_path, square, other, materials=[unread], textures=textures)
    assert is_square(scene)


def test_an_accessor_may_have_no_data_but_sparse_ones(maker, tmp_path):
    places, values = maker.view(np.arange(4, dtype=np.uint8).tobytes()), maker.view(SQUARE.tobytes())
    sparse = {"count": 4, "indices": {"bufferView": places, "componentType": 5121}, "values": {"bufferView": values}}
    maker.document["accessors"].append({"componentType": 5126, "count": 4, "type": "VEC3", "sparse": sparse})
    primitive = {"attributes": {"POSITION": 0}, "indices": maker.array(np.array([0, 1, 2, 0, 2, 3], np.uint8))}
    assert is_square(made(maker, tmp_path, primitive))


def test_a_texture_may_have_no_image(maker, tmp_path):
    coordinates = maker.array(SQUARE[:, :2].copy())
    square = maker.square(material=0, attributes={"TEXCOORD_0": coordinates})
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    assert (made(maker, tmp_path, square, materials=materials, textures=[{}]).texture == -1).all()


@pytest.mark.parametrize("extension", ["EXT_texture_avif", "MSFT_texture_dds", "VENDOR_texture_new"])
def test_textures_of_unread_formats_are_named(maker, tmp_path, extension):
    materials = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    textures = [{"extensions": {extension: {"source": 0}}}]
    with pytest.raises(InputError, match=f"needs {extension}: ") as caught:
        made(maker, tmp_path, maker.square(material=0), materials=materials, textures=textures)
    assert "damaged" not in str(caught.value)


def compressed(maker: Maker, fallback: dict[str, Any]) -> dict[str, Any]:
    """A square whose positions are compressed by meshoptimizer, in a buffer of its own that is only reserved."""
    square = maker.square()
    view = maker.document["accessors"][0]["bufferView"]
    maker.document["bufferViews"][view] |= {
        "buffer": 1,
        "extensions": {"EXT_meshopt_compression": {"buffer": 0, "byteLength": 4, "mode": "ATTRIBUTES"}},
        "byteOffset": 0,
    }
    buffers = [{"byteLength": len(maker.binary)}, {"byteLength": 48, **fallback}]
    return {"meshes": [{"primitives": [square]}], "buffers": buffers}


def test_an_uncompressed_copy_of_compressed_data_is_read(maker, tmp_path):
    uri = "data:application/octet-stream;base64," + base64.b64encode(SQUARE.tobytes()).decode().replace("+", "%2B")
    parts = compressed(maker, {"uri": uri})
    assert is_square(made(maker, tmp_path, **parts))
    maker = Maker()
    parts = compressed(maker, {"extensions": {"EXT_meshopt_compression": {"fallback": True}}})
    with pytest.raises(InputError, match="needs EXT_meshopt_compression"):
        made(maker, tmp_path, **parts)


def test_morph_targets_are_seen_at_the_weights_given(maker, tmp_path):
    up = maker.array(np.array([[0, 0, 2]] * 4, np.float32))
    square = {**maker.square(), "targets": [{"POSITION": up}, {"NORMAL": up}]}
    mesh = {"primitives": [square], "weights": [0.5, 1]}
    scene = made(maker, tmp_path, meshes=[mesh])
    assert in_file(scene)[:, 2] == pytest.approx(1.0)
    scene = made(maker, tmp_path, meshes=[mesh], nodes=[{"mesh": 0, "weights": [0.25, 0]}])
    assert in_file(scene)[:, 2] == pytest.approx(0.5)
    assert in_file(made(maker, tmp_path, square))[:, 2] == pytest.approx(0.0)


def test_a_rotation_of_another_length_turns_and_does_not_scale(maker, tmp_path):
    square = maker.square()
    for length in (0.1, 1.0, 2.0):
        half = length * np.sqrt(0.5)
        scene = made(maker, tmp_path, square, nodes=[{"mesh": 0, "rotation": [0, half, 0, half]}])
        assert corners_of(scene) == pytest.approx(
            np.array([[0, 0, -4], [0, 0, 0], [0, 3, -4], [0, 3, 0]], float), abs=1e-6
        )
    with pytest.raises(InputError, match="a rotation is of length zero"):
        made(maker, tmp_path, square, nodes=[{"mesh": 0, "rotation": [0, 0, 0, 0]}])


def test_a_skinned_mesh_is_where_its_joints_are(maker, tmp_path):
    """Two corners follow each joint; the node of the mesh itself does not move it."""
    joints = maker.array(np.array([[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], np.uint8))
    weights = maker.array(np.array([[1, 0, 0, 0]] * 4, np.float32))
    inverse = np.stack([np.eye(4, dtype=np.float32)] * 2)
    inverse[1, 3, 0] = -4  # column-major: takes the second joint's bind place (4, 0, 0) back to zero
    maker.document["accessors"].append(
        {"bufferView": maker.view(inverse.tobytes()), "componentType": 5126, "count": 2, "type": "MAT4"}
    )
    skin = {"joints": [1, 2], "inverseBindMatrices": len(maker.document["accessors"]) - 1}
    nodes = [
        {"mesh": 0, "skin": 0, "translation": [0, 0, 77]},
        {"translation": [0, 10, 0]},
        {"translation": [6, 10, 0]},
    ]
    square = maker.square(attributes={"JOINTS_0": joints, "WEIGHTS_0": weights})
    scene = made(maker, tmp_path, square, nodes=nodes, scenes=[{"nodes": [0, 1, 2]}], skins=[skin])
    expected = [[0, 10, 0], [6, 10, 0], [6, 13, 0], [0, 13, 0]]
    assert corners_of(scene) == pytest.approx(np.array(sorted(expected)), abs=1e-5)
    nodes[2]["extensions"] = {"KHR_node_visibility": {"visible": False}}  # a joint that is hidden moves it all the same
    hidden = made(maker, tmp_path, square, nodes=nodes, scenes=[{"nodes": [0, 1, 2]}], skins=[skin])
    assert corners_of(hidden) == pytest.approx(np.array(sorted(expected)), abs=1e-5)


@pytest.mark.parametrize("extension", ["KHR_draco_mesh_compression", "EXT_mesh_gpu_instancing", "VENDOR_geometry"])
def test_what_a_file_requires_is_refused_by_name(maker, tmp_path, extension):
    with pytest.raises(InputError, match=f"needs {extension}: ") as caught:
        made(maker, tmp_path, maker.square(), extensionsRequired=[extension])
    assert "damaged" not in str(caught.value)
    assert is_square(made(maker, tmp_path, maker.square(), extensionsUsed=[extension]))


def test_instances_are_refused_also_where_the_file_does_not_require_them(maker, tmp_path):
    places = maker.array(np.zeros((2, 3), np.float32))
    node = {"mesh": 0, "extensions": {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": places}}}}
    with pytest.raises(InputError, match="needs EXT_mesh_gpu_instancing: repeated meshes; write them out"):
        made(maker, tmp_path, maker.square(), nodes=[node])


def test_hidden_nodes_hide_their_children(maker, tmp_path):
    hidden = {"mesh": 0, "children": [2], "extensions": {"KHR_node_visibility": {"visible": False}}}
    nodes = [{"mesh": 0, "extensions": {"KHR_node_visibility": {}}}, hidden, {"mesh": 0, "translation": [0, 0, 5]}]
    parts = {"nodes": nodes, "scenes": [{"nodes": [0, 1]}], "extensionsRequired": ["KHR_node_visibility"]}
    assert is_square(made(maker, tmp_path, maker.square(), **parts))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"nodes": [{"mesh": 0, "matrix": [1, 0, 0, 9, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}]},
            "is not affine: it may be",
        ),
        ({"asset": {"version": "2.1", "minVersion": "2.1"}}, r"needs glTF 2\.1: export it as glTF 2\.0"),
    ],
)
def test_matrices_row_by_row_and_later_versions_are_refused(maker, tmp_path, parts, said):
    with pytest.raises(InputError, match=said):
        made(maker, tmp_path, maker.square(), **parts)
