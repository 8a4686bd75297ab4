"""The operations that decide the bytes of datasets, with what each gives where the first datasets were made.

`whence doctor` repeats them on small inputs, so that one sees why a dataset made here has another fingerprint than the
same one made elsewhere: another version of a library, or another processor.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import numpy.typing as npt

from ..digests import sha256
from ..errors import InputError

Float64 = npt.NDArray[np.float64]
Results = Sequence[npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Operation:
    """An operation: its `name`, what it `decides`, the `library` that does it, and the `digest` of its `results`.

    `digest` is the start of the SHA-256 of the bytes, as `digest_of` gives it.
    """

    name: str
    decides: str
    library: str
    digest: str
    results: Callable[[], Results]


@dataclass(frozen=True)
class Verdict:
    """What an `operation` gave here: whether it gave the `same` bytes, or what it lacks."""

    operation: Operation
    same: bool
    lacks: str = ""


def digest_of(results: Results) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of `results`, their shapes and types.

    >>> digest_of([np.zeros(2, np.float32)])
    '30f4359060e2b36d'
    """
    described = [f"{one.dtype.str}{one.shape}".encode() + np.ascontiguousarray(one).tobytes() for one in results]
    return sha256(b"".join(described))[:16]


def verdicts() -> Sequence[Verdict]:
    """Return what every operation gives here."""
    return [_verdict(operation) for operation in OPERATIONS]


def summary(found: Sequence[Verdict]) -> Sequence[tuple[str, bool]]:
    """Return lines that say which data made here have other bytes than elsewhere, and whether a line is good news."""
    differing: dict[str, list[str]] = {}
    for one in found:
        if not (one.same or one.lacks):
            differing.setdefault(one.operation.decides, []).append(f"{one.operation.name} ({_installed(one)})")
    lines = [
        (f"{what} made here differ from those of other machines: {', '.join(names)}", False)
        for what, names in differing.items()
    ]
    lines += [(f"{one.operation.name}: not tried ({one.lacks})", False) for one in found if one.lacks]
    return lines or [(f"data made here have the bytes of other machines: {len(found)} operations give them", True)]


def _verdict(operation: Operation) -> Verdict:
    try:
        return Verdict(operation, digest_of(operation.results()) == operation.digest)
    except (ImportError, InputError, OSError) as error:
        return Verdict(operation, False, str(error).splitlines()[0] if str(error) else type(error).__name__)


def _installed(one: Verdict) -> str:
    try:
        return f"{one.operation.library} {version(one.operation.library)}"
    except PackageNotFoundError:
        return one.operation.library


def noise(seed: int, *shape: int) -> Float64:
    """Return numbers from -1 to 1 of `shape` that no library's change of a distribution can move."""
    bits = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return np.asarray(((bits >> np.uint64(40)).astype(np.float64) / 2**23 - 1).reshape(shape))


def _draws() -> Results:
    rng = np.random.default_rng(1)
    single = rng.standard_normal(1_000, dtype=np.float32)
    return [
        single,
        rng.standard_normal(1_000),
        rng.uniform(-1, 1, 100),
        rng.integers(0, 1_000, 100),
        rng.permutation(99),
    ]


def _functions() -> Results:
    found = []
    for kind in (np.float32, np.float64):
        x, y = (noise(2, 2, 4_000) * 9).astype(kind)
        found += [np.sin(x), np.cos(x), np.exp(x), np.log(np.abs(x)), np.abs(x) ** kind(1.6), np.hypot(x, y)]
        found += [np.arctan2(y, x), np.exp(1j * x)]
    return found


def _transforms() -> Results:
    from .acoustics.fourier import irfft, rfft

    found: list[npt.NDArray[np.generic]] = []
    for kind in (np.float32, np.float64):
        for size in (512, 1_000, 1_080):
            spectra = rfft(noise(3, 2, size).astype(kind), size)
            found += [spectra, irfft(spectra, size)]
    return found


def _high_pass() -> Results:
    from .stereo import without_rumble

    return [without_rumble(noise(4, 4_000).astype(np.float32))]


def _images() -> Results:
    from .acoustics.shoebox import ShoeboxRoom, impulse_responses

    room = ShoeboxRoom((5.1, 4.2, 2.9), (0.3,) * 6, order=6)
    return [impulse_responses(room, (1.3, 2.2, 1.1), ((3.1, 2.0, 1.4), (3.3, 2.0, 1.4)))]


def _sphere() -> Results:
    from .acoustics.sphere_head import SphereHead

    directions = np.array([[1.0, 0.0, 0.0], [0.6, 0.0, -0.8], [0.0, 0.28, 0.96]])
    return [SphereHead().responses(directions), SphereHead().responses(directions, (0.5, 1.5, 2.5))]


