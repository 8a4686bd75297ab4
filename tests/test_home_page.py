"""The page of an HM3D-SS dataset: what it shows is what is stored, and a real browser shows it."""

import base64
import io
import re
import shutil
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from box_scenes import box_room
from conftest import babble
from PIL import Image

from whence.benchmarks.display.inspection import describe, licences
from whence.benchmarks.stimuli.binaural.home_example import read_example
from whence.benchmarks.stimuli.binaural.home_page import write_home_page
from whence.commands.dataset import inspect
from whence.conventions import wrap_degrees
from whence.datagen.dataset import Dataset
from whence.datagen.home_fields import home_fields
from whence.datagen.pipeline import generate
from whence.datagen.raycast import render
from whence.datagen.shards import Field, Layout
from whence.errors import InputError

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
VIEWS, SOURCES, RT60 = 4, 2, 0.3
HEADINGS = np.array([20.0, 65.0, 340.0, 5.5])
EYE = np.array([0.3, 1.5, -0.2])
SOURCE_POSITIONS = np.array([[-1.2, 1.1, -1.5], [1.7, 0.9, 0.4]])


@dataclass(frozen=True)
class Dry:
    """Two dry clips."""

    dataset: str = "dry-clips"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {}

    @property
    def layout(self) -> Layout:
        return Layout("clip", 2, 2, (Field("audio", "int16", "dry", (122_400,), ("sample",), chunk_rows=1),))

    def render(self, row: int) -> dict[str, Any]:
        return {"audio": np.rint(20_000 * babble(7.65, np.random.default_rng(row)))}


@dataclass(frozen=True)
class Homes:
    """Two examples in a room of boxes; a response is a pulse, louder at the nearer ear, and decaying noise."""

    whole: bool = True
    dataset: str = "hm3d-ss"

    @property
    def recipe(self) -> Mapping[str, Any]:
        return {"whole": self.whole}

    @property
    def provenance(self) -> Mapping[str, Any]:
        return {}

    @property
    def parts(self) -> Mapping[str, Any]:
        return {"dry": Dry()} if self.whole else {}

    @property
    def layout(self) -> Layout:
        missing = () if self.whole else ("depth", "shared", "dry_clip")
        fields = tuple(field for field in home_fields(VIEWS, SOURCES) if field.name not in missing)
        return Layout("example", 2, 1, fields)

    def render(self, row: int) -> dict[str, Any]:
        views = [render(box_room(row), EYE, heading) for heading in HEADINGS]
        away = SOURCE_POSITIONS - EYE
        azimuth = wrap_degrees(np.degrees(np.arctan2(-away[:, 0], -away[:, 2]))[:, None] - HEADINGS)
        direct = np.zeros((SOURCES, VIEWS, 2, 512))
        direct[..., 0, 20] = np.where(azimuth > 0, 0.4, 0.1)
        direct[..., 1, 20] = np.where(azimuth > 0, 0.1, 0.4)
        noise = np.random.default_rng(row).standard_normal((SOURCES, VIEWS, 2, 16_000))
        everything = {
            "image": np.stack([view.image for view in views]),
            "depth": np.rint(1000 * np.stack([view.depth for view in views])),
            "impulse_response_direct": direct,
            "impulse_response_indirect": 0.1 * noise * 10 ** (-3 * np.arange(16_000) / 16_000 / RT60),
            "sample_id": f"boxes-{row}/<b>&0",
            "scene": f"boxes-{row}",
            "split": "test",
            "heading": HEADINGS,
            "rotation": wrap_degrees(HEADINGS - HEADINGS[0]),
            "camera_position": np.tile(EYE, (VIEWS, 1)),
            "shared": np.full(VIEWS, 12.0),
            "source_position": SOURCE_POSITIONS,
            "azimuth": azimuth,
            "distance": np.repeat(np.linalg.norm(away, axis=1)[:, None], VIEWS, axis=1),
            "rt60": np.full((SOURCES, VIEWS, 2), RT60 if row == 0 else np.nan),
            "direct_to_reverberant": np.full((SOURCES, VIEWS, 2), -3.25),
            "dry_clip": np.arange(SOURCES),
        }
        return {field.name: everything[field.name] for field in self.layout.fields}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = str(tmp_path_factory.mktemp("homes") / "homes.zarr")
    generate(Homes(), path)
    return Dataset(path)


