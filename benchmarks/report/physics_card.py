"""The equivariance report card: as a table, as JSON and as CSV.

`physics.json` is {format, track, fingerprint (of the dataset), split, samples, cluster_name, cards: for each method and
condition {method, version, condition, findings: [{check, physics, rule, unit, tolerance, n, deviation: {value, low,
high}, share: the same in %, moved in %, verdict, note}]}}; numbers that are not known are null. `physics.csv` has one
line a finding.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...files import written_whole
from ..display.text_table import TextTable
from ..questions.labels import Labels
from ..questions.metrics import digits
from ..questions.source import Source
from ..running.probe import Probed
from ..scoring.findings import REQUIRED, VERDICTS, Finding
from ..scoring.results import finite
from ..scoring.statistics import Interval

FORMAT = 1
PHYSICS = "physics.json"


@dataclass(frozen=True)
class ReportCard:
    """All findings on the samples `labels` of `source`."""

    source: Source
    labels: Labels
    probed: Sequence[Probed]


def card_tables(card: ReportCard) -> list[TextTable]:
    """Return one table for each method and condition."""
    return [_table(card, one) for one in card.probed]


def _table(card: ReportCard, one: Probed) -> TextTable:
    track = card.source.track
    caption = (
        f"{track.name}: {one.method.label}, {one.condition.label()}, {len(card.labels)} {track.stimulus.noun}s, "
        f"95 % intervals over {card.labels.cluster_name or 'unknown cluster'}s; "
        f"holds: {REQUIRED:g} % or more within the tolerance"
    )
    heads = ["check", "what physics says", "n", "mean deviation", "tolerance", "within (%)", "verdict"]
    return TextTable(caption, heads, [_cells(finding) for finding in one.findings])


def _cells(one: Finding) -> list[str]:
    unit = one.check.distance.unit
    tolerance = "" if one.check.rule == "answers" else f"{_sign(one)} {one.check.tolerance:.2g} {unit}"
    verdict = VERDICTS[one.verdict] + (f" ({one.note})" if one.note else "")
    return [
        one.check.name,
        one.check.physics,
        str(one.n),
        _text(one.deviation, unit),
        tolerance,
        _text(one.share, "%"),
        verdict,
    ]


def _sign(one: Finding) -> str:
    return ">" if one.check.rule == "moves" else "\N{LESS-THAN OR EQUAL TO}"


def _text(interval: Interval, unit: str) -> str:
    if not np.isfinite(interval.value):
        return ""
    shown = digits(interval.value, unit)
    bounds = f" [{interval.low:.{shown}f}, {interval.high:.{shown}f}]" if np.isfinite(interval.low) else ""
    return f"{interval.value:.{shown}f}{'' if unit == '%' else f' {unit}'}{bounds}"


def card_json(card: ReportCard) -> dict[str, Any]:
    """Return the card as JSON values; see the head of this file."""
    source = card.source
    return {
        "format": FORMAT,
        "track": source.track.name,
        "fingerprint": source.dataset.fingerprint,
        "split": source.split,
        "samples": len(card.labels),
        "cluster_name": card.labels.cluster_name,
        "cards": [
            {
                "method": one.method.label,
                "version": one.method.version,
                "condition": one.condition.stated(),
                "findings": [_finding_json(finding) for finding in one.findings],
            }
            for one in card.probed
        ],
    }


def _finding_json(one: Finding) -> dict[str, Any]:
    return {
        "check": one.check.name,
        "physics": one.check.physics,
        "rule": one.check.rule,
        "unit": one.check.distance.unit,
        "tolerance": one.check.tolerance,
        "n": one.n,
        "deviation": finite(vars(one.deviation)),
        "share": finite(vars(one.share)),
        **finite({"moved": one.moved}),
        "verdict": one.verdict,
        "note": one.note,
    }


def write_card(card: ReportCard, folder: Path) -> None:
    """Write `physics.json` and `physics.csv` into `folder`, each whole or not at all."""
    content = card_json(card)
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / PHYSICS) as partial:
        partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    with written_whole(folder / "physics.csv") as partial:
        _frame(content).to_csv(partial, index=False, lineterminator="\n")


def _frame(content: dict[str, Any]) -> pd.DataFrame:
    lines = [
        {"method": one["method"], **one["condition"], **_flat(finding)}
        for one in content["cards"]
        for finding in one["findings"]
    ]
    return pd.DataFrame(lines)


def _flat(finding: dict[str, Any]) -> dict[str, Any]:
    bounds = {
        f"{name}{end}": finding[name][key]
        for name in ("deviation", "share")
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
    return {key: value for key, value in finding.items() if key not in ("deviation", "share")} | bounds
