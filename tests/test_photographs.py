"""Only photographs become panoramas: what lies beside them is left out by name, what is none is told by its values."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from whence.benchmarks.display.inspection import licences
from whence.cli import app
from whence.datagen.dataset import Dataset
from whence.datagen.panoramas import PanoramaPlan, PanoramaRecipe, plan_panoramas
from whence.datagen.photographs import Photographs, _edges_meet, find_photographs, kinds_by_name, no_photograph
from whence.datagen.pictures import read_picture
from whence.datagen.pipeline import generate
from whence.datagen.sphere import directions_of
from whence.datagen.verification import verify_dataset
from whence.errors import InputError


def save(file, picture):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file)


def scene(height=64):
    """A picture that varies all over, as photographs do."""
    rows, columns = np.indices((height, 2 * height))
    noise = np.random.default_rng(0).integers(0, 40, (height, 2 * height, 3))
    ramp = np.stack([rows * 150 // height, columns * 100 // height, 200 - rows * 100 // height], axis=2)
    return (ramp % 215 + noise).astype(np.uint8)


def tiles(high, kind):
    return np.kron(np.random.default_rng(1).integers(0, high, (8, 16)), np.ones((8, 8))).astype(kind)


def colours(edge, across=16, seed=1):
    """Squares of `edge` pixels, each of a colour of its own."""
    drawn = np.random.default_rng(seed).integers(0, 255, (across // 2, across, 3), dtype=np.uint8)
    return np.kron(drawn, np.ones((edge, edge, 1), np.uint8))


STANFORD = {kind: f"area_1/pano/{kind}/camera_0d_office_1_frame_equirectangular_domain_{kind}.png" for kind in
            ("depth", "normal", "rgb", "semantic", "semantic_pretty", "global_xyz")}  # fmt: skip


def test_of_stanford_only_the_photographs_are_taken_and_a_line_says_so(tmp_path):
    for kind, name in STANFORD.items():
        save(tmp_path / name, tiles(4000, np.uint16) if kind == "depth" else scene())
    found = find_photographs(str(tmp_path))
    assert found.names == (STANFORD["rgb"],)
    assert found.left_out == dict.fromkeys(STANFORD.keys() - {"rgb"}, 1)
    result = CliRunner().invoke(
        app, ["generate", "panoramas", str(tmp_path / "p.zarr"), "--images", str(tmp_path), "--pairs", "1"]
    )
    line = "5 pictures beside the photographs: 1 depth, 1 global_xyz, 1 normal, 1 semantic, 1 semantic_pretty"
    assert line in result.output
    dataset = Dataset(str(tmp_path / "p.zarr"))
    assert dataset.column("panorama").tolist() == [STANFORD["rgb"]]
    assert licences(dataset).rows == [["photographs", "", f"1, left out: {line.partition(': ')[2]}"]]


@pytest.mark.parametrize(
    ("names", "photographs"),
    [
        (["full/rgb_rawlight.png", "full/depth.png", "full/normal.png"], ["full/rgb_rawlight.png"]),
        (["hall.jpg", "hall_depth.png", "hall-mask.png"], ["hall.jpg"]),
        (["1_color.jpg", "1_Depth.png", "2_depth.png"], ["1_color.jpg", "2_depth.png"]),
        (["RGB/1.png", "Depth/1.png", "Depth/2.png"], ["RGB/1.png"]),
        (["a.png", "depth/a.png", "depth/b.png"], ["a.png", "depth/b.png"]),
        (["pano/a.png", "pano/Depth/a.png", "pano/normals/a.png"], ["pano/a.png"]),
        (["pano/a.jpg", "depth/a.png", "semantic_vis/a.jpg", "depth_maps/a.png"], ["pano/a.jpg"]),
        (["1/pano/a.jpg", "1/depth/a.png", "2/depth/a.png"], ["1/pano/a.jpg", "2/depth/a.png"]),
        (["depth/a.jpg", "normal/a.jpg"], ["depth/a.jpg", "normal/a.jpg"]),
        (["a.jpg", "a_depthmap.png", "a_depth_map.png", "a_disp.png", "a_seg.png", "a_depth_vis.jpg"], ["a.jpg"]),
        (["normal_street.jpg", "in_depth.jpg", "depths/1.jpg"], ["normal_street.jpg", "in_depth.jpg", "depths/1.jpg"]),
    ],
)
def test_twins_are_told_by_their_names(names, photographs):
    assert [name for name, kind in kinds_by_name(names).items() if not kind] == photographs


def normals():
    direction = np.random.default_rng(2).normal(size=(16, 32, 3))
    unit = direction / np.linalg.norm(direction, axis=2, keepdims=True)
    return np.kron(np.rint(127.5 * (unit + 1)), np.ones((4, 4, 1))).astype(np.uint8)


def test_what_lies_beside_depth_as_rgb_may_look_drawn_as_renders_do(tmp_path):
    save(tmp_path / "rgb" / "a.png", colours(32))
    with pytest.raises(InputError, match="no texture, as drawn depths and labels"):
        find_photographs(str(tmp_path))
    save(tmp_path / "depth" / "a.png", tiles(4000, np.uint16))
    assert find_photographs(str(tmp_path)).names == ("rgb/a.png",)
    save(tmp_path / "rgb" / "a.png", normals())
    with pytest.raises(InputError, match="unit vectors, as normals are"):
        find_photographs(str(tmp_path))


def labels():
    """A plan of 100 rooms in 100 colours, 1024 x 2048."""
    colours = np.random.default_rng(3).integers(0, 256, (50, 3), dtype=np.uint8)
    return colours[np.kron(np.arange(50).reshape(5, 10), np.ones((205, 205), int))[:1024, :2048]]


NONE = {
    "blank": (np.full((64, 128, 3), 255, np.uint8), "blank, or nearly of one colour"),
    "almost": (np.random.default_rng(0).integers(100, 105, (64, 128, 3), dtype=np.uint8), "nearly of one colour"),
    "depth": (tiles(4000, np.uint16), "grey and nearly black, as depths are"),
    "normal": (normals(), "unit vectors, as normals are"),
    "label": (labels(), "few colours, in flat patches"),
}


@pytest.mark.parametrize("kind", NONE)
def test_what_is_no_photograph_is_told_by_its_values_and_named(tmp_path, kind):
    picture, fault = NONE[kind]
    save(tmp_path / "a.jpg", scene())
    save(tmp_path / "b.png", picture)
    with pytest.raises(InputError, match=f"b.png is not a photograph: .*{fault}") as error:
        plan_panoramas(str(tmp_path), pairs=1)
    assert "\n" not in str(error.value)


def test_a_folder_of_semantics_alone_is_told_by_its_names(tmp_path):
    save(tmp_path / "camera_1_semantic.png", scene())
    with pytest.raises(InputError, match=r"camera_1_semantic\.png is not a photograph: its name says semantic"):
        plan_panoramas(str(tmp_path), pairs=1)


@pytest.mark.parametrize(
    "picture",
    [
        scene(),
        np.repeat(tiles(256, np.uint8)[..., None], 3, axis=2),
        colours(8),
        np.asarray(Image.fromarray(scene()).quantize(64).convert("RGB")),
        (scene() * 0.2).astype(np.uint8),
        np.repeat(scene(512)[..., :1], 3, axis=2),
        (scene(512)[..., :1] * [1.0, 0.85, 0.65]).astype(np.uint8),
        np.asarray(Image.fromarray(scene() // 16 * 16 + 7).quantize(200).convert("RGB")),
        (scene(512) * [1.2, 0.2, 0.1]).astype(np.uint8),
    ],
    ids=[
        "scene",
        "grey tiles",
        "coloured tiles",
        "palette",
        "night",
        "black and white",
        "sepia",
        "posterised",
        "darkroom",
    ],
)
def test_odd_photographs_stay(picture):
    assert no_photograph(picture) == ""


BOXES = (((1, -1.4, -1), (2, -0.6, 0)), ((-2, -1.4, 0.5), (-1, -0.7, 1.2)), ((0.5, -2, -2), (1, 2, -1.6)))


def depths(rows=256):
    """Distances in a room of 5 x 4 x 2.6 m with two tables and a pillar, seen all around."""
    away = directions_of(rows, 2 * rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(away > 0, np.array([3.0, 1.2, 1.5]) / away, np.array([-2.0, -1.4, -2.5]) / away).min(axis=2)
        for low, high in (
            ((1, -1.4, -1), (2, -0.6, 0)),
            ((-2, -1.4, 0.5), (-1, -0.7, 1.2)),
            ((0.5, -2, -2), (1, 2, -1.6)),
        ):
            near, far = np.sort([np.array(low) / away, np.array(high) / away], axis=0)
            enters = near.max(axis=2)
            found = np.where((enters > 0) & (enters < far.min(axis=2)), np.minimum(enters, found), found)
    return found


def drawn_depth(way):
    found = depths()
    level = 255 * (found.min() / found if way == "inverse" else found / found.max())
    return np.repeat(level.astype(np.uint8)[..., None], 3, axis=2)


def as_jpeg(picture, quality=90):
    kept = io.BytesIO()
    Image.fromarray(picture).save(kept, "JPEG", quality=quality)
    return np.asarray(Image.open(kept))


@pytest.mark.parametrize("stored", [np.asarray, as_jpeg])
@pytest.mark.parametrize("way", ["linear", "inverse"])
def test_depth_without_a_telling_name_is_no_photograph(tmp_path, way, stored):
    grey = drawn_depth(way)
    assert "no texture, as drawn depths" in no_photograph(stored(grey))
    for name in ("JET", "TURBO", "VIRIDIS", "PLASMA", "INFERNO", "HSV"):
        coloured = cv2.applyColorMap(grey, getattr(cv2, f"COLORMAP_{name}"))[..., ::-1]
        assert no_photograph(stored(np.ascontiguousarray(coloured))), name
    save(tmp_path / "a.png", stored(grey))
    with pytest.raises(InputError, match=r"a\.png is not a photograph: it has few colours and no texture"):
        find_photographs(str(tmp_path))


@pytest.mark.parametrize("quality", [95, 75, 50])
def test_labels_that_were_compressed_with_losses_are_no_photograph(quality):
    assert "as drawn depths and labels" in no_photograph(as_jpeg(labels(), quality))


def test_labels_of_many_colours_as_jpeg_are_no_photograph():
    """Losses give them thousands of colours, but leave their patches flat."""
    assert "flat patches, as labels are" in no_photograph(as_jpeg(colours(105), 98))


@pytest.mark.parametrize("stored", [np.asarray, as_jpeg])
def test_noise_does_not_hide_depth(stored):
    grey = depths(512)
    level = 255 * grey / grey.max() + 2 * np.random.default_rng(0).normal(size=grey.shape)
    picture = np.repeat(np.clip(np.rint(level), 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    assert "no texture, as drawn depths" in no_photograph(stored(picture))


def test_turned_into_other_colours_real_photographs_stay(shared_data):
    for name in (
        "lebombo_apartment.jpg",
        "st_fagans_interior.jpg",
        "autoshop_01.jpg",
        "pannellum_rocks_4k_outdoor.jpg",
    ):
        picture = read_picture(shared_data / "panoramas" / name)
        grey = np.repeat(picture.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)
        vivid = np.clip((picture.astype(float) - grey) * 2 + grey, 0, 255).astype(np.uint8)
        wide = np.asarray(
            Image.fromarray(grey).resize((2 * grey.shape[1], 2 * grey.shape[0]), Image.Resampling.BICUBIC)
        )
        for one in (grey, vivid, wide):
            assert no_photograph(one) == "", name


def test_real_photographs_stay(shared_data):
    names = find_photographs(str(shared_data / "panoramas")).names
    assert len(names) == 11


def test_a_picture_on_its_side_is_turned_before_it_is_measured(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(scene()))).save(tmp_path / "a.png", exif=exif)
    save(tmp_path / "b.png", np.ascontiguousarray(np.rot90(scene())))
    with pytest.raises(InputError, match=r"b\.png is 64 x 128 pixels"):
        plan_panoramas(str(tmp_path), pairs=1)
    (tmp_path / "b.png").unlink()
    assert plan_panoramas(str(tmp_path), pairs=1).photographs.names == ("a.png",)


def test_verify_finds_views_of_one_colour(tmp_path):
    """Such a dataset is one of before these checks, or of another's."""
    folder, url = tmp_path / "images", str(tmp_path / "p.zarr")
    save(folder / "a.png", scene())
    save(folder / "b.png", np.full((64, 128, 3), 200, np.uint8))
    found = Photographs(str(folder), ("a.png", "b.png"))
    generate(PanoramaPlan(PanoramaRecipe(pairs=1, images=found.digest), found), url)
    failed = [check for check in verify_dataset(Dataset(url)) if not check.passed]
    assert [check.faults for check in failed] == [
        ("row 1, view 0: image is nearly of one colour", "row 1, view 1: image is nearly of one colour")
    ]
    result = CliRunner().invoke(app, ["verify", url])
    assert "FAILED  2 rows of image are there, finite and not blank" in result.output
    assert result.exit_code == 1


