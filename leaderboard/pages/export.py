"""A whole board as files that any web server keeps serving, with no program behind them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from ...files import written_whole
from ..standing.record import Standing
from .addresses import file_name, static
from .index_page import TITLE
from .page_table import FORMATS
from .site import FindSamples, Site, no_samples

MARK = ".whence-site"
"""The file by which a later export knows the folder as its own."""
_STALE = (
    *("tracks", "index.html", "board.css", "board.js"),
    *(f"tracks.{suffix}" for suffix in FORMATS),
)
"""What an export writes, or an earlier version of it wrote."""


def export_site(
    standings: Sequence[Standing], out: Path, title: str = TITLE, samples: FindSamples = no_samples
) -> Path:
    """Write the pages and files of `standings` into the folder `out`; return its first page.

    An earlier export there is replaced. Raises InputError where the folder holds anything else, such as somebody's
    work, or two tracks would lie in one place.
    """
    _check(standings, out)
    site = Site(standings, static, title, samples)
    for name in _STALE:
        old = out / name
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    for name, text in ((MARK, "written by `whence leaderboard export`\n"), (".nojekyll", "")):
        with written_whole(out / name) as partial:
            partial.write_text(text, encoding="utf-8")
    for address in site.every_address():
        with written_whole(out / static(address)) as partial:
            partial.write_bytes(site.data(address))
    return out / "index.html"


def _check(standings: Sequence[Standing], out: Path) -> None:
    if out.is_file():
        raise InputError(f"{out} is a file: give a folder for the site")
    kept = {".git", "CNAME", "README.md", ".nojekyll", MARK}
    own = (out / MARK).is_file() and not (out / MARK).is_symlink()
    if out.is_dir() and not own and any(path.name not in kept for path in out.iterdir()):
        raise InputError(f"{out} holds files that no export wrote: give a new or empty folder for the site")
    names = [file_name(standing.slug) for standing in standings]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two tracks of the board are called {name!r}: give each its own name")
