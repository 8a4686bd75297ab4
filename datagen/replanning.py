"""The plan that a dataset was made by, so that its rows can be rendered again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from . import brir
from .brir import BrirPlan, BrirRecipe, read_responses, responses_digest
from .corpora import Corpus, open_corpus
from .dataset import Dataset
from .dry_clips import DryClips, DryRecipe, espeak_count, least_seconds
from .pipeline import Plan
from .tde import MINIMUM_SECONDS, SHORTEST_PAPER_SECONDS, TdePlan, TdeRecipe

Elsewhere = Mapping[str, str | None]
"""Where sources lie now, by the name of their option."""


def plan_of(dataset: Dataset, elsewhere: Elsewhere) -> Plan | None:
    """Return the plan of `dataset`, None for one that was imported.

    Raises InputError where a source has gone or is another one than the dataset was made from.
    """
    make = None if "upstream" in dataset.recipe else _PLANS.get(dataset.name)
    return make(dataset, elsewhere) if make else None


def _tde_plan(dataset: Dataset, elsewhere: Elsewhere) -> Plan:
    recipe = TdeRecipe(**dataset.recipe)
    shortest = SHORTEST_PAPER_SECONDS if recipe.protocol == "paper" else MINIMUM_SECONDS
    recorded = dataset.attributes["speech"]
    corpus = _corpus(recorded, elsewhere, recipe.corpus, shortest, recipe.seed, recorded["clips"])
    return TdePlan(recipe, corpus)


def _brir_plan(dataset: Dataset, elsewhere: Elsewhere) -> Plan:
    recipe = BrirRecipe(**dataset.recipe)
    folder = elsewhere.get("responses") or dataset.attributes["engine"]["location"]
    measured = read_responses(folder)
    if responses_digest(measured) != recipe.responses:
        raise InputError(f"{folder} holds other responses than the dataset was made from: give --responses DIR")
    recorded = dataset.attributes["speech"]
    corpus = _corpus(recorded, elsewhere, recipe.corpus, brir.MINIMUM_SECONDS, recipe.seed, recorded["clips"])
    return BrirPlan(recipe, measured, folder, corpus)


def _dry_plan(dataset: Dataset, elsewhere: Elsewhere) -> DryClips:
    return _dry_clips(DryRecipe(**dataset.recipe), dataset.attributes["speech"], elsewhere)


def _dry_clips(recipe: DryRecipe, recorded: Mapping[str, Any], elsewhere: Elsewhere) -> DryClips:
    least = least_seconds(elsewhere.get("speech") or recorded["kind"])
    corpus = _corpus(recorded, elsewhere, recipe.corpus, least, recipe.seed, espeak_count(recipe.clips))
    return DryClips(recipe, corpus)


def _home_plan(dataset: Dataset, elsewhere: Elsewhere) -> Plan:
    from .hm3d_ss import HomePlan, HomeRecipe, head_digest
    from .scenes.opening import open_scenes

    recipe = HomeRecipe(**dataset.recipe)
    recorded = dataset.attributes
    location = elsewhere.get("scenes") or recorded["scenes"]["location"]
    homes = open_scenes(location, count=len(recipe.scene_names), seed=recipe.seed)
    if homes.digest != recipe.scenes:
        raise InputError(f"{location} holds other scenes than the dataset was made from: give them with --scenes DIR")
    hrtf = elsewhere.get("hrtf") or recorded["engine"]["hrtf"]
    if hrtf is not None and not Path(hrtf).is_file():
        raise InputError(f"{hrtf}: no such file: say where the head of the dataset lies now with --hrtf FILE.sofa")
    if head_digest(hrtf) != recipe.head:
        raise InputError(
            f"{hrtf or 'the rigid sphere'} is not the head the dataset was made with: give it with --hrtf FILE.sofa"
        )
    dry = _dry_clips(DryRecipe(**recipe.dry), recorded["speech"], elsewhere)
    return HomePlan(recipe, homes, hrtf, dry)


def _panorama_plan(dataset: Dataset, elsewhere: Elsewhere) -> Plan:
    from .panoramas import PanoramaPlan, PanoramaRecipe, find_photographs, photographs_digest

    recipe = PanoramaRecipe(**dataset.recipe)
    folder = elsewhere.get("images") or dataset.attributes["images"]["location"]
    photographs = find_photographs(folder)
    if photographs_digest(folder, photographs) != recipe.images:
        raise InputError(f"{folder} holds other photographs than the dataset was made from: give --images DIR")
    return PanoramaPlan(recipe, folder, photographs)


def _corpus(
    recorded: Mapping[str, Any], elsewhere: Elsewhere, expected: str, minimum_seconds: float, seed: int, count: int
) -> Corpus:
    source = elsewhere.get("speech") or recorded["location"] or recorded["kind"]
    corpus = open_corpus(source, minimum_seconds=minimum_seconds, seed=seed, count=count)
    if corpus.digest != expected:
        raise InputError(f"{source} is not the speech the dataset was made from: give it with --speech DIR")
    return corpus


_PLANS: Mapping[str, Callable[[Dataset, Elsewhere], Plan]] = {
    "tde": _tde_plan,
    "brir": _brir_plan,
    "dry-clips": _dry_plan,
    "hm3d-ss": _home_plan,
    "panoramas": _panorama_plan,
}
