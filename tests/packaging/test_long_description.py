"""What an index shows of both distributions leads nowhere that it does not have."""

import re
from pathlib import Path

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["", "core"])
def test_a_long_description_has_no_links_to_files(folder):
    described = ProjectMetadata(str(ROOT / folder), PluginManager()).core
    assert described.readme_content_type == "text/markdown"
    links = re.findall(r"\]\(([^)]*)\)", described.readme)
    assert [link for link in links if not link.startswith("https://")] == []
