"""The report of a run: one page with everything in it, read by a parser and opened in a real browser."""

import base64
import io
import platform
import re
import shutil
import wave
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import soundfile

from whence.benchmarks.bench import bench, open_run
from whence.benchmarks.display.sounds import as_sound
from whence.benchmarks.report.page import chance_gap, headline, write_report
from whence.benchmarks.report.view import View
from whence.benchmarks.report.worst import worst_samples
from whence.benchmarks.running.predictions import score_file
from whence.benchmarks.scoring.results import score
from whence.benchmarks.stimuli.stereo.batch import degrade, second_talkers
from whence.benchmarks.stimuli.stereo.condition import StereoCondition as Condition
from whence.datagen.brir import BrirPlan, BrirRecipe
from whence.datagen.corpora import open_corpus
from whence.datagen.in_the_wild import InTheWildPlan, read_labels
from whence.datagen.measured_responses import read_responses, responses_digest
from whence.datagen.pipeline import generate
from whence.datagen.recipes import read_record
from whence.datagen.tde import TdePlan, TdeRecipe

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
METHODS = ("zero", "gcc-phat", "gcc-phat:protocol=best")
GRID = (Condition(snr_db=10.0, votes=4), Condition(snr_db=-10.0, votes=4))
COMMAND = "whence bench tde 'a & b.zarr' --snr 10 -10 --votes 4"
NAUGHTY = '<b>_&"$x^{$'


class Page(HTMLParser):
    """Every tag of a page with its attributes, and the text outside of style sheets."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self._tag = [], "", ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self._tag = tag
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += "" if self._tag == "style" else data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def decoded(uri, kind):
    head, _, data = uri.partition(",")
    assert head == f"data:{kind};base64"
    return base64.b64decode(data, validate=True)


def read_wav(uri):
    with wave.open(io.BytesIO(decoded(uri, "audio/wav"))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 2, 2)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2).T


@pytest.fixture(scope="session")
def speech(tmp_path_factory):
    """Four speakers' files of noise that comes and goes."""
    folder = tmp_path_factory.mktemp("speech")
    rng = np.random.default_rng(1)
    for speaker in range(4):
        (folder / f"speaker{speaker}").mkdir()
        loudness = 0.3 + 0.2 * np.sin(np.linspace(0, 40, 32000))
        soundfile.write(folder / f"speaker{speaker}" / "a.wav", loudness * rng.uniform(-1, 1, 32000), 16000)
    return folder


@pytest.fixture(scope="session")
def dataset(speech, tmp_path_factory):
    """TDE-Simulation, 24 clips: three rooms, two RT60."""
    corpus = open_corpus(str(speech), minimum_seconds=1.5)
    url = str(tmp_path_factory.mktemp("data") / "tde.zarr")
    generate(TdePlan(TdeRecipe(clips=4, rt60=(0.1, 0.3), corpus=corpus.digest), corpus), url)
    return url


