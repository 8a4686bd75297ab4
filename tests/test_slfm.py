"""A turning head: losses by hand, networks that are odd, views of homes and their sounds, a training, its answers."""

import math
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import babble
from hypothesis import given
from hypothesis import strategies as st
from toy_homes import SeenHomes, ToyDry, ToyHomes, direction, picture

torch = pytest.importorskip("torch")

from whence.benchmarks.stimuli.stereo.batch import StereoBatch  # noqa: E402
from whence.benchmarks.stimuli.view_pairs.batch import ViewPairBatch  # noqa: E402
from whence.conventions import SAMPLE_RATE, wrap_degrees  # noqa: E402
from whence.datagen.acoustics.auralize import auralize  # noqa: E402
from whence.datagen.acoustics.sphere_head import SphereHead  # noqa: E402
from whence.datagen.cameras import PITCH_DEG, Camera, orientation, project  # noqa: E402
from whence.datagen.dataset import Dataset  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.homes import open_homes  # noqa: E402
from whence.models.motion.home_model import stored_camera  # noqa: E402
from whence.models.motion.slfm import Slfm, SlfmRecipe, in_front, told  # noqa: E402
from whence.models.networks.auralization import auralized  # noqa: E402
from whence.models.networks.geometry import (  # noqa: E402
    geometric_loss,
    opposite_loss,
    reflected,
    reflecting_loss,
    side_loss,
    side_votes,
)
from whence.models.networks.hearing import WINDOW  # noqa: E402
from whence.models.networks.motion import Distribution  # noqa: E402
from whence.models.networks.sphere_views import focal_in_widths, on_the_sphere  # noqa: E402
from whence.models.networks.turning import STEP_DEG, STRIDE, TurningEncoder, TurningHead, diagonal_means  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402
from whence.registry import METHODS, load_track  # noqa: E402

ANGLES = st.floats(-math.pi, math.pi, allow_nan=False)
SHORT = ["rows=30", "columns=40", "seconds=0.2", "taps=1000"]


def of(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("homes") / "homes.zarr")
    generate(SeenHomes(), path)
    return path


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return Slfm.network(recipe_from(SlfmRecipe, "tiny")).eval()


def views(path, *settings):
    return open_homes(recipe_from(SlfmRecipe, "small", [*SHORT, "batch=6", *settings]), [path])


# Losses


@given(ANGLES, ANGLES)
def test_consistent_angles_cost_nothing_nor_does_any_reflection_of_them(source, rotation):
    source, rotation = of(source), of(rotation)
    target = source - rotation
    assert float(geometric_loss(source, target, rotation)) == pytest.approx(0, abs=1e-9)
    for heard in (source, reflected(source)):
        for other in (target, reflected(target)):
            assert float(reflecting_loss(heard, other, rotation)) == pytest.approx(0, abs=1e-9)


@given(ANGLES, ANGLES, ANGLES)
def test_no_wrong_rotation_is_preferred_to_the_true_one(source, rotation, wrong):
    source, rotation, wrong = of(source), of(rotation), of(wrong)
    distance = 2 * np.sin(float(wrong - rotation) / 2) ** 2
    assert float(geometric_loss(source, source - rotation, wrong)) == pytest.approx(distance, abs=1e-9)


@given(ANGLES)
def test_a_reflection_keeps_the_side_and_flips_front_and_back(azimuth):
    angle = of(azimuth)
    assert float(reflected(angle).sin()) == pytest.approx(math.sin(azimuth), abs=1e-12)
    assert float(reflected(angle).cos()) == pytest.approx(-math.cos(azimuth), abs=1e-12)
    assert abs(float(reflected(angle))) <= math.pi
    assert math.cos(float(in_front(angle))) >= -1e-12


def test_frames_vote_for_the_louder_ear():
    quiet, loud = torch.ones(3, 5, dtype=torch.complex64), torch.full((3, 5), 2j, dtype=torch.complex64)
    mixed = quiet.clone()
    mixed[:, :2] = 100  # two frames of five, far louder
    silent = torch.zeros_like(quiet)
    pairs = [(loud, quiet), (quiet, loud), (loud, loud), (loud, mixed), (mixed, loud), (silent, silent)]
    votes = side_votes(torch.stack([torch.stack(pair) for pair in pairs]))
    assert votes.tolist() == [1, 0, 0.5, 1, 0, 0.5]


