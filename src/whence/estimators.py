"""Every estimator of delay, direction and rotation as a function on arrays.

Each is a method of `whence methods`, by the same name with underscores, and gives the same numbers. Left is positive:
a delay is t_right - t_left, an azimuth or a rotation counts counter-clockwise seen from above. Keywords are the
method's parameters, such as `protocol="best"` for peaks between samples. Those of trained models need the extra
`learned`.

>>> import numpy as np, whence
>>> noise = np.random.default_rng(0).standard_normal(8004)
>>> whence.gcc_phat(noise[4:], noise[:-4], 16_000)  # the left microphone hears it four samples earlier
0.00025
"""

from __future__ import annotations  # so that help() shows `npt.ArrayLike`, not what it stands for

import inspect
import math
import typing
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .baselines.gcc import MAX_DELAY
from .benchmarks.running.method import Diagnosed, load_methods
from .benchmarks.stimuli.binaural.batch import HOP, WINDOW
from .benchmarks.stimuli.guided.batch import GuidedBatch
from .benchmarks.stimuli.stereo.batch import StereoBatch
from .benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from .conventions import SAMPLE_RATE
from .english import counted
from .errors import InputError
from .registry import METHODS, load, registered_methods
from .threads import thread_policy

Float32 = npt.NDArray[np.float32]
Answer = float | npt.NDArray[np.float64]
"""One number, or one for each clip (clips,) or pair of pictures (pairs,)."""
LONGEST_WINDOW = 2**16
"""Samples that are correlated at once; of a longer clip, windows that overlap by half vote."""
SHORTEST_CLIP = 64


class StereoEstimator(typing.Protocol):
    """A function of what two microphones or ears hear."""

    def __call__(self, left: npt.ArrayLike, right: npt.ArrayLike, sample_rate: float, **parameters: Any) -> Answer:
        """Return the answer to each clip."""


class GuidedEstimator(typing.Protocol):
    """A function of what two microphones hear, and of a clip of the voice that is meant."""

    def __call__(
        self,
        left: npt.ArrayLike,
        right: npt.ArrayLike,
        query: npt.ArrayLike,
        sample_rate: float,
        **parameters: Any,
    ) -> Answer:
        """Return the answer to each clip."""


class PairEstimator(typing.Protocol):
    """A function of two pictures."""

    def __call__(
        self,
        first: npt.ArrayLike,
        second: npt.ArrayLike,
        *,
        field_of_view_deg: float = 60.0,
        pitch_deg: float = 0.0,
        **parameters: Any,
    ) -> Answer:
        """Return the rotation between each pair of pictures."""


_STEREO = """{what}.

    Method: {summary}. `left` and `right` are (samples,), or (clips, samples) for one answer a clip, of any real type;
    `sample_rate` is in Hz. {detail}
    Raises InputError for unequal shapes, silence and numbers that are not finite.
    """
_DELAY = "Return the delay t_right - t_left in seconds, positive if the left channel leads"
_WHOLE = "`max_delay` is the largest delay searched, in seconds."
_RESAMPLED = "Other rates than 16 kHz are resampled."


