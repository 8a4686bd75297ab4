"""Tracks and methods as tables."""

import pandas as pd

from ..benchmarks.questions.settings import settings_of
from ..errors import InputError
from ..registry import load_track, nearest, registered_methods, registered_tracks


def tracks() -> pd.DataFrame:
    """Return the tracks: what each asks, what an answer is, its metrics, datasets, settings and default methods."""
    return pd.DataFrame([_track(name, one.summary) for name, one in registered_tracks().items()]).set_index("track")


def _track(name: str, summary: str) -> dict[str, object]:
    track = load_track(name)
    return {
        "track": name,
        "summary": summary,
        "answer": track.answer.words,
        "metrics": [metric.name for metric in track.metrics],
        "datasets": list(track.datasets),
        "settings": [key for key, one in settings_of(track.stimulus.condition).items() if one.option],
        "default_methods": list(track.default_methods),
    }


def methods(track: str | None = None) -> pd.DataFrame:
    """Return the methods, of one `track` or all: the tracks each serves, whether it is trained, what it does."""
    if track is not None and track not in registered_tracks():
        raise InputError(f"unknown track {track!r}: {nearest(track, registered_tracks())}")
    found = registered_methods()
    rows = [
        {"method": name, "tracks": list(one.tracks), "trained": one.trained, "summary": one.summary}
        for name, one in found.items()
        if track is None or track in one.tracks
    ]
    return pd.DataFrame(rows).set_index("method")
