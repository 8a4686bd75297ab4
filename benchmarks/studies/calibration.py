"""How often the truth lies within a method's stated uncertainty, on the track `tde`.

Reads a run of `whence bench tde` and, for every method that gives `uncertainty_ms` with its answers, prints the share
of clips whose error is no larger, by condition and nominal RT60. An 80 % uncertainty should hold 80 %.

    python -m whence.benchmarks.studies.calibration runs/tde
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...errors import InputError
from ...script import run_script
from ..running.run import open_run

UNCERTAINTY = "uncertainty_ms"


def coverage(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield method, condition, and the share (%) of clips within the uncertainty, overall and by part."""
    run = open_run(folder)
    for scored in run.scored:
        if UNCERTAINTY not in scored.diagnostics or scored.file is None:
            continue
        answers = pd.read_parquet(scored.file)["prediction"].to_numpy()
        error = 1e3 * np.abs(answers - np.asarray(run.labels.truth, dtype=float))
        inside = error <= scored.diagnostics[UNCERTAINTY]
        shares = {"all": 100 * float(inside.mean())}
        for name, values in run.labels.groups.items():
            shares |= {f"{name} {value:g}": 100 * float(inside[values == value].mean()) for value in np.unique(values)}
        yield {"method": scored.method, "SNR dB": scored.condition["snr_db"], **shares}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the shares of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a bench")
    found = list(coverage(parser.parse_args(arguments).run))
    if not found:
        raise InputError("no method of this run states its uncertainty; bench whence-delay")
    print(pd.DataFrame(found).to_markdown(index=False, floatfmt=".1f"))
    return 0


if __name__ == "__main__":
    run_script(main)
