"""Import of HM3D-SS as its authors' generator writes it: folders written here from known geometry, and broken ones."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from whence.commands.imports import app
from whence.conventions import SAMPLE_RATE
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.upstream_hm3d_ss import plan_upstream
from whence.datagen.upstream_sets import read_geometry
from whence.datagen.verification import verify_dataset
from whence.errors import InputError

# What the metadata.json of the published example says (repository IFICL/SLfM).
HEADINGS = (5.695647424760262, 317.99019283409154, 347.3424169734188, 334.59740414775405)
CAMERA = (-3.664463520050049, 1.610099196434021, 3.332679271697998)
SOURCES = (
    (-4.02232551574707, 1.223901629447937, 3.254539728164673),
    (-3.2516417503356934, 1.3969535827636719, 3.332354784011841),
    (-3.5494329929351807, 0.9189332127571106, 3.2793166637420654),
)
AZIMUTHS = (
    (71.987, 119.693, 90.340, 103.085),
    (-95.651, -47.945, -77.297, -64.552),
    (-70.809, -23.104, -52.456, -39.711),
)
SCENE = "00009-vLpv2VX547B"
DIRECT, INDIRECT = (276, 273, 284), 19_749


def quaternion(heading: float) -> list[float]:
    """w, x, y, z of a camera, by SciPy: pitched about its own x axis after it was turned about y."""
    x, y, z, w = Rotation.from_euler("YX", [heading, -22.5], degrees=True).as_quat()
    return [w, x, y, z]


def metadata(headings=HEADINGS, azimuths=AZIMUTHS, scene: str = SCENE) -> dict[str, Any]:
    found: dict[str, Any] = {"scene_id": f"data/hm3d/train/{scene}/{scene[6:]}.basis.glb"}
    for k, heading in enumerate(headings):
        found[f"camera_{k}_angle"] = heading
        found[f"camera_{k}_position"] = list(CAMERA)
        found[f"camera_{k}_rotation_in_quaternion"] = quaternion(heading)
    for j, row in enumerate(azimuths):
        found[f"source_{j}_position"] = list(SOURCES[j])
        for k, azimuth in enumerate(row):
            found[f"relative_angle_between_sound_{j}_camera_{k}"] = azimuth
            found[f"sound_{j}_camera_{k}_rir_rt60"] = [0.2 + 0.01 * j, 0.2 + 0.01 * k]
    return found


def sound(j: int, k: int, kind: str) -> np.ndarray:
    """A response (samples, 2) in 16 bits: the direct one at full scale for source 0, the other a decay of 0.25 s.

    Source 0 is on the left, the others are on the right; source 2, almost straight below, tells nothing. The far ear is
    late by 0.6 ms times the sine of the angle from the median plane.
    """
    rng = np.random.default_rng(100 * j + 10 * k + (kind == "direct"))
    if kind == "direct":
        values = np.zeros((DIRECT[j], 2))
        near, far = (0, 1) if j == 0 else (1, 0)
        right, up, back = np.subtract(SOURCES[j], CAMERA)
        flat = np.hypot(right, back) / np.linalg.norm([right, up, back])
        late = round(9.6 * abs(np.sin(np.radians(AZIMUTHS[j][k]))) * flat)
        values[40 + j, near], values[40 + j + late, far] = (1.0 if j == 0 else 0.5, 0.25)
    else:
        values = rng.standard_normal((INDIRECT - 100 * k, 2)) * 0.1
        values *= 10 ** (-3 * np.arange(len(values)) / (0.25 * SAMPLE_RATE))[:, None]
    return np.clip(np.rint(values * 32768), -32768, 32767).astype(np.int16)


def picture(k: int) -> np.ndarray:
    rows, columns = np.mgrid[:240, :320]
    return np.stack([rows, columns % 256, np.full_like(rows, 60 * k)], axis=-1).astype(np.uint8)


def write_set(folder: Path, about: dict[str, Any] | None = None) -> Path:
    """Write one set into `folder`, as many views and sources as `about` (the published example) names."""
    about = about or metadata()
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps(about))
    views = sum(key.endswith("_angle") for key in about)
    sources = sum(key.startswith("source_") for key in about)
    for k in range(views):
        Image.fromarray(picture(k)).save(folder / f"camera_{k}_rgb.png")
    for kind in ("direct", "indirect"):
        (folder / f"binaural_rirs_{kind}").mkdir()
        for j in range(sources):
            for k in range(views):
                file = folder / f"binaural_rirs_{kind}" / f"sound_{j}_camera_{k}_rir.wav"
                soundfile.write(file, sound(j, k, kind), SAMPLE_RATE, "PCM_16")
    return folder


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published example, one from a validation scene and one from another."""
    place = tmp_path_factory.mktemp("upstream") / "hm3d-4view-rotation"
    for scene in (SCENE, "00017-oEPjPNSPmzL", "00800-TEEsavR23oF"):
        write_set(place / scene / "pair-0000" / "pair-0003", metadata(scene=scene))
    return place


