"""How `make docs` builds the site: with Sphinx, MyST and Furo, and nothing from other hosts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util import logging

from airflow_arazzo.cli import main

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "airflow-arazzo"
author = "the authors of airflow-arazzo"
(release,) = re.findall(
    r'^__version__ = "([^"]+)"$', (ROOT / "airflow_arazzo" / "__init__.py").read_text("utf-8"), re.MULTILINE
)

# The source is the checkout, so that links lead where they lead in the repository.
root_doc = "docs/index"
include_patterns = ["docs/**.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "core/README.md"]
exclude_patterns = [".*", "build", "dist", "**/node_modules"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
myst_enable_extensions = ["fieldlist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"show-inheritance": False}
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"airflow-arazzo {release}"
html_copy_source = False
html_show_sourcelink = False
# The site's address is that of the folder; the home is below docs/.
html_additional_pages = {"index": "home.html"}
templates_path = ["site"]


class CommandHelp(Directive):
    """What every command says of itself with ``--help``: the page cannot say otherwise."""

    def run(self) -> list[nodes.Node]:
        """Return a literal block for each command."""
        top = click.Context(main, info_name="airflow-arazzo")
        blocks: list[nodes.Node] = []
        for name in main.list_commands(top):
            command = main.get_command(top, name)
            if command is not None:
                text = command.get_help(click.Context(command, info_name=name, parent=top, max_content_width=100))
                blocks.append(nodes.literal_block(text, text, language="text"))
        return blocks


def stay_offline(app: Sphinx, error: Exception | None) -> None:
    """Warn of a page that loads something from another host; `make docs` takes that for an error."""
    loads = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//|<link\b[^>]*\bhref=\"(?:https?:)?//"
    )
    for page in [] if error else sorted(Path(app.outdir).rglob("*.html")):
        if loads.search(page.read_text("utf-8")):
            logging.getLogger(__name__).warning("%s loads something from another host", page.name)


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the directive and the check."""
    app.add_directive("command-help", CommandHelp)
    app.connect("build-finished", stay_offline)
