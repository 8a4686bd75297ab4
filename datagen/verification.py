"""Verifies a dataset: checksums, value ranges, and a few re-rendered rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..conventions import wrap_degrees
from ..digests import generator_for
from ..registry import load_replanner
from .dataset import Dataset, Elsewhere, check_files, check_metadata, read_rows
from .merging import MERGED, replan_merged
from .pictures import is_of_one_colour
from .pipeline import Plan, rerender_differences, software
from .recording_labels import LONGEST_DELAY_MS
from .sides import side_faults
from .sounding.checks import direction_faults, empty_slots, panorama_faults, picture_faults, sound_faults

LARGEST_DELAY = 0.0015
"""Largest plausible delay, s; no head or array here is wider."""
ANGLE_TOLERANCE = 1e-6
"""Largest difference between a stored angle and that of positions and headings, degrees."""
WITH_SILENCE = frozenset(("sounding-object",))
"""Tracks whose sealed sets hold silence, to which a method should answer that nothing sounds."""
ROWS_IN_MEMORY_BYTES = 1 << 26

Angles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """One check: `what` was checked, and its `faults`, empty if it passed."""

    what: str
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no fault was found."""
        return not self.faults


def verify_dataset(dataset: Dataset, *, elsewhere: Elsewhere | None = None, rerender: int = 3) -> list[Check]:
    """Return every check of `dataset` and of the datasets inside it; `rerender` random rows are rendered again.

    `elsewhere` gives the current location of its sources, by default the recorded one. Raises InputError if they are
    missing or changed.
    """
    checks = [_check_files(dataset)]
    checks.append(Check("recipe and arrays match the manifest", tuple(check_metadata(dataset))))
    if not all(check.passed for check in checks):
        return checks
    checks += [_check_labels(dataset), _check_arrays(dataset), *_check_sides(dataset)]
    if dataset.name == "sounding-objects" and "mask" in dataset:  # a sealed one holds no truth
        checks += _check_objects(dataset)
    if dataset.name == "panning":
        checks.append(Check("objects are seen where they are heard", tuple(panorama_faults(dataset))))
    plan = plan_of(dataset, elsewhere or {}) if rerender else None
    if plan is not None:
        rows = generator_for(0, f"verify/{dataset.fingerprint}").integers(0, len(dataset), rerender)
        checks.append(_check_rendered(plan, dataset, sorted({int(row) for row in rows})))
    for name in dataset.parts:
        inside = verify_dataset(dataset.part(name), elsewhere=elsewhere, rerender=rerender)
        checks += [Check(f"{name}: {check.what}", check.faults) for check in inside]
    return checks


def _check_rendered(plan: Plan, dataset: Dataset, rows: list[int]) -> Check:
    """Return the check of rows rendered again. A twin, whose values are a step away, passes and is named."""
    found = rerender_differences(plan, dataset, rows)
    if found and all(one.small for one in found):
        fields = ", ".join(sorted({one.field for one in found}))
        return Check(
            f"{len(rows)} re-rendered rows have other bytes, within one step or 1e-5 ({fields}): {made_with(dataset)}"
        )
    return Check(f"{len(rows)} re-rendered rows are byte for byte the same", tuple(map(str, found)))


def made_with(dataset: Dataset) -> str:
    """Return which libraries `dataset` was made with that are others here."""
    there, here = dataset.attributes.get("software", {}), software()
    others = [name for name in there if name in here and there[name] != here[name]]
    if not others:
        return "made with the same libraries, so on another processor, in another order, or before Whence changed"
    made = ", ".join(f"{name} {there[name]}" for name in others)
    return f"made with {made}; you have {', '.join(f'{name} {here[name]}' for name in others)}"


def plan_of(dataset: Dataset, elsewhere: Elsewhere) -> Plan | None:
    """Return the plan that made `dataset`, None for an imported or sealed one.

    Raises InputError if one of its sources is missing or changed.
    """
    if MERGED in dataset.recipe:
        return replan_merged(dataset, elsewhere)
    replan = load_replanner(dataset.name)
    return replan(dataset, elsewhere) if replan else None


def _check_files(dataset: Dataset) -> Check:
    states = check_files(dataset)
    faults = tuple(f"{path}: {state}" for path, state in states.items() if state != "whole")
    return Check(f"{len(states)} files have the sha256 of the manifest", faults)


def _check_labels(dataset: Dataset) -> Check:
    return Check("labels are unique, finite and in range", tuple(_label_faults(dataset)))


