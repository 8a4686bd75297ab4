"""Pages from templates: every value escaped, every link relative to the page that it is on."""

from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ... import __version__
from .addresses import Address, Addresses, relative


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
    return (
        environment()
        .get_template(template)
        .render(title=title, link=link, Address=Address, version=__version__, **values)
    )


def _link(target: Address, addresses: Addresses, here: str) -> str:
    return relative(addresses(target), here)


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return files(__package__ or "").joinpath("templates/board.css").read_text(encoding="utf-8")
