"""Calls the espeak-ng engine of the wheel `espeakng-loader` through ctypes; the same call gives the same samples.

espeak-ng keeps state between utterances (the phase of its pitch flutter, its gain control, a cycle count) that neither
`espeak_Terminate` nor a seed resets, and it seeds its breath noise from the clock. So each utterance reloads the
library and sets its own seed. This costs 2 ms and makes the samples independent of order and process. Reference:
espeak-ng 1.52, src/include/espeak-ng/speak_lib.h and espeak_ng.h.
"""

import _ctypes
import contextlib
import ctypes
import hashlib
import math
import os
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...digests import digest
from ...errors import InputError
from .voices import ACCENTS, VARIANTS, Voice

_FIX = "reinstall it: pip install --force-reinstall espeakng-loader"
_VOLUME = 50  # of 200: keeps the loudest voice below espeak's gain control, which would distort it
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8, _BY_CHARACTER = 2, 0x8000, 1, 1
_RATE, _VOLUME_PARAMETER, _PITCH = 1, 2, 3
_BUFFER_MS = 200
_LONGEST_DATA_PATH = 120  # espeak-ng copies the path into 160 bytes and appends to it
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_one_at_a_time = threading.Lock()


def synthesize(text: str, voice: Voice, *, seconds: float, noise_seed: int) -> tuple[npt.NDArray[np.int16], int]:
    """Return `voice` reading `text` for at least `seconds`, or to its end, as int16 (samples,); and the rate in Hz."""
    with _one_at_a_time, _fresh_library() as (library, rate):
        _set_voice(library, voice)
        library.espeak_ng_SetRandSeed(ctypes.c_long(noise_seed))
        return _read_aloud(library, text, math.ceil(seconds * rate)), rate


@cache
def engine_fingerprint() -> str:
    """Return the SHA-256 of the version of espeak-ng and the data of its English voices."""
    with _one_at_a_time, _fresh_library() as (library, _):
        library.espeak_Info.restype = ctypes.c_char_p
        version = library.espeak_Info(None).decode()
    data = _data_path()
    names = ["phontab", "phonindex", "phondata", "intonations", "en_dict"]
    names += [f"voices/!v/{variant}" for variants in VARIANTS.values() for variant in variants]
    files = [data / name for name in names]
    files += sorted(file for file in data.glob("lang/gmw/*") if file.name.lower() in ACCENTS)
    try:
        return digest([version, [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]])
    except OSError as error:
        raise InputError(f"espeak-ng lacks its voices ({error}); {_FIX}") from error


@contextlib.contextmanager
def _fresh_library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """Yield a freshly loaded and initialised espeak-ng and its sample rate in Hz; unload it afterwards."""
    library = _load()
    try:
        with _short_path(_data_path()) as data:
            rate = library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, os.fsencode(data), _DO_NOT_EXIT)
            if rate <= 0:
                raise InputError(f"espeak-ng cannot read its data in {data}; {_FIX}")
            yield library, int(rate)
            library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def _load() -> ctypes.CDLL:
    path = _library_path()
    with contextlib.suppress(OSError):
        _ctypes.dlclose(ctypes.CDLL(path, mode=os.RTLD_NOW | os.RTLD_NOLOAD)._handle)
        raise InputError(
            f"{path} is already in use in this process (perhaps by phonemizer), so its speech would not be "
            "reproducible; make the corpus in a separate process"
        )
    try:
        return ctypes.CDLL(path)
    except OSError as error:
        raise InputError(f"espeak-ng cannot be loaded ({error}); {_FIX}") from error


def _library_path() -> str:
    try:
        from espeakng_loader import get_library_path
    except ImportError as error:
        raise InputError("espeak-ng is not installed; install it: pip install espeakng-loader") from error
    return str(get_library_path())


def _data_path() -> Path:
    from espeakng_loader import get_data_path

    try:
        return Path(get_data_path())
    except RuntimeError as error:
        raise InputError(f"espeak-ng lacks its voices ({error}); {_FIX}") from error


@contextlib.contextmanager
def _short_path(path: Path) -> Iterator[Path]:
    """Yield `path`, or a link to it if it is too long for espeak-ng."""
    if len(os.fsencode(path)) <= _LONGEST_DATA_PATH:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / path.name
        link.symlink_to(path, target_is_directory=True)
        yield link


def _set_voice(library: ctypes.CDLL, voice: Voice) -> None:
    if library.espeak_SetVoiceByName(voice.espeak_name.encode()) != 0:
        raise InputError(f"espeak-ng has no voice {voice.espeak_name}; {_FIX}")
    parameters = {_RATE: voice.rate, _VOLUME_PARAMETER: _VOLUME, _PITCH: voice.pitch}
    for parameter, value in parameters.items():
        library.espeak_SetParameter(parameter, value, 0)


def _read_aloud(library: ctypes.CDLL, text: str, enough: int) -> npt.NDArray[np.int16]:
    """Return the samples of `text`, stopping once there are `enough`."""
    chunks: list[bytes] = []
    made = 0

    def collect(wave: int | None, count: int, _events: int | None) -> int:
        """Keep `count` samples at `wave`; return 1 to stop the synthesis."""
        nonlocal made
        if wave and count > 0:
            chunks.append(ctypes.string_at(wave, 2 * count))
            made += count
        return int(made >= enough)

    callback = _CALLBACK(collect)  # keep a reference until the synthesis ends
    library.espeak_SetSynthCallback(callback)
    data = text.encode()
    library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, _BY_CHARACTER, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    return np.frombuffer(b"".join(chunks), dtype=np.int16)
