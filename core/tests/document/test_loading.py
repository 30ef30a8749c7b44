"""Documents: shape, components, lenient readings, problems all at once."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite import PUBLIC_DATA, drawn

from arazzo.document.loading import LoadedDocument, load_document, parse_document
from arazzo.errors import DocumentError
from arazzo.source.text import parse_source

HEAD = """\
arazzo: 1.0.1
info: {title: T, version: 1.0.0}
sourceDescriptions:
- {name: api, url: api.yaml, type: openapi}
"""

BASE = (
    HEAD
    + """\
workflows:
- workflowId: w
  steps:
  - stepId: a
    operationId: getA
"""
)


def load(text: str, dialect: str = "lenient") -> LoadedDocument:
    return parse_document(parse_source(text, "doc.yaml"), dialect=dialect)


def refused(text: str, dialect: str = "lenient") -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        load(text, dialect)
    return [(problem.rule, problem.place.path) for problem in caught.value.problems if problem.is_error]


def warned(text: str) -> list[tuple[str, str]]:
    return [(problem.rule, problem.place.path) for problem in load(text).problems]


def test_a_document_becomes_models_with_pointers() -> None:
    document = load(BASE).document
    assert document.info.title == "T"
    assert document.workflow("w").step("a").operation_id == "getA"
    assert document.workflow("w").step("a").at == "/workflows/0/steps/0"
    assert document.source_descriptions[0].at == "/sourceDescriptions/0"


def test_extensions_are_kept_on_every_object() -> None:
    text = (
        BASE.replace("title: T", "title: T, x-i: 1")
        .replace("type: openapi", "x-s: 2")
        .replace("- stepId", "- x-t: [3]\n    stepId")
    )
    document = load("x-d: {a: null}\n" + text).document
    assert document.extensions == {"x-d": {"a": None}}
    assert document.info.extensions == {"x-i": 1}
    assert document.source_descriptions[0].extensions == {"x-s": 2}
    assert document.workflows[0].steps[0].extensions == {"x-t": [3]}


def test_all_problems_at_once_sorted_by_place() -> None:
    text = (
        HEAD
        + """\
workflows:
- workflowId: w
  steps:
  - operationId: getA
    parameters: {name: x}
  - stepId: b
    onSuccess:
    - {name: go, type: goto}
    - {name: both, type: goto, stepId: b, workflowId: w}
    - {name: odd, type: gotoo, stepId: b}
  - stepId: c
    operationId: x
    operationPath: y
    requestBody: text
    timeout: soon
