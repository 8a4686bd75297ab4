"""Whence does a sound come? Generate, bench, compare, train and submit.

    import whence

    data = whence.generate("tde", "tde.zarr", preset="tiny")
    run = whence.bench("tde", data, methods=["zero", "gcc-phat"])
    run.scores, run.plot.error(by="snr_db"), run.worst(10)

`generate`, `import_data` and `open` give datasets; `bench`, `open_run` and `compare` give scores; `train` gives
weights; `seal` gives a set for a leaderboard. `tracks()` and `methods()` list what there is. Every estimator is a
function on arrays, such as `gcc_phat(left, right, sample_rate)`; `whence.metrics` has the metrics, `whence.torch`
datasets for training. Each is imported when it is first used. A user's mistake raises `InputError`, in one line.
"""

from difflib import get_close_matches as _close
from importlib import import_module as _import
from typing import Any as _Any

__version__ = "0.1.0"

_HOMES = {
    "errors": ("InputError", "VerificationError"),
    "python.data": ("Dataset", "Row", "generate", "import_data", "open"),
    "python.runs": ("Run", "batches", "bench", "compare", "open_run"),
    "python.listing": ("methods", "tracks"),
    "python.training": ("seal", "train"),
    "estimators": (
        *("gcc_phat", "scot", "roth", "flat", "ml", "beta", "salvati", "ngcc_phat", "whence_delay", "stereocrw"),
        *("zeronce", "monoclr", "av_monoclr", "itd_sphere", "ild_sphere", "iid_rms", "iid_vote"),
        *("sift", "orb", "akaze", "superglue", "lightglue", "loftr"),
    ),
}
"""The module of each name that `import whence` offers; `__init__.pyi` declares their types."""
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}
_MODULES = ("metrics", "torch")

__all__ = ["__version__", *(name for name in _MODULE_OF if name != "open")]  # `import *` must not hide Python's own


def __getattr__(name: str) -> _Any:
    if name in _MODULES:
        return _import(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        close = _close(name, [*_MODULE_OF, *_MODULES], n=1)
        hint = f", did you mean {close[0]!r}?" if close else "; dir(whence) lists what there is"
        raise AttributeError(f"module 'whence' has no attribute {name!r}{hint}")
    found = globals()[name] = getattr(_import(f"{__name__}.{_MODULE_OF[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF, "metrics"})
