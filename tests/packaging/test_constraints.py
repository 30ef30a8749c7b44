"""constraints.txt: one version of everything for each Python, and nothing else in it."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINES, TOOLS = (
    [line for line in (ROOT / file).read_text("utf-8").splitlines() if line and not line.startswith("#")]
    for file in ("constraints.txt", ".ci/tools.txt")
)
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


def environment(python):
    return {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux", "extra": ""}


def pinned(python, lines=tuple(LINES)):
    found = {}
    for pin in map(Requirement, lines):
        if pin.marker is None or pin.marker.evaluate(environment(python)):
            found.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier))
    return found


def declared():
    text = "".join((ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "core/pyproject.toml"))
    lists = re.findall(
        r"^(?:requires|dependencies|async|mock|dev|docs|celery) = \[(.*?)\]$", text, re.MULTILINE | re.DOTALL
    )
    names = [
        Requirement(item)
        for block in lists
        for item in re.findall(r'"([^"]+)"', block)
        if not item.startswith("arazzo-core")
    ]
    return {canonicalize_name(requirement.name): requirement for requirement in names}


def test_every_line_is_an_exact_version():
    assert [line for line in LINES if not re.match(r"^[a-z0-9._-]+==[^\s;*]+( ; .+)?$", line)] == []


def test_it_names_no_address_and_no_place():
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert re.search(r"://|--|sha256|@ |/\w+/", text) is None


@pytest.mark.parametrize("python", PYTHONS)
def test_a_python_gets_one_version_of_each(python):
    assert {name: versions for name, versions in pinned(python).items() if len(versions) != 1} == {}


@pytest.mark.parametrize("python", PYTHONS)
def test_everything_the_project_asks_for_is_pinned_and_allowed(python):
    pins = pinned(python)
    requirements = declared()
    assert len(requirements) > 25
    assert [name for name in requirements if name not in pins] == []
    versions = {name: pins[name][0].removeprefix("==") for name in requirements}
    assert [name for name, version in versions.items() if version not in requirements[name].specifier] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_the_tools_can_be_installed_beside_everything_else(python):
    pins, tools = pinned(python), pinned(python, TOOLS)
    assert {name: (tools[name], pins[name]) for name in tools.keys() & pins.keys() if tools[name] != pins[name]} == {}