- summary: nothing
"""
    )
    assert refused(text) == [
        ("missing-field", "workflows[0].steps[0]"),
        ("wrong-type", "workflows[0].steps[0].parameters"),
        ("missing-field", "workflows[0].steps[1]"),
        ("missing-field", "workflows[0].steps[1].onSuccess[0]"),
        ("conflicting-fields", "workflows[0].steps[1].onSuccess[1].workflowId"),
        ("invalid-value", "workflows[0].steps[1].onSuccess[2].type"),
        ("conflicting-fields", "workflows[0].steps[2].operationPath"),
        ("wrong-type", "workflows[0].steps[2].requestBody"),
        ("wrong-type", "workflows[0].steps[2].timeout"),
        ("missing-field", "workflows[1]"),
        ("missing-field", "workflows[1]"),
    ]


@pytest.mark.parametrize("seconds", ["-1", "1e10", "'1e300'", "1e400"])
def test_a_wait_that_no_clock_can_take_is_refused(seconds: str) -> None:
    text = BASE + f"    onFailure: [{{name: x, type: retry, retryAfter: {seconds}}}]\n"
    assert refused(text)[-1][1] == "workflows[0].steps[0].onFailure[0].retryAfter"


def test_messages_say_what_is_wrong_and_what_to_do() -> None:
    with pytest.raises(DocumentError) as caught:
        load(BASE.replace("stepId", "stepID"))
    missing, unknown = caught.value.problems
    assert (missing.message, missing.hint) == ("a step needs the field 'stepId'", None)
    assert (unknown.message, unknown.hint) == ("a step has no field 'stepID'", "did you mean 'stepId'?")
    with pytest.raises(DocumentError) as caught:
        load(BASE + "    onFailure: [{name: again, type: Retry}]\n")
    assert caught.value.problems[0].hint == "did you mean 'retry'?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("openapi: 3.1.0\n", "OpenAPI"),
        ("swagger: '2.0'\n", "Swagger"),
        ("asyncapi: 3.0.0\n", "AsyncAPI"),
        ("- a\n", "no fields"),
        ("text\n", "no fields"),
        ("null\n", "no fields"),
        ("a: 1\n", "not an Arazzo document"),
        ("arazzo: 2.0.0\n", "version '2.0.0'"),
        ("arazzo: 1.3.0\n", "version '1.3.0'"),
        ("arazzo: [1]\n", "version"),
    ],
)
def test_what_is_no_arazzo_document_is_said_at_once(text: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words) as caught:
        load(text)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("version", "rules"),
    [
        ("1.0.0", []),
        ("1.0.7", []),
        ("1.1.0", []),
        ("1.1.0-rc1", []),
        ("1.2.0", ["newer-version"]),
        ("1.0", ["not-text"]),
    ],
)
def test_versions(version: str, rules: list[str]) -> None:
    assert [rule for rule, _ in warned(BASE.replace("1.0.1", version))] == rules


def test_numbers_that_should_be_text_are_read_as_written() -> None:
    loaded = load(BASE.replace("version: 1.0.0", "version: 1.10"))
    assert loaded.document.info.version == "1.10"
    assert [problem.rule for problem in loaded.problems] == ["not-text"]


@pytest.mark.parametrize("dialect", ["lenient", "strict"])
def test_misspelled_fields_are_errors_with_the_name_that_is_meant(dialect: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(BASE + "    onSucess: []\n", dialect)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.place.column, problem.place.width) == ("misspelled-field", 5, 8)
    assert problem.hint == "did you mean 'onSuccess'?"


def test_other_unknown_fields_are_warned_about() -> None:
    assert warned(BASE + "    owner: me\n") == [("unknown-field", "workflows[0].steps[0].owner")]
    assert refused(BASE + "    owner: me\n", "strict") == [("unknown-field", "workflows[0].steps[0].owner")]


def test_payload_null_is_not_payload_absent() -> None:
    def body(extra: str):
        return load(BASE + f"    requestBody: {extra}\n").document.workflows[0].steps[0].request_body

    assert (body("{payload: null}").has_payload, body("{payload: null}").payload) == (True, None)
    assert body("{contentType: application/json}").has_payload is False


def test_a_parameter_may_be_null_but_needs_a_value() -> None:
    step = load(BASE + "    parameters: [{name: x, in: query, value: null}]\n").document.workflows[0].steps[0]
    assert step.parameters[0].value is None
    assert refused(BASE + "    parameters: [{name: x, in: query}]\n") == [
        ("missing-field", "workflows[0].steps[0].parameters[0]")
    ]


COMPONENTS = """\
components:
  parameters:
    page: {name: page, in: query, value: 1}
  successActions:
    stop: {name: stop, type: end}
  failureActions:
    again: {name: again, type: retry, retryAfter: 2, retryLimit: 5}
"""


def test_reusable_objects_are_resolved() -> None:
    text = (
        BASE
        + """\
    parameters:
    - reference: $components.parameters.page
    - {reference: $components.parameters.page, value: $inputs.page}
    onSuccess: [{reference: $components.successActions.stop}]
    onFailure: [{reference: $components.failureActions.again}]