def test_a_side_costs_its_cross_entropy():
    half = math.pi / 6
    assert float(side_loss(of(half), of(1))) == pytest.approx(-math.log(0.75))
    assert float(side_loss(of(half), of(0))) == pytest.approx(-math.log(0.25))
    assert float(side_loss(of(half, -half), of(1, 1))) == pytest.approx(-math.log(0.75 * 0.25) / 2)
    assert float(side_loss(of(half), of(0.5))) == pytest.approx(-math.log(0.75 * 0.25) / 2)
    assert float(opposite_loss(of(0.2, -0.3), of(-0.2, 0.5))) == pytest.approx(0.1)


def test_a_known_angle_costs_the_entropy_of_its_two_nearest_places():
    angle = of(-0.2, 0.0, 0.2)
    found = Distribution(torch.log(of(0.2, 0.3, 0.5))[None], angle)
    entropy = -(0.25 * math.log(0.3) + 0.75 * math.log(0.5))
    assert float(told(found, of(0.15))) == pytest.approx(entropy + abs(0.06 - 0.15) / 0.2)


# Pictures


def test_the_mean_of_each_diagonal_is_that_of_a_plain_loop():
    planes = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    plain = [planes.diagonal(k, -2, -1).mean(-1) for k in range(-4, 5)]
    torch.testing.assert_close(diagonal_means(planes), torch.stack(plain, dim=-1))


