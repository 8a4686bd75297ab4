"""Which kind a category of a collection of sounds is: ESC-50, UrbanSound8K, FSD50K, AudioSet and VGGSound name many."""

import re
from collections.abc import Mapping

from .kinds import KINDS

ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "telephone": ("phone", "telephone-ringing", "telephone-bell-ringing", "ringtone", "phone-ringing", "cell-phone"),
    "alarm-clock": ("clock-alarm", "alarm-clock-ringing", "alarm"),
    "wall-clock": ("clock", "clock-tick", "clock-ticking", "tick", "tick-tock"),
    "kettle": ("kettle-whistle", "whistling-kettle", "tea-kettle", "teapot", "boiling-kettle", "kettle-whistling"),
    "tap": (
        "faucet",
        "water-tap",
        "water-tap-faucet",
        "running-tap",
        "sink-filling-or-washing",
        "pouring-water",
        "sink",
    ),
    "washing-machine": ("washer", "laundry-machine", "washing-machine-running"),
    "vacuum-cleaner": ("vacuum", "hoover", "vacuum-cleaner-cleaning-floors", "vacuum-cleaning"),
    "fan": ("electric-fan", "mechanical-fan", "running-electric-fan", "air-conditioner", "air-conditioning"),
    "fridge": ("refrigerator", "freezer"),
    "microwave": ("microwave-oven",),
    "television": ("tv", "tv-set", "television-set"),
    "radio": ("radio-set", "transistor-radio"),
    "music-box": ("musical-box",),
    "piano": ("playing-piano", "acoustic-piano", "grand-piano", "electric-piano", "keyboard-musical"),
    "door-bell": ("doorbell", "ding-dong", "door-chime"),
    "dog": ("dog-bark", "dog-barking", "bark", "barking", "bow-wow", "dog-growling", "dog-howling", "growling"),
    "cat": ("cat-meow", "cat-meowing", "meow", "meowing", "cat-growling", "caterwaul", "cat-purring", "purr"),
    "baby": ("crying-baby", "baby-cry", "baby-crying", "baby-cry-infant-cry", "infant-cry", "infant", "baby-babbling"),
    "person": (
        "speech",
        "human-speech",
        "talking",
        "conversation",
        "male-speech-man-speaking",
        "female-speech-woman-speaking",
        "male-speech-and-man-speaking",
        "female-speech-and-woman-speaking",
        "child-speech-kid-speaking",
        "man",
        "woman",
        "laughing",
        "laughter",
        "coughing",
        "cough",
        "sneezing",
        "sneeze",
        "footsteps",
        "walk-footsteps",
        "clapping",
    ),
    "frying-pan": ("frying", "frying-food", "sizzle", "sizzling", "cooking"),
    "smoke-alarm": ("smoke-detector", "smoke-detector-smoke-alarm", "fire-alarm"),
    "hair-dryer": ("hairdryer", "hair-drier", "blow-dryer", "hair-dryer-drying", "blowdryer"),
}
"""Names of categories that are our kinds, in lower case with hyphens, one for each kind and more."""

_KIND_OF = {name: kind for kind in KINDS for name in (kind, *ALSO_CALLED[kind])}


def kind_of(category: str) -> str | None:
    """Return the kind that `category` names in any spelling, or None.

    >>> kind_of("Vacuum_cleaner"), kind_of("101 - Dogs"), kind_of("rain")
    ('vacuum-cleaner', 'dog', None)
    """
    words = re.sub(r"[^a-z]+", "-", category.casefold()).strip("-")
    return _KIND_OF.get(words) or _KIND_OF.get(words.removesuffix("s"))
