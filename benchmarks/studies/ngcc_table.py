"""Do the released weights of NGCC-PHAT give the published errors? Its test rooms again, by our engine.

Renders the published test (Berg et al. 2022): a room of 6 x 4 x 2.5 m, microphones 0.5 m apart, a source anywhere,
15 windows of 2,048 samples of each utterance without its pauses; prints MAE and RMSE in samples, and the share of
windows within 10 cm, beside the published numbers, for the network and for GCC-PHAT.

    whence import checkpoint model.pth --model ngcc-phat ngcc.safetensors
    python -m whence.benchmarks.studies.ngcc_table --speech path/to/speech --checkpoint ngcc.safetensors

The caption counts the conditions whose published MAE lies within 1.96 standard errors of ours.

Responses are high-passed at 10 Hz, as pyroomacoustics does where it is not told otherwise: a room whose walls all
reflect with the same sign amplifies rumble. An utterance has one source position for all conditions. The network scales
each window to unit deviation; the authors scaled each utterance. The published numbers come from 216 utterances of
three speakers of LibriSpeech.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy import signal
from tqdm import tqdm

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...datagen.acoustics.auralize import auralize
from ...datagen.acoustics.shoebox import LEAD, ShoeboxRoom, impulse_responses, sabine_inversion
from ...datagen.corpora import Corpus, open_corpus
from ...digests import generator_for
from ...errors import InputError
from ...models.delay.ngcc_phat import NgccPhat
from ...models.networks.ngcc import whitened_correlations
from ...script import run_script
from ..display.text_table import TextTable, markdown
from ..stimuli.stereo.batch import StereoBatch

Float64 = npt.NDArray[np.float64]

ROOM = (6.0, 4.0, 2.5)
MICROPHONES = np.array([[3.0, 1.75, 1.25], [3.0, 2.25, 1.25]])
"""Left and right, m."""
WINDOW, WINDOWS, MAX_LAG = 2048, 15, 23
RT60, SNR_DB = (0.2, 0.4, 0.6, 0.0), (0, 6, 12, 18, 24, 30)
"""Seconds, 0 for no reflections, and dB."""
NEAR = 0.1 / SPEED_OF_SOUND * SAMPLE_RATE
"""A delay within 10 cm counts as right, samples."""
PAUSE, FRAME, HOP = 0.1, 2048, 512
"""Frames of an utterance more than 20 dB below the loudest one are cut."""
HIGH_PASS_HZ, TAIL = 10.0, 2000
"""Edge of the filter of pyroomacoustics, and the samples by which a response is prolonged for it."""
_UNKNOWN = float("nan")

PUBLISHED = {
    "NGCC-PHAT": {
        0.2: ((4.340, 8.276, 0.723), (2.771, 6.226, 0.826), (1.876, 4.936, 0.889), (1.517, 4.472, 0.916),
              (1.281, 3.998, 0.930), (1.218, 3.749, 0.932)),
        0.4: ((7.947, 12.272, 0.521), (6.432, 10.736, 0.606), (5.315, 9.628, 0.671), (4.654, 8.844, 0.708),
              (4.417, 8.658, 0.726), (4.383, 8.552, 0.723)),
        0.6: ((9.400, 13.627, 0.438), (7.989, 12.348, 0.516), (7.104, 11.531, 0.563), (6.645, 11.144, 0.591),
              (6.322, 10.701, 0.602), (6.248, 10.565, 0.603)),
        0.0: ((1.404, _UNKNOWN, 0.926), (0.816, _UNKNOWN, 0.966), (0.658, _UNKNOWN, 0.974), (0.568, _UNKNOWN, 0.977),
              (0.552, _UNKNOWN, 0.977), (0.554, _UNKNOWN, 0.976)),
    },
    "GCC-PHAT": {
        0.2: ((5.684, 10.106, 0.659), (3.719, 7.734, 0.770), (2.698, 6.300, 0.835), (2.281, 5.699, 0.861),
              (2.190, 5.554, 0.860), (2.571, 6.117, 0.829)),
        0.4: ((9.345, 13.831, 0.467), (7.740, 12.238, 0.540), (6.744, 11.165, 0.588), (6.220, 10.578, 0.619),
              (5.917, 10.035, 0.618), (5.980, 9.859, 0.602)),
        0.6: ((10.932, 15.206, 0.384), (9.365, 13.654, 0.445), (8.401, 12.630, 0.485), (7.850, 12.069, 0.513),
              (7.507, 11.481, 0.514), (7.651, 11.239, 0.489)),
        0.0: ((2.140, _UNKNOWN, 0.892), (1.193, _UNKNOWN, 0.952), (0.914, _UNKNOWN, 0.970), (0.825, _UNKNOWN, 0.973),
              (0.856, _UNKNOWN, 0.969), (0.866, _UNKNOWN, 0.966)),
    },
}  # fmt: skip
"""By method and RT60, for each SNR: MAE, RMSE (samples), share within 10 cm. Source: the authors' log."""


