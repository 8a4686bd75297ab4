"""What goes wrong inside a model while it is trained, in one line."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ...errors import InputError
from .learning import Trainable


@contextmanager
def told_in_one_line(model: type[Trainable], batch: int) -> Iterator[None]:
    """Turn what a user's own `model` raises inside the block, and a lack of memory, into an InputError.

    What a model of Whence raises is our bug and passes.
    """
    try:
        yield
    except (InputError, OSError):
        raise
    except Exception as error:
        if lacks_memory(error):
            raise InputError(
                f"{model.name}: not enough memory; lower batch (now {batch}), or make the network smaller"
            ) from None
        if is_ours(model):
            raise
        said = " ".join(str(error).split())[:300]
        raise InputError(f"{model.name} raised {type(error).__name__}: {said} ({_place(error)})") from error


def is_ours(model: type[Trainable]) -> bool:
    """Return whether the model is part of Whence."""
    return model.__module__.startswith("whence.")


def lacks_memory(error: Exception) -> bool:
    """Return whether `error` says that there is not enough memory."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _place(error: Exception) -> str:
    """Return the file and line that raised `error`: the last one outside of installed packages and Whence, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    here = str(Path(__file__).resolve().parents[1])
    own = [frame for frame in frames if "site-packages" not in frame.filename and not frame.filename.startswith(here)]
    last = (own or frames)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"
