"""`whence generate`: datasets from recipes."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from ..errors import InputError
from .arguments import plain_numbers
from .generate_recipe import Kinds
from .rendering import (
    Json,
    Out,
    Preset,
    Scheduler,
    Seed,
    Shards,
    SpeakerLevel,
    Speech,
    Workers,
    describe_speech,
    render,
    say,
)

app = typer.Typer(help="Render a dataset. Rerun the same command to resume it.", no_args_is_help=True, cls=Kinds)


@app.callback()
def _generate() -> None:
    """Render a dataset. Rerun the same command to resume it."""


class Protocol(StrEnum):
    """How source placements are drawn."""

    independent = "independent"
    paper = "paper"


class Engine(StrEnum):
    """The engine that computes the impulse responses."""

    lattice = "lattice"
    pyroomacoustics = "pyroomacoustics"
    lattice_gpu = "lattice-gpu"


class Speakers(StrEnum):
    """Whose speech is used: a part is decided by the speaker's name alone."""

    all = "all"
    train = "train"
    val = "val"
    test = "test"


Clips = Annotated[int | None, typer.Option(min=1, help="Clips; overrides the preset's.", show_default=False)]


@app.command()
def tde(
    out: Out,
    speech: Speech = None,
    preset: Annotated[Preset, typer.Option(help="8, 100 or 2,100 clips per room and RT60.")] = Preset.small,
    clips: Clips = None,
    rt60: Annotated[
        list[str] | None,
        typer.Option(metavar="S ...", help="RT60 labels in s. [default: 0.1 0.3 0.5 0.7 0.9]"),
    ] = None,
    protocol: Annotated[
        Protocol, typer.Option(help="Draw every clip independently, or as published: one stream of whole degrees.")
    ] = Protocol.independent,
    engine: Annotated[Engine, typer.Option(help="Engine that computes the impulse responses.")] = Engine.lattice,
    speakers: Annotated[
        Speakers, typer.Option(help="All speakers, or one part: trained models have not heard those of `test`.")
    ] = Speakers.all,
    talkers: Annotated[
        int,
        typer.Option(min=1, max=2, help="Heard at once. Of 2, either can be pointed at, for the track `guided`."),
    ] = 1,
    speaker_level: SpeakerLevel = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """TDE-Simulation: one-second clips of stereo speech in three rooms, with exact time delays."""
    from ..datagen.talkers import plan_talkers
    from ..datagen.tde import PRESETS, plan_tde

    if talkers > 1 and protocol is Protocol.paper:
        raise InputError("--talkers 2: every row is drawn independently, so leave --protocol paper out")
    if talkers > 1 and engine is Engine.lattice_gpu:
        raise InputError("--talkers 2: rendered by the engines lattice and pyroomacoustics, so leave --engine out")
    asked: dict[str, Any] = {
        "clips": clips or PRESETS[preset],
        "rt60": tuple(plain_numbers("--rt60", rt60)) or None,
        "engine": engine.value,
        "seed": seed,
        "speakers": speakers.value,
        "speaker_level": speaker_level,
    }
    pairs = talkers > 1
    plan = plan_talkers(speech, **asked) if pairs else plan_tde(speech, protocol=protocol.value, **asked)
    describe_speech(plan.corpus)
    render(plan, out, workers, scheduler, json, shards)


@app.command()
def random_rooms(
    out: Out,
    speech: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|espeak|librispeech[:SUBSET]", help="Dry sounds. [default: espeak]", show_default=False
        ),
    ] = None,
    preset: Annotated[
        Preset, typer.Option(help="2,000, 40,000 or 200,000 clips, and 1,000, 2,000 or 5,000 for validation.")
    ] = Preset.small,
    clips: Annotated[
        int | None, typer.Option(min=1, help="Clips to train on; overrides the preset's.", show_default=False)
    ] = None,
    val_clips: Annotated[
        int | None, typer.Option(min=1, help="Clips for validation; overrides the preset's.", show_default=False)
    ] = None,
    speaker_level: SpeakerLevel = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """One-second clips of stereo speech in thousands of rooms, to train on; never a test room or a test speaker."""
    from ..datagen.random_rooms import PRESETS, plan_random_rooms

    train, val = PRESETS[preset]
    plan = plan_random_rooms(
        speech,
        train_clips=clips or train,
        val_clips=val_clips or val,
        seed=seed or 0,
        speaker_level=speaker_level,
    )
    describe_speech(plan.corpus)
    render(plan, out, workers, scheduler, json, shards)


@app.command()
def brir(
    out: Out,
    brir: Annotated[
        str,
        typer.Option(metavar="DIR|FILE.sofa", help="Stereo wavs with an index.csv (file, azimuth_deg), or SOFA files."),
    ],
    speech: Speech = None,
    preset: Annotated[Preset, typer.Option(help="8, 50 or 500 clips per response.")] = Preset.small,
    clips: Clips = None,
    speaker_level: SpeakerLevel = None,
    seed: Seed = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    shards: Shards = None,
    json: Json = False,
) -> None:
    """Speech through measured binaural room responses, azimuths positive to the left."""
    from ..datagen.brir import PRESETS, plan_brir

    asked = clips or PRESETS[preset]
    plan = plan_brir(brir, speech, clips=asked, seed=seed or 0, speaker_level=speaker_level)
    describe_speech(plan.corpus)
    say(plan.remarks)
    render(plan, out, workers, scheduler, json, shards)
