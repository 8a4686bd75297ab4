"""Dry sounds: mono 16 kHz clips with stable ids, speakers and licences: folder, LibriSpeech, espeak-ng."""

from .corpus import Clip, Corpus
from .opening import open_corpus

__all__ = ["Clip", "Corpus", "open_corpus"]