def around(height=64):
    """A panorama (height, 2 height, 3) whose edges meet."""
    turn = np.linspace(0, 2 * np.pi, 2 * height, endpoint=False)
    tones = 128 + 60 * np.sin(turn)[None, :, None] + np.linspace(-40, 40, height)[:, None, None] * [1, 0, -1]
    return (tones + np.random.default_rng(0).normal(0, 8, (height, 2 * height, 3))).clip(0, 255).astype(np.uint8)


def test_edges_that_do_not_meet_are_told(tmp_path):
    whole = around(128)
    save(tmp_path / "whole.png", whole)
    save(tmp_path / "rolled.png", np.roll(whole, 37, axis=1))
    assert find_photographs(str(tmp_path)).remarks == ()
    save(tmp_path / "cut.png", whole[32:96, 100:228])
    (line,) = find_photographs(str(tmp_path)).remarks
    assert line == "cut.png: the left and right edges do not meet: is it a whole turn of 360 degrees?"


def test_real_panoramas_meet_and_crops_of_them_do_not(shared_data):
    for name in ("hall", "lab", "lebombo_apartment"):
        picture = read_picture(shared_data / f"panoramas/{name}.jpg")
        height, width = picture.shape[:2]
        assert _edges_meet(picture)
        assert not _edges_meet(picture[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4])


