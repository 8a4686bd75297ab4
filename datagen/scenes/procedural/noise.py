"""Seamless noise fields, made once per scene by filtering white noise, and cropped as needed."""

from copy import copy

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]
SIZE = 512
"""Height and width of every field, pixels."""


class NoiseBank:
    """Noise fields of mean 0 and standard deviation 1.

    They are `cloud` (all scales, the large ones strongest), `blotch` (20 to 90 pixels), `mottle` (5 to 20 pixels),
    `grain` (2 to 5 pixels) and `streak` (stretched along the rows, like wood grain).
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        down = np.fft.fftfreq(SIZE)[:, None] * SIZE
        right = np.fft.rfftfreq(SIZE)[None] * SIZE
        radius = np.hypot(down, right) + 1e-9
        weights = {
            "cloud": np.where(radius < 1, 0, radius**-1.6),
            "blotch": _band(radius, SIZE / 90, SIZE / 20) / radius,
            "mottle": _band(radius, SIZE / 20, SIZE / 5) / radius,
            "grain": _band(radius, SIZE / 5, SIZE / 2),
            "streak": np.maximum(np.hypot(14 * right, down), 1) ** -1.1 * (down != 0),
        }
        self._fields = {name: self._filtered(weight) for name, weight in weights.items()}

    def _filtered(self, weight: npt.NDArray[np.float64]) -> Field:
        spectrum = self._rng.standard_normal((2, *weight.shape), dtype=np.float32)
        field = np.fft.irfft2((spectrum[0] + 1j * spectrum[1]) * weight, s=(SIZE, SIZE)).astype(np.float32)
        field -= pairwise_sum(field) / np.float32(field.size)
        deviation = field - pairwise_sum(field) / np.float32(field.size)
        return np.asarray(field / np.sqrt(pairwise_sum(deviation * deviation) / np.float32(field.size)), np.float32)

    def cropped_by(self, rng: np.random.Generator) -> "NoiseBank":
        """Return a bank with the same fields whose random crops are drawn from `rng`."""
        shared = copy(self)
        shared._rng = rng
        return shared

    def take(self, name: str, height: int = SIZE, width: int = SIZE) -> Field:
        """Return a random `height` x `width` crop of the field `name`, wrapped around."""
        down, right = self._rng.integers(0, SIZE, 2)
        return np.roll(self._fields[name], (down, right), (0, 1))[:height, :width]

    def at(self, name: str, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> Field:
        """Return the field `name` at integer positions, wrapped around."""
        return self._fields[name][rows % SIZE, columns % SIZE]


def pairwise_sum(field: Field) -> np.float32:
    """Return the sum of `field`, whose number of values is a power of two from 128 on, in a fixed order.

    It is that of NumPy 2.4: eight running sums for each 128 values, then a tree. NumPy 2.0 has another.
    """
    blocks = field.reshape(-1, 16, 8)
    sums = blocks[:, 0]
    for k in range(1, 16):
        sums = sums + blocks[:, k]
    sums = sums.ravel()
    while sums.size > 1:
        sums = sums[::2] + sums[1::2]
    return np.float32(sums[0])


def _band(radius: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    return np.exp(-((low / radius) ** 4) - (radius / high) ** 4)
