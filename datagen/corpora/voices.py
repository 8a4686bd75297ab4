"""The speakers of the espeak corpus: eight accents of English, three women and three men each."""

from dataclasses import dataclass

import numpy as np

ACCENTS = (
    "en-us",
    "en",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
    "en-us-nyc",
)
# Only variants without espeak's own echo (f2 to f5 and m2 have one): the speech must be dry.
VARIANTS = {
    "female": ("f1", "linda", "steph", "Annie", "belinda", "aunty"),
    "male": ("m1", "m3", "m4", "m6", "m7", "m8"),
}
PITCHES = (50, 42, 58, 46, 62, 38, 54)
RATES = (160, 175, 150, 185, 168)
_PER_ACCENT = 3


@dataclass(frozen=True)
class Voice:
    """A speaker: espeak accent and variant, pitch (0 to 99, 50 is the variant's own) and words per minute."""

    accent: str
    variant: str
    sex: str
    pitch: int
    rate: int

    @property
    def espeak_name(self) -> str:
        """Return the name of the accent and variant in espeak-ng."""
        return f"{self.accent}+{self.variant}"

    @property
    def speaker(self) -> str:
        """Return the speaker's id, such as `espeak-en-us+f1-p50`."""
        return f"espeak-{self.espeak_name}-p{self.pitch}"

    @property
    def recipe(self) -> list[str | int]:
        """Return everything that defines this voice, for a digest."""
        return [self.accent, self.variant, self.pitch, self.rate]


def _voices(sex: str) -> tuple[Voice, ...]:
    variants = VARIANTS[sex]
    return tuple(
        Voice(accent, variants[k % len(variants)], sex, PITCHES[k % len(PITCHES)], RATES[k % len(RATES)])
        for k, accent in enumerate(accent for accent in ACCENTS for _ in range(_PER_ACCENT))
    )


WOMEN, MEN = _voices("female"), _voices("male")
BY_SPEAKER = {voice.speaker: voice for voice in WOMEN + MEN}


def cast(rng: np.random.Generator) -> tuple[Voice, ...]:
    """Return all voices in random order, alternating women and men."""
    pairs = zip(rng.permutation(len(WOMEN)), rng.permutation(len(MEN)), strict=True)
    return tuple(voice for woman, man in pairs for voice in (WOMEN[woman], MEN[man]))
