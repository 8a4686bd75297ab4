"""The pretext task of SLfM: its networks against closed forms and published sizes, and a short training."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from toy_homes import VIEWS, ToyHomes, direction

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from whence.benchmarks.running.method import load_methods  # noqa: E402
from whence.commands.train import written  # noqa: E402
from whence.datagen.acoustics.sphere_head import SphereHead  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.datagen.shards import Field, Layout  # noqa: E402
from whence.digests import generator_for  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.homes import HomeViews  # noqa: E402
from whence.models.importing.converters import CONVERTERS  # noqa: E402
from whence.models.motion.pretext import PretextRecipe, SlfmPretext, stft_distance  # noqa: E402
from whence.models.motion.prompting import AZIMUTHS_DEG, prompt_responses, prompted_rotations  # noqa: E402
from whence.models.networks.binaural_unet import AttendingUnet, BinauralUnet  # noqa: E402
from whence.models.networks.binauralization import (  # noqa: E402
    angle_embedding,
    ears_of,
    left_to_right,
    masked,
    mono_to_binaural,
)
from whence.models.networks.camera_stream import CameraStream, correlated  # noqa: E402
from whence.models.networks.ear_stream import EarStream, hop_of, levels_and_phases, spectra  # noqa: E402
from whence.models.networks.residual import ResidualBlock  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402

SAMPLES = 40_800


@dataclass(frozen=True)
class ToyViews(ToyHomes):
    """The homes with pictures, a wall of random columns around the head; all sounds come from the left."""

    @property
    def layout(self) -> Layout:
        fields = (
            Field("image", "uint8", "colours", (VIEWS, 24, 32, 3), ("view", "row", "column", "colour")),
            Field("heading", "float64", "left positive", (VIEWS,), ("view",)),
        )
        return replace(super().layout, fields=(*super().layout.fields, *fields))

    def render(self, row: int) -> dict[str, Any]:
        rng = generator_for(4, f"wall/{row}")
        wall, heading = rng.integers(0, 256, (24, 180, 3), dtype=np.uint8), np.append(0, 2 * rng.integers(-20, 20, 3))
        image = np.stack([np.roll(wall, turn // 2, axis=1)[:, 74:106] for turn in heading])
        found = super().render(row)
        found["impulse_response_direct"][..., 100:228] = SphereHead().responses(direction(np.array([80.0])))[0]
        azimuth = np.full_like(found["azimuth"], 80.0)
        return found | {"image": image, "heading": heading.astype(float), "azimuth": azimuth}


def count(network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def noise(seed: int = 0) -> torch.Tensor:
    """Two different clips at two ears (2, 2, samples)."""
    return torch.from_numpy(0.1 * np.random.default_rng(seed).standard_normal((2, 2, SAMPLES))).float()


def tones(seed: int = 0) -> torch.Tensor:
    """Two different clips at two ears (2, 2, samples) of tones with whole periods in each window.

    So they have nothing at the highest frequency, which is taken from their sum.
    """
    rng = np.random.default_rng(seed)
    spectrum = rng.standard_normal((2, 2, 201)) + 1j * rng.standard_normal((2, 2, 201))
    spectrum[..., -1] = 0
    period = np.fft.irfft(spectrum)
    return torch.from_numpy(np.tile(period, SAMPLES // 400)).float()


def test_the_networks_have_the_published_sizes():
    with torch.device("meta"):
        unet = BinauralUnet()
        sizes = [count(one) for one in (CameraStream(), EarStream(), unet)]
    assert sizes == [4_261_696, 11_442_304, 25_048_066]
    assert unet.up[0][0].weight.shape == (1536, 512, 4, 4)


@pytest.mark.parametrize("channels", [4, 8])
def test_gradients_do_not_depend_on_the_order_in_memory(channels):
    """PyTorch's own strided shortcut ends the process here."""
    block, image = ResidualBlock(channels, 2 * channels, 2), torch.randn(2, channels, 64, 64)
    gradients = []
    for order in (torch.contiguous_format, torch.channels_last):
        given = image.clone(memory_format=order).requires_grad_()
        block(given).square().sum().backward()
        gradients.append(given.grad)
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-4)


