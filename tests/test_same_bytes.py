"""Operations that decide bytes give the stored vectors, whatever the versions of the libraries."""

import numpy as np
import pytest
from scipy import signal

from whence.datagen import stereo
from whence.datagen.acoustics.fourier import irfft, rfft, smooth_size
from whence.datagen.rendering.mipmaps import mipmaps
from whence.datagen.scenes.procedural.noise import pairwise_sum
from whence.digests import sha256

SIZES = [1, 2, 3, 5, 6, 8, 25, 60, 100, 512, 1_000, 4_320, 4_096, 16_384, 16_875, 24_300, 40_500]


def noise(seed, *shape):
    """Return numbers that no library's change of a distribution can move."""
    bits = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return ((bits >> np.uint64(40)).astype(np.float64) / 2**23 - 1).reshape(shape)


def naive(values):
    """The spectrum of `values` (n,), by the definition."""
    size = len(values)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size)
    return turns @ values


@pytest.mark.parametrize("size", [size for size in SIZES if size <= 1_000])
def test_transforms_agree_with_the_definition(size):
    values = noise(1, size)
    assert np.allclose(rfft(values, size), naive(values), atol=1e-9)
    assert np.allclose(irfft(rfft(values, size), size), values, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_transforms_agree_with_those_of_numpy(size, kind):
    values = noise(2, 2, 3, size).astype(kind)
    spectra = rfft(values, size)
    close = 1e-3 if kind is np.float32 else 1e-10
    assert spectra.dtype == np.result_type(kind, np.complex64)
    assert spectra.shape == (2, 3, size // 2 + 1)
    assert np.allclose(spectra, np.fft.rfft(values.astype(np.float64)), atol=close)
    back = irfft(spectra, size)
    assert back.dtype == kind
    assert np.allclose(back, values, atol=close)


def test_shorter_sounds_are_padded_and_longer_ones_cut():
    values = noise(3, 20)
    assert np.array_equal(rfft(values[:12], 20), rfft(np.r_[values[:12], np.zeros(8)], 20))
    assert np.array_equal(rfft(values, 12), rfft(values[:12], 12))


def test_sizes_have_only_small_factors():
    smooth = sorted(2**a * 3**b * 5**c for a in range(14) for b in range(9) for c in range(6))
    for least in (*range(1, 1_500), 4_097, 6_001, 7_000):
        assert smooth_size(least) == next(size for size in smooth if size >= least)
    with pytest.raises(ValueError, match="a transform of 14 samples: expected no prime factor above 5"):
        rfft(np.zeros(14), 14)
    with pytest.raises(ValueError, match="5 frequencies: expected 6 for 10 samples"):
        irfft(np.zeros(5, dtype=complex), 10)


def test_bytes_of_transforms():
    digests = {}
    for kind in (np.float32, np.float64):
        found = [rfft(noise(4, 3, size).astype(kind), size) for size in SIZES]
        back = [irfft(one, size) for one, size in zip(found, SIZES, strict=True)]
        digests[np.dtype(kind).name] = sha256(b"".join(a.tobytes() for a in (*found, *back)))[:16]
    assert digests == STORED["transforms"]


def test_bytes_of_the_high_pass():
    heard = stereo.without_rumble(noise(5, 20_000).astype(np.float32))
    design = signal.butter(2, stereo.RUMBLE_HZ, "highpass", output="sos", fs=16_000)
    assert np.allclose(heard, signal.sosfilt(design, noise(5, 20_000).astype(np.float32)), atol=1e-6)
    assert sha256(heard.tobytes())[:16] == STORED["high pass"]


@pytest.mark.parametrize("shape", [(7, 3), (64, 3), (5, 5), (38, 17), (30, 90), (256, 128), (1, 9), (9, 1)])
def test_levels_are_means_of_what_they_cover(shape):
    texture = (noise(6, *shape, 3) * 127 + 128).astype(np.uint8)
    table = mipmaps([texture]).table[0]
    rows, columns = int(table[1, 2]), int(table[1, 1])
    assert (rows, columns) == tuple(max(size // 2, 1) for size in shape)
    last = mipmaps([texture]).texels[-1]
    assert np.abs((last >> np.array([0, 8, 16]) & 255).astype(float) - texture.mean(axis=(0, 1))).max() < 12


def test_bytes_of_smaller_textures():
    shapes = [(7, 3), (64, 3), (5, 5), (38, 17), (30, 90), (256, 128), (301, 257)]
    textures = [(noise(7 + k, *shape, 3) * 127 + 128).astype(np.uint8) for k, shape in enumerate(shapes)]
    assert sha256(mipmaps(textures).texels.tobytes())[:16] == STORED["textures"]


def test_sums_of_noise_have_a_fixed_order():
    values = (noise(8, 512, 512) * 1e3).astype(np.float32)
    assert pairwise_sum(values) == pytest.approx(values.sum(dtype=np.float64), rel=1e-4)
    assert sha256(pairwise_sum(values).tobytes())[:16] == STORED["sum"]


STORED = {  # made by SciPy 1.17.1 and Pillow 13.0.0, whose bytes the first datasets have
    "transforms": {"float32": "817d890fbc4ebcbf", "float64": "0977c991602d5431"},
    "high pass": "4209196131c2d79b",
    "sum": "62c8f8545a774e84",
    "textures": "c02290a819e34ac1",
}
