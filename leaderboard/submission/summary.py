"""A submission and its scores in a few lines of text: what `whence submit` shows before and after it sends."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...benchmarks.questions.metrics import digits
from ...benchmarks.questions.track import Track
from ...english import counted
from ...registry import load_track
from .file import Submission
from .physics import StatedPhysics, stated_lines

Heads = list[str]
Lines = list[list[str]]


def card_lines(submission: Submission) -> list[tuple[str, str]]:
    """Return (field, value) of the card and of what the run says of the method; empty fields are left out."""
    header = submission.header
    parameters = ", ".join(f"{key}={value}" for key, value in header.parameters.items())
    return [
        *((name.replace("_", " "), value) for name, value in submission.card.model_dump().items() if value),
        ("track", header.track),
        ("dataset", header.fingerprint[:16]),
        ("method", f"{header.method}, version {header.version}"),
        *([("parameters", parameters)] if parameters else []),
        ("harness", header.harness),
        ("physics", physics_text(header.physics)),
    ]


def physics_text(stated: StatedPhysics | None) -> str:
    """Return in words what report card a submission carries."""
    if stated is None:
        return "no report card"
    verdicts = [one.verdict for _, one in stated_lines(stated)]
    return f"report card of {counted(len(verdicts), 'check')}, of which {verdicts.count('holds')} hold"


def condition_lines(submission: Submission) -> tuple[Heads, Lines]:
    """Return the heads and lines of a table: condition, samples, range of the predictions, milliseconds a sample.

    Of a map, its mean counts.
    """
    header, track = submission.header, load_track(submission.header.track)
    quantity, wording = track.quantity, track.wording
    keys, (under, means) = wording.varying(header.conditions), _means(submission)
    lines = []
    for k, condition in enumerate(header.conditions):
        values = means[under == k]
        scaled = values if quantity is None else quantity.in_unit(values)
        quartiles = np.quantile(scaled, [0, 0.5, 1]) if len(scaled) else np.full(3, np.nan)
        label, seconds = wording.text(condition, keys) or "all", header.seconds_per_sample[k]
        lines.append([label, str(len(values)), *(f"{q:.4g}" for q in quartiles), f"{1e3 * seconds:.3g}"])
    unit = f" ({quantity.unit})" if quantity else " (mean of a map)" if track.answer.shape else ""
    return ["condition", "samples", f"smallest{unit}", "median", "largest", "ms a sample"], lines


def _means(submission: Submission) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return the condition (n,) of each prediction and the prediction (n,), of a map its mean."""
    pieces = [
        (rows.condition, rows.answers.mean(axis=tuple(range(1, rows.answers.ndim)))) for rows in submission.pieces
    ]
    conditions, means = zip((np.empty(0, np.int32), np.empty(0)), *pieces, strict=True)
    return np.concatenate(conditions), np.concatenate(means)


def score_lines(rows: Sequence[Mapping[str, Any]], track_name: str) -> tuple[Heads, Lines]:
    """Return the heads and lines of a table of scores, `rows` being results as JSON: over all samples only."""
    track: Track = load_track(track_name)
    keys = track.wording.varying([row["condition"] for row in rows])
    lines = []
    for row in rows:
        if track.wording.part_keys(row["condition"]):
            continue
        shown = digits(row["value"], row["unit"])
        known = row["ci_low"] is not None and row["ci_high"] is not None
        interval = f" [{row['ci_low']:.{shown}f}, {row['ci_high']:.{shown}f}]" if known else ""
        skill = "" if row["skill"] is None else f"{100 * row['skill']:z.0f} %"
        label = track.wording.text(row["condition"], [key for key in keys if key in row["condition"]]) or "all"
        name = str(row["metric"]).replace("_", " ")
        lines.append([name, label, f"{row['value']:.{shown}f} {row['unit']}{interval}", skill, str(row["n"])])
    return ["metric", "condition", "value [95 %]", "skill", "n"], lines