def test_a_shortcut_is_a_strided_convolution():
    block, image = ResidualBlock(16, 32, 2).eval(), torch.randn(1, 16, 9, 12)
    nn.init.zeros_(block.bn2.weight)
    plain = functional.conv2d(image, block.downsample[0].weight, stride=2)
    torch.testing.assert_close(block(image), block.downsample[1](plain).relu())


def test_released_names_are_all_of_ours():
    """The names are those of the released classes, by their layers."""
    statistics = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    normalised = {"vision_net.backbone.1", *(f"vision_net.attn_convs.{k}.1" for k in range(6)), "audio_net.net.bn1"}
    convolved = {"vision_net.backbone.0", "audio_net.net.conv1"}
    for stages in ([f"vision_net.backbone.{k}" for k in (4, 5, 6)], [f"audio_net.net.layer{k}" for k in (1, 2, 3, 4)]):
        blocks = [f"{stage}.{k}" for stage in stages for k in (0, 1)]
        normalised |= {f"{block}.bn{k}" for block in blocks for k in (1, 2)}
        convolved |= {f"{block}.conv{k}" for block in blocks for k in (1, 2)}
        normalised |= {f"{stage}.0.downsample.1" for stage in stages[1:]}
        convolved |= {f"{stage}.0.downsample.0" for stage in stages[1:]}
    unet = [f"generative_net.audionet_{way}{k}" for way in ("convlayer", "upconvlayer") for k in range(1, 6)]
    normalised |= {f"{layer}.1" for layer in (*unet[1:5], *unet[5:9])}
    biased = {f"{layer}.0" for layer in unet} | {f"vision_net.attn_convs.{k}.0" for k in range(6)}
    biased |= {"vision_net.linear", "audio_net.net.fc"}
    released = {f"{layer}.{one}" for layer in normalised for one in statistics}
    released |= {f"{layer}.weight" for layer in convolved | biased} | {f"{layer}.bias" for layer in biased}
    with torch.device("meta"):
        ours = SlfmPretext.network(recipe_from(PretextRecipe, "paper")).state_dict()
    assert {CONVERTERS["slfm-pretext"].ours(name) for name in released} == set(ours)
    assert len(released) == len(ours)


def test_the_published_camera_sees_15_by_20_cells():
    network = CameraStream(width=0.25).eval()
    with torch.inference_mode():
        cells = network.seen(torch.rand(2, 3, 240, 320))
        assert cells.shape == (2, 64, 15, 20)
        hidden = network.attn_convs(correlated(cells[:1], cells[1:]))
    assert hidden.shape == (1, 32, 2, 3)


def test_a_known_shift_gives_a_known_correlation():
    """Every cell is a unit vector of its own, long enough for a softmax that is sure."""
    rows, columns, shift = 3, 4, 1
    cells = 12 * torch.eye(rows * columns).reshape(1, -1, rows, columns)
    found = correlated(torch.roll(cells, shift, dims=-1), cells)
    torch.testing.assert_close(found.sum(1), torch.ones(1, rows, columns))
    for row, column in np.ndindex(rows, columns):
        place = (column - shift) % columns * rows + row  # counted column by column
        assert found[0, place, row, column] > 0.999


@pytest.mark.parametrize(("samples", "hop"), [(40_800, 160), (8_160, 32)])
def test_spectrograms_have_rectangular_windows(samples, hop):
    audio = torch.from_numpy(np.random.default_rng(1).standard_normal(samples)).float()
    found = spectra(audio)
    assert hop_of(samples) == hop
    assert found.shape == (257, 256)
    start = 100 * hop - 200  # the window of frame 100 is centred on its sample
    direct = np.fft.rfft(np.pad(audio.numpy()[start : start + 400].astype(float), 56))
    np.testing.assert_allclose(found[:, 100].numpy(), direct, atol=1e-3)


