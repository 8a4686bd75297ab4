"""What to cite for a dataset or a run: Whence, the corpora, and the papers of data, track and methods.

`references.bib`, next to this file, holds the entries; the tables here say which of them something goes back to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ... import __version__
from ...datagen.recorded import listed
from ...datagen.sources import Recorded, described, digest_in
from ...registry import METHODS, parse_specification

OURS = "whence"
KINDS: Mapping[str, Sequence[str]] = {
    "tde": ("chen2022time", "allen1979image"),
    "talkers": ("chen2022time", "allen1979image"),
    "random-rooms": ("allen1979image",),
    "brir": (),
    "dry-clips": (),
    "in-the-wild": ("chen2022time",),
    "hm3d-ss": ("chen2023motion",),
    "panoramas": ("chen2023motion",),
    "sounding-objects": ("senocak2018learning",),
    "panning": ("senocak2019analysis",),
}
"""By kind of dataset."""
PUBLIC_SETS: Mapping[str, Sequence[str]] = {
    "flickr-soundnet": ("senocak2018learning", "aytar2016soundnet"),
    "vgg-ss": ("chen2021localizing", "chen2020vggsound"),
    "is3": ("senocak2024aligning",),
    "avsbench": ("zhou2022audio",),
    "music-duet": ("zhao2018pixels",),
    "epic-sounding-object": ("huang2023egocentric",),
}
"""By set of `whence import`."""
CORPORA: Mapping[str, str] = {
    "espeak-ng": "espeakng",
    "LibriSpeech": "panayotov2015librispeech",
    "LibriTTS": "zen2019libritts",
    "Multilingual LibriSpeech": "pratap2020mls",
    "CMU ARCTIC": "kominek2004arctic",
    "L2-ARCTIC": "zhao2018l2arctic",
    "VCTK": "yamagishi2019vctk",
    "VoxCeleb": "nagrani2017voxceleb",
    "Speech Commands": "warden2018speech",
    "HiFiTTS": "bakhturina2021hifi",
    "LJSpeech": "ito2017ljspeech",
    "M-AILABS": "mailabs",
    "TIMIT": "garofolo1993timit",
    "Common Voice": "ardila2020common",
}
"""By the layout that tells who speaks."""
NAMED_IN_LICENCES: Mapping[str, str] = {
    "LibriSpeech": "panayotov2015librispeech",
    "ARCTIC": "kominek2004arctic",
    "CC BY-NC 3.0": "piczak2015esc",
    "Matterport": "ramakrishnan2021hm3d",
}
"""By words in the licences of speech, sounds and scenes."""
MADE_HERE = frozenset(("espeak", "procedural", "recorded"))
"""Kinds of sources that need no citation of their own: made here, or part of the data."""
ENGINES: Mapping[str, Sequence[str]] = {
    "pyroomacoustics": ("scheibler2018pyroomacoustics",),
    "rlr": ("chen2022soundspaces",),
    "soundspaces": ("chen2022soundspaces",),
    "habitat": ("savva2019habitat",),
}
TRACKS: Mapping[str, Sequence[str]] = {
    "tde": ("chen2022time",),
    "left-right": ("chen2022time",),
    "guided": ("chen2022time",),
    "rotation": ("chen2023motion",),
    "azimuth": ("chen2023motion",),
    "sounding-object": ("senocak2018learning",),
    "panning": ("senocak2019analysis",),
}
_SUPERPOINT = "detone2018superpoint"
PAPERS: Mapping[str, Sequence[str]] = {
    "gcc-phat": ("knapp1976generalized",),
    "scot": ("carter1973smoothed",),
    "roth": ("roth1971effective",),
    "ml": ("hannan1973estimating",),
    "salvati": ("salvati2021time",),
    "stereocrw": ("chen2022time",),
    "zeronce": ("chen2022time",),
    "monoclr": ("chen2022time",),
    "av-monoclr": ("chen2022time",),
    "ngcc-phat": ("berg2022extending",),
    "attention": ("senocak2018learning", "senocak2019analysis"),
    "contrastive": ("chen2021localizing", "liu2022exploiting", "mo2022easy", "mo2022closer", "sun2023learning"),
    "slfm": ("chen2023motion",),
    "slfm-pretext": ("chen2023motion",),
    "avsa": ("morgado2020learning", "chen2023motion"),
    "rotnce": ("chen2023motion",),
    "probe": ("chen2023motion",),
    "itd-sphere": ("duda1998range",),
    "ild-sphere": ("duda1998range",),
    "sift": ("lowe2004distinctive",),
    "orb": ("rublee2011orb",),
    "akaze": ("alcantarilla2013fast",),
    "superglue": ("sarlin2020superglue", _SUPERPOINT),
    "lightglue": ("lindenberger2023lightglue", _SUPERPOINT),
    "loftr": ("wang2024efficient",),
    "centre-box": ("senocak2019analysis",),
    "spectral-residual": ("hou2007saliency",),
    "objectness": ("mo2022easy", "tan2019efficientnet"),
    "pan": ("senocak2019analysis",),
}
"""By method; those of Whence that are not here go back to no paper."""


@dataclass(frozen=True)
class Cited:
    """The entries for one thing that went in: what it is, the keys in `references.bib`, a remark if there are none."""

    what: str
    keys: tuple[str, ...]
    remark: str = ""


@cache
def entries() -> dict[str, str]:
    """Return the BibTeX entries by key, in the order of the file."""
    text = files(__package__).joinpath("references.bib").read_text(encoding="utf-8")
    found = {match[1]: match[0] for match in re.finditer(r"^@\w+\{(\w+),\n.*?^\}$", text, re.DOTALL | re.MULTILINE)}
    own = found[OURS].replace("  license", f"  version = {{{__version__}}},\n  license")
    return found | {OURS: own}


def cited(record: Recorded, track: str | None = None, methods: Iterable[str] = ()) -> list[Cited]:
    """Return what a dataset, and a run of `methods` (labels) on it on a `track`, go back to."""
    found = [*cited_methods(()), _data(record), *_corpora(record)]
    found += [Cited(f"track {track}", tuple(TRACKS.get(track, ())))] if track else []
    return [*found, *cited_methods(methods)[1:]]


def cited_methods(methods: Iterable[str]) -> list[Cited]:
    """Return Whence, and what `methods` (labels) go back to."""
    names = dict.fromkeys(name for one in methods for name in _names(one))
    return [Cited("Whence", (OURS,)), *(_method(name) for name in names)]


def _data(record: Recorded) -> Cited:
    sealed = record.recipe.get("source")
    kind = sealed if record.name == "sealed" and isinstance(sealed, str) else record.name
    public = str(record.recipe.get("set", ""))
    engine = record.attributes.get("engine") or {}
    engines = listed(engine, "name", "renderer")
    by_engine = [key for one in engines for key in ENGINES.get(one, ())]
    head = ["duda1998range"] if record.recipe.get("head") == "rigid sphere" else []
    keys = (*KINDS.get(kind, ()), *PUBLIC_SETS.get(public, ()), *by_engine, *head)
    remark = "" if keys else "no paper is known; cite it as its authors ask"
    return Cited(f"data, {public or kind}", tuple(dict.fromkeys(keys)), remark)


def _corpora(record: Recorded) -> Iterator[Cited]:
    """Yield each source of the data that others recorded."""
    for source in ("speech", "sounds", "scenes", "images"):
        about: Mapping[str, Any] = record.attributes.get(source) or {}
        known = [CORPORA[name] for name in about.get("speakers_known_by", ()) if name in CORPORA]
        licences = " ".join([*(about.get("licences") or ()), *listed(about, "licence")])
        known += [key for words, key in NAMED_IN_LICENCES.items() if words in licences]
        words = described(about, digest_in(record.recipe, source))
        origins = set(listed(about, "kind", "location"))
        if known or (about and not (origins and origins <= MADE_HERE)):
            remark = "" if known else f"{words}: not recognised; cite it as its authors ask"
            yield Cited(source, tuple(dict.fromkeys(known)), remark)


def _names(label: str) -> list[str]:
    """Return the methods named in a label, also as parameters: `pan:map=attention` runs both."""
    name, parameters = parse_specification(label) if ":" in label else (label, {})
    return [name, *(value for value in parameters.values() if value in METHODS)]


def _method(name: str) -> Cited:
    keys = tuple(PAPERS.get(name, ()))
    own = "of Whence" if name in METHODS else "unknown here; cite it as its authors ask"
    return Cited(f"method {name}", keys, "" if keys else own)


def bibtex(works: Sequence[Cited], licences: Mapping[str, Sequence[str]]) -> str:
    """Return a BibTeX file with every entry once; comments say what each is cited for, and the licences."""
    lines, done = ["% Licences of what went in:"], set[str]()
    lines += [f"%   {what}: {'; '.join(named)}" for what, named in licences.items()] or ["%   none are stated"]
    for work in works:
        again = [key for key in work.keys if key in done]
        lines += ["", f"% {work.what}{f': {work.remark}' if work.remark else ''}"]
        lines += [f"%   {key}, above" for key in again]
        lines += [entries()[key] for key in work.keys if key not in done]
        done.update(work.keys)
    return "\n".join(lines) + "\n"
