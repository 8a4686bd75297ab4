"""AVSBench, single (S4) and multiple (MS3) sources: five frames of each video, as masks or as boxes around them.

Masks are pictures in folders of their videos, sounding where they are not black. Boxes are in pixels of 224 x 224, and
[0, 0, 0, 0] means that nothing sounds.
"""

from pathlib import Path, PurePosixPath

from ...errors import InputError
from ..pictures import picture_files
from .boxes import all_corners, boxes_of, refuse_other_frames, repaired, scaled
from .entries import four_numbers, numbered, path_in, read_entries
from .labelled import Annotations, Labelled, MediaNames, PublicSet, path_ends, without_last_token

FRAME_SIDE = 224
_NO_CATEGORY = frozenset(("", "train", "val", "test", "gt_masks", "visual_frames", "masks", "frames", "labels"))
_EMPTY = (0.0, 0.0, 0.0, 0.0)


def read(path: Path) -> Annotations:
    """Return the annotations at `path`: a JSON file of boxes, or a folder of masks."""
    return _masks(path) if path.is_dir() else _boxes(path)


def _boxes(path: Path) -> Annotations:
    pictures = []
    for entry, where in numbered(read_entries(path, ("image", "audio", "gt_box")), path):
        image, audio = (path_in(entry, key, where) for key in ("image", "audio"))
        corners = four_numbers(entry["gt_box"], where)
        boxes = boxes_of([] if corners == _EMPTY else [scaled(corners, FRAME_SIDE)])
        frame = PurePosixPath(image)
        if frame.parent.name != _video(frame.stem):
            raise InputError(
                f"{where}: {image[-80:]} lies in no folder of its video, as those of AVSBench do: is it another set's?"
            )
        media = MediaNames(path_ends(image, 3), path_ends(audio, 2))
        pictures.append(Labelled(frame.stem, _video(frame.stem), (_category(frame),), boxes, media))
    refuse_other_frames(all_corners(pictures), FRAME_SIDE, path)
    return repaired(pictures)


def _video(stem: str) -> str:
    """Return the video of a frame: both V_1 and V.mp4_1 are of V."""
    return without_last_token(stem).removesuffix(".mp4")


def _category(frame: PurePosixPath) -> str:
    """Return the category of a frame at .../CATEGORY/VIDEO/VIDEO_1.png, "" if the folder names none."""
    folder = frame.parent.parent.name
    return "" if folder in _NO_CATEGORY else folder


def _masks(path: Path) -> Annotations:
    pictures = []
    for name in picture_files(path):
        file = PurePosixPath(name)
        video = _video(file.stem)
        if file.parent.name != video:
            raise InputError(f"{path / name} lies in no folder {video}: give the folder of masks VIDEO/VIDEO_1.png")
        number = file.stem.rpartition("_")[2]
        frames = (*path_ends(name, 3), f"{video}/{video}.mp4_{number}", f"{video}.mp4_{number}")
        category = _category(file)
        sounds = (*((f"{category}/{video}",) if category else ()), video)
        pictures.append(
            Labelled(file.stem, video, (category,), (), MediaNames(frames, sounds), mask=str((path / name).resolve()))
        )
    if not pictures:
        raise InputError(f"{path} holds no mask: give the folder of VIDEO/VIDEO_1.png, or the JSON file of boxes")
    return Annotations(tuple(pictures))


AVSBENCH = PublicSet(
    title="AVSBench S4 or MS3: a folder of masks, or boxes in pixels of 224",
    frame="the frame that the annotations name, or VIDEO_k.png (VIDEO.mp4_k.png) for mask VIDEO_k.png",
    sound="VIDEO.wav (mp3, flac, ...), for every frame of the video",
    read=read,
)