@pytest.fixture
def place(pristine: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(pristine, tmp_path / "sets"))


def example(place: Path) -> Path:
    return place / SCENE / "pair-0000" / "pair-0003"


# What is read ---------------------------------------------------------------------------------------------------


def test_the_published_example_agrees_with_itself(pristine):
    found = read_geometry(example(pristine))
    assert found.expected_azimuths() == pytest.approx(np.array(AZIMUTHS), abs=6e-4)  # printed to three decimals
    published = [
        [0.9795740257146412, -0.19484938847852126, 0.048728784110162494, 0.009692757806884684],
        [-0.9156118559081883, 0.18212652185958003, 0.35156037259055, 0.06992970598886093],
    ]
    assert np.abs(np.sum(found.expected_quaternions()[:2] * published, axis=1)) == pytest.approx(1.0, abs=1e-12)


def test_every_field_of_an_imported_dataset(pristine, tmp_path):
    url = str(tmp_path / "h.zarr")
    generate(plan_upstream(str(pristine)), url)
    dataset = Dataset(url)
    assert dataset.name == "hm3d-ss"
    assert len(dataset) == 3
    assert dataset.column("scene").tolist() == [SCENE, "00017-oEPjPNSPmzL", "00800-TEEsavR23oF"]
    assert dataset.column("split").tolist() == ["test", "val", "train"]
    assert dataset.column("sample_id")[0] == f"{SCENE}/pair-0000/pair-0003"
    assert dataset.column("heading")[0] == pytest.approx(HEADINGS)
    assert dataset.column("rotation")[0] == pytest.approx([0, -47.705, -18.353, -31.098], abs=6e-4)
    assert dataset.column("azimuth")[0] == pytest.approx(np.array(AZIMUTHS), abs=6e-4)
    assert dataset.column("camera_position")[0] == pytest.approx(np.array([CAMERA] * 4))
    assert dataset.column("source_position")[0] == pytest.approx(np.array(SOURCES))
    assert dataset.column("distance")[0, :, 0] == pytest.approx([0.532, 0.465, 0.703], abs=6e-4)
    assert dataset.column("rt60_stored")[0, 2, 1] == pytest.approx([0.22, 0.21])
    assert [check.faults for check in verify_dataset(dataset) if not check.passed] == []
    for absent in ("depth", "dry_clip", "shared"):
        assert absent not in dataset
    for k in range(4):
        assert np.array_equal(dataset.array("image")[0, k], picture(k))


def test_responses_are_those_of_the_files_and_padded_with_zeros(pristine):
    plan = plan_upstream(str(pristine))
    assert plan.recipe["direct_samples"] == 512
    assert plan.recipe["indirect_samples"] == 19_968  # 39 x 512 hold the longest, 19,749
    row = plan.render(0)
    for kind, length in (("direct", 512), ("indirect", 19_968)):
        responses = row[f"impulse_response_{kind}"]
        assert responses.shape == (3, 4, 2, length)
        assert responses.dtype == np.float32
        for j, k in np.ndindex(3, 4):
            given = sound(j, k, kind).T / 32768
            assert np.array_equal(responses[j, k, :, : given.shape[1]], given)
            assert not responses[j, k, :, given.shape[1] :].any()
    assert row["clipped"].tolist() == [[[int(j == 0), 0]] * 4 for j in range(3)]


