"""`whence inspect` and `whence verify`: show a dataset, and check it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError, VerificationError
from .elsewhere import Hrtf, Images, Responses, Scenes, Sounds, Speech, moved
from .terminal import terminal

if TYPE_CHECKING:
    from ..benchmarks.display.text_table import TextTable
    from ..datagen.dataset import Dataset

Data = Annotated[str, typer.Argument(metavar="DATA.zarr", help="Dataset: a path or an fsspec URL.")]


def inspect(
    data: Data,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write a page with pictures and players.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show a dataset: recipe, arrays, ranges, realised reverberation, speech and its licences."""
    from json import dumps

    from ..benchmarks.display.inspection import describe
    from ..benchmarks.display.text_table import rich_table
    from ..datagen.dataset import Dataset

    dataset = Dataset(data)
    if html and any(part.endswith(".zarr") for part in html.resolve().parts):
        raise InputError(f"--html {html} lies inside a dataset: choose another place")
    tables = [*describe(dataset), *_more_tables(dataset)]
    if html:
        _write_page(dataset, html)
        typer.echo(f"{html}", err=json)
    if json:
        typer.echo(dumps([vars(table) | {"bold": []} for table in tables], indent=1))
        return
    console = terminal()
    for table in tables:
        console.print(rich_table(table))


def _more_tables(dataset: "Dataset") -> "list[TextTable]":
    """Return the tables that only sets of this kind have."""
    if dataset.name != "sounding-objects":
        return []
    from ..benchmarks.stimuli.picture_sound.set_tables import set_tables

    return set_tables(dataset)


_PAGES = {
    "hm3d-ss": "whence.benchmarks.stimuli.binaural.home_page:write_home_page",
    "sounding-objects": "whence.benchmarks.stimuli.picture_sound.set_page:write_set_page",
    "sounding-objects-import": "whence.benchmarks.stimuli.picture_sound.import_page:write_import_page",
    "panning": "whence.benchmarks.stimuli.panorama_sound.set_page:write_panning_page",
}
"""What writes the page of each kind of dataset that is not of stereo clips."""
_CLIPS = "whence.benchmarks.stimuli.stereo.page:write_dataset_page"


def _write_page(dataset: "Dataset", file: Path) -> None:
    """Write the page of `dataset`, which shows homes, pictures or clips."""
    from ..registry import load

    if dataset.name not in _PAGES and ("audio" not in dataset or dataset.name == "dry-clips"):
        raise InputError(f"{dataset.url}: there is no page for datasets of kind {dataset.name!r}; leave --html out")
    load(_PAGES.get(dataset.name, _CLIPS))(dataset, file)


def verify(
    context: typer.Context,
    data: Data,
    speech: Speech = None,
    sounds: Sounds = None,
    responses: Responses = None,
    scenes: Scenes = None,
    images: Images = None,
    hrtf: Hrtf = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="LABELS.parquet", help="The label file of a sealed set, once revealed.", show_default=False
        ),
    ] = None,
    rerender: Annotated[int, typer.Option(min=0, help="Rows to render again and compare; 0 skips this.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Check sha256, value ranges and the sides of sources, and render a few rows again. Exit code 1 if any fails."""
    from json import dumps

    from ..datagen.dataset import Dataset
    from ..datagen.verification import verify_dataset

    dataset = Dataset(data)
    checks = verify_dataset(dataset, elsewhere=moved(context), rerender=rerender)
    if labels:
        from ..leaderboard.sealing.labels_file import check_commitment

        checks.append(check_commitment(labels, dataset))
    if json:
        typer.echo(dumps([vars(check) for check in checks], indent=1))
    for check in [] if json else checks:
        typer.echo(f"{'ok    ' if check.passed else 'FAILED'}  {check.what}")
        for fault in check.faults[:10]:
            typer.echo(f"        {fault}")
    failed = sum(not check.passed for check in checks)
    if failed:
        raise VerificationError(f"{data}: {failed} of {len(checks)} checks failed")
