"""The exported site in a real browser: phone and desktop, dark and light, by keyboard, and checked by axe-core."""

import functools
import http.server
import os
import shutil
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from chromium import PLAY, chromium
from fastapi import FastAPI
from fastapi.testclient import TestClient
from test_pages import large_board, table_of
from toy_board import CONDITIONS, SAMPLES, example_standing
from toy_public_set import write_public_set

from whence.leaderboard.pages.board_page import render_board
from whence.leaderboard.pages.export import export_site
from whence.leaderboard.pages.rendering import style
from whence.leaderboard.pages.router import router
from whence.leaderboard.pages.samples import Samples
from whence.leaderboard.pages.view import ORDERS, SHOWN, Choice
from whence.registry import load_track

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


@contextmanager
def answering(handler):
    """The address of a web server that answers as `handler` does."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The folder of the exported site, and its public dataset."""
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def board(folder):
    """A closed board, one of whose names is longer than a phone is wide; its site is in a sub-folder."""
    names = [f"s{k:06d}" for k in range(SAMPLES)]
    public = write_public_set(str(folder / "public.zarr"), names, CONDITIONS)
    standing = replace(example_standing(), fingerprint=public.fingerprint)
    entry = standing.entries["bad"]
    long = replace(entry, card=entry.card.model_copy(update={"name": "W" * 80, "description": "x" * 600}))
    found = replace(standing, entries={**standing.entries, "bad": long})
    samples = Samples(public)
    export_site([found], folder / "some" / "where", samples=lambda one: samples)
    return found


@pytest.fixture(scope="session")
def address(board, folder):
    """The site behind a plain web server."""
    with answering(functools.partial(Quiet, directory=str(folder))) as root:
        yield f"{root}/some/where"


@pytest.fixture(scope="session")
def served(board):
    """The same board as a server draws it."""
    app = FastAPI()
    app.include_router(router(lambda: [board]))

    class Drawn(Quiet):
        def do_GET(self):
            answer = client.get(self.path)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.end_headers()
            self.wfile.write(answer.content)

    with TestClient(app) as client, answering(Drawn) as root:
        yield root


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


