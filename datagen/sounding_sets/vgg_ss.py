"""VGG-SS (Chen et al., CVPR 2021): clips of ten seconds, boxes as fractions of the frame after five."""

from pathlib import Path

from ..clip_names import clip_name
from .boxes import all_corners, boxes_of, refuse_pixels, repaired
from .entries import boxes_in, numbered, read_entries, text_in
from .labelled import Annotations, Labelled, MediaNames, PublicSet

FRAME, FRAMES_PER_SECOND = 125, 25
_CLIP_SECONDS = 10


def media(name: str) -> MediaNames:
    """Return where the media of clip `name` lie: by its name, or by video, start and end in milliseconds."""
    video, start = clip_name(name)
    names, frames = [name], [name, f"{name}/{FRAME}"]
    if start is not None:
        names.append(f"{video}_{start * 1000}_{(start + _CLIP_SECONDS) * 1000}")
        frames += [names[-1], f"{names[-1]}/image_050"]  # at 10 frames a second
    return MediaNames(tuple(frames), tuple(names), video_second=FRAME / FRAMES_PER_SECOND)


def read(path: Path) -> Annotations:
    """Return the annotations in the JSON file at `path`: objects with file, class and bbox."""
    pictures = []
    for entry, where in numbered(read_entries(path, ("file", "class", "bbox")), path):
        name, category = text_in(entry, "file", where), text_in(entry, "class", where)
        pictures.append(Labelled(name, name, (category,), boxes_of(boxes_in(entry, where)), media(name)))
    refuse_pixels(all_corners(pictures), path)
    return repaired(pictures)


VGG_SS = PublicSet(
    title="VGG-SS: vggss.json, boxes as fractions",
    frame="ID.jpg, frame 125 of folder ID (25 frames a second), image_050 of folder VIDEO_START_END (10 frames a "
    "second), or frame 125 of 25 a second, counted from 0, of video ID",
    sound="ID.wav (mp3, flac, ...), or that of the video",
    read=read,
    media=media,
)