@pytest.fixture(scope="module")
def page(homes: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_home_page(homes, tmp_path_factory.mktemp("page") / "homes.html")


@pytest.fixture(scope="module")
def source(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def decoded(source: str, kind: str) -> list[bytes]:
    """The embedded files of a kind, in order."""
    return [base64.b64decode(data, validate=True) for data in re.findall(rf"data:{kind};base64,([^\"]+)", source)]


def test_the_views_are_shown_without_loss(homes: Dataset, source: str) -> None:
    shown = [np.asarray(Image.open(io.BytesIO(data))) for data in decoded(source, "image/png")]
    assert np.array_equal(np.stack(shown), homes.column("image").reshape(-1, 240, 320, 3))


def test_speech_is_heard_on_the_side_of_the_source(homes: Dataset, source: str) -> None:
    sounds = decoded(source, "audio/wav")
    azimuth = homes.column("azimuth")[:, 0].ravel()
    assert len(sounds) == len(azimuth) == 8
    assert {True, False} == set((azimuth > 0).tolist())
    for data, angle in zip(sounds, azimuth, strict=True):
        with wave.open(io.BytesIO(data)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (16_000, 2, 40_000)
            left, right = np.frombuffer(sound.readframes(40_000), "<i2").reshape(-1, 2).T.astype(float)
        assert (np.sum(left**2) > np.sum(right**2)) == (angle > 0)


def test_every_azimuth_stands_in_the_table(homes: Dataset, source: str) -> None:
    cells = re.findall(r'<td class="number">([^<]+)°<small>([^<]+)</small>', source)
    shown = [float(angle.replace("\N{MINUS SIGN}", "-")) for angle, _ in cells]
    np.testing.assert_allclose(shown, homes.column("azimuth").ravel(), atol=0.05 + 1e-9)
    assert {room for _, room in cells} == {"0.30 s, \N{MINUS SIGN}3.2 dB", "no RT60, \N{MINUS SIGN}3.2 dB"}


def test_the_plan_is_the_room(homes: Dataset) -> None:
    """Depth goes back to points on the walls at x = 3.5 and z = 3 m, on the floor, or on boxes between them."""
    points = read_example(homes, 0).points(1)
    assert points is not None
    reach = np.abs(points.place).max(axis=0)
    np.testing.assert_allclose(reach, [3.5, 3.0], atol=0.003)
    assert points.height.min() == pytest.approx(0.0, abs=0.003)
    first = points.place[: 240 * 320].reshape(240, 320, 2)[200, 160] - EYE[[0, 2]] * [1, -1]
    assert np.degrees(np.arctan2(-first[0], first[1])) == pytest.approx(HEADINGS[0], abs=0.3)


def test_names_are_escaped_and_nothing_comes_from_elsewhere(source: str) -> None:
    assert "boxes-0/&lt;b&gt;&amp;0" in source
    assert "boxes-0/<b>" not in source
    assert "<script" not in source
    assert not re.findall(r'(?:src|href)="(?!data:|#)', source)


def test_the_same_dataset_gives_the_same_page(homes: Dataset, tmp_path: Path) -> None:
    first, second = (write_home_page(homes, tmp_path / name, examples=1).read_text("utf-8") for name in ("a", "b"))
    assert first == second
    assert first.count("<article") == 1


def test_imported_examples_have_neither_depth_nor_speech(tmp_path: Path) -> None:
    path = str(tmp_path / "imported.zarr")
    generate(Homes(whole=False), path)
    source = write_home_page(Dataset(path), tmp_path / "page.html", examples=1).read_text(encoding="utf-8")
    assert len(decoded(source, "image/png")) == 4
    assert not decoded(source, "audio/wav")
    assert "depth of the views" not in source


def test_only_tables_that_say_something_are_shown(homes: Dataset, tmp_path: Path) -> None:
    generate(Homes(whole=False), str(tmp_path / "imported.zarr"))
    for dataset in (homes, homes.part("dry"), Dataset(str(tmp_path / "imported.zarr"))):
        tables = describe(dataset)
        assert all(table.rows for table in tables)
        assert "sources" not in [table.caption for table in tables], "none is recorded"


def test_sources_are_shown_with_their_terms() -> None:
    about = {"speech": {"kind": "recorded", "licences": {"CC0": 3}}, "scenes": {"location": "x", "licence": "MIT"}}
    dataset: Any = SimpleNamespace(attributes=about)
    assert licences(dataset).rows == [["recorded", "CC0", "3 clips"], ["scenes", "MIT", ""]]


def test_dry_clips_have_no_page(homes: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no page for datasets of kind 'dry-clips'; leave --html out"):
        inspect(f"{homes.url}/dry", html=tmp_path / "page.html")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a screen, driven by selenium."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromedriver: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    switches = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    for switch in [*switches.split(), "disable-component-update", "disable-sync"]:
        options.add_argument(f"--{switch}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_a_browser_shows_every_picture_and_player(browser: Any, page: Path, width: int, scheme: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    players = "return [...document.querySelectorAll('audio')].map(a => [a.readyState, a.duration])"
    WebDriverWait(browser, 20).until(lambda b: all(state >= 1 for state, _ in b.execute_script(players)))
    durations = [duration for _, duration in browser.execute_script(players)]
    np.testing.assert_allclose(durations, [2.5] * 8, atol=0.01)
    widths = browser.execute_script("return [...document.images].map(i => i.naturalWidth)")
    assert len(widths) == 8 + 2 * (1 + SOURCES) + 4
    assert min(widths) > 0
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.get_log("browser") == []
    plan = browser.find_element("css selector", ".home .figures img")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(plan.screenshot_as_base64))).convert("L"))
    assert (np.median(picture) > 200) == (scheme == "light")
