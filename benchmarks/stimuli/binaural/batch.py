"""Binaural clips: stored ones as they are, those of HM3D-SS rendered on demand from responses and dry sound.

Rendering follows SLfM (Sec. 4.1, App. A and its released data loader): every dry clip of 7.65 s is scaled to a random
level and convolved with `direct + ratio x indirect`; each view gets a different segment of 2.55 s. All randomness
depends only on the dataset's seed, the condition and the sample's name; nothing is stored. The target's level and
segment are the same under every condition; noise and the other sources' segments are drawn for each.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ....conventions import SAMPLE_RATE
from ....datagen.acoustics.auralize import add_noise, auralize, joint_rms
from ....datagen.acoustics.impulse_response import mix
from ....datagen.dataset import Dataset, as_floats, read_rows
from ....digests import generator_for
from ....errors import InputError
from ...questions.labels import Labels
from ...questions.stimulus import Stimulus
from ..seeds import seed_of, stream
from ..stereo.batch import AUDIO, LISTENING, StereoBatch
from .condition import BinauralCondition, Rendering

Audio = npt.NDArray[np.float32]

RENDERED = "hm3d-ss"
"""The kind of dataset whose clips are rendered."""
BATCH = 32
"""Clips in memory at once."""
SEGMENT = round(2.55 * SAMPLE_RATE)
LEVELS = (0.07, 0.13)
"""Root mean square of a dry clip, drawn uniformly."""
DOMINANCES_DB = (5, 29)
"""Level of the first source over each other one (dB), as heard: whole numbers, drawn uniformly."""
COARSE, FINE = round(0.5 * SAMPLE_RATE), round(0.05 * SAMPLE_RATE)
"""Samples. A segment starts at 0..9 coarse steps, drawn for each view, plus 0..10 fine ones, the same for all views."""
COARSE_STEPS, FINE_STEPS = 10, 11
WINDOW, HOP = 1024, 512
"""Length (samples) of the windows for methods that analyse a clip window by window."""


@dataclass(frozen=True)
class BinauralBatch(StereoBatch):
    """Binaural clips as a method hears them; it predicts the azimuth of their (first) source."""


def batches(dataset: Dataset, labels: Labels, condition: BinauralCondition) -> Iterator[BinauralBatch]:
    """Yield what methods hear of `dataset` under `condition`, in the order of `labels`."""
    for part in labels.batches(BATCH):
        yield heard(dataset, part, condition)


def suited(dataset: Dataset, condition: BinauralCondition) -> BinauralCondition:
    """Return `condition` adapted to `dataset`; raises InputError if the dataset does not support it."""
    if dataset.name == RENDERED and "dry" not in dataset.parts:
        raise InputError(
            f"{dataset.url} was imported without dry speech, so it cannot be rendered: "
            "use a dataset from `whence generate hm3d-ss`"
        )
    return condition.suited(dataset.name == RENDERED)


def heard(dataset: Dataset, labels: Labels, condition: BinauralCondition) -> BinauralBatch:
    """Return what methods hear of the samples `labels`; `condition` suits the dataset."""
    clips = rendered(dataset, labels, condition) if dataset.name == RENDERED else dataset.audio(labels.rows)
    names = tuple(map(str, labels.sample_id))
    if condition.snr_db is not None:
        streams = [generator_for(seed_of(dataset), stream("noise", condition, name)) for name in names]
        clips = np.stack([add_noise(clip, condition.snr_db, rng) for clip, rng in zip(clips, streams, strict=True)])
    votes = (clips.shape[-1] - WINDOW) // HOP + 1
    return BinauralBatch(clips, names, SAMPLE_RATE, WINDOW, HOP, votes)


def rendered(dataset: Dataset, labels: Labels, condition: BinauralCondition) -> Audio:
    """Return the segments (n, 2, SEGMENT) of `labels`, whose `within` (n, 2) gives source and view, without noise."""
    how = condition.rendering()
    rows, place = np.unique(labels.rows, return_inverse=True)
    both = ("impulse_response_direct", "impulse_response_indirect")
    direct, indirect = (read_rows(dataset.array(part), rows, dataset.url) for part in both)
    clip, name = (dataset.column(label)[rows] for label in ("dry_clip", "sample_id"))
    if how.sources > direct.shape[1]:
        raise InputError(f"--sources {how.sources}: {dataset.url} has {direct.shape[1]} sources per example")
    used, which = np.unique(clip, return_inverse=True)
    dry = as_floats(read_rows(dataset.part("dry").array("audio"), used, dataset.url))
    which = which.reshape(clip.shape)
    seed = seed_of(dataset)
    segments: Audio = np.empty((len(labels), 2, SEGMENT), dtype=np.float32)

    @lru_cache(maxsize=direct.shape[1])  # all views of a place follow one another
    def emitted(k: int, source: int) -> Audio:
        return levelled(dry[which[k, source]], f"{name[k]}/source-{source}", seed=seed)

    for segment, k, (asked, view) in zip(segments, place, labels.within, strict=True):
        sources = [(asked + other) % direct.shape[1] for other in range(how.sources)]
        responses = mix(direct[k, sources, view], indirect[k, sources, view], how.reverberation)
        spoken = [emitted(int(k), int(source)) for source in sources]
        others = [f"{name[k]}/view-{view}/source-{source}" for source in sources[1:]]
        starts = [segment_start(str(name[k]), int(view), dry.shape[1], seed=seed)]
        starts += [other_start(condition, other, dry.shape[1], seed=seed) for other in others]
        below = [dominance(how, other, seed=seed) for other in others]
        segment[:] = superposed(spoken, responses, starts, below)
    return segments


def dominance(how: Rendering, name: str, *, seed: int) -> float:
    """Return how far (dB) the source `name` is below the first: as stated, or drawn."""
    if how.dominance_db is not None:
        return how.dominance_db
    lowest, highest = DOMINANCES_DB
    return float(generator_for(seed, f"dominance/{name}").integers(lowest, highest + 1))


def levelled(dry: Audio, name: str, *, seed: int) -> Audio:
    """Return `dry` (samples,) scaled to the source's level, drawn from `LEVELS`, and clipped to [-1, 1]."""
    level = generator_for(seed, f"level/{name}").uniform(*LEVELS)
    rms = joint_rms(dry[None])
    return np.asarray(np.clip(dry * np.float32(level / rms if rms > 0 else 0.0), -1, 1), dtype=np.float32)


