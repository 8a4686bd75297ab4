"""Which kind of thing that sounds the name of an instance in a scene file tells.

Names come in any spelling, with numbers or a description: "TV_01", "WashingMachine.002", "ceiling fan", "kitchen tap".
"""

import re
from collections.abc import Mapping, Sequence

from ..sounds.kinds import KINDS

ALSO_CALLED: Mapping[str, Sequence[str]] = {
    "telephone": ("phone", "cellphone", "smartphone", "landline", "handset"),
    "alarm-clock": ("alarmclock", "clock radio"),
    "wall-clock": ("clock", "wallclock"),
    "kettle": ("teakettle", "teapot"),
    "tap": ("faucet", "spigot"),
    "washing-machine": ("washer", "washingmachine", "clothes washer", "washer dryer", "washing machine and dryer"),
    "vacuum-cleaner": ("vacuum", "hoover", "vacuumcleaner"),
    "fan": ("ventilator",),
    "fridge": ("refrigerator", "freezer", "fridge freezer", "icebox"),
    "microwave": ("microwave oven", "microwaveoven"),
    "television": ("tv", "tv set", "television set", "tv screen", "television screen", "telly"),
    "radio": ("radio set", "boombox"),
    "music-box": ("musicbox", "musical box"),
    "piano": ("pianoforte", "harmonium"),
    "door-bell": ("doorbell", "door chime"),
    "frying-pan": ("fryingpan", "skillet"),
    "smoke-alarm": ("smoke detector", "fire alarm", "smokealarm"),
    "hair-dryer": ("hairdryer", "hair drier", "blow dryer", "hairdrier"),
}
"""Other names of kinds, in words of lower case."""

_KIND_OF = {name: kind for kind in KINDS for name in (kind.replace("-", " "), *ALSO_CALLED.get(kind, ()))}
_MOST_WORDS = max(len(name.split()) for name in _KIND_OF)


def thing_of(name: str) -> str | None:
    """Return the kind of the thing called `name`, by its last words, or None if it is none that sounds.

    >>> [thing_of(name) for name in ("TV_01", "WashingMachine.002", "ceiling fan", "Clocks (2)", "tv stand")]
    ['television', 'washing-machine', 'fan', 'wall-clock', None]
    """
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).casefold())
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        last = " ".join(words[-count:])
        found = _KIND_OF.get(last) or _KIND_OF.get(last.removesuffix("s"))
        if found:
            return found
    return None
