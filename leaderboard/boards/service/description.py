"""The page that describes the JSON interface: drawn from its OpenAPI description, without a script."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ about.info.title }}: API</title>
<link rel="stylesheet" href="board.css">
</head>
<body>
<main>
<h1>{{ about.info.title }}: API</h1>
<p>{{ about.info.summary }} Whence {{ about.info.version }}. For programs: <a href="api/openapi.json">openapi.json</a>;
the board itself: <a href="./">pages</a>.</p>
<p>Where a token is asked for, send it in the header <code>Authorization: Bearer TOKEN</code>.</p>
{% for path, operations in about.paths.items() %}{% for verb, one in operations.items() %}
<section aria-labelledby="{{ one.operationId }}">
<h2 id="{{ one.operationId }}"><code>{{ verb | upper }} {{ path }}</code></h2>
<p>{{ one.description }}{% if one.security is defined %} It asks for a token.{% endif %}</p>
{% if one.parameters is defined %}<table>
<caption>Parameters</caption>
<tr><th scope="col">name</th><th scope="col">in</th><th scope="col">what it is</th></tr>
{% for parameter in one.parameters %}<tr><td><code>{{ parameter.name }}</code></td><td>{{ parameter.in }}</td>\
<td>{{ parameter.description | default("") }}</td></tr>
{% endfor %}</table>
{% endif %}<table>
<caption>Answers</caption>
<tr><th scope="col">status</th><th scope="col">meaning</th></tr>
{% for status, answer in one.responses.items() %}<tr><td>{{ status }}</td><td>{{ answer.description }}</td></tr>
{% endfor %}</table>
</section>
{% endfor %}{% endfor %}
</main>
</body>
</html>
"""


def description_page(about: Mapping[str, Any]) -> str:
    """Return the OpenAPI description `about` as a page of HTML."""
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)
    return template.render(about=about)
