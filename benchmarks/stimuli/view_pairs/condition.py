"""The condition of view pairs, which are used as stored."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AsStored:
    """The only condition of samples used as stored."""

    def stated(self) -> dict[str, float | int | None]:
        """Return no settings."""
        return {}

    def label(self) -> str:
        """Return the name of the condition."""
        return "as-stored"

    def given(self) -> str:
        """Describe what a method sees of a pair."""
        return "both pictures, as stored"

    def published_form(self) -> bool:
        """Return True: papers use the same condition."""
        return True
