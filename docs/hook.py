"""The pages of the site that are not typed: drawn from the code, the notebook and the files at the top."""

import re
from pathlib import Path
from typing import Any

from generated import api, checkpoints, commands, datasets, links, methods, metrics, notebook, top, tracks
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
PAGES = {
    "index.md": top.start,
    "contributing.md": top.contributing,
    "changelog.md": top.changelog,
    "tour.md": lambda: notebook.page(DOCS / "tour.ipynb"),
    "tracks.md": tracks.page,
    "metrics.md": metrics.page,
    "methods.md": methods.page,
    "datasets.md": datasets.page,
    "checkpoints.md": checkpoints.page,
    "commands.md": commands.page,
    **api.PAGES,
}
log = get_plugin_logger(__name__)


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages, and what they link to at the top of the repository."""
    for name, write in PAGES.items():
        files.append(File.generated(config, name, content=write()))
    for name in top.LINKED:
        files.append(File.generated(config, name, abs_src_path=str(DOCS.parent / name)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let links to the notebook and to CONTRIBUTING.md lead to their pages."""
    return top.within_the_site(markdown)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Drop the backslashes that keep bars in the code of table cells from ending them, as a repository's page does."""
    return re.sub(r"<td.*?</td>", lambda cell: cell[0].replace(r"\|", "|"), html, flags=re.S)


def on_post_build(config: Any) -> None:
    """Warn of every link in the built pages that leads nowhere, which ends a strict build."""
    for broken in links.broken(Path(config.site_dir)):
        log.warning(broken)
