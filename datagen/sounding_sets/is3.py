"""IS3 and VPO (Senocak et al., 2024): several sounds for one picture, boxes in pixels of 224 x 224.

A name is PICTURE_SOUND, such as cat_alarmclock_1828_cat; pictures of one name before the last underscore are the same
one, and IIoU asks for all their sounds at once.
"""

from pathlib import Path, PurePosixPath

from ...errors import InputError
from .boxes import all_corners, boxes_of, refuse_other_frames, repaired, scaled
from .entries import four_numbers, numbered, path_in, read_entries
from .labelled import Annotations, Labelled, MediaNames, PublicSet, path_ends, without_last_token

FRAME_SIDE = 224


def read(path: Path) -> Annotations:
    """Return the annotations in the JSON file at `path`: objects with image, audio and gt_box."""
    pictures = []
    for entry, where in numbered(read_entries(path, ("image", "audio", "gt_box")), path):
        image, audio = (path_in(entry, key, where) for key in ("image", "audio"))
        name = PurePosixPath(image).stem
        if PurePosixPath(image).parent.name in (
            without_last_token(name),
            without_last_token(name).removesuffix(".mp4"),
        ):
            raise InputError(f"{where}: {name} lies in a folder of its video: AVSBench is imported with `avsbench`")
        category = name.rpartition("_")[2]
        corners = scaled(four_numbers(entry["gt_box"], where), FRAME_SIDE)
        media = MediaNames(path_ends(image, 2), path_ends(audio, 2))
        group = without_last_token(name)
        boxes = boxes_of([corners])
        pictures.append(Labelled(name, group, ("" if category.isdigit() else category,), boxes, media))
    refuse_other_frames(all_corners(pictures), FRAME_SIDE, path)
    return repaired(pictures)


IS3 = PublicSet(
    title="IS3 or VPO: several sounds for one picture, boxes in pixels of 224",
    frame="the picture that the annotations name",
    sound="the sound that the annotations name",
    read=read,
)