"""
        + COMPONENTS
    )
    step = (
        load(
            text.replace(
                "- {reference: $components.parameters.page, value", "- {reference: $components.parameters.size, value"
            ).replace("  successActions:", "    size: {name: size, in: query, value: 9}\n  successActions:", 1)
        )
        .document.workflows[0]
        .steps[0]
    )
    assert [(item.name, item.location, item.value) for item in step.parameters] == [
        ("page", "query", 1),
        ("size", "query", "$inputs.page"),
    ]
    assert step.parameters[0].at == "/components/parameters/page"
    assert step.parameters[1].at == "/workflows/0/steps/0/parameters/1"
    assert step.on_success[0].type == "end"
    assert (step.on_failure[0].retry_after, step.on_failure[0].retry_limit) == (2, 5)


@pytest.mark.parametrize(
    ("reference", "rule", "hint"),
    [
        ("$components.failureActions.agian", "unknown-component", "did you mean 'again'?"),
        ("$components.successActions.stop", "unknown-component", None),
        ("$inputs.x", "unknown-component", "write '$components.failureActions.<name>'"),
        ("12", "wrong-type", None),
    ],
)
def test_references_to_nothing(reference: str, rule: str, hint: str | None) -> None:
    text = BASE + f"    onFailure:\n    - reference: {reference}\n" + COMPONENTS
    with pytest.raises(DocumentError) as caught:
        load(text)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.hint, problem.place.path) == (
        rule,
        hint,
        "workflows[0].steps[0].onFailure[0].reference",
    )


@pytest.mark.parametrize(
    "reference", ["reference: '{$components.failureActions.again}'", "$ref: '#/components/failureActions/again'"]
)
def test_loose_references_are_understood(reference: str) -> None:
    text = BASE + f"    onFailure:\n    - {reference}\n" + COMPONENTS
    assert load(text).document.workflows[0].steps[0].on_failure[0].retry_limit == 5
    assert [rule for rule, _ in warned(text)] == ["loose-reference"]
    assert refused(text, "strict")[0][0] == "loose-reference"


def test_a_broken_component_is_one_problem_where_it_stands() -> None:
    text = (
        BASE
        + "    onFailure: [{reference: $components.failureActions.again}]\n"
        + COMPONENTS.replace("retry,", "retri,")
    )
    assert refused(text) == [("invalid-value", "components.failureActions.again.type")]


def test_value_of_a_reference_to_an_action_means_nothing() -> None:
    text = BASE + "    onFailure: [{reference: $components.failureActions.again, value: 1}]\n" + COMPONENTS
    assert [rule for rule, _ in warned(text)] == ["idle-field"]


@pytest.mark.parametrize(
    ("extra", "rules"),
    [
        ("onSuccess: [{name: x, type: end, condition: $statusCode == 1, context: $response.body}]", ["lone-condition"]),
        ("onSuccess: [{name: x, type: end, criteria: {condition: $statusCode == 1}}]", ["not-a-list"]),
        ("onSuccess: [{name: x, type: end, criteria: $statusCode == 1}]", ["bare-condition", "not-a-list"]),
        ("successCriteria: [$statusCode == 1]", ["bare-condition"]),
        ("onSuccess: [{name: x, type: retry, retryLimit: 3}]", ["success-retry"]),
        ("onFailure: [{type: end}, {type: end}]", ["missing-name", "missing-name"]),
        ("onFailure: [{name: x, type: end}, {name: x, type: end}]", ["duplicate-action"]),
        ("onFailure: {name: x, type: end}", ["not-a-list"]),
        ("onFailure: [{name: x, type: end, retryAfter: 1}]", ["idle-field"]),
        ("onFailure: [{name: x, type: retry, retryAfter: '1.5'}]", ["not-a-number"]),
        ("parameters: [{name: x, value: 1}]", ["missing-in"]),
        ("parameters: [{name: x, in: body, value: 1}]", ["body-parameter"]),
        ("parameters: [{name: x, in: query, value: 1}, {name: x, in: query, value: 2}]", ["duplicate-parameter"]),
        ("parameters:", ["empty-field"]),
        ("successCriteria: []", ["empty-field"]),
        ("outputs: {a: 2}", ["constant-output"]),
        ("outputs: [{a: $statusCode}]", ["not-a-map"]),
        ("outputs: {a b: $statusCode}", ["odd-name"]),
        ("timeout: 100", ["newer-field"]),
        ("successCriteria: [{context: $url, condition: x, type: {type: xpath}}]", ["missing-version"]),
    ],
)
def test_lenient_readings_warn_and_strict_refuses(extra: str, rules: list[str]) -> None:
    text = BASE + f"    {extra}\n"
    assert [rule for rule, _ in warned(text)] == rules
    if rules != ["idle-field"]:
        assert {rule for rule, _ in refused(text, "strict")} == set(rules)


def test_a_lone_condition_becomes_the_one_criterion() -> None:
    text = BASE + "    onSuccess: [{name: x, type: end, condition: $.a, context: $response.body}]\n"
    (criterion,) = load(text).document.workflows[0].steps[0].on_success[0].criteria
    assert (criterion.condition, criterion.context, criterion.at) == (
        "$.a",
        "$response.body",
        "/workflows/0/steps/0/onSuccess/0",
    )


def test_outputs_may_be_selector_objects_which_are_checked() -> None:
    text = (
        BASE.replace("1.0.1", "1.1.0")
        + "    outputs: {a: {context: $response.body, selector: /a, type: jsonpointer}}\n"
    )
    assert load(text).document.workflows[0].steps[0].outputs["a"]["selector"] == "/a"
    assert refused(text.replace(", type: jsonpointer", "")) == [("missing-field", "workflows[0].steps[0].outputs.a")]
    typed = text.replace("jsonpointer}", "{type: xpath, version: xpath-9}}")
    assert refused(typed) == [("invalid-value", "workflows[0].steps[0].outputs.a.type.version")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (BASE.replace("- {", "- {name: api, url: x}\n- {"), ("duplicate-source", "sourceDescriptions[1].name")),
        (
            BASE + "- workflowId: w\n  steps: [{stepId: a, operationId: x}]\n",
            ("duplicate-workflow", "workflows[1].workflowId"),
        ),
        (BASE + "  - stepId: a\n    operationId: x\n", ("duplicate-step", "workflows[0].steps[1].stepId")),
    ],
)
def test_ids_given_twice(text: str, found: tuple[str, str]) -> None:
    assert refused(text) == [found]


def test_a_fragment_in_self_is_refused() -> None:
    assert refused(BASE.replace("1.0.1", "1.1.0\n$self: https://example.org/a#b")) == [("invalid-value", "$self")]
    assert (
        load(BASE.replace("1.0.1", "1.1.0\n$self: https://example.org/a")).document.self_uri == "https://example.org/a"
    )


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "$inputs.x", "goto", "1.0.1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "type", "steps", "stepId", "reference", "$ref", "condition", "criteria", "value", "in"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
FIELDS = ["info", "sourceDescriptions", "workflows", "components", "$self"]
STEP_FIELDS = ["stepId", "parameters", "onSuccess", "onFailure", "successCriteria", "outputs", "requestBody", "timeout"]


def refusal(value: object, dialect: str) -> DocumentError | None:
    import json

    try:
        parse_document(parse_source(json.dumps(value), "d.json"), dialect=dialect)
    except DocumentError as error:
        return error
    return None


@drawn(50)
@given(
    st.dictionaries(st.sampled_from(FIELDS), junk), st.dictionaries(st.sampled_from(STEP_FIELDS), junk), st.booleans()
)
def test_no_value_does_worse_than_located_problems(fields: dict, step: dict, strict: bool) -> None:
    step = {"stepId": "a", "operationId": "x", **step}
    value = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1"},
        "sourceDescriptions": [{"name": "api", "url": "x"}],
        "workflows": [{"workflowId": "w", "steps": [step]}],
        **fields,
    }
    error = refusal(value, "strict" if strict else "lenient")
    assert error is None or all(problem.place.line for problem in error.problems)


def corpus() -> list[Path]:
    table = PUBLIC_DATA / "corpus" / "documents.tsv"
    if not table.exists():
        return []
    rows = csv.DictReader(table.read_text().splitlines(), delimiter="\t")
    return [table.parent / row["document"] for row in rows]


@pytest.mark.skipif(not corpus(), reason="no corpus beside the checkout")
def test_every_public_document_loads_but_the_one_made_to_be_refused() -> None:
    def rules(path: Path) -> set[str]:
        try:
            load_document(path)
        except DocumentError as error:
            return {problem.rule for problem in error.problems if problem.is_error}
        return set()

    assert {path.name: found for path in corpus() if (found := rules(path))} == {
        "workflow-control-flow.arazzo.yaml": {"conflicting-fields", "invalid-value", "missing-field", "wrong-type"}
    }


def test_no_text_holds_the_character_that_no_database_takes(tmp_path: Path) -> None:
    text = (
        "arazzo: 1.0.1\ninfo: {title: T, version: '1'}\nsourceDescriptions: [{name: api, url: x}]\n"
        "workflows: [{workflowId: w, inputs: {$ref: a.yaml}, summary: TEXT, steps: [{stepId: s, operationId: o}]}]\n"
    )
    (tmp_path / "w.yaml").write_text(text.replace("TEXT", '"x\\0"'))
    (tmp_path / "a.yaml").write_text("type: object\n")
    with pytest.raises(DocumentError, match=r"w\.yaml:4:62: error\[invalid-value\]: this text contains .* U\+0000"):
        load_document(tmp_path / "w.yaml")
    (tmp_path / "w.yaml").write_text(text)
    (tmp_path / "a.yaml").write_text('type: object\ntitle: "\\0"\n')
    with pytest.raises(DocumentError, match=r"error\[unknown-reference\]: 'a\.yaml' cannot be read: .* U\+0000"):
        load_document(tmp_path / "w.yaml")
