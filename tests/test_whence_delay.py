"""The networks of the time delay: features against their formulas, distributions against closed forms."""

import numpy as np
import pytest
from scipy import stats

torch = pytest.importorskip("torch")

from whence.models.data.rooms import DelayClips  # noqa: E402
from whence.models.delay.method import phase_transform_delays, standard_batch  # noqa: E402
from whence.models.delay.whence_delay import WhenceDelay, WhenceDelayRecipe  # noqa: E402
from whence.models.networks.correlation import (  # noqa: E402
    cross_spectra,
    generalised_correlations,
    normalised,
    windows_of,
)
from whence.models.networks.direct_sound import DELAYS, band_features, delay_grid  # noqa: E402
from whence.models.networks.distribution import (  # noqa: E402
    cross_entropy,
    half_width,
    quantile,
    ranked_probability_score,
)
from whence.models.networks.salvati import SalvatiNetwork, salvati_features  # noqa: E402


def delayed_noise(delays, samples, seed=0):
    """Return white noise (n, 2, samples) whose right channel is late by whole `delays` (n,) samples."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((len(delays), samples + 100)).astype(np.float32)
    pairs = [[row[50 : 50 + samples], row[50 - d : 50 - d + samples]] for row, d in zip(sound, delays, strict=True)]
    return torch.from_numpy(np.array(pairs))


def test_windows_are_those_of_the_benchmark():
    audio = torch.arange(2 * 3 * 20.0).reshape(3, 2, 20)
    windows = windows_of(audio, window=8, hop=3, count=4)
    assert windows.shape == (3, 4, 2, 8)
    assert torch.equal(windows[1, 2, 1], audio[1, 1, 6:14])


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_correlations_are_inverse_transforms_of_the_weighted_cross_spectrum(exponent):
    audio = delayed_noise([0, 3, -5], 256)
    found = generalised_correlations(cross_spectra(audio), (exponent,), 24)[:, 0].numpy()
    left, right = np.fft.rfft(audio.double().numpy(), 512).transpose(1, 0, 2)
    cross = left.conj() * right
    whole = np.fft.irfft(cross / np.abs(cross) ** exponent)
    expected = np.concatenate([whole[:, -24:], whole[:, :25]], axis=1)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4 * np.abs(expected).max())


def test_a_correlation_between_samples_is_band_limited_interpolation():
    audio = delayed_noise([2], 256)
    cross = cross_spectra(audio)
    fine = generalised_correlations(cross, (1.0,), 4, per_sample=4)[0, 0]
    assert fine.argmax() == (4 + 2) * 4
    assert torch.allclose(fine[::4], generalised_correlations(cross, (1.0,), 4)[0, 0], atol=1e-6)


def test_the_yardstick_finds_whole_delays():
    assert phase_transform_delays(delayed_noise([0, 7, -13, 24], 1151)).tolist() == [0, 7, -13, 24]


def test_features_do_not_depend_on_the_level():
    audio = delayed_noise([4, -9], 1024)
    assert torch.allclose(salvati_features(audio), salvati_features(audio * 1e-3), atol=1e-4)
    assert torch.allclose(normalised(audio * 7), normalised(audio), atol=1e-6)
    assert salvati_features(audio).argmax(-1)[:, -1].tolist() == [28, 15]
    assert torch.isfinite(salvati_features(torch.zeros(1, 2, 1024))).all()


def test_the_published_sizes_of_the_convolutional_network():
    network = SalvatiNetwork((32, 64, 128, 256, 512), (512, 512))
    assert sum(parameter.numel() for parameter in network.parameters()) == 12_059_329


def test_every_band_agrees_on_the_delay_of_one_source():
    correlations, levels = band_features(delayed_noise([6, -3], 1151))
    assert correlations.shape[-1] == DELAYS
    assert levels.shape[1:3] == (3, 24)
    strongest = delay_grid()[correlations.mean(dim=(1, 2)).argmax(-1)]
    assert strongest.tolist() == [6, -3]
    assert correlations.max() <= 1.001


def test_a_certain_answer_scores_its_error():
    grid = delay_grid()
    certain = torch.full((3, DELAYS), -50.0)
    certain[range(3), [40, 45, 30]] = 50.0
    truth = torch.tensor([0.0, 0.0, 2.25])
    score = ranked_probability_score(certain, grid, truth)
    assert score.tolist() == pytest.approx([0.0, 2.5, 7.25], abs=1e-4)


def test_a_normal_distribution_has_its_known_score_quantiles_and_interval():
    grid, truth, sigma = delay_grid(), 1.3, 3.0
    logits = torch.from_numpy(stats.norm(0, sigma).logpdf(grid.numpy())).float()[None]
    z = truth / sigma
    known = sigma * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert float(ranked_probability_score(logits, grid, torch.tensor([truth]))) == pytest.approx(known, abs=0.02)
    for level in (0.1, 0.5, 0.9):
        assert float(quantile(logits, grid, level)) == pytest.approx(stats.norm(0, sigma).ppf(level), abs=0.02)
    width = half_width(logits, grid, torch.zeros(1), 0.8)
    assert float(width) == pytest.approx(stats.norm(0, sigma).ppf(0.9), abs=0.02)


def test_the_cross_entropy_is_least_where_the_truth_is_shared_between_its_neighbours():
    grid = delay_grid()
    logits = torch.full((1, DELAYS), -50.0)
    logits[0, 40], logits[0, 41] = np.log(0.4), np.log(0.6)
    entropy = -(0.4 * np.log(0.4) + 0.6 * np.log(0.6))
    assert float(cross_entropy(logits, grid, torch.tensor([0.3]))) == pytest.approx(entropy, abs=1e-5)


def test_swapping_the_channels_negates_the_answer():
    torch.manual_seed(0)
    network = WhenceDelay.network(WhenceDelayRecipe(**WhenceDelayRecipe.presets["tiny"])).eval()
    audio = delayed_noise([5, -2, 0], 1151)
    with torch.inference_mode():
        logits, swapped = network.mirrored(audio), network.mirrored(audio.flip(1))
        assert torch.allclose(logits, (network(audio) + network(audio.flip(1)).flip(-1)) / 2, atol=1e-4)
    assert torch.allclose(logits, swapped.flip(-1), atol=1e-4)
    answers = WhenceDelay(checkpoint="untrained").predict(standard_batch(audio))
    assert answers.prediction.shape == answers.diagnostics["uncertainty_ms"].shape == (3,)


def test_our_model_is_small_enough_for_a_laptop():
    network = WhenceDelay.network(WhenceDelayRecipe(**WhenceDelayRecipe.presets["small"]))
    assert sum(parameter.numel() for parameter in network.parameters()) < 2_000_000


def test_a_model_may_answer_first_and_be_trained_then():
    audio = delayed_noise([5, -2], 1000)
    WhenceDelay(checkpoint="untrained").predict(standard_batch(audio, votes=20))
    network = WhenceDelay.network(WhenceDelayRecipe(**WhenceDelayRecipe.presets["tiny"]))
    WhenceDelay.loss(network, DelayClips(audio, torch.tensor([5.0, -2.0]))).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
