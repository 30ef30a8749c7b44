"""SECURITY.md promises what an attack shows, and each attack belongs to a promise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import security_page

ROOT = Path(__file__).parents[2]
POLICY = (ROOT / "SECURITY.md").read_text("utf-8")
PROMISED = POLICY.split("## What is promised")[1].split("\n## ")[0]
TABLE = {
    promise: set(surfaces.split("; "))
    for promise, surfaces in re.findall(r"^\| (.+?) \| (.+?) \|$", PROMISED, re.M)[1:]
}


def attacks() -> set[tuple[str, str]]:
    """Return surface and attack of each mark in the tests; of surfaces with parameters the part before them."""
    found = set()
    for file in (*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("core/tests/**/test_*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.attack":
                surface, attack = map(ast.literal_eval, call.args)
                found.add((surface.split(":")[0], attack))
    return found


def test_each_promise_has_attacks_and_each_attack_a_promise():
    promises = {re.sub(r"[.:]$", "", bold) for bold in re.findall(r"^- \*\*(.+?)\*\*", PROMISED, re.M)}
    assert TABLE.keys() == promises
    assert set().union(*TABLE.values()) == {surface for surface, _ in attacks()}


def test_each_row_is_an_attack_that_has_failed():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| \d+ \| (.+?) \|$", security_page.PAGE.read_text("utf-8"), re.M)
    assert {result for *_, result in rows} == {"held"}
    assert {surface.split(":")[0] for surface, *_ in rows} == {surface for surface, _ in attacks()}


def test_each_attack_has_a_row():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| \d+ \|", security_page.PAGE.read_text("utf-8"), re.M)
    for surface, attack in attacks():
        pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(attack))
        told = [text for place, text in rows if place.split(":")[0] == surface and re.fullmatch(pattern, text)]
        assert told, (surface, attack)


@pytest.mark.parametrize("passed", [True, False])
def test_a_row_says_what_came_of_all_cases(passed):
    cases = {"a": True, "b": passed}
    page = security_page.page({("x", "y"): cases}, "| kept | as it was | 3 | held |\n| x | y | 9 | held |\n")
    assert page.endswith(
        f"| kept | as it was | 3 | held |\n| x | y | 2 | {'held' if passed else '**1 succeeded**'} |\n"
    )
