"""What maps without any input score on the boxes of VGG-SS, beside the same measured on all 5,158 clips.

Reads a list of {"file", "bbox": [[x0, y0, x1, y1], ...]} in fractions of the picture, the layout of `vggss.json`, and
prints success at 0.5 and AUC with the 95 % interval of the success (Clopper and Pearson 1934). The last columns are of
all clips; a sample agrees where its interval covers them.

    python -m whence.benchmarks.studies.vgg_ss_sample vggss.json
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from ...errors import InputError
from ...script import run_script
from ..questions.boxes import boxes_truth
from ..questions.labels import Truth, arrays_of_truth
from ..questions.map_metrics import Rule, area, success
from ..questions.maps import SIDE, Interpolation, stored_maps
from ..questions.plain_maps import centre_blob, map_of_boxes

HOW: Interpolation = "aligned_bilinear"
Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One row: what draws the map of a sample from its boxes (k, 4), the pixel rule, and both scores on all clips."""

    name: str
    draw: Callable[[Boxes], Boxes]
    rule: Rule
    success: float | None = None
    area: float | None = None


CASES = (
    Case("the boxes, as well as the rule allows", map_of_boxes, "half_at_least", 50.3, 49.5),
    Case("the same value everywhere", lambda _: np.ones((SIDE, SIDE)), "half_at_least", 22.0),
    Case("a blob in the middle", lambda _: centre_blob(), "half_at_least", 34.0, 37.5),
    Case("a blob in the middle", lambda _: centre_blob(), "adaptive", 43.7),
)


def read_boxes(path: Path) -> Truth:
    """Return the boxes of every clip in the file `path`; raises InputError for a file of another layout."""
    try:
        clips = json.loads(path.read_text(encoding="utf-8"))
        boxes = [np.array(clip["bbox"], dtype=np.float64).reshape(-1, 4) for clip in clips]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} cannot be read as boxes of VGG-SS ({type(error).__name__}: {error})") from None
    if not boxes:
        raise InputError(f"{path} holds no clips")
    return arrays_of_truth([boxes_truth(one, picture=k) for k, one in enumerate(boxes)])


def scores(case: Case, truth: Truth) -> tuple[float, tuple[float, float], float]:
    """Return success, its interval, and AUC of `case` on the boxes `truth` (n,), all per cent."""
    answers = stored_maps(np.stack([case.draw(one[:, :4]) for one in truth]))
    reached = success(case.rule, HOW).per_sample(truth, answers)
    ends = binomtest(int((reached > 0).sum()), len(reached)).proportion_ci()
    return (
        float(reached.mean()),
        (100 * ends.low, 100 * ends.high),
        float(area(case.rule, HOW).per_sample(truth, answers).mean()),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="boxes, as vggss.json")
    truth = read_boxes(parser.parse_args(arguments).file)
    heads = ("success", "interval", "AUC", "all clips", "AUC")
    print(f"{len(truth)} clips".ljust(56) + "".join(head.rjust(14) for head in heads))
    for case in CASES:
        reached, (low, high), under = scores(case, truth)
        cells: list[Any] = [f"{reached:.1f}", f"{low:.1f} to {high:.1f}", f"{under:.1f}", case.success, case.area]
        print(f"{case.name}, {case.rule}".ljust(56) + "".join(str("" if c is None else c).rjust(14) for c in cells))
    return 0


if __name__ == "__main__":
    run_script(main)
