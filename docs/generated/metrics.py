"""The page of the metrics, each with its formula, as the code declares them."""

from latex2mathml.converter import convert

from whence.benchmarks.questions.metrics import Metric
from whence.registry import TRACKS, load_track

from .markdown import anchor

INTRODUCTION = """# Metrics

Each is a summary of one term a sample, so every table has 95 % intervals by resampling the samples' clusters
([how sure](bench.md#how-sure)). In the formulas, {x} is the truth and {y} the answer to sample i of n, {w}
wraps an angle to (-180, 180] degrees, {f} mirrors it from the back to the front, and {c} counts. As functions they
are in [whence.metrics](api/metrics.md). This page is drawn from the code.

For maps, {g} is the truth at pixel p of the picture enlarged to 224 x 224 (0, 1/2 or 1, by the agreement of annotators)
{p} is the set of predicted pixels, by one of the rules below; {iou}. {m} is the value of the map at a pixel, {a} the
annotators of a sample, {k} the pixels of its object; {pr} and {re} are precision and recall of maps whose confidence is
at least {t}.

- *half of the picture*: the half with the largest values, with (≥) or without (>) those equal to the middle one;
- *size of the object*: as many of the largest values as the object has pixels, less one;
- *0.5 of the range*: at least 0.5 after scaling the map to 0..1.
"""


def page() -> str:
    """Return the page."""
    symbols = {
        "x": "x_i",
        "y": r"\hat{x}_i",
        "w": r"w",
        "f": r"f",
        "c": r"\#",
        "m": "m_i(p)",
        "a": "A_i",
        "k": "k_i",
        "pr": r"P(\tau)",
        "re": r"R(\tau)",
        "t": r"\tau",
        "g": "g_i(p)",
        "p": "P_i",
        "iou": r"\mathrm{IoU}_i = \frac{\sum_{p \in P_i} g_i(p)}{\sum_p g_i(p) + \#\{p \in P_i : g_i(p) = 0\}}",
    }
    return INTRODUCTION.format(**{name: f"<span>{convert(text)}</span>" for name, text in symbols.items()}) + "".join(
        section(metric, tracks) for metric, tracks in used().items()
    )


def used() -> dict[Metric, list[str]]:
    """Return every metric of the tracks, in their order, with the tracks that have it."""
    found: dict[str, tuple[Metric, list[str]]] = {}
    for name in TRACKS:
        for metric in load_track(name).metrics:
            found.setdefault(metric.name, (metric, []))[1].append(name)
    return dict(found.values())


def section(metric: Metric, tracks: list[str]) -> str:
    """Return what is said of one `metric`."""
    better = "higher" if metric.higher_is_better else "lower"
    where = ", ".join(f"[`{name}`](tracks.md#{anchor(name)})" for name in tracks)
    formula = convert(metric.formula, display="block")
    return (
        f"\n## {metric.label} {{ #{anchor(metric.name)} }}\n\n`{metric.name}`, in {metric.unit}; {better} is better. "
        f"Tracks: {where}.\n\n<div>{formula}</div>\n"
    )
