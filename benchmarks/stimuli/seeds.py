"""The seed and the names of the random streams that determine the random parts of a stimulus."""

from functools import lru_cache

from ...datagen.dataset import Dataset
from ...datagen.merging import MERGED
from ...digests import canonical_json, sha256
from ..questions.stimulus import Condition


def seed_of(dataset: Dataset) -> int:
    """Return the seed that `dataset` was made from, 0 for recordings.

    With a constant seed, anyone who guesses the sample names could reproduce a sealed set's noise and subtract it. So
    merged sets of several seeds have one that all of these decide.
    """
    seeds = [source["recipe"].get("seed") for source in dataset.recipe.get(MERGED, ())]
    if "seed" in dataset.recipe or not any(seeds):
        return int(dataset.recipe.get("seed", 0))
    return int(sha256(canonical_json(seeds).encode()), 16)


def stream(purpose: str, condition: Condition, name: str) -> str:
    """Return the name of the random stream for `purpose`, such as noise, on the sample `name` under `condition`.

    Each condition has its own streams. If two levels shared a draw, the clean clip would follow from the two clips of
    a sealed set by subtraction. Settings that are off are left out, so a new setting changes no old draw.

    >>> from .stereo.condition import StereoCondition
    >>> stream("noise", StereoCondition(snr_db=0, votes=1), "clip-3")
    'noise/{"clip_seconds":0.064,"snr_db":0.0,"votes":1.0,"window":1024.0}/clip-3'
    """
    return f"{purpose}/{_levels(condition)}/{name}"


@lru_cache(maxsize=64)
def _levels(condition: Condition) -> str:
    levels = {key: float(level) + 0.0 for key, level in condition.stated().items() if level is not None}  # no -0.0
    return canonical_json(levels)
