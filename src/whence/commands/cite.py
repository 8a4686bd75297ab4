"""`whence cite` and `whence card`: papers and licences of what went in, and cards for the Hugging Face Hub."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..doctor import WEIGHTS
from ..errors import InputError
from ..files import require_local, written_whole

if TYPE_CHECKING:
    from ..datagen.sources import Recorded

CARD = "README.md"


def cite(
    place: Annotated[str, typer.Argument(metavar="DATA.zarr|RUN", help="Dataset or run folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of BibTeX.")] = False,
) -> None:
    """Print BibTeX of Whence, the corpora, the papers of data and track, and the methods run; and all licences."""
    from json import dumps

    from ..benchmarks.report.citations import bibtex, cited, entries
    from ..benchmarks.running.run import dataset_of
    from ..datagen.licences import licences_of, unstated
    from ..datagen.recipes import read_record

    folder = _run_folder(place)
    track, methods, weights = _run(folder) if folder else (None, (), {})
    record: Recorded = read_record(place)
    if folder and not record.attributes:  # a run of an older version, whose dataset tells
        record = dataset_of(folder)
    works = cited(record, track, methods)
    licences = licences_of(record) | {name: ["not stated"] for name in unstated(record)} | weights
    if json:
        rows = [vars(work) | {"bibtex": [entries()[key] for key in work.keys]} for work in works]
        typer.echo(dumps({"works": rows, "licences": licences}, indent=1))
        return
    typer.echo(bibtex(works, licences), nl=False)


def _run_folder(place: str) -> Path | None:
    """Return the folder of the run at `place`, its folder, results or report; None for a dataset."""
    from ..benchmarks.scoring.results import RESULTS

    path = Path(place)
    folder = path if path.is_dir() else path.parent
    return folder if "://" not in place and (folder / RESULTS).is_file() else None


def _run(folder: Path) -> tuple[str, Sequence[str], dict[str, list[str]]]:
    """Return track, methods, and licences of the weights of the run in `folder`."""
    from ..benchmarks.scoring.results import CEILING, CHANCE, read_results

    results = read_results(folder)
    methods = [name for name in dict.fromkeys(row.method for row in results.rows) if name not in (CHANCE, CEILING)]
    return results.track, methods, dict(_weights(folder, methods))


def _weights(folder: Path, methods: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the licences of what the weights of each of `methods` were trained on, which their checkpoints state."""
    from ..benchmarks.running.predictions import metadata_of
    from ..benchmarks.running.provenance import sha256_of
    from ..models.training.header import licences_of_card, read_card

    others = {name.split()[0].lower(): licence for name, _, licence in WEIGHTS}
    yield from ((f"weights of {one}", [others[name]]) for one in methods if (name := one.partition(":")[0]) in others)
    for file in sorted((folder / "predictions").glob("*.parquet")):
        about = metadata_of(file)
        if about["method"] not in methods:
            continue
        for name, sha256 in about.get("files", {}).items():
            path = Path(str(about["parameters"].get(name, name)))
            if path.suffix == ".safetensors":
                there = path.is_file() and sha256_of(path) == sha256
                licences = licences_of_card(read_card(path)) if there else [f"not known: {path.name} is not here"]
                yield f"weights of {about['method']}", licences or ["not stated"]


def card(
    place: Annotated[str, typer.Argument(metavar="DATA.zarr|CHECKPOINT", help="Dataset, or .safetensors file.")],
    out: Annotated[Path, typer.Option(metavar="FILE.md", help="Where to write the card.")] = Path(CARD),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write the card of a dataset or a model for the Hugging Face Hub: README.md with licences, tags and sizes."""
    text = _card(place)
    require_local(out, "a card")
    if any(part.endswith(".zarr") for part in out.resolve().parts):
        raise InputError(f"--out {out} lies inside a dataset: a card lies beside it")
    if out.is_dir() or (out.exists() and not overwrite):
        raise InputError(f"--out {out} exists: choose another file{'' if out.is_dir() else ', or give --overwrite'}")
    with written_whole(out) as partial:
        partial.write_text(text, encoding="utf-8")
    typer.echo(f"{out}")


def _card(place: str) -> str:
    if place.endswith(".safetensors"):
        from ..models.training.header import read_card
        from ..models.training.model_card import model_card

        return model_card(read_card(Path(place)), Path(place))
    if Path(place).is_file() or (Path(place) / "run.json").is_file():
        raise InputError(f"{place}: neither a dataset (.zarr) nor a checkpoint (.safetensors)")
    from ..benchmarks.report.dataset_card import dataset_card
    from ..datagen.dataset import Dataset

    return dataset_card(Dataset(place))
