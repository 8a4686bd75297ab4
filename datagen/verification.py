"""Is a dataset what it says? Checksums, value ranges, and a few rows rendered anew."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..digests import generator_for
from ..errors import InputError
from . import brir
from .brir import BrirPlan, BrirRecipe, read_responses, responses_digest
from .corpora import Corpus, open_corpus
from .dataset import Dataset, check_files, check_metadata
from .pipeline import Plan, rerender_differences
from .tde import MINIMUM_SECONDS, SHORTEST_PAPER_SECONDS, TdePlan, TdeRecipe

LARGEST_DELAY = 0.0015
"""Seconds; no head or array here is wider."""


@dataclass(frozen=True)
class Check:
    """One check: `what` was looked at, and its `faults`, none where it passed."""

    what: str
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no fault was found."""
        return not self.faults


def verify_dataset(
    dataset: Dataset, *, speech: str | None = None, responses: str | None = None, rerender: int = 3
) -> list[Check]:
    """Return every check of `dataset`; `rerender` random rows are rendered anew from `speech` and `responses`.

    The sources default to where they lay when the dataset was made. Raises InputError where they are gone or other.
    """
    checks = [_check_files(dataset)]
    checks.append(Check("recipe and arrays are those of the manifest", tuple(check_metadata(dataset))))
    if not all(check.passed for check in checks):
        return checks
    checks += [_check_labels(dataset), _check_audio(dataset)]
    if rerender and dataset.name in _PLANS:
        rows = generator_for(0, f"verify/{dataset.fingerprint}").integers(0, len(dataset), rerender)
        plan = _PLANS[dataset.name](dataset, speech, responses)
        faults = rerender_differences(plan, dataset, sorted({int(row) for row in rows}))
        checks.append(Check(f"{len(set(rows.tolist()))} rows rendered anew are byte for byte the same", tuple(faults)))
    return checks


def _check_files(dataset: Dataset) -> Check:
    states = check_files(dataset)
    faults = tuple(f"{path}: {state}" for path, state in states.items() if state != "whole")
    return Check(f"{len(states)} files have the sha256 of the manifest", faults)


def _check_labels(dataset: Dataset) -> Check:
    return Check("labels are unique, finite and in range", tuple(_label_faults(dataset)))


def _label_faults(dataset: Dataset) -> Iterator[str]:
    names = dataset.column("sample_id")
    if len(set(names.tolist())) != len(dataset):
        yield "sample_id: not unique"
    limits = {
        "interaural_time_difference": (-LARGEST_DELAY, LARGEST_DELAY),
        "azimuth": (-180.0, 180.0),
        "rt60_nominal": (0.0, 10.0),
        "side": (-1, 1),
    }
    for name, (low, high) in limits.items():
        if name not in dataset:
            continue
        values = dataset.column(name)
        outside = ~((values >= low) & (values <= high))
        if outside.any():
            yield f"{name}: {int(outside.sum())} values are not within {low:g}..{high:g}"


def _check_audio(dataset: Dataset) -> Check:
    faults = []
    for start in range(0, len(dataset), 256):
        rows = np.arange(start, min(start + 256, len(dataset)))
        silent = np.abs(dataset.audio(rows)).max(axis=(1, 2)) == 0
        faults += [f"row {row}: silent" for row in rows[silent]]
    return Check(f"{len(dataset)} clips are there and none is silent", tuple(faults))


def _tde_plan(dataset: Dataset, speech: str | None, responses: str | None) -> Plan:
    recipe = TdeRecipe(**dataset.recipe)
    shortest = SHORTEST_PAPER_SECONDS if recipe.protocol == "paper" else MINIMUM_SECONDS
    return TdePlan(recipe, _corpus(dataset, speech, shortest, recipe.seed))


def _brir_plan(dataset: Dataset, speech: str | None, responses: str | None) -> Plan:
    recipe = BrirRecipe(**dataset.recipe)
    folder = responses or dataset.attributes["engine"]["location"]
    measured = read_responses(folder)
    if responses_digest(measured) != recipe.responses:
        raise InputError(f"{folder} holds other responses than the dataset was made from: give --responses DIR")
    return BrirPlan(recipe, measured, folder, _corpus(dataset, speech, brir.MINIMUM_SECONDS, recipe.seed))


def _corpus(dataset: Dataset, speech: str | None, minimum_seconds: float, seed: int) -> Corpus:
    recorded = dataset.attributes["speech"]
    source = speech or recorded["location"] or recorded["kind"]
    corpus = open_corpus(source, minimum_seconds=minimum_seconds, seed=seed, count=recorded["clips"])
    if corpus.digest != dataset.recipe["corpus"]:
        raise InputError(f"{source} is not the speech the dataset was made from: give it with --speech DIR")
    return corpus


_PLANS = {"tde": _tde_plan, "brir": _brir_plan}
