"""The image sum without any short cut, which engines for rectangular rooms are measured against."""

import numpy as np

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen.acoustics.lattice import LEAD, band_limited_pulse
from whence.datagen.acoustics.shoebox import ShoeboxRoom

SAMPLES_PER_METRE = SAMPLE_RATE / SPEED_OF_SOUND


def exact_responses(room: ShoeboxRoom, source, microphones, length: int) -> np.ndarray:
    """The image sum in float64, one band-limited pulse an image: Allen and Berkley 1979, eq. 10."""
    reach = np.arange(-room.order, room.order + 1)
    axes = []
    for axis, size in enumerate(room.dimensions):
        low, high = np.sqrt(1 - np.array(room.absorption[2 * axis : 2 * axis + 2]))
        n, q = (grid.ravel() for grid in np.meshgrid(reach, [0, 1]))
        position = (1 - 2 * q) * source[axis] + 2 * n * size
        axes.append((position, low ** np.abs(n - q) * high ** np.abs(n), np.abs(2 * n - q)))
    (x, gx, ox), (y, gy, oy), (z, gz, oz) = axes
    kept = np.nonzero(ox[:, None, None] + oy[:, None] + oz <= room.order)
    gain = gx[kept[0]] * gy[kept[1]] * gz[kept[2]]
    images = np.stack([x[kept[0]], y[kept[1]], z[kept[2]]], axis=1)
    responses = np.zeros((len(microphones), length + 4 * LEAD))
    for response, microphone in zip(responses, microphones, strict=True):
        distance = np.linalg.norm(images - microphone, axis=1)
        arrival = LEAD + distance * SAMPLES_PER_METRE
        sample = np.floor(arrival).astype(int)[:, None] + np.arange(-LEAD, LEAD + 2)
        pulse = band_limited_pulse(sample - arrival[:, None])
        np.add.at(response, sample, (gain / (4 * np.pi * distance))[:, None] * pulse)
    assert not responses[:, length:].any(), "the response ends before its last image"
    return responses[:, :length]


def error_db(reference: np.ndarray, response: np.ndarray) -> float:
    """Energy of the difference over that of `reference`, in dB; the shorter one is padded with silence."""
    length = max(reference.shape[1], response.shape[1])
    a, b = (np.pad(r.astype(float), ((0, 0), (0, length - r.shape[1]))) for r in (reference, response))
    return 10 * np.log10(np.sum((a - b) ** 2) / np.sum(a**2) + 1e-30)
