"""What several test modules need: the shared data, and a small corpus made here."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings
from scipy import signal

from whence.datagen.corpora import Corpus, open_corpus

settings.register_profile("whence", deadline=None)
settings.register_profile("thorough", settings.get_profile("whence"), max_examples=500)
settings.load_profile("whence")
"""How long an example takes does not count. `--hypothesis-profile thorough` tries five times as many."""

SHARED = Path(__file__).parents[2] / "shared"


def babble(seconds: float, rng: np.random.Generator, sample_rate: int = 16_000) -> np.ndarray:
    """Noise with the long-term spectrum and the syllable rhythm of speech: (samples,), peak 0.5."""
    samples = round(seconds * sample_rate)
    band = signal.butter(2, [120, 4000], btype="bandpass", output="sos", fs=sample_rate)
    rhythm = 0.55 + 0.45 * np.sin(2 * np.pi * (4 * np.arange(samples) / sample_rate + rng.uniform()))
    sound = signal.sosfilt(band, rng.standard_normal(samples)) * rhythm
    return 0.5 * sound / np.abs(sound).max()


@pytest.fixture(scope="session")
def speech_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven mono wavs of two speakers, 1.6 to 3.4 s."""
    folder = tmp_path_factory.mktemp("speech")
    rng = np.random.default_rng(7)
    for k in range(7):
        path = folder / f"speaker{k % 2}" / f"utterance{k}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, babble(1.6 + 0.3 * k, rng), 16_000)
    return folder


@pytest.fixture(scope="session")
def corpus(speech_folder: Path) -> Corpus:
    """The corpus of `speech_folder`."""
    return open_corpus(str(speech_folder), minimum_seconds=1.5)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data shared beside the checkout."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the shared data folder does not lie beside this checkout")
    return folder