def test_the_decay_is_measured(pristine):
    row = plan_upstream(str(pristine)).render(0)
    assert row["rt60"] == pytest.approx(np.full((3, 4, 2), 0.25), rel=0.1)  # the decay the test wrote
    assert np.isfinite(row["direct_to_reverberant"]).all()
    left, right = row["direct_to_reverberant"][0, 0]
    assert left > right + 6  # four times the direct sound in the left ear


def test_the_digest_follows_what_is_there(pristine, place):
    digest = plan_upstream(str(pristine)).recipe["upstream"]
    assert plan_upstream(str(place)).recipe["upstream"] == digest
    shutil.rmtree(place / "00800-TEEsavR23oF")
    assert plan_upstream(str(place)).recipe["upstream"] != digest


def test_an_interrupted_import_is_taken_up(pristine, tmp_path):
    first = generate(plan_upstream(str(pristine)), str(tmp_path / "a.zarr"))
    assert generate(plan_upstream(str(pristine)), str(tmp_path / "a.zarr")) == first
    assert generate(plan_upstream(str(pristine)), str(tmp_path / "b.zarr")) == first


def test_another_number_of_views_and_sources(tmp_path):
    about = metadata(HEADINGS[:3], [row[:3] for row in AZIMUTHS[:2]])
    write_set(tmp_path / "sets" / SCENE / "pair-0000" / "pair-0000", about)
    row = plan_upstream(str(tmp_path / "sets")).render(0)
    assert row["image"].shape == (3, 240, 320, 3)
    assert row["azimuth"].shape == (2, 3)


def test_a_source_straight_below_the_ears_counts_as_along_minus_z(tmp_path):
    about = metadata(HEADINGS[:1], [[-HEADINGS[0]]])
    about["source_0_position"] = [CAMERA[0], 0.9, CAMERA[2]]
    found = read_geometry(write_set(tmp_path / "set", about))
    assert found.expected_azimuths() == pytest.approx(np.array([[-HEADINGS[0]]]))


# What is left out -----------------------------------------------------------------------------------------------


def left_out(place: Path, match: str) -> None:
    """The example is left out for a reason in one line, the other two sets are not."""
    plan = plan_upstream(str(place))
    assert [each.folder[:5] for each in plan.sets] == ["00017", "00800"]
    (reason,) = plan.dropped
    assert re.match(f"{place}/{SCENE}/pair-0000/pair-0003/{match}", reason), reason
    assert "\n" not in reason


def changed(place: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = example(place) / "metadata.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("relative_angle_between_sound_0_camera_0", float("nan"), "relative_angle_between_sound_0_camera_0 or one"),
        ("camera_1_rotation_in_quaternion", [0, 0, 0], "camera_0_rotation_in_quaternion or one like it is missing"),
        ("source_2_position", [0.0, None, 1.0], "source_0_position or one like it is missing or not finite"),
        ("sound_2_camera_3_rir_rt60", "long", "sound_0_camera_0_rir_rt60 or one like it is missing"),
    ],
)
def test_a_number_that_is_missing(place, key, value, match):
    changed(place, lambda about: about.update({key: value}))
    left_out(place, f"metadata.json: {match}")


@pytest.mark.parametrize(
    ("text", "match"),
    [("{", " cannot be read"), ("[]", " holds no JSON object"), ("{}", " names 0 cameras and 0 sources")],
)
def test_broken_metadata(place, text, match):
    (example(place) / "metadata.json").write_text(text)
    left_out(place, f"metadata.json{match}")


