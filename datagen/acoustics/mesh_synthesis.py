"""Binaural responses from an energy field: exact pulses for direct and early sound, shaped noise for the rest."""

import math

import numpy as np
import numpy.typing as npt

from ...compiled import njit
from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ..scenes.materials import BANDS_HZ
from .energy_field import EnergyField, Float32, Float64, arrival_directions
from .fourier import irfft, rfft, smooth_size
from .hrtf import Head
from .lattice import LEAD, band_limited_pulse

_CEPSTRUM = 1024  # transform length for the minimum phase, samples
_RINGING = 1024  # ringing of the octave filters, before and after together, samples
_NEAR_EAR = 8  # largest lead of the near ear over the centre of the head, samples
_CACHED_BINS = 256  # frequencies summed over all directions at a time
_WALL_SAMPLES = 512  # length of the response of walls and air, 32 ms
SAMPLES_PER_METRE = SAMPLE_RATE / SPEED_OF_SOUND


def band_shares(frequency: npt.ArrayLike) -> Float64:
    """Return the share (band, ...) of the energy at `frequency` Hz that falls in each octave band; shares sum to 1.

    Between two band centres one share falls as cos^2 of the position in octaves while the next rises. The first band
    extends down to 0 Hz and the last up to half the sample rate.

    >>> band_shares([50.0, 125.0, 250.0 / 2**0.5, 8000.0])[:2].round(3).tolist()
    [[1.0, 1.0, 0.5, 0.0], [0.0, 0.0, 0.5, 0.0]]
    """
    lowest, highest = BANDS_HZ[0], BANDS_HZ[-1]
    position = np.log2(np.clip(np.asarray(frequency, dtype=np.float64), lowest, highest) / lowest)
    octaves = np.abs(position - np.arange(len(BANDS_HZ)).reshape(-1, *[1] * position.ndim))
    return np.asarray(np.cos(np.pi / 2 * np.minimum(octaves, 1.0)) ** 2)


def head_directions(directions: Float64, heading: float) -> Float64:
    """Return world `directions` (n, 3) in the axes (x right, y up, z backwards) of a head at `heading` degrees."""
    turn = np.radians(heading)
    right = np.array([np.cos(turn), 0.0, -np.sin(turn)])
    back = np.array([np.sin(turn), 0.0, np.cos(turn)])
    return np.asarray(np.einsum("nk,ak->na", directions, np.stack([right, [0.0, 1.0, 0.0], back])))


def pulse_responses(
    distances: Float64, gains: Float64, ears: Float32, lead: int
) -> tuple[Float64, npt.NDArray[np.int64]]:
    """Return the pulses that waves from `distances` (n,) m leave at the ears, and the sample at which each begins.

    `gains` (n, band) are the energy gains; `ears` (n, heading, ear, taps) are the head's responses, which begin `lead`
    samples early. The pulses are (n, heading, ear, samples), their first samples (n,). The spectrum of a wave has
    minimum phase, so only the ripple of its interpolation precedes the arrival.
    """
    arrival = LEAD + distances * SAMPLES_PER_METRE - lead
    begin = np.floor(arrival).astype(np.int64) - LEAD
    time = np.arange(2 * LEAD + 2) - (arrival - begin)[:, None]
    pulse = band_limited_pulse(time) / (4 * np.pi * distances)[:, None]
    size = smooth_size(_WALL_SAMPLES + ears.shape[-1] + time.shape[1])
    spectrum = rfft(pulse, size) * rfft(_minimum_phase(gains), size)
    heard = irfft(spectrum.astype(np.complex64)[:, None, None] * rfft(ears, size), size)
    return heard, begin


