"""What a track is, in words: its answer and unit, metrics, conditions, datasets, batches and default methods."""

from dataclasses import dataclass

from ...registry import load_track
from .settings import settings_of
from .track import Track


@dataclass(frozen=True)
class AboutMetric:
    """A metric: the `name` that `--metric` takes, its label and unit, and which values are better."""

    name: str
    label: str
    unit: str
    better: str


@dataclass(frozen=True)
class AboutSetting:
    """A setting of conditions: its option, name and unit, the track's own levels, its help."""

    option: str
    name: str
    unit: str
    default: str
    help: str


@dataclass(frozen=True)
class About:
    """A track. `fields` are the arrays of its batches, each with the dimensions of one sample."""

    name: str
    question: str
    answer: str
    unit: str
    metrics: tuple[AboutMetric, ...]
    conditions: tuple[AboutSetting, ...]
    datasets: tuple[str, ...]
    batch: str
    fields: tuple[str, ...]
    default_methods: tuple[str, ...]


def about(name: str) -> About:
    """Return what the track `name` is; raises InputError suggesting the nearest name."""
    track, stimulus = load_track(name), load_track(name).stimulus
    return About(
        name=track.name,
        question=track.question,
        answer=track.answer.words,
        unit=track.metrics[0].unit if track.quantity is None else track.quantity.unit,
        metrics=tuple(
            AboutMetric(one.name, one.label, one.unit, "higher" if one.higher_is_better else "lower")
            for one in track.metrics
        ),
        conditions=_settings(track),
        datasets=track.datasets,
        batch=stimulus.batch.__name__,
        fields=tuple(f"{one.name} ({', '.join(map(str, one.dimensions))})" for one in stimulus.arrays),
        default_methods=track.default_methods,
    )


def _settings(track: Track) -> tuple[AboutSetting, ...]:
    found = []
    for key, one in settings_of(track.stimulus.condition).items():
        levels = dict.fromkeys(condition.stated()[key] for condition in track.default_conditions)
        if one.option:
            default = " ".join(one.level_text(level) for level in levels)
            found.append(AboutSetting(one.option, one.name, one.unit, default, one.help))
    return tuple(found)
