"""Draws a strip of frames: what a camera looks at that follows the sound, and where the sound is.

    python -m whence.benchmarks.studies.panning docs/panning.png data/panning.zarr --clip 2

Each line is the panorama at one moment, with the view that the method turns to and the object that sounds then. Below
each other they show one clip: as one sound stops and another starts, the view follows.
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...datagen.dataset import Dataset
from ...datagen.sounding.timeline import FRAME_SECONDS
from ...errors import InputError
from ...registry import load_track
from ...script import run_script
from ..display.drawing import style
from ..questions.labels import Labels
from ..questions.source import open_source
from ..running.method import Diagnosed, load_methods
from ..stimuli.panorama_sound.batch import given
from ..stimuli.panorama_sound.condition import PanoramaSoundCondition
from ..stimuli.panorama_sound.picture import draw_frames

DPI, COLOURS = 120, 96
"""Dots to an inch, and how many colours the picture has, which keeps it small."""


def shown_frames(labels: Labels, clip: int, frames: int) -> npt.NDArray[np.intp]:
    """Return the indices of `frames` samples of `clip`, spread over it; raises InputError if there is no such clip."""
    own = np.flatnonzero(labels.rows == clip)
    if not own.size:
        raise InputError(f"--clip {clip}: the dataset has clips 0 to {labels.rows.max()}")
    return own[np.unique(np.linspace(0, len(own) - 1, frames).round().astype(np.intp))]


def title(dataset: Dataset, labels: Labels, k: int) -> str:
    """Return the time of sample `k` and the kind of what sounds then."""
    row, frame = int(labels.rows[k]), int(labels.within[k, 0])
    kind = int(dataset.column("category")[row, int(dataset.column("sounding")[row, frame])])
    return f"{(frame + 0.5) * FRAME_SECONDS:.2f} s: {dataset.attributes['categories'][kind]}"


def main(arguments: Sequence[str]) -> int:
    """Write the strip."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="picture to write")
    parser.add_argument("data", help="dataset of panoramas")
    parser.add_argument("--method", default="pan:protocol=best", help="any method of the track `panning`")
    parser.add_argument("--clip", type=int, default=0, help="which clip")
    parser.add_argument("--frames", type=int, default=4, help="how many moments of it")
    options = parser.parse_args(arguments)
    dataset = Dataset(options.data)
    source = open_source(load_track("panning"), dataset)
    labels = source.labels.take(shown_frames(source.labels, options.clip, options.frames))
    (loaded,) = load_methods([options.method], "panning", ("paper",))
    batch = given(dataset, labels, PanoramaSoundCondition())
    answers = loaded.method.predict(batch)
    views = np.asarray(answers.prediction if isinstance(answers, Diagnosed) else answers, np.float64)
    titles = [title(dataset, labels, k) for k in range(len(labels))]
    with style():
        drawn = draw_frames(list(batch.image), views.tolist(), labels.truth.tolist(), titles)
        drawn.savefig(shown := io.BytesIO(), dpi=DPI)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    Image.open(shown).convert("RGB").quantize(COLOURS).save(options.out, optimize=True)
    return 0


if __name__ == "__main__":
    run_script(main)
