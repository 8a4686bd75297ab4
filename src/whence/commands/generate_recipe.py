"""`whence generate --recipe FILE`: the same set again, from the recipe of a dataset, a run or a report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ..errors import VerificationError
from .elsewhere import Hrtf, Images, Responses, Scenes, Sounds, Speech, moved
from .rendering import Json, Scheduler, Workers, render, say

if TYPE_CHECKING:
    from ..datagen.recipes import Record

NAME, OPTION = "recipe", "--recipe"


class Kinds(TyperGroup):
    """The kinds of dataset; `whence generate --recipe FILE` needs none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read `--recipe` without a kind as the command of that name."""
        if args and args[0] not in self.commands and any(one.partition("=")[0] == OPTION for one in args):
            args = [NAME, *args]
        return super().parse_args(ctx, args)


def recipe(
    context: typer.Context,
    recipe: Annotated[
        str, typer.Option(OPTION, metavar="FILE", help="Dataset, manifest.json, run folder, results.json, report.html.")
    ],
    out: Annotated[
        str | None, typer.Argument(metavar="OUT.zarr", help="Where to write. [default: data/KIND-FINGERPRINT.zarr]")
    ] = None,
    speech: Speech = None,
    sounds: Sounds = None,
    responses: Responses = None,
    scenes: Scenes = None,
    images: Images = None,
    hrtf: Hrtf = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    json: Json = False,
) -> None:
    """The same set again: `whence generate --recipe FILE`. Exit code 1 if its fingerprint is another."""
    from ..datagen.recipes import plan_again, read_record

    record = read_record(recipe)
    plan = plan_again(record, moved(context))
    say(_licence_of(plan.provenance.get("engine", {})))
    place = out or f"data/{record.name}-{record.fingerprint[:8] or 'again'}.zarr"
    render(plan, place, workers, scheduler, json)
    _compare(record, place)


def _licence_of(engine: dict[str, Any]) -> Sequence[str]:
    return [engine["licence"]] if "licence" in engine else []


def _compare(record: "Record", place: str) -> None:
    """Say whether the dataset at `place` is the recorded one; raises VerificationError if it is another."""
    from ..datagen.content import are_twins
    from ..datagen.dataset import Dataset

    made = Dataset(place)
    if made.fingerprint == record.fingerprint:
        say([f"the same fingerprint as in {record.url}"])
    elif not record.fingerprint:
        say([f"{record.url} tells no fingerprint to compare with"])
    elif record.content and are_twins(record.content, made.content):
        say([f"a twin of {record.fingerprint[:16]} in {record.url}: the same values up to the last step"])
    else:
        raise VerificationError(
            f"{place} has another fingerprint than {record.fingerprint[:16]} in {record.url}: that recipe was edited, "
            "or other versions made it (`whence doctor`)"
        )


def add_to(app: typer.Typer) -> None:
    """Add the command of this file to `whence generate`."""
    app.command(NAME)(recipe)
