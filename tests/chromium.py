"""Chromium without a screen, driven by selenium, for the tests that look at pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SWITCHES = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
PLAY = """const [player, done] = [document.querySelector('audio'), arguments[0]];
    player.onloadedmetadata = () => done(player.duration); player.onerror = () => done(player.error.message);
    player.preload = 'auto'; player.load()"""
"""An asynchronous script: how many seconds the first player of a page plays, or why it does not."""


@contextmanager
def chromium(profile: Path) -> Iterator:
    """Yield a browser whose profile is in a new folder; the test is skipped where there is none."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs chromium and chromedriver: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in [*SWITCHES.split(), "disable-component-update", "disable-sync"]:
        options.add_argument(f"--{switch}")
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()