def _minimum_phase(gains: Float64) -> Float64:
    """Return minimum-phase responses (n, _WALL_SAMPLES) with energy `gains` (n, band), by the cepstral method."""
    frequency = np.fft.rfftfreq(_CEPSTRUM, 1 / SAMPLE_RATE)
    energy = np.einsum("nb,bf->nf", np.maximum(gains, 1e-12), band_shares(frequency))
    cepstrum = irfft(0.5 * np.log(energy), _CEPSTRUM)
    cepstrum[:, 1 : _CEPSTRUM // 2] *= 2
    cepstrum[:, _CEPSTRUM // 2 + 1 :] = 0
    return np.asarray(irfft(np.exp(rfft(cepstrum, _CEPSTRUM)), _CEPSTRUM)[:, :_WALL_SAMPLES])


def turned_responses(head: Head, directions: Float64, headings: Float64, distances: Float64 | None = None) -> Float32:
    """Return the responses of `head` at each of `headings` (h,) degrees to world `directions` (n, 3), float32
    (n, h, ear, taps)."""
    seen = np.concatenate([head_directions(directions, heading) for heading in headings])
    away = None if distances is None else np.tile(distances, len(headings))
    ears = head.responses(seen, away)
    return np.ascontiguousarray(np.moveaxis(ears.reshape(len(headings), len(directions), *ears.shape[1:]), 0, 1))


def add_pulses(target: Float32, pulses: Float64, begin: npt.NDArray[np.int64]) -> None:
    """Add `pulses` (n, ..., samples) to `target` (..., samples) from sample `begin` (n,) on; samples outside are cut.

    >>> add_pulses(heard := np.zeros(4, dtype=np.float32), np.ones((2, 3)), np.array([-2, 2]))
    >>> heard.tolist()
    [1.0, 0.0, 1.0, 1.0]
    """
    for pulse, first in zip(pulses, begin, strict=True):
        start, end = max(first, 0), min(first + pulse.shape[-1], target.shape[-1])
        if end > start:
            target[..., start:end] += pulse[..., start - first : end - first]


def late_responses(field: EnergyField, headings: Float64, head: Head, samples: int) -> Float32:
    """Return the sound of `field.energy` at the ears, float32 (source, heading, ear, samples).

    For each direction of arrival and octave band, a random sequence of signs carries the energy of each bin. It is
    filtered to its band, and the sum over bands reaches the ears from its direction. All headings share the same
    signals, so a turned head hears the same field. Filter ringing ahead of the first arrival is cut.
    """
    heard = np.zeros((len(field.sources), len(headings), 2, samples), dtype=np.float32)
    length = min(_last_bin(field.energy) * field.bin_samples, samples)
    if length == 0:
        return heard
    size = smooth_size(length + head.taps + _RINGING)
    ears = rfft(turned_responses(head, arrival_directions(), headings), size)
    late = np.exp(-2j * np.pi * (LEAD - head.lead) * np.fft.rfftfreq(size)).astype(np.complex64)
    at_ears = _through(_direction_spectra(field, length, size), ears * late)
    kept = min(size - _RINGING // 2, samples)  # the end holds the ringing ahead of the beginning
    heard[..., :kept] = irfft(at_ears, size)[..., :kept]
    for response, energy in zip(heard, field.energy, strict=True):
        response[..., : _first_bin(energy) * field.bin_samples + LEAD - _NEAR_EAR] = 0
    return heard


@njit(cache=True, error_model="numpy", nogil=True)
def _through(sound, ears):  # type: ignore[no-untyped-def]
    """Return `sound` (source, direction, frequency) times `ears` (direction, heading, ear, frequency), summed over
    directions in a fixed order: (source, heading, ear, frequency).

    A few frequencies at a time stay in a fast cache.
    """
    heard = np.zeros((sound.shape[0], *ears.shape[1:]), dtype=np.complex64)
    for first in range(0, sound.shape[2], _CACHED_BINS):
        some = slice(first, first + _CACHED_BINS)
        for source in range(sound.shape[0]):
            for heading in range(ears.shape[1]):
                for ear in range(2):
                    total = heard[source, heading, ear, some]
                    for direction in range(sound.shape[1]):
                        one, other = sound[source, direction, some], ears[direction, heading, ear, some]
                        for k in range(total.size):
                            total[k] += one[k] * other[k]
    return heard


def _last_bin(energy: Float32) -> int:
    """Return the number of bins of `energy` (source, bin, direction, band) up to the last non-empty one."""
    filled = np.flatnonzero(energy.any(axis=(0, 2, 3)))
    return int(filled[-1]) + 1 if filled.size else 0


def _first_bin(energy: Float32) -> int:
    """Return the index of the first non-empty bin of `energy` (bin, direction, band), or the number of bins."""
    filled = np.flatnonzero(energy.reshape(len(energy), -1).any(axis=1))
    return int(filled[0]) if filled.size else len(energy)


def _direction_spectra(field: EnergyField, length: int, size: int) -> npt.NDArray[np.complex64]:
    """Return the spectra (source, direction, `size` / 2 + 1) of `length` samples of sound from each direction."""
    rng = np.random.default_rng(field.noise_seed)
    filters = np.sqrt(band_shares(np.fft.rfftfreq(size, 1 / SAMPLE_RATE))).astype(np.float32)
    bins = math.ceil(length / field.bin_samples)
    strength = np.sqrt(np.moveaxis(field.energy[:, :bins], 1, -1) / field.bin_samples)
    spectra = np.zeros((*strength.shape[:2], size // 2 + 1), dtype=np.complex64)
    for band, filter_ in enumerate(filters):
        level = np.repeat(strength[:, :, band], field.bin_samples, axis=-1)
        spectra += rfft(_signs(rng, level.shape) * level, size) * filter_
    return spectra


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Float32:
    """Return random signs, -1 or 1, float32 of `shape`."""
    count = int(np.prod(shape))
    bits = np.unpackbits(np.frombuffer(rng.bytes(-(-count // 8)), dtype=np.uint8), count=count)
    return (2 * bits.astype(np.float32) - 1).reshape(shape)
