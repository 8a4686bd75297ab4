"""Impulse responses of a rectangular room from the image-source lattice: the engine `lattice`.

The images of a source in a rectangular room form a separable lattice (Allen and Berkley 1979, eq. 9): each axis
contributes its own squared offset and gain. Three small tables therefore describe every image, and one pass over the
lattice costs a square root, a division and two additions per image:

1. each image is added to two neighbouring bins of a time grid `OVERSAMPLING` times finer than the sample rate
   (linear interpolation);
2. the grid is decimated by 3 and by 2 with short filters, then to the sample rate with one filter that both
   band-limits it (windowed sinc) and compensates the droop of the earlier steps.

No step reorders a floating-point sum, so responses are byte-identical on every machine with IEEE arithmetic.
"""

import numpy as np
import numpy.typing as npt

from ...compiled import njit

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

OVERSAMPLING = 24
LEAD = 40
"""Every response begins this many samples before the emission: half the band-limiting kernel."""

_MARGIN = 96  # samples of silence around the grid, so that no filter runs past its ends
_FOUR_PHASES = 4


def band_limited_pulse(time: Float64) -> Float64:
    """Return the pulse of one image at `time` samples from its arrival (any shape).

    It is a sinc at the Nyquist frequency with an 81-sample Hann window, the kernel of pyroomacoustics.

    >>> band_limited_pulse(np.array([0.0, 1.0, 41.0])).round(9).tolist()
    [1.0, 0.0, 0.0]
    """
    window = 0.5 + 0.5 * np.cos(np.pi * time / LEAD)
    return np.where(np.abs(time) <= LEAD, window * np.sinc(time), 0.0)


def _decimation_filter() -> Float32:
    """Return the last filter, (4 phases, taps): the spectrum of the pulse divided by that of the earlier steps."""
    length, fine = 128, 16
    time = (np.arange(length * 2 * fine) - length * fine) / fine
    spectrum = np.fft.rfft(np.fft.ifftshift(band_limited_pulse(time))) / fine
    frequency = np.fft.rfftfreq(time.size, 1 / fine)
    kept = frequency <= _FOUR_PHASES / 2
    frequency, spectrum = frequency[kept], spectrum[kept]
    droop = np.sinc(frequency / OVERSAMPLING) ** 2
    droop *= (np.sinc(frequency / 8) / np.sinc(frequency / OVERSAMPLING)) ** 4
    droop *= np.cos(np.pi * frequency / 8) ** 6
    taps = np.fft.fftshift(np.fft.irfft(spectrum / droop, 2 * length * _FOUR_PHASES)) * _FOUR_PHASES
    reach = (LEAD + 4) * _FOUR_PHASES
    centre = length * _FOUR_PHASES
    return taps[centre - reach : centre + reach].reshape(-1, _FOUR_PHASES).T.astype(np.float32)


_DECIMATION = _decimation_filter()


@njit(cache=True, error_model="numpy", nogil=True)
def _axis_table(size, source, microphone, gain_low, gain_high, order, bins_per_metre):  # type: ignore[no-untyped-def]
    """Return one axis of the lattice: squared offsets (bins^2), gains, orders, and the count up to each order.

    Images of equal order and offset are merged; a source and a microphone at the same height make many.
    """
    offset = np.empty(2 * order + 1)
    gain = np.empty(2 * order + 1)
    orders = np.empty(2 * order + 1, dtype=np.int64)
    count_within = np.empty(order + 1, dtype=np.int64)
    count = 0
    for reflections in range(order + 1):
        start = count
        for direction in (1, -1):
            if reflections == 0 and direction == -1:
                continue
            cell = direction * reflections
            position = cell * size + (source if cell % 2 == 0 else size - source)
            first, second = (reflections + 1) // 2, reflections // 2
            high, low = (first, second) if direction == 1 else (second, first)
            squared = ((position - microphone) * bins_per_metre) ** 2
            strength = gain_low**low * gain_high**high
            if count > start and abs(squared - offset[start]) <= 1e-12 * squared:
                gain[start] += strength
            else:
                offset[count], gain[count], orders[count] = squared, strength, reflections
                count += 1
        count_within[reflections] = count
    return offset[:count].astype(np.float32), gain[:count].astype(np.float32), orders[:count], count_within


