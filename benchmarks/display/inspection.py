"""The contents of a dataset as tables: recipe, arrays, ranges, realised reverberation, speech and licences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...datagen.corpora import UNKNOWN
from ...datagen.dataset import Dataset
from ...english import counted
from .text_table import TextTable


def describe(dataset: Dataset) -> list[TextTable]:
    """Return the non-empty tables for `whence inspect`."""
    tables = [_overview(dataset), _arrays(dataset), _ranges(dataset)]
    if "rt60_nominal" in dataset:
        tables.append(_reverberation(dataset))
    if "scene" in dataset and "rt60" in dataset:
        tables.append(_homes(dataset))
    inside = [table for name in dataset.parts for table in describe(dataset.part(name))[:3]]
    return [table for table in (*tables, licences(dataset), *inside) if table.rows]


def _overview(dataset: Dataset) -> TextTable:
    recipe = {key: value for key, value in dataset.recipe.items() if key not in ("corpus", "responses", "merged")}
    merged = [f"{one['fingerprint'][:16]} ({one['rows']} rows)" for one in dataset.recipe.get("merged", ())]
    rows = [
        ["dataset", dataset.name],
        ["rows", str(len(dataset))],
        ["fingerprint", dataset.fingerprint],
        ["size", _size(dataset)],
        *([key, _plain(value)] for key, value in recipe.items()),
        *([["merged", ", ".join(merged)]] if merged else []),
        *([key, _plain(value)] for key, value in dataset.attributes.get("engine", {}).items() if value is not None),
        ["software", ", ".join(f"{k} {v}" for k, v in dataset.attributes.get("software", {}).items())],
    ]
    return TextTable(dataset.url, ["", "value"], rows)


def _size(dataset: Dataset) -> str:
    """Return what `dataset` takes, with the datasets inside, in words."""
    sizes = [size for size in dataset.folder.sizes().values() if size]
    total, files = sum(sizes), counted(len(sizes), "file")
    return f"{total / 1e6:,.1f} MB in {files}, {total / len(dataset) / 1e3:,.1f} kB a row"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _arrays(dataset: Dataset) -> TextTable:
    rows = []
    for name in sorted(dataset.group.array_keys()):
        array = dataset.array(name)
        attributes: Mapping[str, Any] = dict(array.attrs)
        what = str(attributes.get("description", ""))
        unit = str(attributes.get("units", ""))
        rows.append([name, "x".join(map(str, array.shape)), str(array.dtype), unit, what])
    return TextTable("arrays", ["array", "shape", "dtype", "unit", "what it is"], rows)


def _ranges(dataset: Dataset) -> TextTable:
    rows = []
    for name in sorted(dataset.group.array_keys()):
        array = dataset.array(name)
        if array.shards is not None or array.dtype.kind not in "fi":
            continue
        values = dataset.column(name).astype(np.float64)
        finite = values[np.isfinite(values)]
        if finite.size:
            spread = [finite.min(), np.median(finite), finite.max()]
            rows.append([name, *(f"{value:.6g}" for value in spread), str(values.size - finite.size)])
    return TextTable("ranges", ["array", "least", "median", "greatest", "not finite"], rows)


def _reverberation(dataset: Dataset) -> TextTable:
    nominal = dataset.column("rt60_nominal")
    measures = ("rt60", "rt60_t20", "direct_to_reverberant", "clarity_c50")
    values = {name: dataset.column(name).mean(axis=1) for name in measures}
    rows = [
        [
            f"{level:g}",
            *(f"{float(values[name][nominal == level].mean()):.3f}" for name in measures),
            str(int((nominal == level).sum())),
        ]
        for level in np.unique(nominal)
    ]
    heads = [
        "nominal RT60 (s)",
        "realised, T30 (s)",
        "realised, T20 (s)",
        "direct to reverberant (dB)",
        "C50 (dB)",
        "clips",
    ]
    return TextTable("reverberation, mean over clips", heads, rows)


def _homes(dataset: Dataset) -> TextTable:
    split, scene, rt60 = (dataset.column(name) for name in ("split", "scene", "rt60"))
    ratio = dataset.column("direct_to_reverberant")
    rows = [
        [
            str(name),
            str(len(set(scene[split == name]))),
            str(int((split == name).sum())),
            f"{np.nanmean(rt60[split == name]):.3f}",
            f"{np.nanmin(rt60[split == name]):.3f} to {np.nanmax(rt60[split == name]):.3f}",
            f"{np.nanmean(ratio[split == name]):.1f}",
        ]
        for name in np.unique(split)
    ]
    heads = ["split", "scenes", "examples", "mean RT60, T30 (s)", "range (s)", "direct to reverberant (dB)"]
    return TextTable("homes, at the standard level of indirect sound", heads, rows)


def licences(dataset: Dataset) -> TextTable:
    """Return the licences of speech, sounds and scenes, and the files left out; no rows if no source is known."""
    speech = dataset.attributes.get("speech", {})
    speakers = f", {_speakers(speech)}" if "speakers" in speech else ""
    rows = [
        [f"{speech['kind']}{speakers}", licence, counted(count, "clip")]
        for licence, count in speech.get("licences", {}).items()
    ]
    sounds = dataset.attributes.get("sounds", {})
    rows += [["sounds", licence, counted(count, "recording")] for licence, count in sounds.get("licences", {}).items()]
    if "scenes" in dataset.attributes:
        rows.append(["scenes", dataset.attributes["scenes"]["licence"], ""])
    images = dataset.attributes.get("images", {})
    if left_out := images.get("left_out"):
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
        rows.append(["photographs", "", f"{images['photographs']}, left out: {kinds}"])
    return TextTable("sources", ["source", "licence", "of it"], rows)


def _speakers(speech: Mapping[str, Any]) -> str:
    """Return the number of speakers, how they are known, and the number of clips with unknown ones.

    >>> _speakers({"speakers": 2, "speakers_known_by": {"LibriTTS": 6, "unknown": 1}})
    '2 speakers by LibriTTS, unknown for 1 of 7 clips'
    >>> _speakers({"speakers": 0, "speakers_known_by": {"unknown": 3}})
    'speakers unknown'
    """
    known_by = dict(speech.get("speakers_known_by", {}))
    unknown = known_by.pop(UNKNOWN, 0)
    if unknown and not known_by:
        return "speakers unknown"
    means = f" by {', '.join(known_by)}" if known_by else ""
    clips = unknown + sum(known_by.values())
    known = f"{counted(speech['speakers'], 'speaker')}{means}"
    return known + (f", unknown for {unknown} of {clips} clips" if unknown else "")
