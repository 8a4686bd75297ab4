"""What several datasets record of how they were made, as one record."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..digests import canonical_json

_COUNTS = frozenset(("licences", "speakers_known_by", "left_out"))
"""Records of how many there are of each."""


def common_recipe(recipes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what `recipes` share, and the values of what differs as a list; a `seed` only if all have the same.

    >>> common_recipe([{"seed": 0, "engine": "lattice", "clips": 2}, {"seed": 1, "engine": "lattice", "clips": 3}])
    {'engine': 'lattice', 'clips': [2, 3]}
    """
    found = {}
    for key in dict.fromkeys(key for recipe in recipes for key in recipe):
        values = [recipe.get(key) for recipe in recipes]
        if all_same(values):
            found[key] = values[0]
        elif key != "seed" and not any(isinstance(value, list | tuple | Mapping) for value in values):
            found[key] = values
    return found


def common_record(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `records` of sources and engines as one: counts are added, other values that differ are listed.

    >>> common_record([{"licences": {"CC0": 2}, "kind": "a"}, {"licences": {"CC0": 1, "MIT": 4}, "kind": "b"}])
    {'licences': {'CC0': 3, 'MIT': 4}, 'kind': ['a', 'b']}
    """
    keys = dict.fromkeys(key for record in records for key in record)
    return {key: _common(key, [record[key] for record in records if key in record]) for key in keys}


def _common(key: str, values: Sequence[Any]) -> Any:
    if all_same(values):
        return values[0]
    if not all(isinstance(value, Mapping) for value in values):
        return [value for k, value in enumerate(values) if value not in values[:k]]
    if key in _COUNTS:
        kinds = sorted({kind for value in values for kind in value})
        return {kind: sum(value.get(kind, 0) for value in values) for kind in kinds}
    return common_record(values)


def listed(record: Mapping[str, Any], *keys: str) -> list[str]:
    """Return the values of `keys` in a record, of which a merged dataset may have several each.

    >>> listed({"kind": ["folder", "espeak"], "location": "data", "clips": 3}, "kind", "location")
    ['folder', 'espeak', 'data']
    """
    found = [record.get(key) or [] for key in keys]
    return [str(value) for values in found for value in (values if isinstance(values, list) else [values])]


def all_same(values: Sequence[Any]) -> bool:
    """Whether all `values` are the same JSON value."""
    return len({canonical_json(value) for value in values}) == 1
