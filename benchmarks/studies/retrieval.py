"""Cross-modal retrieval with the attention network (Senocak et al. 2019, Table VI): sounds find pictures, and back.

A query and a database entry are a picture with the sound of one of its objects. Sound to picture compares f_s of the
query with f_v of all entries by cosine, picture to sound the reverse. Prints the share of successes among the nearest:

- "shows": the picture shows an object of the sound's kind, whatever is heard with it;
- "sounds": both sounds are of one kind.

Labels are the true kinds, where the paper took the ten best classes of two networks. Entries of the query's own picture
are left out. Brackets hold 95 % intervals over homes. "Random" draws k entries for each query, 100 times (mean and
standard deviation); its expectation is the mean share of entries that would be successes, whatever k is.

    python -m whence.benchmarks.studies.retrieval s.zarr --checkpoint RUN/checkpoint.safetensors
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ...datagen.dataset import Dataset
from ...digests import generator_for
from ...errors import InputError
from ...models.picture.attention import Attention
from ...models.training.learned import SHIPPED
from ...registry import load_track
from ...script import run_script
from ..display.text_table import TextTable, markdown
from ..questions.metrics import ACCURACY
from ..questions.source import Source, open_source
from ..scoring.statistics import bootstrap_interval
from ..stimuli.picture_sound.batch import OBJECT
from ..stimuli.picture_sound.condition import PictureSoundCondition

Matrix = npt.NDArray[np.float64]
Matches = npt.NDArray[np.bool_]
"""Whether entry j (columns) is a success for query i (rows)."""

NEAREST = (10, 15, 20)
REPETITIONS = 100
MOST = 20_000
"""Sounds that are used; all pairs of them are compared."""


@dataclass(frozen=True)
class Entries:
    """Pictures with the sound of one object each: `seen` and `heard` (n, features), the vectors f_v and f_s.

    `picture` (n,) tells which entries share a picture, `kind` (n,) is that of the sound, `shown` (n, kinds) says which
    kinds the picture shows, `home` (n,) where it was taken.
    """

    seen: npt.NDArray[np.float32]
    heard: npt.NDArray[np.float32]
    picture: npt.NDArray[np.intp]
    kind: npt.NDArray[np.intp]
    shown: Matches
    home: npt.NDArray[np.object_]

    @property
    def allowed(self) -> Matches:
        """Whether an entry may be found: those of other pictures may."""
        return np.asarray(self.picture[:, None] != self.picture)

    def matches(self) -> Mapping[tuple[str, str], Matches]:
        """Return the successes by direction and by what counts as one."""
        shows = self.shown[:, self.kind].T  # query sound, picture found
        sounds = self.kind[:, None] == self.kind
        found = {(SOUND_FIRST, "shows"): shows, (SOUND_FIRST, "sounds"): sounds}
        return {**found, (PICTURE_FIRST, "shows"): shows.T, (PICTURE_FIRST, "sounds"): sounds}


SOUND_FIRST, PICTURE_FIRST = "sound to picture", "picture to sound"


def entries_of(source: Source, model: Attention) -> Entries:
    """Return the entries of a set of sounding objects; raises InputError if it is an imported or sealed one."""
    if source.sealed or "category" not in source.dataset:
        raise InputError(
            f"{source.dataset.url}: retrieval needs the kinds of a set of `whence generate sounding-objects`"
        )
    labels = source.labels.take(np.flatnonzero(source.labels.within[:, 0] == OBJECT))
    vectors = []
    with tqdm(total=len(labels), unit="sound", desc="retrieval") as bar:
        for batch in source.batches(labels, PictureSoundCondition()):
            vectors.append(model.vectors(batch))
            bar.update(len(batch))
    seen, heard = (np.concatenate(part) for part in zip(*vectors, strict=True))
    kinds = source.dataset.column("category")[labels.rows].astype(np.intp)
    objects = kinds[:, : source.dataset.array("box").shape[1]]
    shown = (objects[:, :, None] == np.arange(kinds.max() + 1)).any(axis=1)
    own = kinds[np.arange(len(labels)), labels.within[:, 1].astype(np.intp)]
    return Entries(seen, heard, labels.rows, own, shown, labels.clusters)


def cosines(queries: npt.NDArray[np.float32], database: npt.NDArray[np.float32]) -> Matrix:
    """Return the cosine (n, m) of each query (n, features) with each entry (m, features)."""
    unit = [
        one / np.linalg.norm(one, axis=1, keepdims=True).clip(1e-12) for one in map(np.float64, (queries, database))
    ]
    return np.asarray(unit[0] @ unit[1].T)


def successes(similarity: Matrix, matches: Matches, allowed: Matches, nearest: int) -> Matrix:
    """Return the share (n,), per cent, of successes among the `nearest` allowed entries of each query.

    >>> successes(np.array([[0.9, 0.8, 0.1]]), np.array([[True, False, True]]), np.ones((1, 3), bool), 2).tolist()
    [50.0]
    """
    order = np.argsort(-np.where(allowed, similarity, -np.inf), axis=1, kind="stable")[:, :nearest]
    return np.asarray(100 * np.take_along_axis(matches, order, axis=1).mean(axis=1))


def random_successes(matches: Matches, allowed: Matches, nearest: int, rng: np.random.Generator) -> Matrix:
    """Return what `REPETITIONS` draws of `nearest` allowed entries for each query score (REPETITIONS,), per cent.

    The successes among entries drawn without replacement follow the hypergeometric distribution.
    """
    good, bad = (matches & allowed).sum(axis=1), (~matches & allowed).sum(axis=1)
    drawn = rng.hypergeometric(good, bad, nearest, size=(REPETITIONS, len(matches)))
    return np.asarray(100 * drawn.mean(axis=1) / nearest)


def expected_successes(matches: Matches, allowed: Matches) -> float:
    """Return the expected score of entries drawn at random, per cent: the share of allowed entries that are successes.

    >>> expected_successes(np.array([[True, False, True]]), np.array([[True, True, False]]))
    50.0
    """
    return 100 * float(((matches & allowed).sum(axis=1) / allowed.sum(axis=1)).mean())


def table(entries: Entries) -> TextTable:
    """Return the scores of `entries`; raises InputError if a query has too few entries to find."""
    if entries.allowed.sum(axis=1).min() < max(NEAREST):
        raise InputError(
            f"{len(entries.picture)} sounds are too few to find {max(NEAREST)} of others: give a larger set"
        )
    rows = []
    for (direction, success), matches in entries.matches().items():
        asked = (entries.heard, entries.seen) if direction == SOUND_FIRST else (entries.seen, entries.heard)
        similarity = cosines(*asked)
        rows.append([direction, success, *(_cell(entries, similarity, matches, k) for k in NEAREST)])
        drawn = [random_successes(matches, entries.allowed, k, generator_for(0, f"{direction}/{k}")) for k in NEAREST]
        rows.append(["random", success, *(f"{one.mean():.1f} \N{PLUS-MINUS SIGN} {one.std():.1f}" for one in drawn)])
        expected = f"{expected_successes(matches, entries.allowed):.1f}"
        rows.append(["random, expected", success, *([expected] * len(NEAREST))])
    pictures = len(np.unique(entries.picture))
    heads = ["query", "success", *(f"top {k} (%)" for k in NEAREST)]
    return TextTable(f"{len(entries.picture)} sounds of {pictures} pictures", heads, rows)


def _cell(entries: Entries, similarity: Matrix, matches: Matches, nearest: int) -> str:
    found = successes(similarity, matches, entries.allowed, nearest)
    interval = bootstrap_interval(ACCURACY, found, entries.home)
    return f"{interval.value:.1f} [{interval.low:.1f}, {interval.high:.1f}]"


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA.zarr", help="set of sounding objects")
    parser.add_argument(
        "--checkpoint",
        default=SHIPPED,
        help="checkpoint of `attention`: a file, or one that comes with Whence: shipped, supervised or unsupervised",
    )
    parser.add_argument("--split", default=None, help="train, val, test or all; default: test")
    parser.add_argument(
        "--max-samples", type=int, default=MOST, help="use the first N sounds, silence and noise included"
    )
    options = parser.parse_args(arguments)
    source = open_source(load_track("sounding-object"), Dataset(options.data), options.split, options.max_samples)
    print(markdown(table(entries_of(source, Attention(checkpoint=options.checkpoint)))))
    return 0


if __name__ == "__main__":
    run_script(main)