@pytest.mark.parametrize(
    ("file", "match"),
    [
        ("camera_2_rgb.png", "is missing or no whole picture"),
        ("binaural_rirs_direct/sound_2_camera_0_rir.wav", "is missing or no wav file"),
        ("binaural_rirs_indirect/sound_0_camera_3_rir.wav", "is missing or no wav file"),
    ],
)
def test_missing_and_damaged_files(place, file, match):
    path = example(place) / file
    path.write_bytes(b"something else")
    left_out(place, f"{file} {match}")
    path.unlink()
    left_out(place, f"{file} {match}")


def test_half_a_picture_and_an_empty_sound(place):
    image, wav = example(place) / "camera_0_rgb.png", example(place) / "binaural_rirs_direct/sound_0_camera_0_rir.wav"
    soundfile.write(wav, np.zeros((0, 2)), SAMPLE_RATE)
    left_out(place, "binaural_rirs_direct/sound_0_camera_0_rir.wav is empty")
    content = image.read_bytes()
    image.write_bytes(content[: len(content) // 2])
    left_out(place, "camera_0_rgb.png is missing or no whole picture")


def test_what_is_left_is_as_if_the_others_had_not_been_there(place, tmp_path):
    (example(place) / "camera_0_rgb.png").unlink()
    fingerprint = generate(plan_upstream(str(place)), str(tmp_path / "a.zarr"))
    (reason,) = Dataset(str(tmp_path / "a.zarr")).attributes["dropped"]
    assert f"{SCENE}/pair-0000/pair-0003/camera_0_rgb.png is missing" in reason
    shutil.rmtree(example(place))
    assert generate(plan_upstream(str(place)), str(tmp_path / "b.zarr")) == fingerprint
    assert Dataset(str(tmp_path / "b.zarr")).attributes["dropped"] == []


# What is refused ------------------------------------------------------------------------------------------------


def refused(place: Path, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        plan_upstream(str(place))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("relative_angle_between_sound_1_camera_2", 77.297, r"sound_1_camera_2 is 77\.297, but .* give -77\.297"),
        ("relative_angle_between_sound_0_camera_0", 72.2, r"sound_0_camera_0 is 72\.200, but .* give 71\.987"),
        ("camera_3_angle", 25.4, "camera_3"),
        ("camera_1_rotation_in_quaternion", [1, 0, 0, 0], "camera_1_rotation_in_quaternion is .* degrees off"),
        ("scene_id", 7, "scene_id 7: expected a path"),
        ("scene_id", "x.glb", "scene_id 'x.glb': expected a path"),
    ],
)
def test_metadata_that_contradicts_itself(place, key, value, match):
    changed(place, lambda about: about.update({key: value}))
    refused(place, f"{SCENE}/pair-0000/pair-0003/metadata.json.*{match}")


def test_an_angle_within_the_tolerance_passes(place):
    changed(place, lambda about: about.update({"relative_angle_between_sound_0_camera_0": 71.987 + 0.09}))
    assert len(plan_upstream(str(place)).sets) == 3


def test_mirrored_angles_are_refused(place):
    def mirror(about: dict[str, Any]) -> None:
        about.update({key: -value for key, value in about.items() if key.startswith("relative_angle")})

    changed(place, mirror)
    refused(place, r"relative_angle_between_sound_\d_camera_\d is .*, but positions and heading give")


def swap_ears(place: Path) -> None:
    for wav in (place / "binaural_rirs_direct").glob("*.wav"):
        values, rate = soundfile.read(wav, dtype="int16")
        soundfile.write(wav, values[:, ::-1], rate, "PCM_16")


def test_a_set_whose_ears_are_swapped_is_refused(place):
    swap_ears(example(place))
    refused(place, f"{SCENE}/pair-0000/pair-0003/binaural_rirs_direct: of 8 sources at the side, 0 come earlier .*swap")


def test_a_dataset_whose_ears_are_swapped_fails_verification(place, tmp_path, monkeypatch):
    monkeypatch.setattr("whence.datagen.upstream_hm3d_ss.check_ears", lambda *_: None)
    for folder in place.glob("*/*/*"):
        swap_ears(folder)
    generate(plan_upstream(str(place)), str(tmp_path / "h.zarr"))
    failed = [check for check in verify_dataset(Dataset(str(tmp_path / "h.zarr"))) if not check.passed]
    assert [check.what for check in failed] == ["the near ear is ahead for 24 sources at the side"]


def test_images_of_another_size_and_sounds_of_another_kind(place):
    image, wav = (
        example(place) / "camera_0_rgb.png",
        example(place) / "binaural_rirs_direct" / "sound_0_camera_0_rir.wav",
    )
    Image.fromarray(np.zeros((480, 640, 3), np.uint8)).save(image)
    refused(place, "camera_0_rgb.png: 640 x 480 pixels, expected 320 x 240")
    Image.fromarray(picture(0)).save(image)
    soundfile.write(wav, np.zeros(300), SAMPLE_RATE)
    refused(place, "1 channels at 16000 Hz; expected binaural")
    soundfile.write(wav, np.zeros((300, 2)), 48_000)
    refused(place, "2 channels at 48000 Hz; expected binaural sound at 16000 Hz")


def test_sounds_and_pictures_that_cannot_be_used_are_named_when_read(place):
    image, wav = (
        example(place) / "camera_0_rgb.png",
        example(place) / "binaural_rirs_direct" / "sound_0_camera_0_rir.wav",
    )
    content, plan = image.read_bytes(), plan_upstream(str(place))
    image.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"camera_0_rgb\.png cannot be read as a picture"):
        plan.render(0)
    image.write_bytes(content)
    soundfile.write(wav, np.full((300, 2), np.nan), SAMPLE_RATE, "FLOAT")
    plan = plan_upstream(str(place))
    with pytest.raises(InputError, match="not finite"):
        plan.render(0)
    soundfile.write(wav, np.ones((600, 2)), SAMPLE_RATE)
    with pytest.raises(InputError, match="has grown"):
        plan.render(0)


