"""What the files of a folder board hold: `board.json`, which is the host's, and what strangers write beside it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ....errors import InputError
from ...standing.record import Kind, Phase
from ...submission.card import Name, first_fault, plain_text
from ...submission.file import LONGEST_NAME, MOST_CONDITIONS, Identifier, Number
from ...submission.twins import StatedContent

_CONFIG = ConfigDict(extra="forbid", frozen=True)
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(plain_text)]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Model = TypeVar("Model", bound=BaseModel)


def _each_once(names: list[str]) -> list[str]:
    """Refuse names of samples of which one is there twice."""
    if len(set(names)) < len(names):
        raise ValueError("names a sample twice")
    return names


class Sender(BaseModel):
    """What lies beside a submission: who its sender says to be, when, and as what. Nobody has checked it."""

    model_config = _CONFIG

    team: Name
    submitted: Moment
    kind: Kind = "submission"


class Accepted(BaseModel):
    """What the host has confirmed of the submission whose file has this SHA-256, and when (ISO 8601, UTC)."""

    model_config = _CONFIG

    sha256: Digest
    team: Name
    submitted: Moment
    kind: Kind = "submission"


class FolderTrack(BaseModel):
    """One track of a folder board.

    `commitment` is what its labels must keep. `accepted` is what the host has confirmed, by the key of a submission;
    `entries` the SHA-256 of all files that were there when the track was closed.
    """

    model_config = _CONFIG

    slug: Slug
    title: Title
    fingerprint: Digest
    phase: Phase = "open"
    commitment: Digest | None = None
    accepted: Mapping[str, Accepted] | None = None
    entries: Mapping[str, Digest] | None = None


class BoardFile(BaseModel):
    """What `board.json` holds."""

    model_config = _CONFIG

    format: Literal[1] = 1
    title: Title
    tracks: tuple[FolderTrack, ...] = ()


class ExpectationFile(BaseModel):
    """What a file below `expectations` must hold; `expectation_from_json` reads it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    track: Identifier
    fingerprint: Digest
    conditions: Annotated[list[dict[Identifier, Number]], Field(min_length=1, max_length=MOST_CONDITIONS)]
    sample_ids: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]],
        Field(min_length=1),
        AfterValidator(_each_once),
    ]
    content: StatedContent | None = None


def checked(model: type[Model], content: Any) -> Model:
    """Return `content` as a `model`; raises InputError that names the first fault."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(first_fault(error, model.model_fields)) from None