@pytest.fixture(scope="session")
def run(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return bench("tde", dataset, folder, methods=METHODS, conditions=GRID, command=COMMAND)


@pytest.fixture
def few(monkeypatch):
    """Two clips in place of ten, to save time."""
    monkeypatch.setattr("whence.benchmarks.report.worst.COUNT", 2)


@pytest.fixture(scope="session")
def page(run):
    return Page(run.folder / "report.html")


def rescored(run, folder, scored):
    """Return `run` with other terms, in another folder."""
    results = score(run.track, run.labels, scored, run.results.dataset, "paper")
    return replace(run, folder=folder, scored=scored, results=results)


def renamed(run, old, new, folder):
    """Return `run` with a method called otherwise, in another folder."""
    return rescored(run, folder, [replace(p, method=new if p.method == old else p.method) for p in run.scored])


def predicting(run, method, values, folder):
    """Return `run` with other predictions of one method, in another folder."""
    scored = []
    for one in run.scored:
        if one.method == method:
            table = parquet.read_table(one.file)
            place = table.schema.get_field_index("prediction")
            answers = np.broadcast_to(np.asarray(values, dtype=float), len(run.labels))
            file = folder / one.file.name
            folder.mkdir(parents=True, exist_ok=True)
            parquet.write_table(table.set_column(place, "prediction", pa.array(answers)), file)
            one = score_file(file, run.track, run.labels)
        scored.append(one)
    return rescored(run, folder, scored)


def test_every_picture_is_an_image_with_words_for_it(page):
    images = page.all("img")
    # A heat map a method, lines, the distribution, two scatter plots, ten clips.
    assert len(images) == len(METHODS) + 1 + 1 + 2 + 10
    for image in images:
        assert image["alt"]
        root = ElementTree.fromstring(decoded(image["src"], "image/svg+xml"))
        assert root.tag.endswith("svg")
        for inner in root.iter("{http://www.w3.org/2000/svg}image"):
            png = "".join(inner.get("{http://www.w3.org/1999/xlink}href").split())
            assert decoded(png, "image/png").startswith(b"\x89PNG")


def test_every_clip_has_the_stored_second_and_what_was_heard(page):
    sounds = [read_wav(audio["src"]) for audio in page.all("audio")]
    assert [sound.shape[1] for sound in sounds] == [GRID[0].kept_samples, 16000] * 10
    assert all("controls" in audio and audio["aria-label"] for audio in page.all("audio"))
    assert "what the method heard, 64 ms" in page.text
    assert {int(np.abs(sound.astype(int)).max()) for sound in sounds} == {29490}


def test_what_is_played_is_what_the_harness_gave_the_method(dataset, tmp_path, few):
    condition = Condition(snr_db=0.0, distractor=0.5, votes=4)
    run = bench("tde", dataset, tmp_path, methods=("gcc-phat",), conditions=(condition,))
    labels = run.labels
    worst = worst_samples(View(run), "gcc-phat", condition.stated())[0]
    row = labels.rows[worst]
    clip, other = run.dataset.audio([row])[0], run.dataset.audio([second_talkers(run.dataset, condition)[row]])[0]
    heard = degrade(clip, labels.sample_id[worst], condition, other, seed=0)
    first = read_wav(Page(tmp_path / "report.html").all("audio")[0]["src"])
    np.testing.assert_allclose(first, heard / np.abs(heard).max() * 0.9 * 32767, atol=0.51)


def test_the_page_needs_no_network_and_no_script(page):
    assert not page.all("script")
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "poster", "action"):
            assert (attributes.get(name) or "#").startswith(("data:", "#"))
    assert "http://" not in page.source
    assert "https://" not in page.source
    assert "url(" not in page.source
    assert "default-src 'none'" in page.source


def test_tables_have_heads_with_a_scope_and_numbers_to_the_right(page):
    assert len(page.all("table")) == 1 + len(GRID) * 3
    assert {head["scope"] for head in page.all("th")} == {"col", "row"}
    assert all((cell.get("class") or "").startswith("number") for cell in page.all("td"))
    assert all(region["tabindex"] == "0" for region in page.all("div") if region.get("role") == "region")


def test_what_was_measured_is_said(run, page):
    for text in (
        run.dataset.fingerprint[:12],
        "24 of 24",
        "speakers",
        "independent",
        "numpy",
        "chance",
        "ceiling",
    ):
        assert text in page.text


def test_the_page_says_how_it_was_made(run, page):
    machine = run.results.made["machine"]
    for text in (COMMAND, "whence generate --recipe report.html", machine["processor"], f"{machine['cores']} core"):
        assert text in page.text
    assert platform.node() not in page.text
    record = read_record(str(run.folder / "report.html"))
    assert (record.recipe, record.fingerprint) == (run.dataset.recipe, run.dataset.fingerprint)
    assert record.attributes["speech"]["clips"] == 4
    assert "location" not in record.attributes["speech"]


def test_the_page_holds_no_path_of_this_machine(run, page, speech):
    pictures = "".join(decoded(image["src"], "image/svg+xml").decode() for image in page.all("img"))
    for path in (run.dataset.url, str(run.folder), str(speech), str(Path.home()) + "/"):
        assert path not in page.source + pictures


def test_figures_for_papers_lie_beside_the_page(run):
    names = {path.name for path in (run.folder / "figures").iterdir()}
    drawn = ("heat-map", "lines", "error-distribution", "predicted-1", "predicted-2")
    expected = {f"{name}.{kind}" for name in drawn for kind in ("png", "pdf", "svg")}
    assert names == expected | {f"worst-{k:02d}.png" for k in range(1, 11)} | {"worst.pdf"}


