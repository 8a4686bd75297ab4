"""`whence import vgg-ss` and its kin: public sets of pictures with sounding objects."""

from pathlib import Path
from typing import Annotated

import typer

from .rendering import Json, Out, Workers, name_skipped, render, say

Media = Annotated[str, typer.Option(metavar="DIR", help="Folder of pictures and sounds, or of videos, however deep.")]
Lists = Annotated[
    list[Path] | None,
    typer.Option("--list", metavar="FILE ...", help="Import only the clips of these lists.", show_default=False),
]
Licence = Annotated[str, typer.Option(metavar="TEXT", help="Licence of the pictures and sounds.")]


def _run(
    name: str, out: str, media: str, annotations: Path, lists: list[Path] | None, licence: str, workers: int | None,
    json: bool,
) -> None:  # fmt: skip
    from ..datagen.sounding_objects_import import plan_import

    plan = plan_import(name, media, annotations, lists or (), licence)
    say(plan.remarks)
    absent = [clip for clip, what in plan.missing.items() if what.startswith("no ")]
    if absent:
        total = len(plan.rows) + len(plan.missing)
        first = f"{absent[0]} ({plan.missing[absent[0]]})"
        say([f"{len(absent)} of {total} clips are not in {media}, such as {first}; the attribute `missing` names them"])
    name_skipped([f"{clip}: {what}" for clip, what in plan.missing.items() if clip not in absent], "clips")
    render(plan, out, workers, None, json)


def flickr_soundnet(
    out: Out,
    media: Media,
    annotations: Annotated[Path, typer.Option(metavar="DIR", help="Folder of ID.xml.")],
    lists: Lists = None,
    licence: Licence = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Flickr-SoundNet with the boxes of three annotators."""
    _run("flickr-soundnet", out, media, annotations, lists, licence, workers, json)


def vgg_ss(
    out: Out,
    media: Media,
    annotations: Annotated[Path, typer.Option(metavar="FILE", help="vggss.json.")],
    lists: Lists = None,
    licence: Licence = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """VGG-SS: frames of VGGSound with boxes, and its subsets and silent pairs by --list."""
    _run("vgg-ss", out, media, annotations, lists, licence, workers, json)


def is3(
    out: Out,
    media: Media,
    annotations: Annotated[Path, typer.Option(metavar="FILE", help="synthetic3240_bbox.json, vpo_ms_bbox.json.")],
    lists: Lists = None,
    licence: Licence = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """IS3 or VPO: pictures with several sounds, a box for each."""
    _run("is3", out, media, annotations, lists, licence, workers, json)


def avsbench(
    out: Out,
    media: Media,
    annotations: Annotated[
        Path, typer.Option(metavar="FILE|DIR", help="Folder of masks, s4_box.json or ms3_box.json.")
    ],
    lists: Lists = None,
    licence: Licence = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """AVSBench: five frames of each video, with masks or boxes."""
    _run("avsbench", out, media, annotations, lists, licence, workers, json)


def music_duet(
    out: Out,
    media: Media,
    annotations: Annotated[Path, typer.Option(metavar="FILE", help="music_duet.json or music_solo.json.")],
    lists: Lists = None,
    licence: Licence = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """MUSIC: frames of two players, or of one, with a box for each."""
    _run("music-duet", out, media, annotations, lists, licence, workers, json)


def epic_sounding_object(
    out: Out,
    media: Media,
    annotations: Annotated[Path, typer.Option(metavar="FILE", help="soundingobject.json.")],
    lists: Lists = None,
    licence: Licence = "unknown",
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Epic Sounding Object: egocentric frames of kitchens, with boxes."""
    _run("epic-sounding-object", out, media, annotations, lists, licence, workers, json)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file to `whence import`."""
    for command in (flickr_soundnet, vgg_ss, is3, avsbench, music_duet, epic_sounding_object):
        app.command()(command)
