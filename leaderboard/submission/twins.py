"""Twins of a board's dataset: the same recipe, names and values up to a step, made by other software.

A submission may state the content of the dataset that it was made on, as `datagen.content` records it. Nothing vouches
for that statement, and nothing needs to: whoever lies could as well state the board's own fingerprint, which is only
text in a file too. Names of samples, conditions, labels and scores are the host's, so answers to other samples are
refused by their names, and answers to other sounds score as badly as they are. What counts is to tell honest mistakes.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ...datagen.content import SIGNED_SUMS, Content, difference

MOST_ARRAYS = 1000
LARGEST = 1e100
"""Largest number of a sketch, so that sums of such numbers stay finite."""
LENGTH = 3 + SIGNED_SUMS


def _with_sizes(values: list[float]) -> list[float]:
    """Refuse a sketch whose size, step or sum of squares is negative."""
    if min(values[:3]) < 0:
        raise ValueError("a sketch begins with a size, a step and a sum of squares: expected none below 0")
    return values


Value = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Sketch = Annotated[list[Value], Field(min_length=LENGTH, max_length=LENGTH), AfterValidator(_with_sizes)]
ArrayName = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class StatedContent(BaseModel):
    """The content of a dataset as strangers state it; see `datagen.content`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    exact: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    sketch: Annotated[dict[ArrayName, Sketch], Field(max_length=MOST_ARRAYS)]


def content_stated(value: Any) -> Content | None:
    """Return `value`, as a board on a server states it, as the content of its dataset; None for anything else."""
    try:
        return StatedContent.model_validate(value).model_dump()
    except ValidationError:
        return None


def no_twin(known: Content | None, stated: Content | None) -> str:
    """Return in words why a dataset of content `stated` is no twin of that of content `known`; empty where it is one.

    None is a content that nobody recorded.
    """
    if stated is None:
        return "maybe a twin, but its content is not stated"
    if known is None:
        return "maybe a twin, but the board knows no content to compare"
    found = difference(known, stated)
    return f"no twin: it holds {found}" if found else ""