def test_the_same_run_opened_again_gives_the_same_bytes(run):
    def contents():
        return {path: path.read_bytes() for path in [run.folder / "report.html", *(run.folder / "figures").iterdir()]}

    before = contents()
    write_report(open_run(run.folder))
    assert contents() == before


def test_pictures_of_an_earlier_report_are_removed(run, tmp_path, monkeypatch):
    monkeypatch.setattr("whence.benchmarks.report.page._render", lambda *_: "page")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "worst-11.png").touch()
    write_report(replace(run, folder=tmp_path))
    assert not (tmp_path / "figures" / "worst-11.png").exists()


def test_a_method_may_have_any_name(run, tmp_path, few):
    page = Page(write_report(renamed(run, "gcc-phat:protocol=best", NAUGHTY, tmp_path)))
    assert not page.all("b")
    assert NAUGHTY in page.text
    pictures = [decoded(image["src"], "image/svg+xml").decode() for image in page.all("img")]
    assert any("&lt;b&gt;_" in picture for picture in pictures)


def test_the_headline_names_the_best_method_and_its_gap_to_chance(run, tmp_path):
    perfect = predicting(run, "gcc-phat", run.labels.truth, tmp_path)
    text = headline(View(perfect))
    gap = chance_gap(View(perfect), "gcc-phat")
    assert text.startswith("gcc-phat is best, with MAE 0.000 ms (95 % interval 0.000–0.000 ms), SNR 10 dB.")
    assert gap.high < 0
    assert f"better by {-gap.value:.3f} ms ({-gap.high:.3f} to {-gap.low:.3f})" in text


def test_a_run_without_an_error_shows_no_worst_clip(run, tmp_path):
    page = Page(write_report(predicting(run, "gcc-phat", run.labels.truth, tmp_path)))
    assert "gcc-phat made no error (SNR 10 dB)" in page.text
    assert not page.all("audio")


def test_fewer_than_ten_clips_of_one_speaker(dataset, tmp_path):
    run = bench("tde", dataset, tmp_path, methods=("gcc-phat",), conditions=GRID[:1], max_samples=1)
    page = Page(run.folder / "report.html")
    assert len(page.all("audio")) == 2
    assert "interval unknown" in page.text


def test_a_run_that_does_not_listen_shows_no_worst_clip(dataset, tmp_path):
    run = bench("tde", dataset, tmp_path, methods=("zero",), conditions=GRID[:1])
    page = Page(run.folder / "report.html")
    assert "No method that listens was run." in page.text
    assert not page.all("audio")


def test_sides_are_shown_by_azimuth_and_their_worst_clips_are_the_surest_wrong_ones(dataset, tmp_path, few):
    methods = ("random", "iid-rms", "gcc-phat")
    run = bench("left-right", dataset, tmp_path, methods=methods, conditions=(Condition(snr_db=-10.0, votes=4),))
    page, view = Page(run.folder / "report.html"), View(run)
    assert "Accuracy by azimuth" in page.text
    assert " ms)" not in page.text
    method = view.best(view.middle)
    worst, predicted = worst_samples(view, method, view.middle), view.answers(method, view.middle)
    assert ((predicted[worst] >= 0) != (run.labels.truth[worst] > 0)).all()
    assert (np.diff(np.abs(predicted[worst])) <= 0).all()
    assert len(page.all("audio")) == 2 * len(worst) > 0


def test_published_numbers_stand_beside_ours_and_say_what_the_paper_leaves_open(speech, tmp_path, few):
    corpus = open_corpus(str(speech), minimum_seconds=1.5)
    url = str(tmp_path / "tde.zarr")
    generate(TdePlan(TdeRecipe(clips=2, rt60=(0.5,), corpus=corpus.digest), corpus), url)
    run = bench("tde", url, tmp_path / "run", methods=("gcc-phat",), conditions=(Condition(snr_db=10.0),))
    text = re.sub(r"\s+", " ", Page(run.folder / "report.html").text)
    assert "GCC-PHAT (mean)ours: gcc-phat" in text
    assert "StereoCRW, TDE main (Sec. 4.1)" in text
    assert "The paper does not print SNR and RT60." in text


