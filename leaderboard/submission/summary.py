"""A submission and its scores in a few lines of text: what `whence submit` shows before and after it sends."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...benchmarks.questions.metrics import digits
from ...benchmarks.report.tables import condition_label, varying_keys
from ...registry import load_track
from .expectation import Submission


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
    ]


def condition_lines(submission: Submission) -> tuple[list[str], list[list[str]]]:
    """Return the heads and lines of a table: condition, samples, range of the predictions, milliseconds a sample."""
    header = submission.header
    quantity = load_track(header.track).quantity
    keys = varying_keys(header.conditions)
    lines = []
    for k, condition in enumerate(header.conditions):
        values = submission.prediction[submission.condition == k]
        scaled = values if quantity is None else quantity.in_unit(values)
        quartiles = np.quantile(scaled, [0, 0.5, 1]) if len(scaled) else np.full(3, np.nan)
        label = condition_label(condition, keys)
        lines.append(
            [label, str(len(values)), *(f"{q:.4g}" for q in quartiles), f"{1e3 * header.seconds_per_sample[k]:.3g}"]
        )
    unit = f" ({quantity.unit})" if quantity else ""
    return ["condition", "samples", f"smallest{unit}", "median", "largest", "ms a sample"], lines


def score_lines(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return the heads and lines of a table of scores, `rows` being results as JSON: over all samples only."""
    conditions = [row["condition"] for row in rows]
    keys = varying_keys(conditions)
    shared = min((len(condition) for condition in conditions), default=0)
    lines = []
    for row in rows:
        if len(row["condition"]) > shared:
            continue
        shown = digits(row["value"], row["unit"])
        known = row["ci_low"] is not None and row["ci_high"] is not None
        interval = f" [{row['ci_low']:.{shown}f}, {row['ci_high']:.{shown}f}]" if known else ""
        skill = "" if row["skill"] is None else f"{100 * row['skill']:z.0f} %"
        label = condition_label(row["condition"], [key for key in keys if key in row["condition"]])
        name = str(row["metric"]).replace("_", " ")
        lines.append([name, label, f"{row['value']:.{shown}f} {row['unit']}{interval}", skill, str(row["n"])])
    return ["metric", "condition", "value [95 %]", "skill", "n"], lines
