"""Dry sounds: mono 16 kHz clips with stable ids, speakers and licences: folder, LibriSpeech, espeak-ng."""

from .corpus import Clip, Corpus
from .layouts import UNKNOWN
from .opening import open_corpus, reopen_corpus

__all__ = ["UNKNOWN", "Clip", "Corpus", "open_corpus", "reopen_corpus"]