def _label_faults(dataset: Dataset) -> Iterator[str]:
    names = dataset.column("sample_id")
    if len(set(names.tolist())) != len(dataset):
        yield "sample_id: not unique"
    recorded = dataset.name == "recordings"
    longest = 1e-3 * LONGEST_DELAY_MS if recorded else LARGEST_DELAY
    limits = {
        "interaural_time_difference": (-longest, longest),
        "azimuth": (-180.0, 180.0),
        "rt60_nominal": (0.0, 10.0),
        "side": (-1, 1),
    }
    for name, (low, high) in limits.items():
        if name not in dataset:
            continue
        values = dataset.column(name)
        unlabelled = np.isnan(values) if recorded else empty_slots(dataset, values.shape)
        outside = ~((values >= low) & (values <= high)) & ~unlabelled
        if outside.any():
            yield f"{name}: {int(outside.sum())} values are not within {low:g}..{high:g}"
    yield from _angle_faults(dataset)


def _angle_faults(dataset: Dataset) -> Iterator[str]:
    """Yield the angles of a dataset of views that disagree with its positions and headings."""
    if "rotation" in dataset:
        heading = dataset.column("heading")
        turned = wrap_degrees(heading - heading[:, :1])
        yield from _apart("rotation", dataset.column("rotation"), turned)
    if "source_position" in dataset and "camera_position" in dataset:
        towards = dataset.column("source_position")[:, :, None] - dataset.column("camera_position")[:, None]
        world = np.degrees(np.arctan2(-towards[..., 0], -towards[..., 2]))
        yield from _apart("azimuth", dataset.column("azimuth"), world - dataset.column("heading")[:, None])


def _apart(name: str, stored: Angles, computed: Angles) -> Iterator[str]:
    wrong = np.abs(wrap_degrees(stored - computed)) > ANGLE_TOLERANCE
    if wrong.any():
        yield f"{name}: {int(wrong.sum())} values disagree with positions and headings"


def _check_arrays(dataset: Dataset) -> Check:
    """Return the check that no row of a large array is blank or has values that are not finite."""
    large = [name for name in sorted(dataset.group.array_keys()) if dataset.array(name).shards is not None]
    faults = [fault for name in large for fault in _blank_rows(dataset, name)]
    return Check(f"{len(dataset)} rows of {', '.join(large)} are there, finite and not blank", tuple(faults))


def _check_sides(dataset: Dataset) -> Iterator[Check]:
    """Yield the check that sources are heard on their labelled side, if the dataset has labels for it."""
    found = side_faults(dataset)
    if found is not None:
        yield Check(f"the near ear is ahead for {found[0]} sources at the side", found[1])


def _check_objects(dataset: Dataset) -> list[Check]:
    return [
        Check("boxes and areas are those of the masks", tuple(picture_faults(dataset))),
        Check(
            "objects are seen where they are heard, the other sources are out of view", tuple(direction_faults(dataset))
        ),
        Check("every source sounds, on its side", tuple(sound_faults(dataset))),
    ]


def _blank_rows(dataset: Dataset, name: str) -> Iterator[str]:
    array = dataset.array(name)
    step = max(1, ROWS_IN_MEMORY_BYTES // (int(np.prod(array.shape[1:])) * array.dtype.itemsize))
    for start in range(0, len(dataset), step):
        rows = np.arange(start, min(start + step, len(dataset)))
        stored = read_rows(array, rows, dataset.url)
        values = stored.reshape(len(rows), -1)
        sealed_silence = name.endswith("audio") and dataset.recipe.get("track") in WITH_SILENCE
        if not (sealed_silence or array.attrs.get("may_be_blank")):
            yield from (f"row {row}: {name} is silent or blank" for row in rows[~values.any(axis=1)])
        if array.dtype.kind == "f":
            yield from (f"row {row}: {name} is not finite" for row in rows[~np.isfinite(values).all(axis=1)])
        if name == "image" and stored.ndim == 5:  # several views a row
            yield from _featureless_views(rows, stored)


def _featureless_views(rows: npt.NDArray[np.intp], images: npt.NDArray[np.uint8]) -> Iterator[str]:
    """Yield the views of `images` (rows, views, height, width, 3) that are nearly of one colour."""
    for row, views in zip(rows, images, strict=True):
        yield from (
            f"row {row}, view {number}: image is nearly of one colour"
            for number, view in enumerate(views)
            if view.any() and is_of_one_colour(view)
        )
