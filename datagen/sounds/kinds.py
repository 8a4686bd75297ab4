"""The kinds of objects that sound."""

KINDS: tuple[str, ...] = (
    "telephone",
    "alarm-clock",
    "wall-clock",
    "kettle",
    "tap",
    "washing-machine",
    "vacuum-cleaner",
    "fan",
    "fridge",
    "microwave",
    "television",
    "radio",
    "music-box",
    "piano",
    "door-bell",
    "dog",
    "cat",
    "baby",
    "person",
    "frying-pan",
    "smoke-alarm",
    "hair-dryer",
)
"""All kinds, in the order of their numbers."""
