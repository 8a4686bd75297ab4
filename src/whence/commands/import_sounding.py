"""`whence import vgg-ss` and its kin: public sets of pictures with sounding objects."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .rendering import Json, Out, Workers, name_skipped, render, say

if TYPE_CHECKING:
    from ..datagen.sounding_objects_import import SoundingImportPlan

SETS = {
    "flickr-soundnet": ("Folder of ID.xml.", "Flickr-SoundNet with the boxes of three annotators."),
    "vgg-ss": ("vggss.json.", "VGG-SS: frames of VGGSound with boxes; --list takes its subsets and silent pairs."),
    "is3": (
        "synthetic3240_bbox.json or vpo_ms_bbox.json.",
        "IS3 or VPO: pictures with several sounds, a box for each.",
    ),
    "avsbench": (
        "Folder of masks, s4_box.json or ms3_box.json.",
        "AVSBench: five frames of each video, with masks or boxes.",
    ),
    "music-duet": (
        "music_duet.json or music_solo.json.",
        "MUSIC: frames of two players, or of one, with a box for each.",
    ),
    "epic-sounding-object": (
        "soundingobject.json.",
        "Epic Sounding Object: egocentric frames of kitchens, with boxes.",
    ),
}
"""For each set: its annotation file, and what it is."""

Media = Annotated[str, typer.Option(metavar="DIR", help="Folder of pictures and sounds, or of videos, however deep.")]
Lists = Annotated[
    list[Path] | None,
    typer.Option("--list", metavar="FILE ...", help="Import only the clips of these lists.", show_default=False),
]
Licence = Annotated[str, typer.Option(metavar="TEXT", help="Licence of the pictures and sounds.")]


def _command(name: str, file: str) -> Callable[..., None]:
    """Return the command that imports the set `name` from its annotations, which are in `file`."""

    def run(
        out: Out,
        media: Media,
        annotations: Annotated[Path, typer.Option(metavar="FILE|DIR", help=file)],
        lists: Lists = None,
        licence: Licence = "unknown",
        workers: Workers = None,
        json: Json = False,
    ) -> None:
        from ..datagen.sounding_objects_import import plan_import

        plan = plan_import(name, media, annotations, lists or (), licence)
        _tell(plan, media)
        render(plan, out, workers, None, json)

    return run


def _tell(plan: "SoundingImportPlan", media: str) -> None:
    """Print what was repaired, which clips are not there, and which cannot be used."""
    say(plan.remarks)
    if plan.absent:
        total, (first, what) = len(plan.rows) + len(plan.missing), next(iter(plan.absent.items()))
        say([f"{len(plan.absent)} of {total} clips are not in {media}, such as {first} ({what})"])
    name_skipped([f"{clip}: {what}" for clip, what in plan.unusable.items()], "clips")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file to `whence import`."""
    for name, (file, about) in SETS.items():
        app.command(name, help=about)(_command(name, file))
