"""Stable hashes, and random numbers that depend only on the recipe's seed and the sample's name."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of `data`.

    >>> sha256(b"whence")[:8]
    'f109f448'
    """
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> str:
    """Return `value` as JSON with sorted keys and no spaces, so that equal values give equal text.

    >>> canonical_json({"b": 1, "a": [0.5]})
    '{"a":[0.5],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `value`."""
    return sha256(canonical_json(value).encode())


def stable_hash(name: str) -> int:
    """Return a 64-bit hash of `name`, the same on every machine and in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def generator_for(seed: int, name: str) -> "np.random.Generator":
    """Return the random generator of one sample: `SeedSequence([seed, stable_hash(name)])`.

    `name` is the sample id, with a prefix such as `noise/` if one sample needs several streams.
    """
    import numpy as np  # here, so that hashing costs no import of NumPy

    return np.random.default_rng(np.random.SeedSequence([seed, stable_hash(name)]))
