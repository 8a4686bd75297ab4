"""`whence generate sounding-objects` and `panning`: homes with objects that can sound, in pictures and panoramas."""

from enum import StrEnum
from typing import Annotated

import typer

from .rendering import (
    Json,
    Out,
    Preset,
    Scale,
    Scheduler,
    Seed,
    Shards,
    Speech,
    UpAxis,
    Workers,
    describe_speech,
    render,
    say,
)


class Profile(StrEnum):
    """How large objects are and where."""

    decorrelated = "decorrelated"
    matched = "matched"


class RoomOrDry(StrEnum):
    """Whether the response of the room is stored."""

    dry = "dry"
    room = "room"


Recordings = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Recordings, a folder for each kind, or ESC-50; other kinds are synthesised. [default: none]",
        show_default=False,
    ),
]


def sounding_objects(
    out: Out,
    preset: Annotated[
        Preset, typer.Option(help="12 homes x 2 pictures, 100 x 40, or 1,200 x 120 (144,000 pictures).")
    ] = Preset.small,
    homes: Annotated[
        int | None, typer.Option(min=1, help="Number of homes; overrides the preset's.", show_default=False)
    ] = None,
    pictures: Annotated[
        int | None, typer.Option(min=1, help="Pictures of each home; overrides the preset's.", show_default=False)
    ] = None,
    scenes: Annotated[
        str,
        typer.Option(metavar="procedural|DIR", help="Homes: procedural, or a folder of .glb files whose things sound."),
    ] = "procedural",
    profile: Annotated[
        Profile | None,
        typer.Option(
            help="Size and place tell nothing of what sounds, or both are those of VGG-SS. [default: decorrelated]",
            show_default=False,
        ),
    ] = None,
    acoustics: Annotated[
        RoomOrDry, typer.Option(help="Dry sounds only, or the room's responses at both ears as well.")
    ] = RoomOrDry.dry,
    speech: Speech = None,
    sounds: Recordings = None,
    annotators: Annotated[
        bool, typer.Option("--annotators", help="Also store the boxes of three simulated annotators.")
    ] = False,
    up: UpAxis = None,
    scale: Scale = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """Pictures of homes with two or three objects that can sound, with the sound, mask and direction of each."""
    from ..datagen.sounding_objects import PRESETS, plan_sounding_objects

    home_total, pictures_each = PRESETS[preset]
    plan = plan_sounding_objects(
        homes=homes or (home_total if scenes == "procedural" else None),
        pictures=pictures or pictures_each,
        scenes=scenes,
        profile=profile.value if profile else None,
        acoustics=acoustics.value,
        annotators=annotators,
        speech=speech,
        sounds=sounds,
        up=up.value if up else None,
        scale=scale,
        seed=seed or 0,
    )
    describe_speech(plan.speech)
    say((*plan.remarks, *plan.clips.remarks))
    render(plan, out, workers, scheduler, json, shards)


def panning(
    out: Out,
    preset: Annotated[Preset, typer.Option(help="6 homes, 40 homes, or 200 homes x 5 clips.")] = Preset.small,
    homes: Annotated[
        int | None, typer.Option(min=1, help="Number of homes; overrides the preset's.", show_default=False)
    ] = None,
    clips: Annotated[
        int | None, typer.Option(min=1, help="Clips in each home; overrides the preset's.", show_default=False)
    ] = None,
    speech: Speech = None,
    sounds: Recordings = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """Panoramas of homes with four objects around the camera that sound in turn, for 12 s, and which sounds when."""
    from ..datagen.panning import PRESETS, plan_panning

    home_total, clips_each = PRESETS[preset]
    plan = plan_panning(
        homes=homes or home_total, clips=clips or clips_each, speech=speech, sounds=sounds, seed=seed or 0
    )
    describe_speech(plan.speech)
    say(plan.clips.remarks)
    render(plan, out, workers, scheduler, json, shards)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file to `whence generate`."""
    app.command("sounding-objects")(sounding_objects)
    app.command("panning")(panning)
