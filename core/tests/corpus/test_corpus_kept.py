"""Public documents: plans from the plan cache are those that are compiled, and what has no error can be a DAG."""

from __future__ import annotations

import pytest
from catalogue import documents, overrides

from arazzo.document.loading import load_document
from arazzo.engine.document_problems import find_problems
from arazzo.engine.plan_cache import PlanCache, question
from arazzo.engine.program import load_outcome, load_plans
from arazzo.engine.refusals import refusals
from arazzo.errors import DocumentError
from arazzo.flow import Options

SAMPLE = documents()[::4]

pytestmark = pytest.mark.skipif(not SAMPLE, reason="the public documents are not beside the checkout")


class Shelf(dict):
    """A store in memory."""

    read = dict.get
    write = dict.__setitem__


@pytest.fixture(scope="module")
def files():
    return overrides()


@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_a_plan_that_was_kept_is_the_plan_that_was_compiled(path, files):
    try:
        workflow = load_document(path).document.workflows[0].workflow_id
    except DocumentError:
        workflow = None
    shelf, computed = Shelf(), []

    def compute():
        computed.append(path)
        return (load_outcome(path, workflow, Options(), files),)

    def answer():
        try:
            outcome = PlanCache(shelf).answer(path, question(workflow), compute)[0]
        except DocumentError as error:
            return error.problems
        return outcome.plan, outcome.warnings, outcome.plan.model_dump_json()

    first, again = answer(), answer()
    assert first == again
    assert len(computed) == 1 or not shelf


@pytest.mark.parametrize("dialect", ["lenient", pytest.param("strict", marks=pytest.mark.slow)])
def test_what_has_no_error_compiles_and_can_be_a_dag(dialect, files):
    options, compiled = Options(dialect=dialect), 0
    for path in documents():
        if not any(problem.is_error for problem in find_problems(path, options, files)):
            plans = list(load_plans(path, options, files))
            assert not [refusal for plan in plans for refusal in refusals(plan)], path
            compiled += len(plans)
    assert compiled > 20
