"""What objects sound like: speech, and recordings where there are any."""

from ...errors import InputError
from ..corpora import Corpus, open_corpus, reopen_corpus
from ..dataset import Elsewhere
from ..sounds import Sounds, open_sounds, reopen_sounds
from ..sources import Recorded, place_of

LEAST_SPEECH_SECONDS = 1.5


def open_voices(speech: str | None, sounds: str | None, seed: int) -> tuple[Corpus, Sounds | None]:
    """Return the `speech` of people, televisions and radios, and the recordings in the folder `sounds`, if given.

    Raises InputError for speech or recordings that cannot be used.
    """
    corpus = open_corpus(speech, minimum_seconds=LEAST_SPEECH_SECONDS, seed=seed)
    if not corpus.clips:
        raise InputError(f"{corpus.location}: every utterance is shorter than {LEAST_SPEECH_SECONDS} s")
    return corpus, None if sounds is None else open_sounds(sounds)


def reopen_voices(
    dataset: Recorded, elsewhere: Elsewhere, *, speech: str, sounds: str, seed: int
) -> tuple[Corpus, Sounds | None]:
    """Return what `dataset` was made from, whose digests are `speech` and `sounds` ("" for no recordings).

    Raises InputError if it is missing or changed.
    """
    corpus = reopen_corpus(
        dataset.attributes.get("speech", {}),
        elsewhere.get("speech"),
        expected=speech,
        minimum_seconds=LEAST_SPEECH_SECONDS,
        seed=seed,
        count=None,
    )
    recordings = reopen_sounds(place_of(dataset, elsewhere, "sounds"), expected=sounds) if sounds else None
    return corpus, recordings
