"""What all random parts of a stimulus are drawn from, together with the names of the samples."""

from ...datagen.dataset import Dataset


def seed_of(dataset: Dataset) -> int:
    """Return the seed that `dataset` was made from, 0 for recordings.

    A constant would let everyone who guesses the names draw the noise of a sealed set again and take it away.
    """
    return int(dataset.recipe.get("seed", 0))
