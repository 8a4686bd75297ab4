"""Dry speech kept in memory: what is asked for again, no more than fits, and nothing of it for workers."""

import pickle
from dataclasses import dataclass, field

import numpy as np
import pytest

from whence.datagen.utterances import Utterances


@dataclass
class Numbers:
    """A corpus of constant sounds of 100 samples, which notes what is decoded."""

    decoded: list = field(default_factory=list)

    def load(self, index):
        self.decoded.append(index)
        return np.full(100, index, np.float32)


def negated(sound):
    return -sound


def test_a_sound_is_decoded_and_changed_once():
    corpus = Numbers()
    speech = Utterances(corpus, negated)
    for index in (3, 1, 3, 3, 1):
        np.testing.assert_array_equal(speech.load(index), np.full(100, -index, np.float32))
    assert corpus.decoded == [3, 1]
    with pytest.raises(ValueError, match="read-only"):
        speech.load(3)[0] = 0


def test_those_not_asked_for_longest_make_room():
    corpus = Numbers()
    speech = Utterances(corpus, most_bytes=2 * 400)
    for index in (0, 1, 0, 2, 0, 1):
        assert speech.load(index)[0] == index
    assert corpus.decoded == [0, 1, 2, 1]
    large = Utterances(corpus, most_bytes=399)
    assert [large.load(index)[0] for index in (7, 7)] == [7, 7]
    assert corpus.decoded[-2:] == [7, 7]


def test_a_copy_for_a_worker_carries_no_sound():
    speech = Utterances(Numbers(), negated)
    empty = len(pickle.dumps(speech))
    speech.load(5)
    copied = pickle.loads(pickle.dumps(speech))
    assert len(pickle.dumps(speech)) < empty + 50
    assert copied.load(5)[0] == -5
