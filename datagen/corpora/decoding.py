"""Decodes files to mono float32: soundfile for most formats, ffmpeg for m4a, soxr for resampling."""

import hashlib
import io
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from ...conventions import SAMPLE_RATE

SOUNDFILE_SUFFIXES = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64"}
)
FFMPEG_SUFFIXES = frozenset({".m4a", ".aac", ".mp4", ".wma"})
SUFFIXES = SOUNDFILE_SUFFIXES | FFMPEG_SUFFIXES

SILENT_PEAK = 1e-4
"""A file that never exceeds this (-80 dB re full scale) is silent."""

_RATES = range(1_000, 768_001)
_BLOCK_FRAMES = 1 << 18
_FFMPEG_SECONDS = 600


class Unusable(Exception):
    """The reason why a file gives no clip, as "kind (detail)"."""


@dataclass(frozen=True)
class Sound:
    """The sound in a file: `mono` (frames,) float32 at `sample_rate` Hz, and the SHA-256 of the file."""

    mono: npt.NDArray[np.float32]
    sample_rate: int
    fingerprint: str

    def at_16_khz(self) -> npt.NDArray[np.float32]:
        """Return the sound (samples,) at 16 kHz."""
        return resample(self.mono, self.sample_rate)

    def digest(self) -> str:
        """Return the SHA-256 of the sound before resampling, so that it is the same on every CPU."""
        samples = np.ascontiguousarray(self.mono, dtype="<f4")
        return hashlib.sha256(b"%d " % self.sample_rate + samples.tobytes()).hexdigest()


def resample(mono: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    """Return `mono` (frames,) at `sample_rate` Hz resampled to 16 kHz with soxr (quality HQ)."""
    if sample_rate == SAMPLE_RATE:
        return mono
    return np.asarray(soxr.resample(mono, sample_rate, SAMPLE_RATE), dtype=np.float32)


def decode(path: Path, *, video: bool = False) -> Sound:
    """Return the sound of the file at `path`, averaged over channels. Raises `Unusable` or `OSError`.

    ffmpeg decodes a `video`, whatever its suffix.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise Unusable("not a regular file")
    data = path.read_bytes()
    if not data:
        raise Unusable("empty file")
    fingerprint = hashlib.sha256(data).hexdigest()
    audio = _through_ffmpeg(path) if video or path.suffix.lower() in FFMPEG_SUFFIXES else data
    mono, sample_rate = _read_mono(audio)
    return Sound(mono, sample_rate, fingerprint)


def _read_mono(data: bytes) -> tuple[npt.NDArray[np.float32], int]:
    """Return samples (frames,) and rate in Hz. Reads in blocks, because a broken header may claim terabytes."""
    blocks = []
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            sample_rate = int(file.samplerate)
            while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
                blocks.append(block[:, 0] if block.shape[1] == 1 else block.mean(axis=1))
    except soundfile.LibsndfileError as error:
        raise Unusable(f"not decodable ({error.error_string.rstrip('.')})") from error
    if sample_rate not in _RATES:
        raise Unusable(f"odd sample rate ({sample_rate} Hz)")
    return np.concatenate([np.zeros(0, np.float32), *blocks]), sample_rate


def _through_ffmpeg(path: Path) -> bytes:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise Unusable(f"{path.suffix.lower()} needs ffmpeg (put ffmpeg on PATH, or convert the file to flac)")
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "decoded.wav"
        # "file:" keeps a name with a colon from being taken for a protocol
        source = f"file:{path.absolute()}"
        command = [
            ffmpeg,
            "-v",
            "error",
            "-nostdin",
            "-i",
            source,
            "-vn",
            "-c:a",
            "pcm_f32le",
            str(wav),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_FFMPEG_SECONDS)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            raise Unusable(f"not decodable (ffmpeg: {said[-1][:120]})") from error
        except subprocess.TimeoutExpired as error:
            raise Unusable(f"not decodable (ffmpeg took over {_FFMPEG_SECONDS} s)") from error
        return wav.read_bytes()


def require_usable(
    mono: npt.NDArray[np.float32], sample_rate: int, *, minimum_seconds: float, minimum_rate: int = 0
) -> None:
    """Raise `Unusable` for a sound that is not finite, is silent, too short or sampled below `minimum_rate` Hz."""
    if sample_rate < minimum_rate:
        raise Unusable(f"sample rate too low ({sample_rate} Hz, at least {minimum_rate} Hz asked)")
    if not np.isfinite(mono).all():
        raise Unusable("NaN or infinite samples")
    seconds = len(mono) / sample_rate
    if seconds < minimum_seconds:
        raise Unusable(f"too short ({seconds:.3f} s, at least {minimum_seconds:g} s asked)")
    if np.abs(mono).max(initial=0.0) < SILENT_PEAK:
        raise Unusable("silent (once its channels are averaged, no sample reaches 1e-4 of full scale)")
