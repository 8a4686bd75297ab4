"""NGCC-PHAT: its layers against formulas, and its answers against known delays."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.benchmarks.stimuli.stereo.batch import StereoBatch  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.rooms import DelayClips  # noqa: E402
from whence.models.delay.ngcc_phat import NgccPhat, NgccPhatRecipe, read_delays  # noqa: E402
from whence.models.networks.ngcc import NgccNetwork, SincBank  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402


@pytest.fixture
def noise():
    return torch.randn(3, 1024, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return NgccNetwork(8, 20, taps=255).eval()


def pair(sound, delay):
    """Windows (n, 2, samples) in which the right channel is `delay` samples late, circularly."""
    return torch.stack([sound, sound.roll(delay, -1)], dim=1)


# Layers


def test_the_published_network_has_as_many_values():
    network = NgccPhat.network(recipe_from(NgccPhatRecipe, "paper"))
    counts = {learns: sum(p.numel() for p in network.parameters() if p.requires_grad == learns) for learns in (0, 1)}
    assert counts == {1: 888_193 - 256, 0: 256}
    assert network(torch.zeros(2, 3, 2, 64)).shape == (2, 3, 47)


def test_the_first_band_is_as_published():
    low, high = SincBank(128).edges()
    assert (low[0].item(), high[0].item()) == (pytest.approx(80, abs=0.01), pytest.approx(144.2, abs=0.05))
    assert high.max() == 8000
    assert (high > low).all()


def test_filters_are_differences_of_sincs_under_a_hamming_window(noise):
    bank = SincBank(6, taps=255)
    place = np.arange(-127, 128) / 16000
    for (low, high), filtered in zip(torch.cat(bank.edges(), 1).tolist(), bank(noise).unbind(1), strict=True):
        with np.errstate(invalid="ignore"):
            taps = (np.sin(2 * np.pi * high * place) - np.sin(2 * np.pi * low * place)) / (2 * np.pi * place)
        taps = np.nan_to_num(taps, nan=high - low) / (high - low) * np.hamming(255)
        around = np.pad(noise.double().numpy(), [(0, 0), (127, 127)], mode="wrap")
        expected = np.stack([np.convolve(row, taps, mode="valid") for row in around])
        assert filtered.numpy() == pytest.approx(expected, abs=1e-4)


def test_windows_shorter_than_the_filters_are_filtered_round_and_round(noise):
    bank = SincBank(4, taps=255)
    short = noise[:, :100]
    repeated = bank(short.repeat(1, 4))[..., :100]
    assert torch.allclose(bank(short), repeated, atol=1e-4)


@pytest.mark.parametrize("delay", [-13, 0, 5])
def test_a_shift_of_one_channel_shifts_the_correlation(network, noise, delay):
    with torch.inference_mode():
        still, moved = (network.correlations(pair(noise, k)) for k in (0, delay))
    assert moved.mean(1).argmax(-1).tolist() == [20 - delay] * 3  # lags are t_left - t_right
    spread = abs(delay)
    middle = slice(spread, 41 - spread)
    assert torch.allclose(moved.roll(delay, -1)[..., middle], still[..., middle], atol=0.1)
    filtered = network.backbone(noise)
    assert torch.allclose(network.backbone(noise.roll(delay, -1)), filtered.roll(delay, -1), atol=1e-4)


def test_the_right_channel_late_is_a_positive_delay_and_swapped_channels_negate_it(network, noise):
    with torch.no_grad():
        for layer in [*(layer[0] for layer in network.mlp), network.final_conv]:  # lag kernels that look both ways
            layer.weight.copy_(layer.weight + layer.weight.flip(-1))
    windows = pair(noise, 6)
    with torch.inference_mode():
        straight, swapped = network(windows), network(windows.flip(1))
    assert torch.allclose(straight, swapped.flip(-1), atol=1e-4)


def test_the_level_does_not_matter(network, noise):
    windows = pair(noise, 3)
    with torch.inference_mode():
        assert torch.allclose(network(windows), network(windows * 1e-3), atol=1e-4)
        assert network(torch.zeros_like(windows)).isfinite().all()


def test_half_precision_keeps_the_phases(network, noise):
    with torch.inference_mode():
        exact = network.correlations(pair(noise, 3))
        with torch.autocast("cpu", torch.bfloat16):
            mixed = network.correlations(pair(noise, 3))
    assert mixed.dtype == torch.float32
    assert mixed.mean(1).argmax(-1).tolist() == exact.mean(1).argmax(-1).tolist()


# Answers


def test_expectation_and_peak_stay_within_possible_delays():
    logits = torch.full((1, 47), -30.0)
    logits[0, [23 + 3, 23 + 4]] = 0.0  # half a probability each
    logits[0, 23 - 21] = 5.0  # too far
    assert read_delays(logits, "expectation", 20).item() == pytest.approx(3.5, abs=1e-4)
    assert read_delays(logits, "peak", 20).item() in (3, 4)
    assert read_delays(logits, "peak", 23).item() == -21
    assert read_delays(logits, "peak", 100).item() == -21


def test_untrained_it_sits_at_chance(noise):
    batch = StereoBatch(
        noise.repeat(1, 2)[:, None, :1151].repeat(1, 2, 1).numpy(), ["a", "b", "c"], 16000, 1024, 1, 128
    )
    assert np.abs(NgccPhat(checkpoint="untrained").predict(batch)).max() < 0.3e-3
    assert NgccPhat(checkpoint="untrained", answer="peak").predict(batch).shape == (3,)


def test_it_learns_a_delay_and_what_was_cached_for_answers_serves_training(noise):
    torch.manual_seed(0)
    recipe = NgccPhatRecipe(width=4, sinc_taps=63, dropout=0.0)
    network = NgccPhat.network(recipe)
    with torch.inference_mode():
        network.eval()(noise[:, None].repeat(1, 2, 1)[..., :300])
    batch = DelayClips(pair(noise, 5)[..., :300], torch.full((3,), 5.25))
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(30):
        loss = NgccPhat.loss(network.train(), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))  # of a label shared between 5 and 6
    assert min(losses) > entropy - 1e-4


def test_the_length_of_the_filters_must_be_odd():
    with pytest.raises(InputError, match=r"sinc_taps=254: .*expected an odd number"):
        recipe_from(NgccPhatRecipe, "tiny", ["sinc_taps=254"])
