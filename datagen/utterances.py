"""Dry speech as plans use it: decoded once for all rows that come back to it, as long as memory lasts."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .corpora import Corpus

Sound = npt.NDArray[np.float32]

KEPT_BYTES = 2**26
"""Sounds kept: about 17 minutes of speech."""


def unchanged(sound: Sound) -> Sound:
    """Return `sound` as it is."""
    return sound


class Utterances:
    """The sounds of a corpus after `change`, a function of one; the last `most_bytes` of them are kept."""

    def __init__(
        self, corpus: Corpus, change: Callable[[Sound], Sound] = unchanged, most_bytes: int = KEPT_BYTES
    ) -> None:
        self._made_of = (corpus, change, most_bytes)
        self._kept: OrderedDict[int, Sound] = OrderedDict()
        self._bytes = 0

    def load(self, index: int) -> Sound:
        """Return clip `index` as (samples,) float32, read-only, mono, 16 kHz."""
        if index not in self._kept:
            self._keep(index)
        self._kept.move_to_end(index)
        found = self._kept[index]
        while self._bytes > self._made_of[2]:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return found

    def _keep(self, index: int) -> None:
        corpus, change, _ = self._made_of
        sound = change(corpus.load(index))
        sound.flags.writeable = False
        self._kept[index] = sound
        self._bytes += sound.nbytes

    def __reduce__(self) -> tuple[Any, ...]:  # workers decode their own
        return Utterances, self._made_of
