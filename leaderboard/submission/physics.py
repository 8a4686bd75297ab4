"""The report card that a submission may carry: how its method's answers change with its input, by its submitter's word.

A board has predictions and no model, so nothing vouches for the numbers, and pages say so. Sentences and units are not
read from the file: pages take those of the track's own checks.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ...benchmarks.report.physics_card import FORMAT, PHYSICS
from ...benchmarks.scoring.findings import Verdict
from ...errors import InputError
from ...registry import nearest
from .card import first_fault, plain_name
from .parquet_guard import open_regular

LARGEST_FILE = 2**22
"""Bytes of the largest `physics.json` that is read."""
MOST_CONDITIONS, MOST_FINDINGS = 6, 20
DIGITS = 6
LARGEST = 1e12

Word = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(plain_name)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**9)]


class StatedDeviation(BaseModel):
    """A mean deviation and its interval, in the unit of the check; None is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    value: Number | None
    low: Number | None
    high: Number | None


class StatedShare(BaseModel):
    """A share and its interval, in per cent; None is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    value: Share | None
    low: Share | None
    high: Share | None


class StatedFinding(BaseModel):
    """A line of the card."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    check: Word
    n: Count
    deviation: StatedDeviation
    share: StatedShare
    verdict: Verdict


class StatedCard(BaseModel):
    """The findings under one condition."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    condition: Annotated[dict[Word, Number | None], Field(max_length=20)]
    findings: Annotated[list[StatedFinding], Field(min_length=1, max_length=MOST_FINDINGS)]


class StatedPhysics(BaseModel):
    """The report card of a method, made on `samples` of the dataset `fingerprint`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    samples: Count
    cards: Annotated[list[StatedCard], Field(min_length=1, max_length=MOST_CONDITIONS)]


def found_physics(run: Path, given: Path | None, method: str, track: str) -> StatedPhysics | None:
    """Return the card of `method` (its label) in the file `given`; without it, of `physics.json` in the folder `run`.

    None if neither is there, or if the run's file is of other methods. Raises InputError for a file that is no card of
    this `track`.
    """
    path = given or run / PHYSICS
    if given is None and not path.exists():
        return None
    content = _read(path, track)
    labels = {str(card.get("method")) for card in content["cards"]}
    if method in labels:
        return _stated(content, method, path)
    if given is None:
        return None
    raise InputError(f"--physics {path} holds no findings on {method!r}; {nearest(method, labels)}")


def _read(path: Path, track: str) -> Mapping[str, Any]:
    """Return the content of a card's file as far as it has the right form."""
    with open_regular(path, follow=True) as stream:
        text = stream.read(LARGEST_FILE + 1)
    again = "make it with `whence probe-physics ... --out FOLDER`"
    if len(text) > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE} bytes: {again}")
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}; {again}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or not _has_cards(content):
        raise InputError(f"{path} is no report card of format {FORMAT}: {again}")
    if content.get("track") != track:
        raise InputError(f"{path} is of the track {ascii(content.get('track'))[:80]}: expected {track!r}")
    return content


def _has_cards(content: Mapping[str, Any]) -> bool:
    cards = content.get("cards")
    return isinstance(cards, list) and all(isinstance(card, dict) for card in cards)


def _stated(content: Mapping[str, Any], method: str, path: Path) -> StatedPhysics:
    """Return what a submission states of the findings on `method`; raises InputError for wrong ones and too many."""
    cards = [
        {"condition": card.get("condition"), "findings": _findings(card.get("findings"))}
        for card in content["cards"]
        if card.get("method") == method
    ]
    stated = {"fingerprint": content.get("fingerprint"), "samples": content.get("samples"), "cards": cards}
    try:
        return StatedPhysics.model_validate(stated)
    except ValidationError as error:
        raise InputError(f"{path}: {first_fault(error)}") from None


def _findings(given: Any) -> Any:
    """Return those fields of `given` findings that a submission states, numbers rounded; anything else as it is."""
    if not isinstance(given, list):
        return given
    return [_finding(one) if isinstance(one, dict) else one for one in given]


def _finding(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {key: _rounded(number) for key, number in value.items()} if isinstance(value, dict) else value
        for name, value in one.items()
        if name in StatedFinding.model_fields
    }


def _rounded(number: Any) -> Any:
    return float(f"{number:.{DIGITS}g}") if isinstance(number, float) else number


def stated_lines(stated: StatedPhysics) -> Sequence[tuple[StatedCard, StatedFinding]]:
    """Return every line of the card with the part that it is in."""
    return [(card, finding) for card in stated.cards for finding in card.findings]
