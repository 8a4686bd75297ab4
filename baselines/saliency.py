"""Visual saliency by the spectral residual (Hou and Zhang 2007): what stands out to the eye, whatever is heard."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from ..benchmarks.stimuli.picture_sound.batch import PictureSoundBatch

Maps = npt.NDArray[np.float64]

WIDTH = 64
"""Pixels of the picture's width when its spectrum is taken, as published."""
SPREAD, WINDOW = 2.5, 9
"""Standard deviation and size (pixels) of the final blur, about as in the authors' code."""


def spectral_residual(picture: npt.NDArray[np.uint8]) -> Maps:
    """Return the saliency (rows, columns), largest 1, of `picture` (height, width, 3).

    The log amplitude of the spectrum minus its 3 x 3 mean, with the phase as it is, back in the picture, squared and
    blurred. A picture of one colour gives 0 everywhere.
    """
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (WIDTH, max(1, round(WIDTH * height / width))), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64) / 255
    if grey.min() == grey.max():
        return np.zeros_like(grey)
    spectrum = np.fft.fft2(grey)
    amplitude = np.log(np.abs(spectrum) + 1e-12)
    residual = amplitude - cv2.blur(amplitude, (3, 3), borderType=cv2.BORDER_REPLICATE)
    back = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    saliency = cv2.GaussianBlur(back, (WINDOW, WINDOW), SPREAD)
    return np.asarray(saliency / saliency.max(), dtype=np.float64)


@dataclass(frozen=True)
class SpectralResidual:
    """What stands out in the picture by its spectral residual; it looks and does not listen."""

    version: ClassVar[str] = "1"
    tracks: ClassVar[tuple[str, ...]] = ("sounding-object",)

    def predict(self, batch: PictureSoundBatch) -> Maps:
        """Return maps (n, 48, 64) for pictures of 320 x 240."""
        found: list[Maps] = []
        for k, picture in enumerate(batch.image):
            same = k > 0 and np.array_equal(picture, batch.image[k - 1])
            found.append(found[-1] if same else spectral_residual(picture))
        return np.stack(found)
