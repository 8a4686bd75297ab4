"""Impulse responses, auralization and noise for a batch, in torch: on a CPU or a GPU, as `device` says.

Conventions are those of `shoebox` and `auralize`; results agree with theirs as `batched_lattice` says.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ...conventions import SAMPLE_RATE
from ...errors import InputError
from .batched_lattice import batched_lattice_responses
from .fourier import smooth_size
from .shoebox import ShoeboxRoom


def impulse_responses(
    rooms: Sequence[ShoeboxRoom],
    sources: Sequence[npt.ArrayLike],
    microphones: Sequence[npt.ArrayLike],
    *,
    sample_rate: int = SAMPLE_RATE,
    device: str | torch.device = "cpu",
) -> Tensor:
    """Return the impulse responses from a source (3,) to the microphones (m, 3) of each room, in metres.

    They are float32 (room, m, samples) on `device`, as long as the longest. Sample `LEAD` (40) is the moment of
    emission; an image at d metres has amplitude 1 / (4 pi d) times its reflections. Source: Allen and Berkley 1979.
    Raises InputError as `shoebox.impulse_responses` does, and for rooms whose numbers of microphones differ.
    """
    if not len(rooms) == len(sources) == len(microphones) > 0:
        raise InputError(f"{len(rooms)} rooms, {len(sources)} sources, {len(microphones)} arrays: expected one of each")
    places = [room.places(*points) for room, *points in zip(rooms, sources, microphones, strict=True)]
    counts = sorted({len(hearing) for _, hearing in places})
    if len(counts) > 1:
        raise InputError(f"arrays of {counts[0]} and of {counts[-1]} microphones: expected as many in each room")
    device = usable(device)
    heard, hearing = (torch.from_numpy(np.stack(points)).to(device) for points in zip(*places, strict=True))
    shapes, absorption = (
        torch.tensor([getattr(room, name) for room in rooms], dtype=torch.float64, device=device)
        for name in ("dimensions", "absorption")
    )
    order = torch.tensor([room.order for room in rooms], device=device)
    return batched_lattice_responses(shapes, absorption, order, heard, hearing, sample_rate)


def usable(device: str | torch.device) -> torch.device:
    """Return `device`; raises InputError where torch has none such, or none that knows float64."""
    try:
        return torch.empty(0, device=device, dtype=torch.float64).device
    except (AssertionError, RuntimeError, TypeError) as error:  # a build without it, a wrong name, no float64
        raise InputError(f"device={str(device)!r}: {str(error).splitlines()[0]}") from None


def auralize(dry: Tensor, responses: Tensor) -> Tensor:
    """Return `dry` (..., samples) as each microphone hears it through `responses` (..., microphone, taps).

    The result is (..., microphone, samples - taps + 1), the part that whole responses reach: its sample n is what is
    heard `taps - 1 + n - LEAD` samples after sample 0 of `dry` is emitted. Raises InputError if `dry` is shorter than
    `responses`.
    """
    samples, taps = dry.shape[-1], responses.shape[-1]
    if samples < taps:
        raise InputError(f"{samples} samples through responses of {taps}: expected no fewer, so pad with silence")
    size = smooth_size(samples)
    spectrum = torch.fft.rfft(dry, size).unsqueeze(-2) * torch.fft.rfft(responses, size)
    sound: Tensor = torch.fft.irfft(spectrum, size)
    return sound[..., taps - 1 : samples]


def add_noise(audio: Tensor, snr_db: Tensor, generator: torch.Generator) -> Tensor:
    """Return `audio` (..., channel, samples) with white Gaussian noise at `snr_db` (...), clipped to [-1, 1].

    sigma = rms * 10^(-SNR/20), with the rms over both channels (StereoCRW, Sec. 4.1). `generator` is one of the device
    of `audio`; devices draw different noise.
    """
    rms = audio.square().mean((-2, -1)).sqrt()
    sigma = (rms * 10 ** (-snr_db / 20))[..., None, None]
    noise = torch.randn(audio.shape, generator=generator, device=audio.device, dtype=audio.dtype)
    return (audio + sigma * noise).clamp(-1, 1)