def test_smaller_copies_are_left_out_and_icons_refused(tmp_path):
    for name in ("a.png", "a_thumb.png", "small/a.png", "small_hall.png"):
        save(tmp_path / name, around())
    found = find_photographs(str(tmp_path))
    assert (found.names, found.left_out) == (("a.png", "small_hall.png"), {"thumb": 1, "small": 1})
    save(tmp_path / "icon.png", around(2))
    with pytest.raises(InputError, match=r"icon\.png is 4 x 2 pixels: expected at least 32 rows"):
        find_photographs(str(tmp_path))


@pytest.mark.parametrize("quality", [60, 95])
def test_normals_stored_as_jpeg_are_no_photograph(quality):
    angle = np.kron(np.random.default_rng(2).uniform(-1, 1, (2, 8, 16)), np.ones((16, 16)))
    normals = np.stack([*np.sin(angle), np.ones_like(angle[0])], axis=2)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    content = io.BytesIO()
    Image.fromarray(((normals + 1) * 127.5).astype(np.uint8)).save(content, "JPEG", quality=quality)
    assert no_photograph(read_picture(content.getvalue(), "a")) == "its colours are unit vectors, as normals are"


def test_a_clear_sky_is_no_normals(tmp_path):
    """Its blue is as long as a unit vector."""
    blue = np.linspace([110, 190, 238], [130, 195, 236], 40)[:, None] + np.zeros((40, 128, 1))
    sky = np.concatenate([blue, around()[40:]]) + np.random.default_rng(0).normal(0, 3, (64, 128, 3))
    assert no_photograph(sky.clip(0, 255).astype(np.uint8)) == ""


def test_a_folder_of_small_photographs_is_read():
    assert kinds_by_name(["small/a.jpg", "small/b.jpg"]) == {"small/a.jpg": "", "small/b.jpg": ""}
    assert kinds_by_name(["small/a.jpg", "large/a.jpg"]) == {"small/a.jpg": "small", "large/a.jpg": ""}