def _resampling() -> Results:
    from .corpora.decoding import resample

    return [resample(noise(5, 3_000).astype(np.float32), rate) for rate in (44_100, 48_000, 22_050, 8_000)]


def _speech() -> Results:
    from .corpora.espeak import synthesize
    from .corpora.voices import BY_SPEAKER

    voices = list(BY_SPEAKER.values())
    return [synthesize("Whence?", voice, seconds=0.4, noise_seed=1)[0] for voice in (voices[0], voices[7])]


def _fields() -> Results:
    from .scenes.procedural.noise import pairwise_sum

    spectrum = noise(6, 64, 33) + 1j * noise(7, 64, 33)
    field = np.fft.irfft2(spectrum, s=(64, 64)).astype(np.float32)
    return [field, np.array([pairwise_sum(field)])]


def _smaller_textures() -> Results:
    from .rendering.mipmaps import mipmaps

    textures = [(noise(8 + k, *shape, 3) * 127 + 128).astype(np.uint8) for k, shape in enumerate(((38, 17), (64, 64)))]
    return [mipmaps(textures).texels]


def _rays() -> Results:
    from .scenes.rays import Rays

    corners, directions = noise(10, 600, 3).astype(np.float32), noise(11, 500, 3)
    rays = Rays(corners, np.arange(600, dtype=np.int32).reshape(-1, 3))
    directions /= np.sqrt((directions * directions).sum(axis=1, keepdims=True))
    return list(rays.hits(np.zeros((500, 3)), directions))


def _crops() -> Results:
    from .cameras import Camera
    from .panoramas import crop

    panorama = (noise(12, 32, 64, 3) * 127 + 128).astype(np.uint8)
    return [crop(panorama, heading, -20.0, Camera(16, 12, 90.0)) for heading in (10.0, 170.0)]


def _photograph() -> Results:
    from PIL import Image

    return [np.asarray(Image.open(io.BytesIO(base64.b85decode(_JPEG))).convert("RGB"))]


_JPEG = (
    "|JeWF01!$>Nk#wx0RR9200961|JwjV015{O2nPlV2nYxZ3JMDj7!VE(4GtX@77-XDA0;FrA0i<pD>pADDKse|A}~QQG&wsyK0YNb"
    "L`g$DNH;w`JOA4NLjej43l0qq91sv3J18P3J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Bi&J3Ift"
    "01*fP7yuXp0U`hb5di}c0sq7R7ytnQ0RaI30000000000000051_THH!~h`>009F80s{d600000000000RRLc0s{pR5>W;dA~FBO"
    "02l!Q00RL400000000000000400RaG|HJ?y5dZ-N00IC90000000000009630|XHT6A~dYVS%yH|Jncy0|5X65d#qbKLGRgmJY-%"
    "0}BUY7du90Vioob&cq|%<|XYuYP*yMdMXTA3)BEakHgX{n6_th!YB+@z>;0xV~Zg*Lf7C~c9`R_^0W*w(mqiUFTl>yx~0Z96)erc"
    "hw-OQx5njEdhKey6&mV+#P%e|NQjqS#Fd%gi08mRV5IQ0pnMK{o1~w`|Je"
)
"""A picture of 24 x 24 pixels."""

OPERATIONS: Sequence[Operation] = (
    Operation("random draws", "labels, sounds and pictures", "numpy", "7a1b1a245a95843b", _draws),
    Operation("sines, powers, angles", "labels, sounds and pictures", "numpy", "a08f02ff80165c57", _functions),
    Operation("Fourier transforms", "sounds", "numba", "feebc39bf69f2c05", _transforms),
    Operation("high-pass", "sounds", "numba", "703fbbedbbf78291", _high_pass),
    Operation("images of a source", "sounds", "numba", "9851069a66f161f9", _images),
    Operation("responses of a sphere", "sounds", "numpy", "35e42538a180a36d", _sphere),
    Operation("resampling", "sounds", "soxr", "2a352d30ff247ec2", _resampling),
    Operation("speech", "synthesised voices", "espeakng-loader", "f57e231f938c0ac6", _speech),
    Operation("noise of textures", "pictures", "numpy", "0336ce78062435b4", _fields),
    Operation("smaller textures", "pictures", "numpy", "fd1fa47badfc933b", _smaller_textures),
    Operation("rays", "pictures", "embreex", "473ea8143e011060", _rays),
    Operation("crops of panoramas", "pictures", "numba", "219176b63d86988e", _crops),
    Operation("decoded photographs", "pictures", "pillow", "cd8eb68c74608e66", _photograph),
)