def test_levels_and_phases_are_scaled():
    spectrum = torch.polar(torch.tensor([[1e-9, 0.1, 1e3, 1e4]]), torch.tensor([[0.0, 1.0, -2.0, 3.0]]))
    level, phase = levels_and_phases(spectrum)[:, 0]
    torch.testing.assert_close(level, torch.tensor([-1.0, 0.0, 1.0, 1.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(phase, torch.tensor([0.0, 1.0, -2.0, 3.0]) / np.pi, atol=1e-6, rtol=0)


def test_a_mask_of_ones_returns_the_mono_clip():
    task = mono_to_binaural(noise())
    ones = torch.tensor([1.0, 0.0])[None, :, None, None].expand_as(task.given)
    torch.testing.assert_close(masked(ones, task.given), task.given)
    mono = noise().sum(1)
    left, right = ears_of(mono, task.given).unbind(1)
    torch.testing.assert_close(left, mono, atol=1e-5, rtol=0)
    assert right.abs().max() < 1e-5


def test_masks_are_complex():
    rng = np.random.default_rng(2)
    mask, given = rng.standard_normal((2, 3, 2, 5, 7))
    found = masked(torch.from_numpy(mask).float(), torch.from_numpy(given).float()).numpy()
    product = (mask[:, 0] + 1j * mask[:, 1]) * (given[:, 0] + 1j * given[:, 1])
    np.testing.assert_allclose(found[:, 0] + 1j * found[:, 1], product, rtol=1e-4)


def test_the_true_difference_returns_the_true_ears():
    audio = tones()
    found = ears_of(audio.sum(1), mono_to_binaural(audio).truth)
    inside = slice(400, -400)  # beyond the ends a clip is mirrored, and no tone any more
    torch.testing.assert_close(found[..., inside], audio[..., inside], atol=1e-6, rtol=0)


def test_the_difference_is_left_minus_right():
    audio = torch.stack([noise()[:, 0], torch.zeros(2, SAMPLES)], dim=1)
    task = mono_to_binaural(audio)
    torch.testing.assert_close(task.truth, task.given)
    assert torch.equal(left_to_right(audio).given, left_to_right(audio.flip(1)).truth)


def test_the_distance_is_ten_times_the_mean_error():
    task = mono_to_binaural(noise())
    error = task.truth.double().abs().mean(dim=(1, 2, 3)).float()
    torch.testing.assert_close(stft_distance(task.no_difference, task.truth), 10 * error)


def test_an_angle_is_sines_and_cosines_in_turn():
    angle = 0.7
    found = angle_embedding(torch.tensor([angle]), 512)[0].double().numpy()
    rates = 10_000.0 ** (-np.arange(256) / 256)
    np.testing.assert_allclose(found[0::2], np.sin(angle * rates), atol=1e-6)
    np.testing.assert_allclose(found[1::2], np.cos(angle * rates), atol=1e-6)


@pytest.mark.parametrize("kind", [BinauralUnet, AttendingUnet])
def test_conditions_change_every_part_of_the_answer(kind):
    torch.manual_seed(0)
    network = kind(6, 1 / 16).eval()
    given, condition = torch.randn(1, 2, 256, 256), torch.randn(2, 1, 6)
    with torch.inference_mode():
        first, second = (network(given, one) for one in condition)
    assert first.shape == (1, 2, 256, 256)
    assert first.abs().max() <= 1
    changed = (first - second).abs().amax(1).unflatten(-1, (8, 32)).unflatten(1, (8, 32)).amax((2, 4))
    assert (changed > 0).all()


class Knowing:
    """In place of a network: predicts the ears of a sound that a head turned by the true rotation hears."""

    def answered(self, batch, audio):
        mono = audio[:, 1:].flatten(0, 1).sum(1)
        places = torch.round(torch.rad2deg(-batch.rotation[:, 1:].flatten())).long() + len(AZIMUTHS_DEG) // 2
        response = prompt_responses()[places]
        size = mono.shape[-1] + response.shape[-1]
        heard = torch.fft.irfft(torch.fft.rfft(mono, size)[:, None] * torch.fft.rfft(response, size), size)
        task = mono_to_binaural(heard[..., : mono.shape[-1]])
        return task, task.truth


def test_prompting_reads_the_rotation_off_a_right_prediction():
    """Speech is white noise here; the azimuth of what was straight ahead is the opposite of the rotation."""
    rng = np.random.default_rng(3)
    dry = torch.from_numpy(0.1 * rng.standard_normal((4, 3, 1, SAMPLES + 999))).float()
    turns = np.array([[0, 20, -35], [0, -10, 65], [0, 80, 5], [0, 41, -27]])
    rotation = torch.from_numpy(np.radians(turns)).float()
    batch = HomeViews(torch.zeros(4, 3, 3, 8, 8), dry, torch.zeros(4, 3, 1, 2, 1000), rotation, rotation)
    found = prompted_rotations(Knowing(), batch, 3)
    assert np.abs(found - turns[:, 1:]).max() <= 2


# Training


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    path = tmp_path_factory.mktemp("homes") / "homes.zarr"
    generate(ToyViews(echo=0.0), str(path))
    return str(path)


def network_of(*settings):
    recipe = recipe_from(PretextRecipe, "tiny", ["rows=32", "columns=48", "width=0.0625", "held_out=homes", *settings])
    torch.manual_seed(0)
    return recipe, SlfmPretext.network(recipe)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (["encoders=published", "views=2"], {"sees", "hears", "predicts"}),
        (["hears=false", "heard_seconds=0.51"], {"sees", "predicts"}),
        (["sees=nothing", "task=left-to-right"], {"hears", "predicts"}),
        (["sees=rotation", "unet=attention"], {"hears", "predicts"}),
        (["sees=nothing", "hears=false", "views=2"], {"predicts"}),
    ],
)
def test_every_variant_learns_with_all_its_parts(homes, settings, parts):
    recipe, network = network_of("batch=2", *settings)
    loss = SlfmPretext.loss(network, SlfmPretext.examples(recipe, [homes]).training(0))
    loss.backward()
    named = dict(network.named_parameters())
    assert {name.split(".")[0] for name in named} == parts
    assert all(one.grad is not None and one.grad.isfinite().all() for one in named.values())


def test_small_sets_validate_with_places_of_the_training_homes(tmp_path):
    generate(ToyViews(rows=40), str(tmp_path / "homes.zarr"))
    by_place, by_home = (
        SlfmPretext.examples(network_of(f"held_out={what}")[0], [str(tmp_path / "homes.zarr")])
        for what in ("places", "homes")
    )
    assert by_place.rows("val").tolist() == [4, 9]
    assert sorted([*by_place.rows("train"), *by_place.rows("val")]) == by_home.rows("train").tolist()
    assert by_home.rows("val").tolist() == list(range(10, 20))


def test_what_is_not_known_changes_nothing(homes):
    recipe, network = network_of("batch=2", "sees=nothing", "hears=false")
    batch = SlfmPretext.examples(recipe, [homes]).training(0)
    blind = batch._replace(image=0 * batch.image, rotation=batch.rotation + 1)
    assert torch.equal(network.eval()(batch), network(blind))
    recipe, network = network_of("batch=2", "sees=rotation")
    assert not torch.equal(network.eval()(batch), network(blind))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["seconds=0.6"], "multiples of 0.51"),
        (["width=0.3"], "multiple of 1/16"),
        (["unet=attention", "hears=false", "sees=nothing"], "something to attend to"),
    ],
)
def test_what_cannot_be_built_is_one_line(settings, message):
    with pytest.raises(InputError, match=message):
        recipe_from(PretextRecipe, "tiny", settings)


def test_a_short_training_beats_hearing_no_difference(homes, tmp_path):
    settings = ["rows=32", "columns=48", "held_out=homes", "steps=25", "learning_rate=0.005", "seconds=0.51"]
    run = tmp_path / "run"
    train_model("slfm-pretext", [homes], run, preset="tiny", settings=settings)
    log = pd.read_csv(run / "log.csv")
    assert log.loss.iloc[-1] < log.loss.iloc[0]
    assert log.stft_distance.iloc[-1] < 0.95 * log.no_difference_stft_distance.iloc[-1]
    report = (run / "report.html").read_text()
    assert report.count("<audio") == 3
    assert (run / "answers-0.png").exists()


def test_it_answers_no_track():
    with pytest.raises(InputError, match="azimuth"):
        load_methods(["slfm-pretext"], "azimuth", ["paper"])
    assert "answer no track" in written("slfm-pretext", Path("checkpoint"))
    assert "--method slfm:checkpoint=checkpoint" in written("slfm", Path("checkpoint"))
