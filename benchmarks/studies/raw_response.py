"""How high maps are before any softmax or scale, for each kind of sound: ambient sounds should leave a picture cold.

Senocak et al. (2019, Fig. 10) show it on single pictures. Reads a run of `whence bench sounding-object` and prints, for
every method and sound, the median of the maps' highest values with its quartiles, and how often the sound of a visible
object is higher than it over the same picture (50 %: the map's level tells nothing; ties count half).

    python -m whence.benchmarks.studies.raw_response runs/sounding
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...script import run_script
from ..display.text_table import TextTable, markdown
from ..questions.maps import map_of
from ..running.predictions import read_predictions
from ..running.run import Run, open_run
from ..stimuli.picture_sound.batch import OBJECT, SOUNDS

Levels = npt.NDArray[np.float64]


def levels(answers: npt.NDArray[np.float64]) -> Levels:
    """Return the highest value (n,) of each stored map (n, 3138)."""
    return np.array([map_of(answer).max() for answer in answers], dtype=np.float64)


def higher_by_object(level: Levels, sound: npt.NDArray[np.intp], picture: npt.NDArray[np.intp], other: int) -> float:
    """Return how often, per cent, an object's `level` (n,) is above that of the sound `other` over the same picture.

    NaN if no picture has both.

    >>> two = np.array([0, 2, 0, 2])
    >>> higher_by_object(np.array([0.9, 0.1, 0.3, 0.3]), two, np.array([5, 5, 6, 6]), 2)
    75.0
    """
    pairs = (sound[:, None] == OBJECT) & (sound == other) & (picture[:, None] == picture)
    if not pairs.any():
        return float("nan")
    gap = (level[:, None] - level)[pairs]
    return 100 * float(np.mean((gap > 0) + 0.5 * (gap == 0)))


def table(run: Run) -> TextTable:
    """Return the levels of each method of a run; raises InputError for another track or an imported set."""
    if run.track.name != "sounding-object" or "sound" not in run.labels.groups:
        raise InputError(f"{run.folder} is no run of the track sounding-object on generated pictures")
    sound, rows = run.labels.groups["sound"].astype(np.intp), []
    for path in run.files:
        predictions = read_predictions(path)
        level = levels(predictions.answers)
        for one in np.unique(sound):
            low, middle, high = np.percentile(level[sound == one], [25, 50, 75])
            above = "" if one == OBJECT else f"{higher_by_object(level, sound, run.labels.rows, int(one)):.1f}"
            shown = f"{middle:.3f} [{low:.3f}, {high:.3f}]"
            rows.append([predictions.method, SOUNDS[one], str(int((sound == one).sum())), shown, above])
    heads = ["method", "sound", "samples", "highest value, median [quartiles]", "object is higher (%)"]
    return TextTable(f"{len(run.labels)} sounds", heads, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a bench")
    print(markdown(table(open_run(parser.parse_args(arguments).run))))
    return 0


if __name__ == "__main__":
    run_script(main)
