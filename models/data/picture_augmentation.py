"""What a training picture and its sounds go through: another frame, other colours, a shift in time, noise.

All of it is new at every step and a function of the generator given.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]
_GREY = (115, 115, 115)
"""What lies outside of a picture."""


@dataclass(frozen=True)
class Framing:
    """How a picture is framed anew: magnified about its centre, moved (shares of its size, right and down), mirrored.

    `mirrored` swaps left and right, after the move.
    """

    magnified: float = 1.0
    right: float = 0.0
    down: float = 0.0
    mirrored: bool = False

    def matrix(self, rows: int, columns: int) -> npt.NDArray[np.float64]:
        """Return the affine matrix (2, 3) from pixel indices to pixel indices."""
        across, down = self._axis(self.right, columns), self._axis(self.down, rows)
        if self.mirrored:
            across = (-across[0], columns - 1 - across[1])
        return np.array([[across[0], 0, across[1]], [0, down[0], down[1]]])

    def _axis(self, shift: float, size: int) -> tuple[float, float]:
        """Return factor and offset along one axis, for pixel indices."""
        return self.magnified, (1 - self.magnified) * (size - 1) / 2 + shift * size

    def boxes(self, box: Float32) -> Float32:
        """Return boxes (..., 4) as fractions of the new frame, cut at its edge; NaN stays NaN."""
        low, high = box[..., :2], box[..., 2:]
        shift = np.array([self.right, self.down], dtype=np.float32)
        low, high = ((corner - 0.5) * np.float32(self.magnified) + 0.5 + shift for corner in (low, high))
        moved = np.concatenate([low, high], axis=-1).clip(0, 1)
        return (
            np.asarray(moved * (-1, 1, -1, 1) + (1, 0, 1, 0), np.float32)[..., [2, 1, 0, 3]] if self.mirrored else moved
        )

    def picture(self, picture: UInt8) -> UInt8:
        """Return a picture (rows, columns, 3) in the new frame; grey surrounds it."""
        return self._warped(picture, cv2.INTER_LINEAR, _GREY)

    def mask(self, mask: UInt8) -> UInt8:
        """Return a mask (rows, columns) in the new frame; 0 surrounds it."""
        return self._warped(mask, cv2.INTER_NEAREST, (0,))

    def _warped(self, image: UInt8, interpolation: int, outside: tuple[int, ...]) -> UInt8:
        rows, columns = image.shape[:2]
        matrix = self.matrix(rows, columns)
        return np.asarray(
            cv2.warpAffine(image, matrix, (columns, rows), flags=interpolation, borderValue=outside), dtype=np.uint8
        )


@dataclass(frozen=True)
class Mixing:
    """Ranges from which noise and other sounds are drawn: their level, dB, and the share of clips that get them."""

    snr_db: tuple[float, float]
    noisy_share: float
    other_db: tuple[float, float]
    other_share: float


def covered(box: Float32, rows: int, columns: int) -> Float32:
    """Return the share (..., rows, columns) of each cell that boxes (..., 4) cover; 0 for a box of NaN."""
    known = np.nan_to_num(box)
    across, down = _overlaps(known[..., 0], known[..., 2], columns), _overlaps(known[..., 1], known[..., 3], rows)
    return down[..., :, None] * across[..., None, :]


def _overlaps(low: Float32, high: Float32, cells: int) -> Float32:
    """Return the share (..., cells) of each cell of an axis between `low` and `high`."""
    first = np.arange(cells, dtype=np.float32)
    shared = np.minimum(high[..., None] * cells, first + 1) - np.maximum(low[..., None] * cells, first)
    return np.asarray(shared.clip(0, 1), dtype=np.float32)


def jitter(pictures: UInt8, most: float, rng: np.random.Generator) -> Float32:
    """Return pictures (n, rows, columns, 3) as float32 (n, 3, rows, columns) in 0..1, in changed colours.

    Brightness, contrast and saturation change by up to `most`, as a share.
    """
    image = pictures.astype(np.float32) / np.float32(255)
    brightness, contrast, saturation = rng.uniform(1 - most, 1 + most, (3, len(image), 1, 1, 1)).astype(np.float32)
    grey = image.mean(axis=-1, keepdims=True)
    image = grey + saturation * (image - grey)
    mean = image.mean(axis=(1, 2, 3), keepdims=True)
    image = brightness * (mean + contrast * (image - mean))
    return np.ascontiguousarray(image.clip(0, 1).transpose(0, 3, 1, 2))


def mix(audio: Float32, how: Mixing, rng: np.random.Generator) -> Float32:
    """Return sounds (n, k, samples), shifted in time (around), some with another picture's sound or white noise."""
    count, kinds, samples = audio.shape
    shift = rng.integers(0, samples, (count, kinds))
    moved = np.stack(
        [[np.roll(one, by) for one, by in zip(*pair, strict=True)] for pair in zip(audio, shift, strict=True)]
    )
    level = np.sqrt(np.square(moved).mean(-1, keepdims=True))
    mixed = moved + _gains(how.other_db, how.other_share, (count, kinds, 1), rng) * level * _normalised(
        np.roll(moved, 1, 0)
    )
    noise = rng.standard_normal(moved.shape, dtype=np.float32)
    down = (-how.snr_db[1], -how.snr_db[0])
    return np.asarray(mixed + _gains(down, how.noisy_share, (count, kinds, 1), rng) * level * noise, dtype=np.float32)


def _gains(decibels: tuple[float, float], share: float, shape: tuple[int, ...], rng: np.random.Generator) -> Float32:
    """Return factors drawn from a range of dB, 0 for all but a `share` of them."""
    return np.asarray(10 ** (rng.uniform(*decibels, shape) / 20) * (rng.random(shape) < share), dtype=np.float32)


def _normalised(audio: Float32) -> Float32:
    return np.asarray(audio / np.sqrt(np.square(audio).mean(-1, keepdims=True)).clip(1e-6), dtype=np.float32)
