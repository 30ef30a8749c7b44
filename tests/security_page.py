"""The page docs/security-tests.md, written from a run of the tests that play attacks (``make test-security``)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "security-tests.md"
_HEAD = """\
# Attacks that are played

`make test-security` plays these attacks, on a real scheduler where that matters, and writes this page. `make test`
plays all that are fast and need no scheduler. Each row is an attack by somebody who controls some data, and must fail
in every case. [SECURITY.md](../SECURITY.md) says what is promised and what is not. [Reliability](reliability.md) is
about killing each part of Airflow at each moment.

| surface | attack | cases | result |
|---|---|---|---|
"""
_ROW = re.compile(r"\| (.+?) \| (.+?) \| (\d+) \| (.+?) \|")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the report of each test say which attack it plays: the nearest mark counts, with the test's parameters."""
    for item in items:
        if mark := item.get_closest_marker("attack"):
            values = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
            names = {name: getattr(value, "__name__", value) for name, value in values.items()}
            item.user_properties.append(("attack", [text.format(**names) for text in mark.args]))


class Attacks:
    """What has come of each attack, by surface and attack: passed or not, by case."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, str], dict[str, bool]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        attack = dict(report.user_properties).get("attack")
        if isinstance(attack, list) and (report.when == "call" or report.failed):
            cases = self.results.setdefault((attack[0], attack[1]), {})
            cases[report.nodeid] = report.passed and cases.get(report.nodeid, True)

    def pytest_sessionfinish(self) -> None:
        if self.results:
            PAGE.write_text(page(self.results, PAGE.read_text("utf-8") if PAGE.exists() else ""), "utf-8")


def page(results: dict[tuple[str, str], dict[str, bool]], before: str) -> str:
    """Return the page; attacks that were not played keep their rows.

    :param before: the page as it was.
    """
    rows = {(found[1], found[2]): (found[3], found[4]) for found in _ROW.finditer(before) if found[3].isdigit()}
    for attack, cases in results.items():
        failed = sum(not passed for passed in cases.values())
        rows[attack] = (str(len(cases)), f"**{failed} succeeded**" if failed else "held")
    return _HEAD + "".join(f"| {' | '.join((*attack, *row))} |\n" for attack, row in sorted(rows.items()))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # with several processes the first one gathers the reports
        config.pluginmanager.register(Attacks(), "attacks")