@pytest.mark.parametrize("shift", [-7, 0, 3])
def test_cells_that_moved_right_match_on_the_diagonal_of_a_turn_to_the_left(shift):
    encoder = TurningEncoder((4, 4), 4)
    head = TurningHead(encoder)
    cells = torch.randn(8, 6, 3 * encoder.columns, generator=torch.Generator().manual_seed(0))
    first, second = (cells[..., encoder.columns - k : 2 * encoder.columns - k] for k in (0, shift))
    likeness = torch.einsum("cri,crj->rij", first, second)
    means = diagonal_means(likeness[None])[0].mean(0)
    inner = slice(encoder.columns // 2, -(encoder.columns // 2))  # diagonals of a few cells are noise
    place = int(means[inner].argmax()) + encoder.columns // 2
    assert math.degrees(head.rotation[head.beyond + place]) == pytest.approx(shift * STEP_DEG * STRIDE, abs=1e-4)


def test_cells_of_the_grid_lie_where_the_camera_sees_their_directions():
    """The colour of a pixel is its place, so that interpolation tells where each direction was looked up."""
    camera, rows, columns, step = Camera(64, 48), 12, 20, 2.5
    x, y = np.meshgrid((np.arange(64) + 0.5) / 64, (np.arange(48) + 0.5) / 48)
    image = torch.from_numpy(np.stack([x, y, 0 * x])[None]).float()
    pitch, focal = torch.tensor([math.radians(PITCH_DEG)]), torch.tensor([focal_in_widths(60.0)])
    grid = on_the_sphere(image, pitch, focal, rows, columns, step)[0].numpy()
    left, up = np.meshgrid(-(np.arange(columns) - 9.5) * step, PITCH_DEG - (np.arange(rows) - 5.5) * step)
    left, up = np.radians(left), np.radians(up)
    ahead = np.stack([-np.cos(up) * np.sin(left), np.sin(up), -np.cos(up) * np.cos(left)], axis=-1)
    points, _ = project(camera, orientation(0.0), np.zeros(3), ahead.reshape(-1, 3))
    points = points.reshape(rows, columns, 2) / (64, 48)
    inside = ((points > 0) & (points < 1)).all(-1)
    np.testing.assert_array_equal(grid[3], inside)
    inner = ((points > 0.02) & (points < 0.98)).all(-1)
    assert inner.mean() > 0.7
    np.testing.assert_allclose(grid[:2, inner].T * 0.25 + 0.45, points[inner], atol=1e-5)
    assert not grid[:3, ~inside].any()


def test_a_turn_to_the_left_moves_all_rows_to_the_right():
    turned = 12 * STEP_DEG
    pair = np.stack([picture(0, heading) for heading in (40.0, 40.0 + turned)])
    image = torch.from_numpy(pair.transpose(0, 3, 1, 2) / 255).float()
    pitch, focal = stored_camera(2, image.device)
    before, after = on_the_sphere(image, pitch, focal, 96, 160, STEP_DEG)
    both = (before[3, :, :-12] * after[3, :, 12:]).bool()
    assert both.float().mean() > 0.5
    difference = (before[:3, :, :-12] - after[:3, :, 12:])[:, both].abs()
    wrong = (before[:3, :, 12:] - after[:3, :, :-12])[:, (before[3, :, 12:] * after[3, :, :-12]).bool()].abs()
    assert float(difference.mean()) * 0.25 < 0.004 < 0.1 < float(wrong.mean())


def test_exchanging_views_negates_the_rotation(network):
    image = torch.rand(5, 2, 3, 60, 80, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        there, back = (network.rotation(one, *stored_camera(5, one.device)) for one in (image, image.flip(1)))
    torch.testing.assert_close(there.logits, back.logits.flip(-1), rtol=1e-6, atol=1e-6)  # sums run in another order
    torch.testing.assert_close(there.mean, -back.mean, rtol=0, atol=1e-6)
    assert float(there.logits.std()) > 1e-3


def test_swapping_ears_negates_the_azimuth(network):
    audio = torch.randn(5, 2, 5000, generator=torch.Generator().manual_seed(0)) * torch.tensor([[1.0], [0.7]])
    with torch.inference_mode():
        plain, swapped = network.azimuth(audio), network.azimuth(audio.flip(1))
    torch.testing.assert_close(plain.logits, swapped.logits.flip(-1), rtol=0, atol=1e-6)
    torch.testing.assert_close(plain.mean, -swapped.mean, rtol=0, atol=1e-6)
    assert float(plain.mean.abs().min()) > 0


# Sounds


def test_what_is_heard_is_what_the_data_generator_auralizes_and_sources_add_up():
    rng = np.random.default_rng(0)
    dry = rng.standard_normal((2, 2300 + 700 - 1)).astype(np.float32)
    response = rng.standard_normal((2, 2, 700)).astype(np.float32)
    alone = [auralize(dry[k], response[k], 699, 2300, 0) for k in range(2)]
    heard = auralized(torch.from_numpy(dry), torch.from_numpy(response)).numpy()
    np.testing.assert_allclose(heard, alone[0] + alone[1], atol=1e-3)
    one = auralized(torch.from_numpy(dry[:1]), torch.from_numpy(response[:1])).numpy()
    np.testing.assert_allclose(one, alone[0], atol=1e-3)


# Data


def test_an_example_has_the_pictures_angles_and_responses_of_its_views(homes):
    data = Dataset(homes)
    settings = ["rows=60", "columns=80", "colour=0", "shuffled=1", "sources=2", "reverberation=0.3,0.3", "taps=4000"]
    batch = views(homes, *settings).training(0)
    assert [tuple(part.shape) for part in batch[:3]] == [
        (6, 3, 3, 60, 80),
        (6, 3, 2, 3200 + 3999),
        (6, 3, 2, 2, 4000),
    ]
    images, heading, azimuth = (data.column(name) for name in ("image", "heading", "azimuth"))
    direct, indirect = (data.column(f"impulse_response_{part}") for part in ("direct", "indirect"))
    first = set()
    for n in range(6):
        seen = np.rint(batch.image[n].numpy().transpose(0, 2, 3, 1) * 255)
        places = [np.argwhere((images == one).all(axis=(2, 3, 4)))[0] for one in seen]
        assert len({row for row, _ in places}) == 1
        assert data.column("split")[places[0][0]] == "train"
        first.add(places[0][1])
        for k, (row, view) in enumerate(places):
            rotation = wrap_degrees(heading[row, view] - heading[row, places[0][1]])
            assert math.degrees(batch.rotation[n, k]) == pytest.approx(rotation, abs=1e-4)
            assert math.degrees(batch.azimuth[n, k]) == pytest.approx(azimuth[row, 0, view], abs=1e-4)
            whole = 0.3 * indirect[row, :2, view]
            whole[..., :512] += direct[row, :2, view]
            np.testing.assert_allclose(batch.response[n, k], whole, atol=1e-6)
    assert len(first) > 1


def test_what_is_heard_moves_against_the_turn(homes):
    batch = views(homes).training(2)
    expected = wrap_degrees(np.degrees((batch.azimuth[:, :1] - batch.rotation).numpy()))
    np.testing.assert_allclose(wrap_degrees(np.degrees(batch.azimuth.numpy()) - expected), 0, atol=1e-3)
    held = next(iter(views(homes, "views=4").validation()))
    np.testing.assert_allclose(np.degrees(held.rotation.numpy())[:, 0], 0)


def test_only_clips_of_training_homes_are_said_at_the_asked_level(homes):
    clips = Dataset(homes).part("dry").column("audio").astype(np.float64)
    clips /= np.sqrt(np.square(clips).mean(axis=1, keepdims=True))
    settings = ["level=0.05,0.05", "sources=2", "below_db=6,6", "shuffled=0"]
    batch = views(homes, *settings).training(0)
    for said in batch.dry.double().numpy():
        starts = []
        for k, own in enumerate(said.transpose(1, 0, 2)):
            gain = 0.05 * 10 ** (-0.3 * k)
            found = [_where(segment / gain, clips) for segment in own]
            assert len({clip for clip, _ in found}) == 1
            assert found[0][0] < 3
            starts.append([start for _, start in found])
        later = np.diff(starts, axis=1) % 122_400
        np.testing.assert_array_equal(later[0], later[1])  # all sources go on by as much
        assert set(np.minimum(later % 8000, (122_400 - later) % 8000).ravel()) == {0}  # by half seconds
        assert len(set(starts[0])) == 3


def _where(segment, clips):
    """Return clip and sample at which `segment` begins, around the end."""
    spectrum = np.fft.rfft(clips) * np.fft.rfft(segment, clips.shape[1]).conj()
    match = np.fft.irfft(spectrum, clips.shape[1])
    clip, start = np.unravel_index(match.argmax(), match.shape)
    np.testing.assert_allclose(clips[clip].take(start + np.arange(len(segment)), mode="wrap"), segment, atol=2e-3)
    return clip, start


def test_all_views_hear_the_same_when_asked_to(homes):
    batch = views(homes, "together=true").training(0)
    assert torch.equal(batch.dry[:, 0], batch.dry[:, 2])
    apart = views(homes).training(0)
    assert not torch.equal(apart.dry[:, 0], apart.dry[:, 2])


def test_an_example_depends_on_the_step_alone_and_devices_share_a_batch(homes):
    one, other = views(homes), views(homes)
    other.training(1)
    whole = one.training(5)
    assert all(map(torch.equal, whole, other.training(5)))
    assert not torch.equal(whole.dry, one.training(6).dry)
    parts = [one.training(5, rank, 2) for rank in range(2)]
    for field, first, second in zip(whole, *parts, strict=True):
        assert torch.equal(field[0::2], first)
        assert torch.equal(field[1::2], second)
    again = [next(iter(examples.validation())) for examples in (one, other)]
    assert all(map(torch.equal, *again))


def test_places_with_a_source_behind_are_left_out_when_asked_to(homes):
    rows = views(homes, "views=2", "in_front=true").rows("test")
    azimuth, split = Dataset(homes).column("azimuth")[:, 0], Dataset(homes).column("split")
    assert list(rows) == [row for row in range(24) if split[row] == "test" and np.abs(azimuth[row]).max() <= 90]


def test_what_cannot_be_learned_from_is_one_line(homes, tmp_path):
    with pytest.raises(InputError, match="4 views of a place, 5 are asked for: --set views=4"):
        views(homes, "views=5")
    with pytest.raises(InputError, match="3 sources of a place, 4 are asked for: --set sources=3"):
        views(homes, "sources=4")
    with pytest.raises(InputError, match="0 sources of data: give one set of homes"):
        open_homes(recipe_from(SlfmRecipe, "tiny"), [])
    with pytest.raises(InputError, match="2 sources of data: give one set of homes"):
        open_homes(recipe_from(SlfmRecipe, "tiny"), [homes, homes])
    with pytest.raises(InputError, match=r"seconds must be between 0\.05 and 2\.55"):
        views(homes, "seconds=3")
    for plan, why in (
        (ToyDry(), "holds 'dry-clips', not homes to learn from"),
        (ToyHomes(), "no array 'image'"),
        (SeenHomes(rows=4, splits=("train",) * 4), r"no home to learn from and to validate with \(val\)"),
        (SeenHomes(rows=4, splits=("val",) * 4), r"no home to learn from and to validate with \(train\)"),
    ):
        path = str(tmp_path / f"{plan.dataset}-{len(list(tmp_path.iterdir()))}.zarr")
        generate(plan, path)
        with pytest.raises(InputError, match=why) as error:
            views(path)
        assert "\n" not in str(error.value)


# Training


TRAINING = [*SHORT, "steps=6", "batch=4", "validations=2", "seen=4,8", "planes=8", "heard=4,4,4", "features=16"]

KILLED = """
import os, signal, sys
from pathlib import Path
from whence.models.motion.slfm import Slfm
from whence.models.train import train_model
from whence.models.training import loop
loop.SECONDS_BETWEEN_STATES = 0.0
plain, steps = Slfm.loss, []
def dying(network, batch):
    steps.append(1)
    if len(steps) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(network, batch)
Slfm.loss = dying
train_model("slfm", [sys.argv[1]], Path(sys.argv[2]), preset="tiny", settings=sys.argv[3:])
"""


@pytest.fixture(scope="module")
def trained(homes, tmp_path_factory):
    return train_model("slfm", [homes], tmp_path_factory.mktemp("run") / "whole", preset="tiny", settings=TRAINING)


def test_a_training_that_was_killed_goes_on_to_the_same_bytes(homes, trained, tmp_path):
    out = tmp_path / "killed"
    done = subprocess.run([sys.executable, "-c", KILLED, homes, str(out), *TRAINING], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (out / "checkpoint.safetensors").exists()
    checkpoint = train_model("slfm", [homes], out, preset="tiny", settings=TRAINING)
    for name in ("checkpoint.safetensors", "log.csv"):
        assert (checkpoint.parent / name).read_bytes() == (trained.parent / name).read_bytes()


def test_the_log_scores_rotations_beside_zero(homes, trained):
    names, *_, last = (line.split(",") for line in (trained.parent / "log.csv").read_text().splitlines())
    scores = dict(zip(names, map(float, last), strict=True))
    held = next(iter(open_homes(recipe_from(SlfmRecipe, "tiny", TRAINING), [homes]).validation()))
    rotation = np.degrees(held.rotation[:, 1:].numpy())
    assert scores["zero_rotation_mae_deg"] == pytest.approx(np.abs(rotation).mean(), rel=1e-4)
    assert scores["rotation_mae_deg"] > 0


@pytest.mark.parametrize("name", ["rotation", "azimuth", "left-right"])
def test_a_checkpoint_answers_on_its_tracks_one_by_one_as_together(homes, trained, name):
    assert name in METHODS["slfm"].tracks
    model = Slfm(checkpoint=str(trained))
    batch = clips_of(1.3) if name == "left-right" else stimulus(homes, name)
    answers = model.predict(batch)
    assert answers.shape == (len(batch),)
    assert answers.dtype == np.float64
    assert 0 < np.abs(answers).max() <= 96
    alone = [float(model.predict(only(batch, k))[0]) for k in range(3)]
    np.testing.assert_allclose(alone, answers[:3], atol=1e-4)
    assert list(model.files()) == [trained]


def stimulus(path, name):
    """The first batch of a track of `path`."""
    track = load_track(name)
    data = Dataset(path)
    return next(iter(track.stimulus.batches(data, track.read_labels(data), track.default_conditions[0])))


def clips_of(seconds):
    """Babble from both sides, as a sphere hears it."""
    dry = babble(seconds, np.random.default_rng(5))
    responses = SphereHead().responses(direction(np.array([-60.0, -20.0, 20.0, 60.0])))
    audio = np.stack([[np.convolve(dry, ear) for ear in response] for response in responses]).astype(np.float32)
    return StereoBatch(audio, ["a", "b", "c", "d"], SAMPLE_RATE, 4096, 1024, 4)


def only(batch, k):
    """Sample k of `batch`."""
    chosen = slice(k, k + 1)
    if isinstance(batch, ViewPairBatch):
        first, second = batch.images_0[chosen], batch.images_1[chosen]
        return replace(batch, images_0=first, images_1=second, pitch_deg=batch.pitch_deg[chosen])
    return replace(batch, audio=batch.audio[chosen])


def test_exchanged_views_and_swapped_ears_negate_the_answers(homes, trained):
    model, pairs, clips = Slfm(checkpoint=str(trained)), stimulus(homes, "rotation"), clips_of(0.4)
    exchanged = replace(pairs, images_0=pairs.images_1, images_1=pairs.images_0)
    np.testing.assert_allclose(model.predict(exchanged), -model.predict(pairs), atol=1e-4)
    swapped = replace(clips, audio=np.ascontiguousarray(clips.audio[:, ::-1]))
    np.testing.assert_allclose(model.predict(swapped), -model.predict(clips), atol=1e-4)


class Knowing(torch.nn.Module):
    """Tells the true rotations, up to one sign, and hears everything at one angle (rad) on the louder side."""

    def __init__(self, sign, angle=0.0):
        super().__init__()
        self.sign = torch.nn.Parameter(torch.tensor(sign), requires_grad=False)
        self.hears, self.angle = SimpleNamespace(window=torch.hann_window(WINDOW)), angle

    def turns(self, batch):
        return SimpleNamespace(mean=self.sign * batch.rotation[:, 1:])

    def azimuth(self, audio):
        left, right = audio.square().mean(-1).unbind(-1)
        return SimpleNamespace(mean=self.angle * (left - right).sign())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_sign_of_rotations_is_settled_by_pairs_of_validation_homes(homes, sign):
    held = views(homes)
    assert Slfm.calibrate(Knowing(sign), held)["sign"] == sign
    scores = Slfm.validate(Knowing(sign), held)
    assert scores["rotation_mae_deg"] == pytest.approx(0, abs=1e-5)
    azimuth = np.degrees(next(iter(held.validation())).azimuth.numpy())
    zero = np.abs(azimuth)[np.abs(azimuth) <= 90].mean()
    assert scores["azimuth_mae_deg"] == pytest.approx(zero, rel=1e-4)
    assert scores["zero_azimuth_mae_deg"] == pytest.approx(zero, rel=1e-4)


def test_the_louder_ear_settles_the_side(homes):
    """Angles without a side are learned up to exchanging left and right."""
    held = views(homes)
    right, wrong = Knowing(1.0, 0.5), Knowing(1.0, -0.5)
    assert [Slfm.calibrate(one, held)["side"] for one in (right, wrong)] == [1.0, -1.0]
    assert Slfm.validate(right, held) == Slfm.validate(wrong, held)


def test_azimuths_are_not_scored_where_all_sounds_come_from_behind(homes):
    held = next(iter(views(homes).validation()))
    behind = SimpleNamespace(validation=lambda: iter([held._replace(azimuth=torch.full_like(held.azimuth, 2.5))]))
    assert set(Slfm.validate(Knowing(1.0), behind)) == {"rotation_mae_deg", "zero_rotation_mae_deg"}


@pytest.mark.parametrize("settings", [["learns_from=rotation"], ["learns_from=labels"], ["reflections=false"]])
def test_every_way_to_learn_has_a_gradient_for_what_it_trains(homes, settings):
    recipe = recipe_from(SlfmRecipe, "tiny", [*TRAINING, *settings])
    torch.manual_seed(0)
    network = Slfm.network(recipe)
    Slfm.loss(network, open_homes(recipe, [homes]).training(0)).backward()
    hears = [parameter.grad is not None for parameter in network.hears.parameters()]
    sees = [parameter.grad is not None for parameter in network.sees.parameters()]
    assert all(hears)
    assert all(sees) == (settings != ["learns_from=rotation"])
