"""The tables as pages show them: parsed once, until a newer one is there."""

import json

from sqlalchemy.orm import Session

from ...standing.record import Standing, standing_from_json
from .models import TrackRow
from .standings import newest_table


class Standings:
    """The tables that count now, each parsed once."""

    def __init__(self) -> None:
        self._parsed: dict[int, tuple[tuple[int, float], Standing]] = {}

    def shown(self, session: Session, track: TrackRow) -> Standing | None:
        """Return the table of `track` that counts now, None where there is none yet."""
        row = newest_table(session, track)
        if row is None:
            return None
        state = row.revision, row.created
        known, standing = self._parsed.get(row.id, (None, None))
        if standing is None or known != state:
            standing = standing_from_json(json.loads(row.content))
            self._parsed[row.id] = (state, standing)
        return standing