def test_sets_of_different_make_up(place):
    write_set(place / "00900-x" / "pair-0000" / "pair-0000", metadata(HEADINGS[:3], [row[:3] for row in AZIMUTHS]))
    refused(place, "00900-x.* has 3 views and 3 sources, .* has 4 and 3: import them from different folders")


def test_folders_without_a_complete_set(place, tmp_path):
    for path in place.rglob("metadata.json"):
        path.write_text("{")
    refused(place, f"none of 3 sets is complete: .* First: .*{SCENE}/.*/metadata.json cannot be read")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "no metadata.json in it or below")
    refused(tmp_path / "absent", "absent is not a folder")


def test_the_command_imports_and_refuses(place, tmp_path):
    good = CliRunner().invoke(app, ["hm3d-ss", str(tmp_path / "h.zarr"), "--from", str(place), "--workers", "1"])
    assert good.exit_code == 0, good.output
    assert len(Dataset(str(tmp_path / "h.zarr"))) == 3
    assert "skipped" not in good.output
    changed(place, lambda about: about.update({"camera_3_angle": 25.4}))
    bad = CliRunner().invoke(app, ["hm3d-ss", str(tmp_path / "other.zarr"), "--from", str(place), "--workers", "1"])
    assert isinstance(bad.exception, InputError)
    assert not (tmp_path / "other.zarr").exists()


def test_the_command_names_what_it_leaves_out(place, tmp_path):
    for k in range(12):
        broken = place / "00900-x" / "pair-0000" / f"pair-{k:04d}"
        broken.mkdir(parents=True)
        (broken / "metadata.json").write_text("{}")
    done = CliRunner().invoke(app, ["hm3d-ss", str(tmp_path / "h.zarr"), "--from", str(place), "--workers", "1"])
    assert done.exit_code == 0, done.output
    skipped = [line for line in done.stderr.splitlines() if line.startswith("skipped")]
    assert len(skipped) == 11
    assert "pair-0009/metadata.json names 0 cameras" in skipped[9]
    assert skipped[10] == "skipped 2 more sets"
    dataset = Dataset(str(tmp_path / "h.zarr"))
    assert len(dataset) == 3
    assert len(dataset.attributes["dropped"]) == 12
