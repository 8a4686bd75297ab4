"""`whence bench probe`: the tracks `rotation` and `azimuth` together, by the 64-way accuracies of linear probes.

One method never answers both, since rotations are seen and azimuths heard, so the probes have no track of their own:
their accuracies are metrics of both tracks, which any method gets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from ..registry import PROBED, load_method, parse_specification
from .terminal import terminal

if TYPE_CHECKING:
    from ..benchmarks.bench import Run


def parts_of(methods: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each of both tracks with those of `methods` that serve it; all are the tracks' own if none are given.

    Raises InputError for a method that serves neither.
    """
    served = {track: [one for one in methods if _serves(one, track)] for track in PROBED}
    for one in methods:
        if not any(one in some for some in served.values()):
            raise InputError(
                f"method {one!r} serves neither {' nor '.join(PROBED)}: `whence methods` lists those that do"
            )
    return ((track, some) for track, some in served.items() if some or not methods)


def _serves(specification: str, track: str) -> bool:
    from ..benchmarks.running.method import load_methods

    found, _ = load_method(parse_specification(specification)[0])
    if track not in getattr(found, "tracks", (track,)):
        return False
    method = load_methods([specification], track, ["paper"])[0].method
    return bool(getattr(method, "serves", lambda _: True)(track))


def show_accuracy(runs: Sequence["Run"], as_json: bool) -> None:
    """Print the 64-way accuracies of `runs` beside the published ones, and the paths of their files."""
    from ..benchmarks.display.text_table import rich_table
    from ..benchmarks.questions.metrics import METRICS
    from ..benchmarks.report.files import where
    from ..benchmarks.report.tables import published_table, score_table
    from ..benchmarks.scoring.results import RESULTS, why_unranked

    if as_json:
        texts = {run.track.name: (run.folder / RESULTS).read_text(encoding="utf-8") for run in runs}
        typer.echo("{" + ",\n".join(f'"{name}": {text.strip()}' for name, text in texts.items()) + "}")
        return
    for run in runs:
        metric = METRICS[f"{run.track.name}_class_accuracy"]
        console = terminal()
        console.print(rich_table(score_table(run.results, run.track, metric, why=why_unranked(run.labels))))
        published = published_table(run.results, replace(run.track, metrics=(metric,)))
        if published:
            console.print(rich_table(published))
        typer.echo(where(run.folder))