def segment_start(example: str, view: int, length: int, *, seed: int) -> int:
    """Return the first sample of the segment of `view` in the rendered clip of `length` samples.

    >>> starts = {segment_start("flat/0", view, 122_400, seed=0) for view in range(4)}
    >>> len(starts), max(starts) <= 122_400 - SEGMENT
    (4, True)
    """
    rng = generator_for(seed, f"segment/{example}")
    fine, coarse = int(rng.integers(FINE_STEPS)), rng.permutation(COARSE_STEPS)
    return min(COARSE * int(coarse[view % COARSE_STEPS]) + FINE * fine, max(length - SEGMENT, 0))


def other_start(condition: BinauralCondition, name: str, length: int, *, seed: int) -> int:
    """Return the first sample of the segment of a source other than the first, of `length` rendered samples.

    Each condition draws its own. With one segment for two dominances, the first source alone would follow from the two
    clips of a sealed set by subtraction.

    >>> 0 <= other_start(BinauralCondition(sources=2), "flat/0/view-0/source-1", 122_400, seed=0) <= 122_400 - SEGMENT
    True
    """
    rng = generator_for(seed, stream("segment", condition, name))
    return int(rng.integers(max(length - SEGMENT, 0) + 1))


def superposed(emitted: list[Audio], responses: Audio, starts: list[int], dominances_db: list[float]) -> Audio:
    """Return the sum (2, SEGMENT) of the segments from `starts` on of what is `emitted`, through `responses`.

    `responses` are (source, 2, taps). The other sources are scaled to `dominances_db` below the first, as heard in the
    segments.
    """
    heard = zip(emitted, responses, starts, strict=True)
    first, *others = (auralize(dry, response, start, SEGMENT, 0) for dry, response, start in heard)
    loudness, together = joint_rms(first), first
    for other, below in zip(others, dominances_db, strict=True):
        rms = joint_rms(other)
        wanted = loudness * 10 ** (-below / 20)
        together = together + other * np.float32(wanted / rms if rms > 0 else 0.0)
    return together


BINAURAL = Stimulus(
    noun="clip",
    sense="hear",
    attention="listen",
    condition=BinauralCondition,
    batch=BinauralBatch,
    size=BATCH,
    arrays=(AUDIO,),
    constants=LISTENING,
    batches=batches,
    suited=suited,
    exhibits="whence.benchmarks.stimuli.binaural.exhibit:clips",
    physics="whence.benchmarks.stimuli.binaural.physics:checks",
)
