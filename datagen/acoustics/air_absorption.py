"""Sound absorption by air (ISO 9613-1)."""

import math

import numpy as np
import numpy.typing as npt


def air_absorption(
    frequency: npt.ArrayLike, temperature: float = 20.0, humidity: float = 50.0, pressure: float = 101.325
) -> npt.NDArray[np.float64]:
    """Return the energy attenuation m of a pure tone in air, 1/m: energy falls as exp(-m distance).

    `frequency` (any shape) is in Hz, `temperature` in degrees C, relative `humidity` in %, `pressure` in kPa. Source:
    ISO 9613-1:1993, equations 3 to 5 and B.3.

    >>> (air_absorption([1000.0, 4000.0]) * 1000 * 10 / math.log(10)).round(1).tolist()      # dB/km
    [4.7, 29.7]
    """
    tone = np.asarray(frequency, dtype=np.float64)
    kelvin, atmospheres = temperature + 273.15, pressure / 101.325
    warmth = kelvin / 293.15
    saturation = 10 ** (-6.8346 * (273.16 / kelvin) ** 1.261 + 4.6151)
    vapour = humidity * saturation / atmospheres
    oxygen = atmospheres * (24 + 4.04e4 * vapour * (0.02 + vapour) / (0.391 + vapour))
    nitrogen = atmospheres * warmth**-0.5 * (9 + 280 * vapour * math.exp(-4.170 * (warmth ** (-1 / 3) - 1)))
    classical = 1.84e-11 / atmospheres * warmth**0.5
    by_oxygen = 0.01275 * math.exp(-2239.1 / kelvin) / (oxygen + tone**2 / oxygen)
    by_nitrogen = 0.1068 * math.exp(-3352.0 / kelvin) / (nitrogen + tone**2 / nitrogen)
    return np.asarray(2 * tone**2 * (classical + warmth**-2.5 * (by_oxygen + by_nitrogen)))
