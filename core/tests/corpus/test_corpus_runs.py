"""The workflows of public documents run, against mocks of their own APIs; docs/corpus.md has the result in full.

``ARAZZO_CORPUS=full`` takes every branch, which lasts some minutes; ``UPDATE_GOLDEN=1`` writes the page.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from catalogue import documents
from survey import FULL, SHORT, Surveyed, page, survey

FULLY = os.environ.get("ARAZZO_CORPUS") == "full"
PAGE = Path(__file__).parents[3] / "docs" / "corpus.md"

pytestmark = pytest.mark.skipif(not documents(), reason="the public documents are not beside the checkout")


@pytest.fixture(scope="module")
def surveyed() -> list[Surveyed]:
    return list(survey(FULL if FULLY else SHORT))


def test_nearly_all_documents_compile(surveyed):
    assert len(surveyed) == 60
    assert sum(bool(one.opened.plans) for one in surveyed) >= 57


def test_a_refused_workflow_has_a_rule_that_says_why(surveyed):
    for one in surveyed:
        assert set(one.opened.workflows) == {*one.opened.plans, *one.opened.refused}


def test_sample_inputs_are_accepted(surveyed):
    assert [name for one in surveyed for name in one.unaccepted] == []


def test_most_workflows_run_through(surveyed):
    explored = [item for one in surveyed for item in one.explored.values()]
    assert len(explored) >= 106
    assert sum(item.best == "first" for item in explored) >= 57
    assert sum(item.best in ("first", "described") for item in explored) >= (83 if FULLY else 82)
    assert sum(bool(item.best) for item in explored) >= (99 if FULLY else 90)


def test_most_branches_are_taken(surveyed):
    explored = [item for one in surveyed for item in one.explored.values()]
    taken, there = sum(len(item.taken) for item in explored), sum(len(item.edges) for item in explored)
    assert taken / there >= (0.95 if FULLY else 0.8)


def test_a_failure_says_where_and_why(surveyed):
    for one in surveyed:
        for workflow, explored in one.explored.items():
            for ending in explored.endings:
                assert ending.status == "success" or len(ending.message) > 20, (one.opened.name, workflow)


@pytest.mark.skipif(not FULLY, reason="the page is written from the full run: ARAZZO_CORPUS=full")
def test_the_page_says_what_came_of_it(surveyed):
    text = page(surveyed)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text
