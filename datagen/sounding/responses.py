"""How the room sounds: the responses at both ears to every source of a picture, and their direct-to-reverberant ratio.

The home is traced without the objects, which are small.
"""

import numpy as np
import numpy.typing as npt

from ...conventions import SAMPLE_RATE, SPEED_OF_SOUND
from ...digests import generator_for
from ..acoustics.impulse_response import measure_response, mix
from ..acoustics.mesh import LEAD, MeshSettings, binaural, trace
from ..home import TracedHome

RESPONSE_SAMPLES = 5120
"""0.32 s, in which the sound of these homes decays by about 80 dB."""
RATIO = 0.2
"""Level of indirect sound, as in HM3D-SS."""
SETTINGS = MeshSettings(rays=2048, seconds=RESPONSE_SAMPLES / SAMPLE_RATE)


def responses(
    home: TracedHome,
    ears: npt.NDArray[np.float64],
    sources: npt.NDArray[np.float64],
    heading: float,
    seed: int,
    name: str,
) -> npt.NDArray[np.float32]:
    """Return the responses (source, ear, RESPONSE_SAMPLES) to `sources` (s, 3) m at `ears` (3,) m, left ear first."""
    field = trace(home.scene, ears, sources, rng=generator_for(seed, f"room/{name}"), settings=SETTINGS)
    heard = binaural(field, [heading], home.head)
    return mix(heard.direct, heard.indirect, RATIO)[:, 0, :, :RESPONSE_SAMPLES]


def direct_to_reverberant(
    response: npt.NDArray[np.float32], distance: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the ratio (source,), dB, mean over the ears, of `response` (source, ear, samples) over `distance` m."""
    arrivals = LEAD + distance / SPEED_OF_SOUND * SAMPLE_RATE
    return np.array(
        [
            np.mean([measure_response(ear, float(arrival)).direct_to_reverberant for ear in ears])
            for ears, arrival in zip(response, arrivals, strict=True)
        ]
    )
