"""Made-up media and annotations in the layouts of the public sets of sounding objects."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from PIL import Image

RATE = 16_000


def write_picture(file: Path, level: int = 90, size: tuple[int, int] = (64, 48)) -> Path:
    """Write a picture of `size` (width, height): grey of `level`, its left half 60 brighter; black if negative."""
    pixels = np.full((size[1], size[0], 3), max(level, 0), np.uint8)
    pixels[:, : size[0] // 2] = level + 60 if level >= 0 else 0
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file, quality=95)
    return file


def tones(seconds: float, rate: int = RATE) -> np.ndarray:
    """A tone of 200 + 100 k Hz in second k, (samples,)."""
    time = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * (200 + 100 * np.floor(time)) * time)


def write_sound(file: Path, seconds: float = 0.5, rate: int = RATE) -> Path:
    """Write `tones`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, tones(seconds, rate), rate)
    return file


def write_video(file: Path, frames: int, rate: float = 25.0) -> Path:
    """Write a video without sound whose frame k is grey of level k."""
    file.parent.mkdir(parents=True, exist_ok=True)
    video = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"mp4v"), rate, (64, 48))
    for level in range(frames):
        video.write(np.full((48, 64, 3), level, np.uint8))
    video.release()
    return file


def write_clip(media: Path, name: str, level: int = 90, seconds: float = 0.5) -> None:
    """Write a picture and a sound as most loaders want them: frames/NAME.jpg, audio/NAME.wav."""
    write_picture(media / "frames" / f"{name}.jpg", level)
    write_sound(media / "audio" / f"{name}.wav", seconds)


def write_json(file: Path, entries: Any) -> Path:
    """Write annotations in JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(entries))
    return file


def write_xml(file: Path, annotators: list[list[tuple[float, float, float, float]]]) -> Path:
    """Write the boxes of annotators as Flickr-SoundNet has them."""
    text = "".join(f"<annotator><tag>object</tag>{''.join(map(_bbox, boxes))}</annotator>" for boxes in annotators)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"<annotation>{text}</annotation>")
    return file


def _bbox(box: tuple[float, float, float, float]) -> str:
    names = ("xmin", "ymin", "xmax", "ymax")
    numbers = "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, box, strict=True))
    return f"<bbox><label>dog</label>{numbers}</bbox>"


def write_public_sets(folder: Path) -> None:
    """Write a clip or two of each public set into `folder`, under the names that docs/generate.md uses."""
    media = folder / "path/to"
    names = ("RgyqhpOJFM4_000030", "-3Kv4fdm7Uk_000030")
    for name in names:
        write_clip(media / "vggsound", name)
    write_json(
        folder / "vggss.json", [{"file": name, "class": "dog", "bbox": [[0.2, 0.2, 0.6, 0.9]]} for name in names]
    )
    (folder / "vggss_heard_test.csv").write_text(f"{names[0]}\n")
    (folder / "vggss_144k.txt").write_text("AAAAAAAAAAA_000001\n")
    (folder / "my_training.csv").write_text("AAAAAAAAAAA,2\n")
    write_clip(media / "flickr", "10000130166")
    write_xml(media / "flickr/Annotations/10000130166.xml", [[(0, 0, 99, 99)], [(9, 9, 99, 99)], [(0, 9, 99, 200)]])
    write_named(
        media / "is3", folder / "synthetic3240_bbox.json", "visual_frames/cat_dog_1_cat.jpg", "cat_dog_1_cat.wav"
    )
    frame = "test/helicopter/0d9u2CymIxc/0d9u2CymIxc_1.png"
    write_named(media / "s4_data", folder / "s4_box.json", f"visual_frames/{frame}", "0d9u2CymIxc.wav")
    write_picture(media / "s4_data/gt_masks" / frame)
    duet = {"file": "HnUOaSfTA6c_000_00000"}
    duet |= {
        f"{key}_src{k}": value for k in (1, 2) for key, value in (("class", "cello"), ("bbox", [0.1, 0.2, 0.3, 0.4]))
    }
    write_clip(media / "music", "HnUOaSfTA6c_000_00000")
    write_json(folder / "music_duet.json", [duet])
    segment = "P03_105-00:01:08.04-00:01:09.19-3401-3459"
    write_picture(media / "epic/P03_105/frame_0000003421.jpg")
    write_sound(media / f"epic/{segment}.wav")
    write_json(folder / "soundingobject.json", [{"video": segment, "frame": 3421, "bbox": [[0.1, 0.2, 0.5, 0.7]]}])


def write_named(media: Path, annotations: Path, image: str, audio: str) -> None:
    """Write a picture and a sound into `media`, and annotations that name both and box part of the picture."""
    write_picture(media / image)
    write_sound(media / "audio_wav" / audio)
    write_json(annotations, [{"image": f"/data/{image}", "audio": f"/data/{audio}", "gt_box": [20, 30, 100, 200]}])
