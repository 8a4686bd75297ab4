"""Leases: who works on what until when, by clocks that may be wrong.

A lease holds from its beginning until its end. One that begins in the future was taken before a clock was set back:
nobody could tell when it ends, so it does not hold.
"""

from typing import Any

from sqlalchemy import ColumnElement, or_

SKEW_SECONDS = 5.0
"""By how much the clocks of machines that share a database may differ."""


def is_free(row: Any, now: float) -> ColumnElement[bool]:
    """Return the condition that nobody holds a lease on `row`, a table with `lease_from` and `lease_until`."""
    return or_(row.lease_until < now, row.lease_from > now + SKEW_SECONDS)


def lease(now: float, seconds: float) -> dict[str, float]:
    """Return the columns of a lease of `seconds`."""
    return {"lease_from": now, "lease_until": now + seconds}
