"""The exported site in a real browser: phone and desktop, dark and light, by keyboard, and checked by axe-core."""

import functools
import http.server
import os
import shutil
import subprocess
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from chromium import PLAY, chromium
from toy_board import CONDITIONS, SAMPLES, example_standing
from toy_public_set import write_public_set

from whence.leaderboard.pages.export import export_site
from whence.leaderboard.pages.samples import Samples

NPM = shutil.which("npm")
AXE = "axe-core@4.14.1"
PAGES = {
    "first page": "index.html",
    "board": "tracks/toy-delays/index.html",
    "board of a part": "tracks/toy-delays/snr_db-10_rt60_nominal-0.5.html",
    "conditions": "tracks/toy-delays/conditions/index.html",
    "entry": "tracks/toy-delays/entries/good/index.html",
    "pairs": "tracks/toy-delays/compare/index.html",
    "comparison": "tracks/toy-delays/entries/good/index.html#against-twin",
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A plain file server that logs nothing."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """The site behind a plain web server, in a sub-folder; one name is longer than a phone is wide."""
    folder = tmp_path_factory.mktemp("web")
    names = [f"s{k:06d}" for k in range(SAMPLES)]
    public = write_public_set(str(folder / "public.zarr"), names, CONDITIONS)
    standing = replace(example_standing(), fingerprint=public.fingerprint)
    entry = standing.entries["bad"]
    long = replace(entry, card=entry.card.model_copy(update={"name": "W" * 80, "description": "x" * 600}))
    board = replace(standing, entries={**standing.entries, "bad": long})
    samples = Samples(public)
    export_site([board], folder / "some" / "where", samples=lambda one: samples)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/where"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, fetched once from the npm registry into the cache folder of the user."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whence"
    package = cache / f"{AXE.replace('@', '-')}.tgz"
    if not package.is_file():
        if NPM is None:
            pytest.skip("needs npm, which fetches axe-core: apt-get install npm")
        cache.mkdir(parents=True, exist_ok=True)
        answer = subprocess.run(
            [NPM, "pack", AXE, "--silent", "--pack-destination", str(cache)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        if answer.returncode:
            pytest.skip(f"the npm registry gives no {AXE}: {answer.stderr.strip()[-200:]}")
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


def show(browser, url, width=1280, scheme="light"):
    """Open `url` on a screen of `width` pixels in light or dark."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_their_screen(browser, address, width, scheme):
    grounds = set()
    for name, page in PAGES.items():
        show(browser, f"{address}/{page}", width, scheme)
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, name
        outside = """return [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .unseen, svg')
            && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"""
        assert browser.execute_script(outside) == [], name
        grounds.add(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert browser.get_log("browser") == []
    assert len(grounds) == 1
    level = sum(map(int, grounds.pop().removeprefix("rgb(").rstrip(")").split(", "))) / 3
    assert level < 40 if scheme == "dark" else level > 230


def violations(browser, axe):
    """What axe-core finds on the page that is shown: rule, impact, and the first place."""
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.execute_script(axe)
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then(done)")
    assert len(found["passes"]) > 10
    return [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing(browser, address, axe, width, scheme):
    for name, page in PAGES.items():
        show(browser, f"{address}/{page}", width, scheme)
        assert violations(browser, axe) == [], name


def test_axe_would_find_something(browser, address, axe):
    show(browser, f"{address}/{PAGES['entry']}")
    browser.execute_script("document.images[0].removeAttribute('alt'); document.body.style.color = '#ccc'")
    assert {"image-alt", "color-contrast"} <= {rule for rule, *_ in violations(browser, axe)}


def test_everything_is_reached_by_keyboard(browser, address):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, f"{address}/{PAGES['board']}")
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.text == "Skip to the content"
    assert first.rect["x"] >= 0
    first.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "content"
    wanted = browser.execute_script(
        "return [...document.querySelectorAll('main a, main summary, main [tabindex=\"0\"]')]"
        ".filter(e => e.checkVisibility())"
    )
    assert len(wanted) > 20
    reached = []
    for _ in wanted:
        browser.switch_to.active_element.send_keys(Keys.TAB)
        element = browser.switch_to.active_element
        style = browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", element)
        assert style == "solid", element.get_attribute("outerHTML")
        reached.append(element)
    assert reached == wanted


def test_a_wide_table_scrolls_by_itself(browser, address):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    show(browser, f"{address}/{PAGES['board']}", 360)
    region = browser.find_element(By.CSS_SELECTOR, ".scroll")
    assert browser.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", region)
    browser.execute_script("arguments[0].focus()", region)
    region.send_keys(Keys.ARROW_RIGHT * 6)
    moved = "return arguments[0].scrollLeft > 0"
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 5).until(lambda b: b.execute_script(moved, region))
    name = browser.find_element(By.CSS_SELECTOR, "tbody th[scope=row]")
    assert name.rect["x"] >= region.rect["x"] - 1
    assert browser.execute_script("return scrollX") == 0


@pytest.mark.parametrize("page", ["board", "board of a part"])
def test_a_phone_shows_values_and_intervals_without_scrolling(browser, address, page):
    show(browser, f"{address}/{PAGES[page]}", 360)
    beyond = """const edge = document.querySelector('.scroll').getBoundingClientRect().right
        return [...document.querySelectorAll('#table td.drawn')].map(e => e.getBoundingClientRect().right - edge)"""
    found = browser.execute_script(beyond)
    assert len(found) > 4
    assert max(found) <= 0


def test_a_reader_without_script_sorts_switches_and_compares(browser, address):
    from selenium.webdriver.common.by import By

    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        show(browser, f"{address}/{PAGES['first page']}")

        def follow(text):
            browser.find_element(By.PARTIAL_LINK_TEXT, text).click()

        def names():
            return [cell.text.split("\n")[0] for cell in browser.find_elements(By.CSS_SELECTOR, "#table tbody th a")]

        follow("Toy delays")
        assert names()[:3] == ["twin", "good", "deaf"]
        follow("method")
        assert names() == ["deaf", "good", "twin", "W" * 80]
        follow("submissions")
        assert names() == ["good", "twin", "W" * 80]
        follow("0.5")
        assert "RT60 0.5 s" in browser.find_element(By.CSS_SELECTOR, "#table caption").text
        assert names() == ["good", "twin", "W" * 80]
        follow("RMSE")
        assert browser.find_element(By.CSS_SELECTOR, "#table caption").text.startswith("RMSE")
        current = [a.text for a in browser.find_elements(By.CSS_SELECTOR, ".switches [aria-current]")]
        assert current == ["10", "0.5", "RMSE", "submissions"]
        follow("good")
        assert browser.find_element(By.TAG_NAME, "h1").text == "good"
        follow("twin")
        assert browser.find_element(By.TAG_NAME, "h1").text == "good against twin"
        assert "cannot be told apart" in browser.find_element(By.CLASS_NAME, "headline").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_badge_is_drawn(browser, address):
    show(browser, f"{address}/{PAGES['entry']}")
    widths = browser.execute_script("return [...document.images].map(i => i.naturalWidth)")
    assert len(widths) == 1
    assert widths[0] > 100


def test_the_worst_samples_are_played(browser, address):
    show(browser, f"{address}/{PAGES['entry']}")
    assert len(browser.find_elements("css selector", "ol.worst audio")) == 10
    assert browser.execute_async_script(PLAY) == pytest.approx(0.1)
    assert browser.get_log("browser") == []