def test_measured_responses_have_no_nominal_rt60(speech, tmp_path, few):
    for k, delay in enumerate((-6, 0, 6)):
        response = np.zeros((2, 800), np.float32)
        response[0, 100], response[1, 100 + delay] = 1.0, 0.8
        soundfile.write(tmp_path / f"{k}.wav", response.T, 16000, subtype="FLOAT")
    (tmp_path / "index.csv").write_text("file,azimuth_deg\n0.wav,-60\n1.wav,0\n2.wav,60\n")
    responses, corpus = read_responses(str(tmp_path)), open_corpus(str(speech), minimum_seconds=1.5)
    recipe = BrirRecipe(clips=4, room="lab", responses=responses_digest(responses), corpus=corpus.digest)
    generate(BrirPlan(recipe, responses, str(tmp_path), corpus), str(tmp_path / "brir.zarr"))
    run = bench("tde", str(tmp_path / "brir.zarr"), tmp_path / "run", methods=("zero", "gcc-phat"), conditions=GRID)
    page = Page(run.folder / "report.html")
    assert "MAE against SNR (dB)" in page.text
    assert "RT60, nominal" not in page.text
    assert len(page.all("img")) == 3 + len(page.all("audio")) // 2


def test_recordings_have_no_azimuth(tmp_path, few):
    rng = np.random.default_rng(3)
    for k in range(3):
        mono = rng.uniform(-0.3, 0.3, 33000)
        soundfile.write(tmp_path / f"video{k}.wav", np.stack([mono[500:], 0.5 * mono[:-500]], axis=1), 16000)
    rows = [f"x/video{k},{start},{label},0" for k in range(3) for start in (0, 10, 20) for label in (k,)]
    (tmp_path / "labels.csv").write_text("path,start_time,itd_label,if_flip\n" + "\n".join(rows) + "\n")
    clips, missing = read_labels(str(tmp_path / "labels.csv"), str(tmp_path))
    url = str(tmp_path / "wild.zarr")
    generate(InTheWildPlan(clips, str(tmp_path), len(missing)), url)
    conditions = (Condition(clip_seconds=0.48, votes=4),)
    run = bench("left-right", url, tmp_path / "run", methods=("random", "iid-rms"), conditions=conditions)
    page = Page(run.folder / "report.html")
    assert "videos" in page.text
    assert "Accuracy by azimuth" not in page.text
    assert 0 < len(page.all("audio")) <= 4


def test_a_sound_of_zeros_is_named_so():
    assert as_sound(np.zeros((2, 160))).duration == "10 ms of digital silence"


def test_the_page_is_written_whole_or_not_at_all(run, tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("earlier")
    monkeypatch.setattr("whence.benchmarks.report.page._render", lambda *_: "page")
    monkeypatch.setattr("whence.benchmarks.report.page.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_report(replace(run, folder=tmp_path))
    assert target.read_text() == "earlier"


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_every_picture_and_player(browser, run, page, width, scheme):
    from selenium.webdriver.support.wait import WebDriverWait

    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get((run.folder / "report.html").as_uri())
    players = "return [...document.querySelectorAll('audio')].map(a => [a.readyState, a.duration])"
    WebDriverWait(browser, 20).until(lambda b: all(state >= 1 for state, _ in b.execute_script(players)))
    durations = [duration for _, duration in browser.execute_script(players)]
    np.testing.assert_allclose(durations, [GRID[0].kept_samples / 16000, 1.0] * 10, atol=0.01)
    widths = browser.execute_script("return [...document.images].map(i => i.naturalWidth)")
    assert len(widths) == len(page.all("img"))
    assert min(widths) > 0
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.get_log("browser") == []


def test_pictures_follow_light_and_dark(browser, run):
    means = {}
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        browser.get((run.folder / "report.html").as_uri())
        image = browser.find_element("css selector", ".clip > img")
        png = io.BytesIO(base64.b64decode(image.screenshot_as_base64))
        from matplotlib import image as reader

        means[scheme] = float(reader.imread(png)[..., :3].mean())
    assert means["light"] > 0.8
    assert means["dark"] < 0.3
