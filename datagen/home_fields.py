"""The arrays of HM3D-SS."""

from ..conventions import SAMPLE_RATE
from .acoustics.mesh import DIRECT_SAMPLES, INDIRECT_SAMPLES, LEAD
from .cameras import PITCH_DEG, Camera
from .shards import Field

RATIO = 0.2
"""Level of indirect sound at which `rt60` and `direct_to_reverberant` are measured, from the released script."""
_DEGREES, _METRES = {"units": "degrees"}, {"units": "m"}


def home_fields(views: int, sources: int, frame: str = "+Y up") -> tuple[Field, ...]:
    """Return the arrays of a dataset with `views` and `sources` per example; positions are in `frame`."""
    return (
        *_seen(views),
        *_heard(views, sources),
        Field("sample_id", "str", "name of the example"),
        Field("scene", "str", "home"),
        Field("split", "str", "train, val or test, by scene"),
        *_view_labels(views, frame),
        *_source_labels(views, sources, frame),
        Field("dry_clip", "int64", "row of the group `dry` that each source plays", (sources,), ("source",)),
    )


def _seen(views: int) -> tuple[Field, ...]:
    """Return the arrays of what each view shows."""
    camera, pixels = Camera(), ("view", "row", "column")
    shape = (views, camera.height, camera.width)
    about = {"horizontal_field_of_view_deg": camera.horizontal_field_of_view, "pitch_deg": PITCH_DEG}
    return (
        Field("image", "uint8", "what each view sees, sRGB", (*shape, 3), (*pixels, "channel"), about, 1),
        Field("depth", "uint16", "along the optical axis, 0 for none", shape, pixels, {**about, "units": "mm"}, 1),
    )


def _heard(views: int, sources: int) -> tuple[Field, ...]:
    """Return the arrays of impulse responses from each source to each view."""
    about = {"sample_rate_hz": SAMPLE_RATE, "lead_samples": LEAD}
    parts = (
        ("direct", "direct sound at the left and right ear, 1/(4 pi d)", DIRECT_SAMPLES),
        ("indirect", "reflections at the left and right ear", INDIRECT_SAMPLES),
    )
    return tuple(
        Field(
            f"impulse_response_{part}",
            "float32",
            what,
            (sources, views, 2, samples),
            ("source", "view", "ear", f"{part}_sample"),
            about,
            1,
        )
        for part, what, samples in parts
    )


def _view_labels(views: int, frame: str) -> tuple[Field, ...]:
    return (
        Field("heading", "float64", "0 along -Z, a left turn is positive", (views,), ("view",), _DEGREES),
        Field("rotation", "float64", "from the first view, left positive", (views,), ("view",), _DEGREES),
        Field("camera_position", "float64", f"eye and ears, {frame}", (views, 3), ("view", "axis"), _METRES),
        Field("shared", "float64", "with the first view: instances, or share of surface", (views,), ("view",)),
    )


def _source_labels(views: int, sources: int, frame: str) -> tuple[Field, ...]:
    pair, ears = ("source", "view"), ("source", "view", "ear")
    mixed, response = f"of direct + {RATIO:g} x indirect", (sources, views, 2)
    early = f"{mixed}, direct: up to 2.5 ms"
    return (
        Field("source_position", "float64", frame, (sources, 3), ("source", "axis"), _METRES),
        Field("azimuth", "float64", "0 ahead, left positive", (sources, views), pair, _DEGREES),
        Field("distance", "float64", "from source to ears, in space", (sources, views), pair, _METRES),
        Field("rt60", "float64", f"{mixed}, T30 fit", response, ears, {"units": "s"}),
        Field("direct_to_reverberant", "float64", early, response, ears, {"units": "dB"}),
    )
