"""The pages of imported sounding objects and of panning sets: what they show is what is stored."""

import base64
import io
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from toy_panning import ToyPanning
from toy_sounding_sets import write_clip, write_json, write_xml

from whence.cli import main
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.sounding_objects_import import plan_import


def page_of(url: str, file: Path) -> str:
    with pytest.raises(SystemExit) as done:
        main(["inspect", url, "--html", str(file)])
    assert done.value.code == 0
    return file.read_text()


def sounds(page: str) -> list[np.ndarray]:
    """The samples of every player."""
    found = []
    for data in re.findall(r'src="data:audio/wav;base64,([^"]+)"', page):
        with wave.open(io.BytesIO(base64.b64decode(data))) as file:
            found.append(np.frombuffer(file.readframes(file.getnframes()), "<i2"))
    return found


def drawings(page: str) -> list[str]:
    return [base64.b64decode(data).decode() for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)]


def test_an_imported_set_shows_its_boxes_and_plays_its_sounds(tmp_path):
    media = tmp_path / "media"
    names = {"AAAAAAAAAAA_000001": "dog barking", "BBBBBBBBBBB_000002": "cat purring"}
    for name, level in zip(names, (40, 90), strict=True):
        write_clip(media, name, level, seconds=0.5)
    entries = [
        {"file": name, "class": kind, "bbox": [[0.25, 0.5, 0.75, 1.0]] * (k + 1)}
        for k, (name, kind) in enumerate(names.items())
    ]
    url = str(tmp_path / "vgg.zarr")
    generate(plan_import("vgg-ss", str(media), write_json(tmp_path / "vggss.json", entries)), url)
    page, dry = page_of(url, tmp_path / "page.html"), Dataset(url).column("dry")[:, 0].astype(float)
    assert "vgg-ss: 2 clips of 2 pictures or videos" in page
    assert all(f"<figcaption>{kind}: of the boxed sources" in page for kind in names.values())
    for svg, kind, boxes in zip(drawings(page), names.values(), (1, 2), strict=True):
        assert f">{kind}</text>" in svg
        assert len(re.findall(r'<g id="patch_\d+">\s*<path[^>]*stroke-width: 2', svg)) == boxes
    for heard, stored in zip(sounds(page), dry, strict=True):
        np.testing.assert_allclose(heard / np.abs(heard).max(), stored / np.abs(stored).max(), atol=1e-3)


def test_boxes_of_three_people_who_named_nothing(tmp_path):
    write_clip(tmp_path / "media", "10000130166")
    drawn = [[(0, 0, 99, 99)], [(9, 9, 99, 99)], [(0, 9, 99, 200)]]
    write_xml(tmp_path / "Annotations/10000130166.xml", drawn)
    url = str(tmp_path / "flickr.zarr")
    generate(plan_import("flickr-soundnet", str(tmp_path / "media"), tmp_path / "Annotations"), url)
    page = page_of(url, tmp_path / "page.html")
    (svg,) = drawings(page)
    assert "A picture with 3 boxes" in page
    assert len(re.findall(r"stroke-dasharray[^;\"]*", svg)) >= 2, "the second and third annotator's"


def test_a_panning_set_shows_its_objects_and_plays_the_mixture(tmp_path):
    url = str(tmp_path / "p.zarr")
    generate(ToyPanning(rows=2), url)
    page = page_of(url, tmp_path / "page.html")
    assert "panning: 2 clips in 2 homes" in page
    first = Dataset(url).column("azimuth")[0]
    assert f"kettle ({first[0]:+.0f}°, 2.0 m)" in page
    assert len(drawings(page)) == 2
    assert all(f">{kind}</text>" in svg for svg in drawings(page) for kind in ("kettle", "dog", "fan", "radio"))
    assert len(sounds(page)[0]) == 12 * 16_000
