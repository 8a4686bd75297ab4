"""Impulse responses of many rectangular rooms at once, in torch: the lattice of `lattice` on any device.

The images, their tables and the fine time grid are those of `lattice`. Two things differ, so that a GPU has much to do
at once: images are added for all rooms of a batch together, and the grid is filtered as a spectrum instead of in three
steps. Neither engine is farther than -63 dB from the exact sum (energy of the difference over that of the responses),
and they are closer to each other. A GPU adds in no fixed order, so two runs may differ in the last bits.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...errors import MissingPackage

try:
    import torch
    from torch import Tensor
except ModuleNotFoundError as error:
    raise MissingPackage("responses of many rooms at once need torch: pip install '.[learned]'") from error

from .fourier import smooth_size
from .lattice import LEAD, OVERSAMPLING, band_limited_pulse

_BINS_AT_ONCE = {"cpu": 2**20, "else": 2**26}
"""Bins in memory together, by kind of device: a CPU should find them in its cache."""
_RINGING = 8  # samples of silence behind a response, where the filter rings before the emission
_FINE = 4  # samples of the pulse in one of time


class _Axis(NamedTuple):
    """One axis of the lattice: squared offsets (bins^2) and gains, float32 (row, 2 order + 1).

    A row is one microphone in one room; places with the fewest reflections come first.
    """

    squared: Tensor
    gain: Tensor


def batched_lattice_responses(
    dimensions: Tensor,
    absorption: Tensor,
    order: Tensor,
    source: Tensor,
    microphones: Tensor,
    sample_rate: int = SAMPLE_RATE,
    speed_of_sound: float = SPEED_OF_SOUND,
) -> Tensor:
    """Return impulse responses, float32 (room, microphone, samples), on the device of `dimensions`.

    `dimensions` (room, 3), `source` (room, 3) and `microphones` (room, microphone, 3) are in metres; `absorption`
    (room, 6) and `order` (room,) are as for `lattice_responses`. Responses begin `LEAD` samples before the emission;
    between their own end and that of the longest only rounding is left. Rooms of similar order are computed together,
    so give many.
    """
    bins_per_metre, count = OVERSAMPLING * sample_rate / speed_of_sound, microphones.shape[1]
    dimensions, source, microphones = dimensions.double(), source.double(), microphones.double()
    gain, order = torch.sqrt(1 - absorption.double()).reshape(-1, 3, 2), order.to(dimensions.device)
    responses: list[Tensor] = [dimensions.new_empty(0)] * len(dimensions)
    for rooms in _alike(dimensions, order, count, bins_per_metre):
        some = torch.as_tensor(rooms, device=dimensions.device)
        size, heard, hearing, walls, most = (of[some] for of in (dimensions, source, microphones, gain, order))
        x, y, z = (
            _axis(size[:, k], heard[:, k], hearing[:, :, k], walls[:, k], int(most.max()), bins_per_metre)
            for k in range(3)
        )
        together = _responses(x, y, z, most.repeat_interleave(count)) * (bins_per_metre / (4 * torch.pi))
        for room, found in zip(rooms, together.reshape(len(rooms), count, -1), strict=True):
            responses[room] = found.T
    return torch.nn.utils.rnn.pad_sequence(responses, batch_first=True).mT


def _alike(dimensions: Tensor, order: Tensor, microphones: int, bins_per_metre: float) -> Iterator[list[int]]:
    """Yield the numbers of rooms that are computed together: of similar order, and as many as memory allows."""
    most = _BINS_AT_ONCE["cpu" if dimensions.device.type == "cpu" else "else"]
    farthest = order * dimensions.amax(1) + dimensions.norm(dim=1)  # metres, an upper bound
    bins = (farthest * bins_per_metre * microphones).tolist()
    rooms: list[int] = []
    largest = 0.0
    for room in order.argsort(stable=True).tolist():
        largest = max(largest, bins[room])
        if rooms and (len(rooms) + 1) * largest > most:
            yield rooms
            rooms, largest = [], bins[room]
        rooms.append(room)
    if rooms:
        yield rooms


def _axis(size: Tensor, source: Tensor, microphone: Tensor, gain: Tensor, order: int, bins_per_metre: float) -> _Axis:
    """Return one axis of the lattice of rooms with `size` and `source` (room,), in metres.

    `microphone` is (room, microphone), `gain` (room, 2) that of a reflection by the low and the high wall.
    """
    number = torch.arange(2 * order + 1, device=size.device)
    reflections = (number + 1) // 2
    up = number % 2 == 1
    first, second = (reflections + 1) // 2, reflections // 2
    low, high = torch.where(up, second, first), torch.where(up, first, second)
    own = torch.where(reflections % 2 == 0, source[:, None], (size - source)[:, None])
    image = torch.where(up, reflections, -reflections) * size[:, None] + own
    offset = (image[:, None] - microphone[..., None]).flatten(0, 1)
    strength = (gain[:, :1] ** low * gain[:, 1:] ** high).repeat_interleave(microphone.shape[1], dim=0)
    return _Axis((offset * bins_per_metre).square().float(), strength.float())


def _responses(x: _Axis, y: _Axis, z: _Axis, order: Tensor) -> Tensor:
    """Return the responses (row, samples) to images of up to `order` (row,) reflections, for distances in bins."""
    first, second, reflections, counts = _pairs(z.gain.shape[1] // 2, order.device)
    across = _Axis(x.squared[:, first] + y.squared[:, second], x.gain[:, first] * y.gain[:, second])
    most = torch.full_like(order, len(counts) - 1)
    length, room = (int(_farthest(across.squared, z, reflections, own)) for own in (order, most))
    length, samples = (bins // OVERSAMPLING + 2 + 2 * LEAD for bins in (length, room))
    samples = smooth_size(samples + _RINGING)
    grid = torch.zeros((len(order), samples * OVERSAMPLING), dtype=torch.float32, device=order.device)
    parts = zip(*(table.split_with_sizes(counts, 1) for table in across), strict=True)
    for number, (squared, strength) in enumerate(parts):
        _add_images(squared, strength, _within(z, order - number, len(counts) - 1 - number), grid)
    return _band_limited(grid, samples)[:, :length]


def _pairs(order: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor, list[int]]:
    """Return all pairs of places in two axes with at most `order` reflections together, fewest first.

    They come as the first place, the second, their reflections, and how many pairs have 0, 1, ... reflections.
    """
    reflections = (torch.arange(2 * order + 1, device=device) + 1) // 2
    together = reflections[:, None] + reflections
    first, second = torch.nonzero(together <= order, as_tuple=True)
    sorted_, place = together[first, second].sort(stable=True)
    return first[place], second[place], sorted_, [max(4 * number, 1) for number in range(order + 1)]


def _farthest(squared: Tensor, z: _Axis, reflections: Tensor, order: Tensor) -> Tensor:
    """Return the largest arrival (bins) of the images of up to `order` (row,) reflections.

    `squared` (row, pair) are the offsets of pairs with `reflections` (pair,).
    """
    left = order[:, None] - reflections
    along = z.squared.cummax(1).values.gather(1, 2 * left.clamp(min=0))
    return torch.where(left >= 0, squared + along, 0).max().sqrt()


def _within(z: _Axis, left: Tensor, most: int) -> _Axis:
    """Return the part of `z` of up to `most` reflections, silent beyond the `left` (row,) that a row may have."""
    count = 2 * most + 1
    reflections = (torch.arange(count, device=left.device) + 1) // 2
    return _Axis(z.squared[:, :count], torch.where(reflections <= left[:, None], z.gain[:, :count], 0))


def _add_images(squared: Tensor, gain: Tensor, z: _Axis, grid: Tensor) -> None:
    """Add each image to two neighbouring bins of `grid` (row, bins), which begins `LEAD` samples before the emission.

    `squared` and `gain` (row, pair) belong to the axes x and y.
    """
    rows = torch.arange(len(grid), device=grid.device)[:, None, None]
    arrival = (squared[:, :, None] + z.squared[:, None]).sqrt_()
    strength = (gain[:, :, None] * z.gain[:, None]).div_(arrival)
    bins = (arrival.long() + (rows * grid.shape[1] + LEAD * OVERSAMPLING)).flatten()
    late = (strength * arrival.frac()).flatten()
    flat = grid.view(-1)
    flat.scatter_add_(0, bins, strength.flatten().sub_(late))
    flat[1:].scatter_add_(0, bins, late)


def _band_limited(grid: Tensor, samples: int) -> Tensor:
    """Return `grid` (row, 24 samples) at the sample rate, each impulse as a band-limited pulse: (row, samples)."""
    spectrum = torch.fft.rfft(grid)[:, : samples + 1] * _filter(samples).to(grid.device)
    twice: Tensor = torch.fft.irfft(spectrum, 2 * samples)
    return twice[:, ::2]


@lru_cache(maxsize=64)
def _filter(samples: int) -> Tensor:
    """Return the spectrum of the pulse up to the sample rate, over that of the interpolation between two bins."""
    time = np.fft.fftfreq(_FINE * samples).astype(np.float64) * samples
    pulse = np.fft.rfft(band_limited_pulse(time))[: samples + 1].real / _FINE
    frequency = np.arange(samples + 1) / samples
    return torch.from_numpy((2 * pulse / np.sinc(frequency / OVERSAMPLING) ** 2).astype(np.float32))
