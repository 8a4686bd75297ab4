"""Pages from templates: one head and one style for all, every value escaped."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_page(template: str, title: str, **values: Any) -> str:
    """Return the page that `template` makes of `values`; a value that it misses is an error."""
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(title=title, **values)