@njit(cache=True, error_model="numpy", nogil=True)
def _farthest_bin(x, y, z, order):  # type: ignore[no-untyped-def]
    """Return the largest arrival (bins) over all images of `order` reflections or fewer."""
    reach = np.zeros(order + 1)
    for axis in (x, y, z):
        squared, _, orders, _ = axis
        own = np.zeros(order + 1)
        for k in range(squared.size):
            own[orders[k]] = max(own[orders[k]], squared[k])
        total = np.zeros(order + 1)
        for reflections in range(order + 1):
            for mine in range(reflections + 1):
                total[reflections] = max(total[reflections], own[mine] + reach[reflections - mine])
        reach = total
    return np.sqrt(reach.max())


@njit(cache=True, error_model="numpy", nogil=True)
def _add_images(x, y, z, order, grid):  # type: ignore[no-untyped-def]
    """Add every image of `order` reflections or fewer to two neighbouring bins of `grid`."""
    x_squared, x_gain, x_order, x_within = x
    y_squared, y_gain, y_order, y_within = y
    z_squared, z_gain, _, z_within = z
    bins = np.empty(z_squared.size, dtype=np.int32)
    near = np.empty(z_squared.size, dtype=np.float32)
    far = np.empty(z_squared.size, dtype=np.float32)
    one = np.uint32(1)
    for i in range(x_within[order]):
        left = order - x_order[i]
        for j in range(y_within[left]):
            squared = x_squared[i] + y_squared[j]
            gain = x_gain[i] * y_gain[j]
            count = z_within[left - y_order[j]]
            for k in range(count):
                arrival = np.sqrt(squared + z_squared[k])
                strength = gain * z_gain[k] / arrival
                whole = np.int32(arrival)
                late = strength * (arrival - np.float32(whole))
                bins[k], near[k], far[k] = whole, strength - late, late
            for k in range(count):  # separate, so that the compiler vectorises the loop above
                bin_ = np.uint32(bins[k])
                grid[bin_] += near[k]
                grid[bin_ + one] += far[k]


