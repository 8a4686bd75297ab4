"""Dry sounds: mono 16 kHz clips with stable ids, speakers and licences: folder, LibriSpeech, espeak-ng."""

from .corpus import Clip, Corpus
from .layouts import FOLDER_NAMES, UNKNOWN
from .opening import open_corpus, reopen_corpus

__all__ = ["FOLDER_NAMES", "UNKNOWN", "Clip", "Corpus", "open_corpus", "reopen_corpus"]
