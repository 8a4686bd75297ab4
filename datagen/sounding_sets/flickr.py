"""Flickr-SoundNet with the boxes of three annotators (Senocak et al., CVPR 2018).

ID.xml has one element per annotator, which holds any number of `bbox`. Each has five children: the first is no
coordinate, the others are x0, y0, x1, y1 in a frame of 256 x 256 pixels. No file may declare a document type, because
entities can expand without end.
"""

from pathlib import Path
from xml.etree import ElementTree

from ...errors import InputError
from .boxes import all_corners, boxes_of, refuse_other_frames, repaired, scaled
from .labelled import Annotations, Box, Corners, Labelled, MediaNames, PublicSet

ANNOTATORS = 3
FRAME_SIDE = 256
LARGEST_FILE = 1 << 20
_ANNOTATIONS = "give the folder of ID.xml"


class _Fault(Exception):
    """Why the annotations of one picture cannot be read."""


def media(name: str) -> MediaNames:
    """Return where the media of clip `name` lie."""
    return MediaNames((name,), (name,), folders=(name, f"{name}.mp4"))


def read(path: Path) -> Annotations:
    """Return the annotations in the folder (or the one file) at `path`."""
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    files = [file for file in files if not file.name.startswith(".")]
    if not files:
        raise InputError(f"{path} holds no XML file: {_ANNOTATIONS}")
    pictures = [_read(file) for file in files]
    if all(picture.fault for picture in pictures):
        raise InputError(f"{pictures[0].fault}: {_ANNOTATIONS}")
    refuse_other_frames(all_corners(pictures), FRAME_SIDE, path)
    return repaired(pictures)


def _read(file: Path) -> Labelled:
    try:
        return Labelled(file.stem, file.stem, ("",), _boxes(file), media(file.stem))
    except _Fault as fault:
        return Labelled(file.stem, file.stem, ("",), (), media(file.stem), fault=f"{file}: {fault}")


def _boxes(file: Path) -> tuple[Box, ...]:
    blocks = [child for child in _root(file) if len(child) or not (child.text or "").strip()]
    drawn = [[each for each in block if each.tag == "bbox"] for block in blocks]
    if len(drawn) > ANNOTATORS:  # other elements stand beside the annotators
        drawn = [boxes for boxes in drawn if boxes]
    if not any(drawn):
        raise _Fault("no annotator drew a bbox")
    if len(drawn) > ANNOTATORS:
        raise _Fault(f"{len(drawn)} annotators, expected {ANNOTATORS}")
    return tuple(
        box
        for number, boxes in enumerate(drawn)
        for box in boxes_of((scaled(_corners(each), FRAME_SIDE) for each in boxes), annotator=number)
    )


def _root(file: Path) -> ElementTree.Element:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise _Fault(f"larger than {LARGEST_FILE >> 20} MiB")
        content = file.read_bytes()
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise _Fault(f"cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise _Fault("not XML in UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _Fault("declares a document type, which is refused because entities may expand without end")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise _Fault(f"not XML ({error})") from None


def _corners(box: ElementTree.Element) -> Corners:
    if len(box) != 5:
        raise _Fault(f"a bbox has {len(box)} elements, expected one and then x0, y0, x1, y1")
    try:
        x0, y0, x1, y1 = (float(each.text or "") for each in box[1:])
    except ValueError:
        written = [(each.text or "")[:20] for each in box[1:]]
        raise _Fault(f"a bbox has the coordinates {written}, expected numbers") from None
    return x0, y0, x1, y1


FLICKR = PublicSet(
    title="Flickr-SoundNet: the boxes of three annotators, ID.xml",
    frame="ID.jpg, or the first frame of folder ID",
    sound="ID.wav (mp3, flac, ...)",
    read=read,
    annotators=ANNOTATORS,
    media=media,
)
