"""What the API answers with, as its OpenAPI description shows it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["queued", "running", "scored", "failed"]
STATUS: dict[str, Status] = {"queued": "queued", "running": "running", "done": "scored", "failed": "failed"}
"""What the states of a job are called outside."""


class Answer(BaseModel):
    """The base of all answers."""

    model_config = ConfigDict(frozen=True)


class Problem(Answer):
    """Why something was refused, in one line."""

    detail: str


class Accepted(Answer):
    """A submission that was taken and waits for its score."""

    id: str
    status: Status
    track: str
    new: bool = Field(description="False where the same file had been taken before.")
    sha256: str = Field(description="Of the file's bytes.")


class HalfScore(Answer):
    """The scores on one half of the samples by one version of the harness, as `Standing` has them."""

    half: str
    harness: str
    scored: float = Field(description="Seconds since 1970, UTC.")
    rows: list[dict[str, Any]]
    overall: list[dict[str, Any]]


class SubmissionState(Answer):
    """Where a submission stands.

    While the phase is open, the one score is that of the table: rounded, and the best of the team where this submission
    is no better by a step. Everything appears when the phase closes.
    """

    id: str
    status: Status
    track: str
    phase: Literal["open", "closed"]
    method: str
    day: str
    submitted: float = Field(description="Seconds since 1970, UTC.")
    harness: str
    error: str = Field(description="Whether scoring failed, or was begun anew after it had.")
    withdrawn: float | None = Field(description="When the host took it out of the tables, seconds since 1970, UTC.")
    ahead: int = Field(description="Submissions that are scored before this one.")
    rows: list[dict[str, Any]] = Field(description="The scores that count now, as `Standing` has them.")
    scores: list[HalfScore] = Field(description="All scores, by every version of the harness.")


class TrackState(Answer):
    """A track: what a submission to it must hold."""

    slug: str
    title: str
    track: str
    phase: Literal["open", "closed"]
    fingerprint: str
    per_day: int = Field(description="Submissions that a team may send between midnights, UTC.")
    samples: int
    conditions: list[dict[str, Any]]
    content: dict[str, Any] | None = Field(description="What the dataset holds: twins of it are taken too.")
    upload_bytes: int = Field(description="Bytes of the largest file.")


class Tracks(Answer):
    """All tracks of the board."""

    title: str
    tracks: list[TrackState]


class Health(Answer):
    """What a monitor asks for."""

    status: Literal["ok"]
    version: str
    harness: str
    queued: int
    oldest_seconds: float = Field(description="For how long the oldest submission has waited for its score.")
