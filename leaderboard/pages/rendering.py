"""Pages from templates: every value escaped, every link relative to the page that it is on."""

from base64 import b64encode
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ... import __version__
from .addresses import Address, Addresses, file_title, is_exported, relative
from .page_table import PageTable

MEDIA = {"csv": "text/csv", "json": "application/json", "tex": "application/x-tex"}
"""The media types of the files of a table."""


@cache
def environment() -> Environment:
    """Return the templates of the board; a value that a page misses is an error."""
    return Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, here: Address | str, addresses: Addresses, title: str, **values: Any) -> str:
    """Return what `template` makes of `values` as the page `here`, an address or a path below the root."""
    values.setdefault("crumbs", [])
    path = here if isinstance(here, str) else addresses(here)
    link = partial(_link, addresses=addresses, here=path)
    exported = is_exported(addresses)
    values |= {"title": title, "link": link, "Address": Address, "version": __version__, "exported": exported}
    values["files"] = _enclosed if exported else partial(_linked, link=link)
    return environment().get_template(template).render(**values)


def _link(target: Address, addresses: Addresses, here: str) -> str:
    return relative(addresses(target), here)


def _linked(table: PageTable, link: Any) -> dict[str, dict[str, str]]:
    """Return the attributes of the links to the files of `table`, by suffix."""
    return {suffix: {"href": link(table.file(suffix)), "type": media} for suffix, media in MEDIA.items()}


def _enclosed(table: PageTable) -> dict[str, dict[str, str]]:
    """Return the attributes of links that hold the files of `table` themselves, so that they are no files of a site."""
    found = {}
    for suffix, media in MEDIA.items():
        content = b64encode(table.written(suffix).encode()).decode()
        found[suffix] = {"href": f"data:{media};base64,{content}", "download": file_title(table.file(suffix))}
    return found


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return _read("board.css")


@cache
def script() -> str:
    """Return the script of exported pages, which orders and filters their tables."""
    return _read("board.js")


def _read(name: str) -> str:
    return files(__package__ or "").joinpath(f"templates/{name}").read_text(encoding="utf-8")
