"""Says how reverberant the homes of a dataset turned out, and which of them ring."""

import numpy as np
import numpy.typing as npt

RINGS = 1.7
"""s; furnished homes have 0.3 to 0.8, and a home whose materials are all hard rings for longer than this."""
_SHOWN = 5


def reverberation_remarks(scenes: npt.ArrayLike, rt60: npt.ArrayLike) -> tuple[str, ...]:
    """Return a line on the realised RT60 of each home, and one on those that ring.

    `scenes` (n,) are the names of the homes and `rt60` (n, ...) s, NaN where it cannot be measured; a home has the
    median of its own.

    >>> reverberation_remarks(["flat", "flat"], [0.4, 0.6])
    ('RT60 as rendered: flat 0.50 s',)
    """
    names, values = np.asarray(scenes, dtype=object), np.asarray(rt60, dtype=np.float64)
    own = {name: values[names == name] for name in sorted(set(names.tolist()))}
    medians = {name: float(np.median(some[np.isfinite(some)])) for name, some in own.items() if np.isfinite(some).any()}
    if not medians:
        return ()
    ringing = {name: value for name, value in medians.items() if value >= RINGS}
    lines = [f"RT60 as rendered: {_listed(medians)}"]
    if ringing:
        lines.append(
            f"{len(ringing)} of {len(medians)} homes ring: {_listed(ringing)}; furnished ones have 0.3 to 0.8 s. "
            "Surfaces are taken for walls where the names of their materials say nothing: name them as what they are, "
            "such as carpet, curtain or sofa, or give their absorption with --materials"
        )
    return tuple(lines)


def _listed(values: dict[str, float]) -> str:
    shown = ", ".join(f"{name} {value:.2f} s" for name, value in list(values.items())[:_SHOWN])
    return shown + (f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else "")
