"""The seed that, together with sample names, determines the random parts of a stimulus."""

from ...datagen.dataset import Dataset


def seed_of(dataset: Dataset) -> int:
    """Return the seed that `dataset` was made from, 0 for recordings.

    With a constant seed, anyone who guesses the sample names could reproduce a sealed set's noise and subtract it.
    """
    return int(dataset.recipe.get("seed", 0))