def _correlator(name: str) -> StereoEstimator:
    """Return the function of a generalised cross-correlation over whole clips, at any sample rate."""

    def estimate(
        left: npt.ArrayLike,
        right: npt.ArrayLike,
        sample_rate: float,
        *,
        max_delay: float = MAX_DELAY,
        **parameters: Any,
    ) -> Answer:
        audio, single = _stereo(left, right)
        rate = _rate(sample_rate)
        if not 0 < max_delay * rate < audio.shape[-1]:
            raise InputError(f"max_delay={max_delay:g} s: expected above 0, and below the {audio.shape[-1] / rate:g} s")
        window = min(audio.shape[-1], LONGEST_WINDOW)
        return _answer(_made(name, **parameters).delays(_batch(audio, rate, window, window // 2), max_delay), single)

    found: StereoEstimator = _named(estimate, name, _STEREO, what=_DELAY, detail=_WHOLE)
    return found


def _hearing(name: str, what: str) -> StereoEstimator:
    """Return the function of a method that hears windows of 1,024 samples at 16 kHz, as in the benchmarks."""

    def estimate(left: npt.ArrayLike, right: npt.ArrayLike, sample_rate: float, **parameters: Any) -> Answer:
        audio, single = _stereo(left, right)
        audio = _at_16_khz(audio, _rate(sample_rate))
        method = _made(name, **parameters)
        return _answer(method.predict(_batch(audio, SAMPLE_RATE, WINDOW, HOP)), single)

    found: StereoEstimator = _named(estimate, name, _STEREO, what=what, detail=_RESAMPLED)
    return found


def _guided(name: str) -> GuidedEstimator:
    """Return the function of a method that also hears the voice that is meant."""

    def estimate(
        left: npt.ArrayLike, right: npt.ArrayLike, query: npt.ArrayLike, sample_rate: float, **parameters: Any
    ) -> Answer:
        audio, single = _stereo(left, right)
        rate = _rate(sample_rate)
        voices = _at_16_khz(np.atleast_2d(_sound(query, "query")), rate)
        if len(voices) != len(audio):
            raise InputError(f"query holds {counted(len(voices), 'clip')}, left {len(audio)}: expected one each")
        batch = _batch(_at_16_khz(audio, rate), SAMPLE_RATE, WINDOW, HOP)
        return _answer(_made(name, **parameters).predict(GuidedBatch(**vars(batch), query=voices)), single)

    what, detail = f"{_DELAY}, of the voice heard in `query`", f"`query` is mono, of the same rate. {_RESAMPLED}"
    found: GuidedEstimator = _named(estimate, name, _STEREO, what=what, detail=detail)
    return found


_PAIR = """Return the rotation of the camera from `first` to `second` in degrees, positive to the left.

    Method: {summary}. The pictures are uint8 (height, width, 3), or (pairs, height, width, 3), red first;
    `field_of_view_deg` is horizontal, `pitch_deg` how far the camera looks up in both.
    Raises InputError for other shapes and types.
    """


def _pair(name: str) -> PairEstimator:
    """Return the function of a method of the track `rotation`."""

    def estimate(
        first: npt.ArrayLike,
        second: npt.ArrayLike,
        *,
        field_of_view_deg: float = 60.0,
        pitch_deg: float = 0.0,
        **parameters: Any,
    ) -> Answer:
        pictures, others = (_pictures(one, name) for one, name in ((first, "first"), (second, "second")))
        if pictures.shape != others.shape:
            raise InputError(f"first is {pictures.shape}, second {others.shape}: expected equal shapes")
        if not 0 < field_of_view_deg < 180:
            raise InputError(f"field_of_view_deg={field_of_view_deg:g}: expected 0 to 180")
        height, width = pictures.shape[1:3]
        focal = width / 2 / math.tan(math.radians(field_of_view_deg) / 2)
        camera = np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
        pitch = np.full(len(pictures), float(pitch_deg))
        batch = ViewPairBatch(pictures, others, _names(len(pictures)), camera, pitch)
        return _answer(_made(name, **parameters).predict(batch), np.ndim(first) == 3)

    found: PairEstimator = _named(estimate, name, _PAIR)
    return found


def _named(estimate: Callable[..., Answer], name: str, text: str, **values: str) -> Any:
    """Return `estimate` with the name, the docstring and, unless it is a trained model, the parameters of a method."""
    estimate.__name__ = estimate.__qualname__ = name.replace("-", "_")  # of a missing argument, it is what Python names
    estimate.__module__ = __name__
    estimate.__doc__ = text.format(summary=METHODS[name].summary, **values)
    estimate = thread_policy()(estimate)
    if not METHODS[name].trained:
        signature = inspect.signature(estimate)
        known = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        declared = fields(load(METHODS[name].target))
        keyword = partial(inspect.Parameter, kind=inspect.Parameter.KEYWORD_ONLY)
        own = [keyword(one.name, default=one.default, annotation=_plain(one.type)) for one in declared]
        estimate.__signature__ = signature.replace(parameters=[*known, *own])  # type: ignore[attr-defined]
    return estimate


def _plain(annotation: Any) -> Any:
    """Return a type without what else is declared of it, such as its range."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is typing.Annotated else annotation


def _made(name: str, **parameters: Any) -> Any:
    """Return the method with these `parameters`; raises InputError for an unknown one or a wrong value."""
    return _kept(name, tuple(sorted((key, str(value)) for key, value in parameters.items())))


@lru_cache(maxsize=16)
def _kept(name: str, parameters: tuple[tuple[str, str], ...]) -> Any:
    """Return a method, kept with its weights for the next call."""
    track = registered_methods()[name].tracks[0]
    text = ":".join([name, *(f"{key}={value}" for key, value in parameters)])
    return load_methods([text], track, ("paper",))[0].method


def _stereo(left: npt.ArrayLike, right: npt.ArrayLike) -> tuple[Float32, bool]:
    """Return the clips (clips, 2, samples), and whether it is a single one."""
    sounds = [_sound(left, "left"), _sound(right, "right")]
    if sounds[0].shape != sounds[1].shape:
        raise InputError(f"left is {sounds[0].shape}, right {sounds[1].shape}: expected equal shapes")
    return np.stack([np.atleast_2d(one) for one in sounds], axis=1), sounds[0].ndim == 1


def _sound(values: npt.ArrayLike, name: str) -> Float32:
    """Return `values` (..., samples) as float32; whole numbers are scaled by the range of their type."""
    array = np.asarray(values)
    if array.ndim not in (1, 2) or array.shape[-1] < SHORTEST_CLIP or array.size == 0:
        shape = f"(samples,) or (clips, samples), at least {SHORTEST_CLIP} samples"
        raise InputError(f"{name}: expected {shape}, not {array.shape}")
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name}: expected real numbers, not {array.dtype}")
    sound = array.astype(np.float32)
    if array.dtype.kind in "iu":
        sound /= np.float32(np.iinfo(array.dtype).max)
    if not np.isfinite(sound).all():
        raise InputError(f"{name}: {counted(int((~np.isfinite(sound)).sum()), 'sample')} not finite")
    if not np.atleast_2d(sound).any(axis=1).all():
        raise InputError(f"{name} is silent: there is nothing to localize")
    return sound


def _rate(sample_rate: float) -> float:
    if not (np.isfinite(sample_rate) and sample_rate >= 1000):
        raise InputError(f"sample_rate={sample_rate}: expected Hz, 1000 or more")
    return sample_rate


def _at_16_khz(audio: Float32, sample_rate: float) -> Float32:
    """Return `audio` (..., samples) at 16 kHz."""
    if sample_rate == SAMPLE_RATE:
        return audio
    import soxr

    flat = audio.reshape(-1, audio.shape[-1]).T
    return np.ascontiguousarray(soxr.resample(flat, sample_rate, SAMPLE_RATE).T).reshape(*audio.shape[:-1], -1)


def _batch(audio: Float32, sample_rate: float, window: int, hop: int) -> StereoBatch:
    """Return `audio` as a method hears it: windows of at most `window` samples, `hop` apart, over the whole clip."""
    window = min(window, audio.shape[-1])
    votes = (audio.shape[-1] - window) // hop + 1
    rate = int(sample_rate) if float(sample_rate).is_integer() else sample_rate
    return StereoBatch(audio, _names(len(audio)), rate, window, hop if votes > 1 else 1, votes)  # type: ignore[arg-type]


def _names(count: int) -> tuple[str, ...]:
    return tuple(str(k) for k in range(count))


def _pictures(values: npt.ArrayLike, name: str) -> npt.NDArray[np.uint8]:
    pictures = np.asarray(values)
    if pictures.dtype != np.uint8 or pictures.ndim not in (3, 4) or pictures.shape[-1] != 3:
        raise InputError(f"{name}: expected uint8 (height, width, 3), not {pictures.dtype} {pictures.shape}")
    return pictures if pictures.ndim == 4 else pictures[None]


def _answer(given: Any, single: bool) -> Answer:
    answers = np.asarray(given.prediction if isinstance(given, Diagnosed) else given, dtype=np.float64)
    return float(answers[0]) if single else answers


_LEVEL = "Return how much louder the left channel is, -1 to 1, positive on the left"
_AZIMUTH = "Return the azimuth in degrees, -90 to 90, positive to the left"

gcc_phat = _correlator("gcc-phat")
scot = _correlator("scot")
roth = _correlator("roth")
flat = _correlator("flat")
ml = _correlator("ml")
beta = _correlator("beta")
salvati = _hearing("salvati", _DELAY)
ngcc_phat = _hearing("ngcc-phat", _DELAY)
whence_delay = _hearing("whence-delay", _DELAY)
stereocrw = _hearing("stereocrw", _DELAY)
zeronce = _hearing("zeronce", _DELAY)
monoclr = _hearing("monoclr", _DELAY)
av_monoclr = _guided("av-monoclr")
itd_sphere = _hearing("itd-sphere", _AZIMUTH)
ild_sphere = _hearing("ild-sphere", _AZIMUTH)
iid_rms = _hearing("iid-rms", _LEVEL)
iid_vote = _hearing("iid-vote", _LEVEL)
sift = _pair("sift")
orb = _pair("orb")
akaze = _pair("akaze")
superglue = _pair("superglue")
lightglue = _pair("lightglue")
loftr = _pair("loftr")

__all__ = [name.replace("-", "_") for name in METHODS if name.replace("-", "_") in globals()]