@dataclass(frozen=True)
class Utterance:
    """Dry speech without pauses, and where it is said."""

    name: str
    dry: npt.NDArray[np.float32]
    source: Float64

    @property
    def delay(self) -> float:
        """The true delay t_right - t_left, samples."""
        left, right = np.linalg.norm(MICROPHONES - self.source, axis=1)
        return float(right - left) / SPEED_OF_SOUND * SAMPLE_RATE


def without_pauses(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the hops of `sound` (samples,) around which a frame is less than 20 dB below the loudest one."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(sound, FRAME // 2), FRAME)[::HOP]
    level = np.sqrt(np.square(frames, dtype=np.float64).mean(axis=1))
    kept = np.repeat(level > PAUSE * level.max(), HOP)
    return np.asarray(sound[kept[: sound.size]])


def utterances(corpus: Corpus, count: int) -> Iterator[Utterance]:
    """Yield `count` utterances of `corpus`, in random order, that are long enough without their pauses."""
    for index in generator_for(0, "order").permutation(len(corpus.clips)):
        name, dry = corpus.clips[index].clip_id, without_pauses(corpus.load(int(index)))
        if count and dry.size >= WINDOW * WINDOWS:
            count -= 1
            yield Utterance(name, dry, generator_for(0, f"source/{name}").uniform(0, 1, 3) * ROOM)


def high_passed(responses: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `responses` (channels, samples) without rumble: a Butterworth filter of two poles, there and back."""
    poles = signal.butter(2, HIGH_PASS_HZ, "high", fs=SAMPLE_RATE, output="sos")
    padded = np.pad(responses, ((0, 0), (0, TAIL)))
    return np.asarray(signal.sosfiltfilt(poles, padded), dtype=np.float32)


def windows(heard: Utterance, rt60: float, snr_db: Sequence[int]) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the windows (15, 2, 2048) at each of `snr_db`: unit deviation at the left microphone, then white noise."""
    absorption, order = sabine_inversion(rt60, ROOM)
    room = ShoeboxRoom(ROOM, (absorption,) * 6, order)
    responses = high_passed(impulse_responses(room, heard.source, MICROPHONES))
    sound = auralize(heard.dry, responses, 0, WINDOW * WINDOWS, LEAD)
    sound /= sound[0].std()
    for level in snr_db:
        noise = generator_for(0, f"noise/{heard.name}/{rt60}/{level}").standard_normal(sound.shape)
        noisy = (sound + 10 ** (-level / 20) * noise).astype(np.float32)
        yield noisy.reshape(2, WINDOWS, WINDOW).swapaxes(0, 1).copy()


def gcc_phat(heard: npt.NDArray[np.float32]) -> Float64:
    """Return the delays (n,) in samples of `heard` (n, 2, samples): the published baseline."""
    left, right = torch.from_numpy(heard).unbind(1)
    return MAX_LAG - whitened_correlations(left, right, MAX_LAG).argmax(-1).double().numpy()


def network_delays(method: NgccPhat, heard: npt.NDArray[np.float32]) -> Float64:
    """Return the delays (n,) in samples of `heard` (n, 2, samples), one window each."""
    answers = method.predict(StereoBatch(heard, [""] * len(heard), SAMPLE_RATE, WINDOW, 1, 1))
    return np.asarray(answers) * SAMPLE_RATE


def cells(errors: Float64, published: Sequence[float]) -> list[str]:
    """Return MAE with its standard error over utterances, RMSE and accuracy of `errors` (utterances, 15); published."""
    mean, spread = mean_and_error(errors)
    rmse, near = np.sqrt(np.square(errors).mean()), (np.abs(errors) < NEAR).mean()
    shown = ["?" if np.isnan(value) else f"{value:.3f}" for value in published]
    return [f"{mean:.3f} ± {spread:.3f}", f"{rmse:.3f}", f"{near:.3f}", " / ".join(shown)]


def table(corpus: Corpus, method: NgccPhat, clips: int, rt60: Sequence[float], snr_db: Sequence[int]) -> TextTable:
    """Return the errors of both methods under each condition, beside the published ones."""
    errors: dict[tuple[str, float, int], list[Float64]] = {}
    for heard in tqdm(utterances(corpus, clips), total=clips, unit="utterance"):
        for seconds in rt60:
            for level, audio in zip(snr_db, windows(heard, seconds, snr_db), strict=True):
                found = {"NGCC-PHAT": network_delays(method, audio), "GCC-PHAT": gcc_phat(audio)}
                for name, delays in found.items():
                    errors.setdefault((name, seconds, level), []).append(delays - heard.delay)
    rows = []
    for (name, seconds, level), each in sorted(errors.items(), key=lambda item: (item[0][1:], item[0][0])):
        published = PUBLISHED[name][seconds][SNR_DB.index(level)]
        walls = f"{seconds:g}" if seconds else "anechoic"
        rows.append([name, walls, str(level), *cells(np.array(each), published)])
    heads = ["method", "RT60 (s)", "SNR (dB)", "MAE (samples)", "RMSE", "within 10 cm", "published MAE / RMSE / within"]
    count = len(next(iter(errors.values()), []))
    if not count:
        raise InputError(f"{corpus.location}: no utterance lasts {WINDOW * WINDOWS / SAMPLE_RATE:.2f} s without pauses")
    caption = f"{count} utterances, {WINDOWS} windows each; published MAE within the 95 % interval of ours: "
    return TextTable(caption + ", ".join(agreements(errors)), heads, rows)


def agreements(errors: Mapping[tuple[str, float, int], Sequence[Float64]]) -> Iterator[str]:
    """Yield for each method in how many conditions the published MAE lies within the 95 % interval of ours.

    `errors` (utterances, 15) in samples, by method, RT60 and SNR. The interval is 1.96 standard errors over utterances.
    """
    for name, published in PUBLISHED.items():
        inside = []
        for (method, rt60, level), some in errors.items():
            if method == name:
                mean, spread = mean_and_error(np.array(some))
                inside.append(abs(mean - published[rt60][SNR_DB.index(level)][0]) <= 1.96 * spread)
        yield f"{name} {sum(inside)} of {len(inside)}"


def mean_and_error(errors: Float64) -> tuple[float, float]:
    """Return the MAE of `errors` (utterances, 15) and its standard error over utterances; NaN for one utterance."""
    each = np.abs(errors).mean(axis=1)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else _UNKNOWN


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", required=True)
    parser.add_argument("--checkpoint", required=True, help="imported weights, or others of ngcc-phat")
    parser.add_argument(
        "--clips", type=int, default=60, help="utterances (default: 60, about ten seconds each on one core)"
    )
    parser.add_argument("--rt60", type=float, nargs="+", default=RT60, choices=RT60, help="0: anechoic")
    parser.add_argument("--snr", type=int, nargs="+", default=SNR_DB, choices=SNR_DB)
    parser.add_argument("--out", type=Path, help="also write the table here, as Markdown")
    options = parser.parse_args(arguments)
    corpus = open_corpus(options.speech, minimum_seconds=WINDOW * WINDOWS / SAMPLE_RATE)
    method = NgccPhat(str(Path(options.checkpoint)), answer="peak", max_lag=MAX_LAG)
    found = markdown(table(corpus, method, options.clips, options.rt60, options.snr))
    print(found)
    if options.out:
        options.out.write_text(found, encoding="utf-8")
    return 0


if __name__ == "__main__":
    run_script(main)
