"""What is installed is pinned, what is documented for CI too, and nobody takes "not asked" for "no vulnerability"."""

import json
import re
import runpy
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_constraints import declared

pytestmark = pytest.mark.attack("dependencies", "a version that nobody has pinned or asked about")

ROOT = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "core" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
#: Those of environments of their own; others have to be here.
ELSEWHERE = {"celery", "furo", "myst-parser", "sphinx"}


def pins(file):
    lines = [line for line in (ROOT / file).read_text("utf-8").splitlines() if line and not line.startswith("#")]
    found = [Requirement(line) for line in lines]
    return {pin.name: str(pin.specifier)[2:] for pin in found if pin.marker is None or pin.marker.evaluate()}


def installed():
    """Return by name the versions of everything that is installed for what the two packages declare, transitively."""
    waiting, done, found = [Requirement(name) for name in declared()], set(), {}
    while waiting:
        wanted = waiting.pop()
        for extra in {"", *wanted.extras} - {extra for name, extra in done if name == wanted.name}:
            done.add((wanted.name, extra))
            try:
                there = distribution(wanted.name)
            except PackageNotFoundError:
                assert canonicalize_name(wanted.name) in ELSEWHERE
                continue
            found[canonicalize_name(wanted.name)] = there.version
            needs = map(Requirement, there.requires or ())
            waiting += [each for each in needs if each.marker is None or each.marker.evaluate({"extra": extra})]
    return found


def test_whatever_is_installed_for_the_project_is_pinned_at_that_version():
    found, pinned = installed(), pins("constraints.txt")
    assert len(found) > 100
    assert {name: version for name, version in found.items() if pinned.get(name) != version} == {}


def test_the_tools_of_releases_are_pinned():
    assert pins(".ci/tools.txt").keys() >= {"cyclonedx-bom", "pip-audit", "playwright", "twine", "uv"}


@pytest.mark.parametrize(
    "file", ["Makefile", "Dockerfile", ".ci/test-airflow-versions", ".ci/test-pythons", ".ci/sbom"]
)
def test_nothing_is_installed_without_a_list_of_versions(file):
    lines = (ROOT / file).read_text("utf-8").replace("\\\n", " ").splitlines()
    calls = [line for line in lines if re.search(r"pip (?:--python \S+ )?install ", line) and "$uv" not in line]
    assert [call for call in calls if "--constraint" not in call] == []


def test_documented_workflows_use_full_versions():
    found = [
        use for page in PAGES for use in re.findall(r"^\s*-? ?uses: *(\S+)", page.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(found) >= 2
    assert [use for use in found if not re.fullmatch(r"[\w./-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})", use)] == []


def test_documented_hooks_install_exact_versions():
    (block,) = re.findall(r"```yaml\n(repos:.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)
    for repository in yaml.safe_load(block)["repos"]:
        assert repository["repo"] == "local" or re.fullmatch(r"v?\d+\.\d+\.\d+", repository["rev"])
        assert [
            name for hook in repository["hooks"] for name in hook["additional_dependencies"] if "==" not in name
        ] == []


def test_every_pin_is_asked_about_once():
    rounds = AUDIT["rounds"]()
    lines = [line for file in AUDIT["LISTS"] for line in (ROOT / file).read_text("utf-8").splitlines()]
    assert sorted(pin for each in rounds for pin in each) == sorted(
        {line.partition(";")[0].strip() for line in lines if line and not line.startswith("#")}
    )
    assert all(len({pin.partition("==")[0] for pin in each}) == len(each) for each in rounds)


@pytest.mark.parametrize(
    ("report", "said", "problem"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], "", None),
        ([{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}], "", "a 1: X-1; mended in 2"),
        ([{"name": "a", "skip_reason": "not found"}], "", "the vulnerability service did not tell of a==1"),
        ([], "", "the vulnerability service did not tell of a==1"),
        (None, "ERROR:x:no such host", "the vulnerability service could not be asked: no such host"),
    ],
)
def test_what_nobody_knows_is_a_problem(report, said, problem):
    text = "" if report is None else json.dumps({"dependencies": report})
    assert AUDIT["problems"](["a==1"], text, said) == ([problem] if problem else [])
