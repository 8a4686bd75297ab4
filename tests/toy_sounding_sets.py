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