@njit(cache=True, error_model="numpy", nogil=True)
def _eighth(grid):  # type: ignore[no-untyped-def]
    """Return the grid reduced from 24 to 8 bins a sample, filtered with (1, 1, 1) four times and divided by 27."""
    coarse = np.zeros(grid.size // 3, dtype=np.float32)
    inside, fine = coarse[2:-2], grid[2:]
    scale = np.float32(1 / 27)
    for n in range(inside.size):
        k = np.uint32(3 * n)
        ends, outer = fine[k] + fine[k + 8], fine[k + 1] + fine[k + 7]
        inner, near = fine[k + 2] + fine[k + 6], fine[k + 3] + fine[k + 5]
        total = ends + np.float32(4) * outer + np.float32(10) * inner
        inside[n] = scale * (total + np.float32(16) * near + np.float32(19) * fine[k + 4])
    return coarse


@njit(cache=True, error_model="numpy", nogil=True)
def _eighth_phases(eighth):  # type: ignore[no-untyped-def]
    """Return the grid of 8 bins a sample as (8 phases, samples): what is added next lies side by side there."""
    phases = np.empty((8, eighth.size // 8), dtype=np.float32)
    for n in range(phases.shape[1]):
        for phase in range(8):
            phases[phase, n] = eighth[8 * n + phase]
    return phases


@njit(cache=True, error_model="numpy", nogil=True)
def _quarter_phases(eighths):  # type: ignore[no-untyped-def]
    """Return the grid reduced from 8 to 4 bins a sample, (4 phases, samples), by (1, 6, 15, 20, 15, 6, 1) / 32."""
    phases = np.zeros((_FOUR_PHASES, eighths.shape[1]), dtype=np.float32)
    ends, outer = np.float32(1 / 32), np.float32(6 / 32)
    inner, middle = np.float32(15 / 32), np.float32(20 / 32)
    for phase in range(_FOUR_PHASES):
        own, first = phases[phase, 1:-1], 8 + 2 * phase - 3
        a, b = eighths[first % 8, first // 8 :], eighths[(first + 1) % 8, (first + 1) // 8 :]
        c, d = eighths[(first + 2) % 8, (first + 2) // 8 :], eighths[(first + 3) % 8, (first + 3) // 8 :]
        e, f = eighths[(first + 4) % 8, (first + 4) // 8 :], eighths[(first + 5) % 8, (first + 5) // 8 :]
        g = eighths[(first + 6) % 8, (first + 6) // 8 :]
        for n in range(own.size):
            k = np.uint32(n)
            total = middle * d[k] + inner * (c[k] + e[k])
            own[n] = total + outer * (b[k] + f[k]) + ends * (a[k] + g[k])
    return phases


@njit(cache=True, error_model="numpy", nogil=True)
def _band_limit(phases, taps, response):  # type: ignore[no-untyped-def]
    """Filter the four `phases` into `response` at the sample rate, in cache-sized blocks, four taps a pass."""
    length = taps.shape[1]
    first = _MARGIN - LEAD - length // 2
    block = 1024
    for start in range(0, response.size, block):
        out = response[start : start + block]
        for phase in range(_FOUR_PHASES):
            for tap in range(0, length, 4):
                w0, w1, w2, w3 = (
                    taps[phase, tap],
                    taps[phase, tap + 1],
                    taps[phase, tap + 2],
                    taps[phase, tap + 3],
                )
                near = phases[phase, start + first + tap :]
                for n in range(out.size):
                    k = np.uint32(n)
                    out[n] += (w0 * near[k] + w1 * near[k + 1]) + (w2 * near[k + 2] + w3 * near[k + 3])


@njit(cache=True, error_model="numpy", nogil=True)
def _responses(dimensions, gains, order, source, microphones, bins_per_metre, decimation):  # type: ignore[no-untyped-def]
    count = microphones.shape[0]
    tables = []
    farthest = 0.0
    for m in range(count):
        axes = [
            _axis_table(
                dimensions[a],
                source[a],
                microphones[m, a],
                gains[2 * a],
                gains[2 * a + 1],
                order,
                bins_per_metre,
            )
            for a in range(3)
        ]
        tables.append((axes[0], axes[1], axes[2]))
        farthest = max(farthest, _farthest_bin(axes[0], axes[1], axes[2], order))
    length = int(farthest) // OVERSAMPLING + 2 + 2 * LEAD
    responses = np.zeros((count, length), dtype=np.float32)
    samples = length + 2 * _MARGIN
    for m in range(count):
        grid = np.zeros(samples * OVERSAMPLING, dtype=np.float32)
        x, y, z = tables[m]
        _add_images(x, y, z, order, grid[_MARGIN * OVERSAMPLING :])
        _band_limit(_quarter_phases(_eighth_phases(_eighth(grid))), decimation, responses[m])
    return responses


def lattice_responses(
    dimensions: Float64,
    absorption: Float64,
    order: int,
    source: Float64,
    microphones: Float64,
    sample_rate: int,
    speed_of_sound: float,
) -> Float32:
    """Return impulse responses, float32 (microphones, samples), that begin `LEAD` samples before the emission.

    `dimensions` (3,), `source` (3,) and `microphones` (microphones, 3) are in metres; `absorption` (6,) is the
    energy absorption of the walls x=0, x=X, y=0, y=Y, z=0, z=Z. An image at distance d has amplitude 1 / (4 pi d)
    times sqrt(1 - absorption) for each reflection; images of up to `order` reflections are summed.
    """
    bins_per_metre = OVERSAMPLING * sample_rate / speed_of_sound
    strength = bins_per_metre / (4 * np.pi)
    taps = _DECIMATION * np.float32(strength)
    gains = np.sqrt(1.0 - absorption)
    responses: Float32 = _responses(dimensions, gains, order, source, microphones, bins_per_metre, taps)
    return responses
