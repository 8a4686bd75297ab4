"""What every page of a board says of the data and the scoring behind it."""

from typing import Any

from ..standing.record import Standing

SHORT = 12


def facts(standing: Standing) -> list[tuple[str, str]]:
    """Return what was scored on what, as names and texts."""
    halves = {"public": "public half", "private": "private half", "all": "all samples"}
    return [
        ("track", standing.track),
        ("scored on", f"{standing.samples} {standing.noun}s, {halves[standing.half]}"),
        ("resampled by", standing.cluster_name),
        ("entries", str(len(standing.entries))),
        ("phase", standing.phase),
        ("data", standing.fingerprint[:SHORT]),
        ("commitment", standing.commitment[:SHORT]),
        ("harness", standing.harness),
    ]


def phase_note(standing: Standing) -> str:
    """Return which half the scores are of, how exactly they are shown, and what happens to the other half."""
    if standing.is_open:
        samples = f"{'all' if standing.half == 'all' else 'the public'} {standing.noun}s"
        then = "" if standing.half == "all" else ", and the private half decides"
        return (
            f"While the phase is open, one rounded score is shown: {standing.metric.label} over {samples}. "
            f"Everything appears at full precision when the host closes it{then}."
        )
    if standing.half == "all":
        return "Scores are over all samples."
    if standing.half == "private":
        return "The phase is closed: scores are over the private half, which was hidden until then."
    return "The phase is closed. These are the scores over the public half."


def about(standing: Standing) -> dict[str, Any]:
    """Return what a downloaded table says of its origin."""
    names = ("slug", "title", "track", "fingerprint", "commitment", "half", "phase", "harness")
    return {name: getattr(standing, name) for name in names}