@contextmanager
def without_script(browser):
    """The browser runs no script of pages."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        yield
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def in_sight(browser):
    """What is shown of a page that hides some of it by its script, as a function of selectors."""
    script = "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility())"
    return lambda selector: browser.execute_script(script, selector)


def sort_switch_and_compare(browser, seen):
    """Go from the first page to a comparison, as a reader does; `seen` gives what is shown by selector."""

    def follow(text):
        next(one for one in seen("main a") if text in one.text).click()

    def names():
        return [cell.text.split("\n")[0] for cell in seen("table[id^=table] tbody th a")]

    follow("Toy delays")
    assert names()[:3] == ["twin", "good", "deaf"]
    follow("method")
    assert names() == ["deaf", "good", "twin", "W" * 80]
    follow("submissions")
    assert names() == ["good", "twin", "W" * 80]
    follow("0.5")
    assert "RT60 0.5 s" in seen("table[id^=table] caption")[0].text
    assert names() == ["good", "twin", "W" * 80]
    follow("RMSE")
    assert [caption.text[:4] for caption in seen("table[id^=table] caption")] == ["RMSE"]
    assert [a.text for a in seen(".switches [aria-current]")] == ["10", "0.5", "RMSE", "submissions"]
    assert names() == ["good", "twin", "W" * 80]
    follow("good")
    assert browser.find_element("tag name", "h1").text == "good"
    follow("twin")


def test_a_reader_of_a_server_sorts_switches_and_compares_without_script(browser, served):
    with without_script(browser):
        show(browser, served)
        sort_switch_and_compare(browser, lambda selector: browser.find_elements("css selector", selector))
        assert browser.find_element("tag name", "h1").text == "good against twin"
        assert "cannot be told apart" in browser.find_element("class name", "headline").text


def test_a_reader_of_files_sorts_switches_and_compares(browser, board, folder):
    show(browser, (folder / "some" / "where" / "index.html").as_uri())
    sort_switch_and_compare(browser, in_sight(browser))
    assert "cannot be told apart" in browser.find_element("id", "against-twin").text
    browser.back()
    browser.back()
    assert browser.current_url.endswith("#metric=root_mean_square_error&order=name&show=submissions")
    assert browser.get_log("browser") == []


SHOWN_TABLES = """const done = arguments[1], seen = (one) => one.checkVisibility();
    addEventListener('hashchange', () => done([...document.querySelectorAll('table[id^=table]')].filter(seen).map(
        (table) => [...table.rows].filter(seen).map((row) => [...row.cells].filter(seen).map((cell) => {
            const copy = cell.cloneNode(true); copy.querySelectorAll('svg').forEach((one) => one.remove());
            return copy.textContent.trim().replace(/\\s+/g, ' ')})))), {once: true});
    location.hash = arguments[0]"""
"""An asynchronous script: the tables that are shown once the choice is the given one, as rows of the texts of cells."""


@pytest.mark.parametrize("page", ["board", "board of a part"])
def test_files_show_what_the_server_does_in_every_order(browser, board, folder, page):
    """Ranks, ties, spans and who is left out are those of the page that a server draws for the same choice."""
    place = folder / "some" / "where" / PAGES[page]
    condition = "" if page == "board" else place.stem
    metrics = [metric.name for metric in (board.metrics[:1] if page == "board" else board.metrics)]
    show(browser, place.as_uri())
    for k, (order, shown) in enumerate(product(reversed(ORDERS), reversed(SHOWN))):
        metric = metrics[k % len(metrics)]
        found = browser.execute_async_script(SHOWN_TABLES, f"metric={metric}&order={order}&show={shown}")
        assert found == [table_of(board, Choice(condition, metric, order, shown))], (order, shown, metric)


def test_files_without_script_show_everything(browser, board, folder):
    with without_script(browser):
        show(browser, (folder / "some" / "where" / PAGES["board of a part"]).as_uri())
        tables = [one for one in browser.find_elements("css selector", "table[id^=table]") if one.is_displayed()]
        assert len(tables) == len(board.metrics) == 4
        for table in tables:
            names = [one.text.split("\n")[0] for one in table.find_elements("css selector", "tbody th a")]
            assert sorted(names) == sorted([*({*board.entries} - {"bad"}), "W" * 80])
        assert "Show" not in browser.find_element("class name", "switches").text


def test_no_other_script_runs(browser, board, folder):
    """The policy that exported pages state lets nothing run that is written into them."""
    place = folder / "some" / "where" / "broken.html"
    source = (place.parent / "index.html").read_text()
    place.write_text(source.replace("</main>", "</main><script>document.title = 'run'</script>"))
    show(browser, place.as_uri())
    assert browser.title == "Leaderboard"
    assert [line["source"] for line in browser.get_log("browser")] == ["security"]
    place.unlink()


def crowded(standing):
    """Boards with many columns: five and nine levels of noise, three of them with two metrics beside the first."""
    names = [metric.name for metric in load_track("azimuth").metrics]
    names = [names[0], *(metric.name for metric in load_track("azimuth").beside), names[-1]]
    other = dict(zip([metric.name for metric in standing.metrics], names, strict=True))
    levels = (30.0, 20.0, 15.0, 10.0, 5.0, 0.0, -5.0, -10.0, -20.0)
    boards = [large_board(standing, levels[:count]) for count in (5, 9)]
    return [
        *boards,
        *(
            replace(
                one,
                track="azimuth",
                metrics=[replace(metric, name=other[metric.name]) for metric in one.metrics],
                rows=[replace(row, metric=other[row.metric]) for row in one.rows],
                overall=[replace(row, metric=other[row.metric]) for row in one.overall],
            )
            for one in (large_board(standing, levels[:3]), boards[1])
        ),
    ]


def test_the_ranking_shows_every_column_on_1280_pixels(browser, tmp_path):
    (tmp_path / "board.css").write_text(style())
    columns = []
    for board in crowded(example_standing()):
        (tmp_path / "tracks.html").write_text(render_board(board).replace("../board", "board"))
        show(browser, (tmp_path / "tracks.html").as_uri())
        room, width, heads = browser.execute_script(
            "const table = document.getElementById('table'), room = table.closest('.scroll');"
            "return [room.clientWidth, room.scrollWidth, table.tHead.rows[0].cells.length]"
        )
        assert width <= room
        columns.append(heads)
    assert columns == [12, 15, 12, 13]


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
