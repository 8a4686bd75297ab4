"""How surfaces absorb and scatter sound, in octave bands, with where each number comes from."""

from dataclasses import dataclass

BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0)
"""Centres of the octave bands of all acoustic materials."""


@dataclass(frozen=True)
class AcousticMaterial:
    """`absorption` and `scattering`: the shares of energy, 0..1, in each of `BANDS_HZ`; `source`: their reference."""

    name: str
    absorption: tuple[float, ...]
    scattering: tuple[float, ...]
    source: str
