"""Pages from templates, with a common head and style; all values are escaped."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_page(template: str, title: str, **values: Any) -> str:
    """Return the page from `template` and `values`; a missing value is an error."""
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(title=title, **values)
