"""Options of where the sources of a dataset are, if they have moved since it was made."""

from typing import Annotated, Any

import typer


def _moved(words: str, metavar: str = "DIR") -> Any:
    return typer.Option(metavar=metavar, help=f"{words}, where not as recorded.", show_default=False)


Speech = Annotated[str | None, _moved("The dry speech: a folder, or librispeech:SUBSET")]
Sounds = Annotated[str | None, _moved("The recordings")]
Responses = Annotated[str | None, _moved("The measured responses")]
Scenes = Annotated[str | None, _moved("The 3D scenes")]
Images = Annotated[str | None, _moved("The photographs")]
Hrtf = Annotated[str | None, _moved("The measured responses of the head", "FILE.sofa")]


def moved(context: typer.Context) -> dict[str, str | None]:
    """Return where the sources are of which the command that runs was told."""
    from ..datagen.sources import SOURCES

    return {name: context.params[name] for name in SOURCES if name in context.params}
