"""Epic Sounding Object (Huang et al., 2023): frames of short segments of EPIC-KITCHENS, boxes as fractions."""

import re
from pathlib import Path

from .boxes import all_corners, boxes_of, refuse_pixels, repaired
from .entries import boxes_in, numbered, read_entries, text_in, whole_number_in
from .labelled import Annotations, Labelled, MediaNames, PublicSet

FRAMES_PER_SECOND = 50


def read(path: Path) -> Annotations:
    """Return the annotations in the JSON file at `path`: objects with video, frame and bbox."""
    pictures = []
    for entry, where in numbered(read_entries(path, ("video", "frame", "bbox")), path):
        segment, frame = text_in(entry, "video", where), whole_number_in(entry, "frame", where)
        boxes = boxes_of(boxes_in(entry, where))
        pictures.append(Labelled(f"{segment}_{frame}", segment, ("",), boxes, _media(segment, frame)))
    refuse_pixels(all_corners(pictures), path)
    return repaired(pictures)


def _media(segment: str, frame: int) -> MediaNames:
    """Return where the media of a `frame`, counted through the recording, of `segment` lie.

    A segment is RECORDING-START-END-FIRST_FRAME-LAST_FRAME.
    """
    recording = segment.partition("-")[0]
    written = f"frame_{frame:010d}"
    pictures = (f"{segment}/{written}", f"{recording}/{written}", f"{segment}/{frame}", f"{segment}_{frame}")
    first = re.search(r"-(\d+)-\d+$", segment)
    second = (frame - int(first[1])) / FRAMES_PER_SECOND if first and int(first[1]) <= frame else None
    return MediaNames(pictures, (segment,), video_second=second)


EPIC = PublicSet(
    title="Epic Sounding Object: soundingobject.json, boxes as fractions",
    frame="frame_FRAME.jpg in folder RECORDING or SEGMENT (ten digits), SEGMENT_FRAME.jpg, or that frame of the video "
    "of the segment at 50 frames a second",
    sound="SEGMENT.wav (mp3, flac, ...), or that of the video of the segment",
    read=read,
)
