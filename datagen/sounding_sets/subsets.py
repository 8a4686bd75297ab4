"""Chooses the clips that lists name: published subsets, and lists that pair pictures with other sounds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import InputError
from ..clip_names import ClipName, Clips, Line, clip_name, read_clip_list
from .labelled import Annotations, Labelled, PublicSet

SILENT_LABELS = ("non-sounding", "silent", "non_sounding", "nonsounding")
SOUNDING_LABELS = ("", "sounding")


def without_twins(known: Annotations, path: Path) -> tuple[Labelled, ...]:
    """Return the pictures of `known`, each once; raises InputError if two of one name differ, or a name is odd."""
    found: dict[str, Labelled] = {}
    for picture in known.pictures:
        strange = next((name for name in (picture.name, *picture.categories) if not name.isprintable()), None)
        if strange is not None:
            raise InputError(f"{path}: {strange[:50]!a} is no name: it holds characters that cannot be shown")
        if found.setdefault(picture.name, picture) != picture:
            raise InputError(f"{path}: {picture.name} is annotated twice, and differently: keep one of them")
    return tuple(found.values())


def choose(
    public: PublicSet, pictures: Sequence[Labelled], lists: Sequence[Path]
) -> tuple[tuple[Labelled, ...], tuple[str, ...]]:
    """Return those of `pictures` that `lists` name, all if there is none, and remarks on what only the lists name."""
    if not lists:
        return tuple(pictures), ()
    by_name = {picture.name: picture for picture in pictures}
    groups: dict[str, list[str]] = {}
    for picture in pictures:
        groups.setdefault(picture.group, []).append(picture.name)
    names, videos = Clips(tuple(by_name)), Clips(tuple(groups))
    chosen: dict[str, Labelled] = {}
    remarks: list[str] = []
    for path in lists:
        unknown = []
        for line in read_clip_list(path):
            if line.sound != line.written or line.label:
                paired = _paired(public, line, by_name, names, path)
                chosen[paired.name] = paired
                continue
            meant = _meant(clip_name(line.written), names, videos, groups)
            chosen.update((name, by_name[name]) for name in meant)
            unknown += [] if meant else [line.written]
        if unknown:
            remarks.append(f"clips of {path} that are not annotated: {len(unknown)}, such as {unknown[0]}")
    if not chosen:
        raise InputError(
            f"--list {lists[0]} names no clip of the annotations, such as {pictures[0].name}: {remarks[0]}"
        )
    order = {name: number for number, name in enumerate(by_name)}
    return tuple(sorted(chosen.values(), key=lambda each: order.get(each.name, len(order)))), tuple(remarks)


def _meant(name: ClipName, names: Clips, videos: Clips, groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the clips that `name` means, by their own name or that of the picture or video they share."""
    return names.same(name) or tuple(clip for video in videos.same(name) for clip in groups[video])


def _paired(public: PublicSet, line: Line, by_name: Mapping[str, Labelled], names: Clips, path: Path) -> Labelled:
    """Return the picture of a list that pairs pictures with sounds and says whether the picture holds the source."""
    label = line.label.casefold()
    if label not in (*SILENT_LABELS, *SOUNDING_LABELS):
        raise InputError(f"{path}: label {line.label!r} of {line.written}: expected sounding or non-sounding")
    if public.media is None:
        raise InputError(f"{path} pairs pictures with sounds, which only lists of Flickr-SoundNet and VGG-SS do")
    own = names.same(clip_name(line.written))
    if label in SOUNDING_LABELS:
        if line.sound != line.written or not own:
            raise InputError(
                f"{path}: {line.written} with the sound of {line.sound} is called sounding, but not annotated"
            )
        return by_name[own[0]]
    picture, sound = public.media(own[0] if own else line.written), public.media(line.sound)
    media = type(picture)(picture.pictures, sound.sounds, picture.folders)
    return Labelled(f"{line.written}+{line.sound}", own[0] if own else line.written, ("",), (), media, sounding=False)
