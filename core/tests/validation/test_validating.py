"""Documents under all rules: what is found together, what is not, and what public documents show."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from suite import PUBLIC_DATA

from arazzo.document.loading import load_document
from arazzo.engine import load_plan
from arazzo.errors import DocumentError
from arazzo.openapi.sources import Sources
from arazzo.validation import RULES, validate

API = """\
openapi: 3.0.3
info: {title: Things, version: 1.0.0}
servers: [{url: https://api.example.org}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    basic: {type: http, scheme: basic}
security: [{key: []}]
paths:
  /things:
    get: {operationId: list, responses: {}}
    delete: {operationId: clear, security: [], responses: {}}
  /open:
    get: {operationId: open, security: [{}, {basic: []}], responses: {}}
"""


def check(
    folder: Path, body: str, *, head: str = "", dialect: str = "lenient", api: str = API
) -> list[tuple[str, int]]:
    (folder / "api.yaml").write_text(api)
    path = folder / "doc.yaml"
    path.write_text(
        "arazzo: 1.1.0\ninfo: {title: T, version: 1.0.0}\n"
        "sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\n" + head + "workflows:\n" + body
    )
    return [(problem.rule, problem.place.line) for problem in validate(path, dialect=dialect)]


KEY = "parameters: [{name: x-key, in: header, value: $inputs.key}]"
INPUTS = "inputs: {type: object, required: [key], properties: {key: {type: string}}}"


def test_a_document_that_says_everything_has_no_problems(tmp_path: Path) -> None:
    body = f"- workflowId: w\n  {INPUTS}\n  {KEY}\n  steps:\n  - {{stepId: a, operationId: list}}\n"
    assert check(tmp_path, body) == []


def test_errors_and_warnings_come_together_sorted_by_place(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  steps:
  - stepId: a
    operationId: lst
    onFailure: [{name: x, type: goto, stepId: nowhere}]
  - stepId: b
    operationId: clear
    x-airflow: {pol: 1}
    successCriteria: [{condition: $statusCode ==}]
    outputs: {x: $steps.c.outputs.y}
"""
    assert check(tmp_path, body) == [
        ("unknown-operation", 8),
        ("unknown-step", 9),
        ("unknown-setting", 12),
        ("unreadable-condition", 13),
        ("unknown-step", 14),
    ]


def test_one_problem_for_each_source_without_credential(tmp_path: Path) -> None:
    body = "- workflowId: w\n  steps:\n" + "".join(f"  - {{stepId: s{n}, operationId: list}}\n" for n in range(5))
    assert check(tmp_path, body) == [("missing-credential", 3)]
    assert check(tmp_path, body, head="x-airflow: {connection: things}\n") == []


@pytest.mark.parametrize(
    ("scheme", "parameter", "passes"),
    [
        ("type: http, scheme: bearer", "name: authorization, in: header", True),
        ("type: http, scheme: bearer", "name: Authorization, in: query", False),
        ("type: apiKey, in: header, name: X-Key", "name: x-key, in: header", True),
        ("type: apiKey, in: header, name: X-Key", "name: X-Key, in: query", False),
        ("type: apiKey, in: query, name: key", "name: key, in: query", True),
        ("type: apiKey, in: query, name: key", "name: key, in: header", False),
        ("type: apiKey, in: query, name: key", "name: whole, in: querystring", True),
        ("type: apiKey, in: cookie, name: sid", "name: sid, in: cookie", True),
        ("type: apiKey, in: cookie, name: sid", "name: Cookie, in: header", True),
        ("type: apiKey, in: cookie, name: sid", "name: Accept, in: header", False),
    ],
)
def test_a_credential_counts_in_its_place_only(tmp_path: Path, scheme: str, parameter: str, passes: bool) -> None:
    body = "- workflowId: w\n  steps:\n  - stepId: a\n    operationId: list\n"
    body += f"    parameters: [{{{parameter}, value: $inputs.key}}]\n  {INPUTS}\n"
    described = API.replace("{type: apiKey, in: header, name: X-Key}", f"{{{scheme}}}")
    found = [rule for rule, _ in check(tmp_path, body, api=described)]
    assert ("missing-credential" not in found) is passes


def test_operations_that_may_be_called_without_credential_are_not_secured(tmp_path: Path) -> None:
    body = "- workflowId: w\n  steps: [{stepId: a, operationId: open}, {stepId: b, operationId: clear}]\n"
    assert check(tmp_path, body) == []


def test_a_call_has_no_request_and_no_answer_to_look_at(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  steps:
  - stepId: a
    workflowId: v
    successCriteria: [{condition: $statusCode == 200}, {condition: $response.body#/x == null}]
    outputs: {u: $url, h: "by {$response.header.Via}"}
- workflowId: v
  steps:
  - {stepId: b, operationId: open, outputs: {u: $url, h: "by {$response.header.Via}"}}
"""
    found = [line for rule, line in check(tmp_path, body) if rule == "early-expression"]
    assert found == [9, 10, 10]


def test_a_workflow_has_no_request_and_no_answer_to_look_at(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  inputs: {type: object, properties: {i: {type: string}}}
  steps: [{stepId: a, operationId: open, outputs: {u: $url, s: $statusCode}}]
  outputs:
    body: $response.body#/id
    status: $statusCode
    sent: {context: $request.body, selector: /id, type: jsonpointer}
    text: by {$response.header.Via} and {$method}
    fine: $steps.a.outputs.u
    given: $inputs.i
"""
    found = [line for rule, line in check(tmp_path, body) if rule == "early-expression"]
    assert found == [9, 10, 11, 12, 12]


def test_outputs_of_a_workflow_are_not_known_before_it_ends(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  steps:
  - stepId: a
    operationId: open
    successCriteria:
    - condition: $outputs.x == null
  - stepId: b
    workflowId: v
    parameters:
    - {name: i, value: $outputs.x}
    outputs:
      fine: $outputs.u
  outputs:
    early: $outputs.x.id
    x: $steps.a.outputs.u
    itself: $outputs.itself
    late: $outputs.x
- workflowId: v
  inputs: {type: object, properties: {i: {type: string}}}
  steps:
  - {stepId: c, operationId: open}
  outputs: {u: 1}
"""
    found = [line for rule, line in check(tmp_path, body) if rule == "early-expression"]
    assert found == [10, 14, 18, 20]


@pytest.mark.parametrize(
    ("value", "column"),
    [("a {$inputs.key", 2), ("{$inputs.key", 0), ("{$inputs.key} {$inputs.key", 14), ("{$inputs.key}", None)],
)
def test_a_brace_that_is_not_closed_is_told(tmp_path: Path, value: str, column: int | None) -> None:
    body = f"- workflowId: w\n  {INPUTS}\n  steps:\n  - stepId: a\n    operationId: open\n    parameters:\n"
    check(tmp_path, f"{body}    - {{name: q, in: query, value: '{value}'}}\n")
    places = [each.place for each in validate(tmp_path / "doc.yaml") if each.rule == "misspelled-expression"]
    assert [place.column - place.excerpt.index(value) - 1 for place in places] == ([] if column is None else [column])


@pytest.mark.parametrize(
    ("schema", "rules"),
    [
        ("properties: {key: {default: k}}", []),
        ("allOf: [{properties: {key: {default: k}}}]", []),
        ("properties: {key: {}}, if: {required: [other]}, then: {properties: {key: {default: k}}}", ["input-need"]),
        ("anyOf: [{properties: {key: {default: k}}}, {properties: {key: {type: string}}}]", ["input-need"]),
    ],
)
def test_a_default_of_a_branch_gives_no_value(tmp_path: Path, schema: str, rules: list[str]) -> None:
    body = f"- workflowId: w\n  inputs: {{type: object, {schema}}}\n  steps:\n  - stepId: a\n    operationId: open\n"
    found = check(tmp_path, body + "    parameters: [{name: q, in: query, value: 'a {$inputs.key}'}]\n")
    assert [rule for rule, _ in found if rule == "input-need"] == rules


FALL = """\
- workflowId: w
  steps:
  - stepId: a
    operationId: open
    onSuccess:
    - {name: go, type: %s, criteria: [{condition: $statusCode == 201}]}
%s  - {stepId: b, operationId: clear}
"""


@pytest.mark.parametrize(
    ("action", "extra", "words"),
    [
        ("goto, stepId: b", "", "the step fails; other tools go on to step 'b', a DELETE"),
        ("end", "", "step 'b' comes next, a DELETE"),
        ("end", "    - {name: else, type: goto, stepId: b}\n", None),
        ("end", "    x-airflow: {unmatched: next}\n", None),
    ],
)
def test_fall_through_is_told_until_the_author_decides(
    tmp_path: Path, action: str, extra: str, words: str | None
) -> None:
    check(tmp_path, FALL % (action, extra))
    messages = [problem.message for problem in validate(tmp_path / "doc.yaml") if problem.rule == "fall-through"]
    assert len(messages) == (words is not None)
    assert words is None or messages[0].endswith(words)


def test_side_by_side_no_step_is_named_that_comes_next(tmp_path: Path) -> None:
    polls = FALL % ("goto, stepId: a", "")
    check(tmp_path, polls)
    assert "step 'b' comes next" in str(validate(tmp_path / "doc.yaml"))
    check(tmp_path, polls + "  - {stepId: c, operationId: open, dependsOn: [a]}\n")
    messages = [problem.message for problem in validate(tmp_path / "doc.yaml") if problem.rule == "fall-through"]
    assert messages == ["if no success action of step 'a' holds, what waits for it comes next"]


def test_a_loop_is_bounded_by_settings_anywhere_around_it(tmp_path: Path) -> None:
    body = "- workflowId: w\n%s  steps:\n  - stepId: a\n    operationId: open\n    onSuccess:\n"
    body += "    - {name: again, type: goto, stepId: a, criteria: [{condition: $statusCode == 202}]}\n"
    body += "    - {name: done, type: end}\n"
    assert [rule for rule, _ in check(tmp_path, body % "")] == ["unbounded-loop"]
    assert check(tmp_path, body % "  x-airflow: {timeout: 60}\n") == []
    assert check(tmp_path, body % "", head="x-airflow: {max_rounds: 5}\n") == []


@pytest.mark.parametrize(
    ("first", "second", "third", "lines"),
    [
        ("{max_rounds: 5}", "{max_rounds: 6, pool: p}", "{max_rounds: 5}", [9]),
        ("{pool: p}", "{max_rounds: 6}", "{max_rounds: 5, mode: poke}", [15]),
        ("{resend: true}", "{max_rounds: 6, resend: false}", "{connection: c}", []),
        ("{max_rounds: 1}", "{max_rounds: 1}", "{poke_interval: 5}", []),
    ],
)
def test_a_setting_of_a_step_whose_task_has_that_of_another_is_idle(
    tmp_path: Path, first: str, second: str, third: str, lines: list[int]
) -> None:
    body = f"""\
- workflowId: w
  steps:
  - {{stepId: before, operationId: open, x-airflow: {{pool: other}}}}
  - {{stepId: a, operationId: open, x-airflow: {first}}}
  - {{stepId: b, operationId: open, x-airflow: {second}}}
  - stepId: c
    operationId: open
    onSuccess:
    - {{name: again, type: goto, stepId: a, criteria: [{{condition: $statusCode == 202}}]}}
    - {{name: done, type: end}}
    x-airflow: {third}
"""
    assert [(rule, line) for rule, line in check(tmp_path, body)] == [("idle-setting", line) for line in lines]


def test_what_a_retry_runs_first_is_one_task_with_its_step(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  steps:
  - {stepId: a, operationId: open, x-airflow: {pool: p}}
  - stepId: b
    operationId: open
    onFailure: [{name: again, type: retry, stepId: a}]
    x-airflow: {pool: q}
"""
    assert [rule for rule, _ in check(tmp_path, body)] == ["idle-setting"]


def test_a_page_cursor_of_a_loop_is_no_later_step(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  steps:
  - stepId: a
    operationId: open
    x-airflow: {max_rounds: 5}
    requestBody: {payload: {cursor: $steps.a.outputs.next}}
    outputs: {next: $response.body#/next}
    onSuccess:
    - {name: more, type: goto, stepId: a, criteria: [{condition: $response.body#/next != null}]}
    - {name: done, type: end}
"""
    assert check(tmp_path, body) == []
    once = body.replace(
        "    - {name: more, type: goto, stepId: a, criteria: [{condition: $response.body#/next != null}]}\n", ""
    )
    assert [rule for rule, _ in check(tmp_path, once)] == ["idle-field", "later-step"]


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("Authorization", "Bearer c2VjcmV0LXRva2Vu", True),
        ("Authorization", "Bearer {$inputs.key}", False),
        ("Authorization", "Bearer YOUR_TOKEN", False),
        ("client_secret", "8f7d6a5b4c", True),
        ("clientSecret", "8f7d6a5b4c", True),
        ("token_type", "bearer-token", False),
        ("grant_type", "client_credentials", False),
        ("max_tokens", "100000000", False),
        ("note", "ghp_0123456789abcdefghijABCDEFGHIJ012345", True),
        ("password", "<password>", False),
    ],
)
def test_secrets_are_found_and_not_shown(tmp_path: Path, name: str, value: str, secret: bool) -> None:
    payload = json.dumps({name: value})
    body = f"- workflowId: w\n  {INPUTS}\n  steps:\n  - stepId: a\n    operationId: clear\n"
    check(tmp_path, body + f"    requestBody: {{payload: {payload}}}\n")
    found = [problem for problem in validate(tmp_path / "doc.yaml") if problem.rule == "written-secret"]
    assert bool(found) == secret
    assert not any(value in problem.render() for problem in validate(tmp_path / "doc.yaml") if secret)


def test_no_problem_of_a_line_with_a_secret_shows_the_line(tmp_path: Path) -> None:
    value = "Bearer c2VjcmV0LXRva2Vu"
    parameters = f"[{{name: Authorization, in: header, value: {value}}}]"
    body = f"- workflowId: w\n  steps: [{{stepId: a, operationId: clr, parameters: {parameters}}}]\n"
    rules = {rule for rule, _ in check(tmp_path, body)}
    assert rules == {"written-secret", "unknown-operation"}
    assert not any(value in problem.render() for problem in validate(tmp_path / "doc.yaml"))


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ("[{name: X-Api-Key, in: headr, value: s3cr3t-abcdef-1}]", "invalid-value"),
        ('[{"name":"X-Api-Key","in":"headr","value":"s3cr3t-abcdef-1"}]', "invalid-value"),
        ("[{name: key, in: headr, value: Bearer s3cr3t-abcdef-1}]", "invalid-value"),
        ("[{name: password, in: query, value: 's3cr3t-abcdef-1}]", "yaml-syntax"),
        ("[{name: key, in: query, password: s3cr3t-abcdef-1, name: key}]", "duplicate-key"),
    ],
)
def test_a_file_that_cannot_be_read_does_not_show_its_secrets(tmp_path: Path, parameters: str, rule: str) -> None:
    body = f"- workflowId: w\n  steps:\n  - stepId: a\n    operationId: clear\n    parameters: {parameters}\n"
    assert [found for found, _ in check(tmp_path, body)] == [rule]
    assert not any("s3cr3t" in problem.render() for problem in validate(tmp_path / "doc.yaml"))


@pytest.mark.parametrize("value", ["$inputs.token", "<your token>", "{$inputs.token}"])
def test_a_line_without_a_secret_is_shown(tmp_path: Path, value: str) -> None:
    body = f"- workflowId: w\n  steps:\n  - stepId: a\n    parameters: [{{name: token, in: headr, value: '{value}'}}]\n"
    check(tmp_path, body)
    assert any(value in problem.render() for problem in validate(tmp_path / "doc.yaml"))


def test_workflows_of_other_documents(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(
        "arazzo: 1.1.0\ninfo: {title: O, version: 1.0.0}\n"
        "sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\n"
        "workflows:\n- workflowId: w\n  inputs: {type: object, required: [id], properties: {id: {type: string}}}\n"
        "  steps: [{stepId: a, operationId: open}]\n"
    )
    body = """\
- workflowId: w
  steps:
  - {stepId: a, workflowId: $sourceDescriptions.other.w}
  - {stepId: b, workflowId: $sourceDescriptions.other.v}
  - {stepId: c, workflowId: $sourceDescriptions.other.w, parameters: [{name: ids, value: 1}]}
"""
    (tmp_path / "api.yaml").write_text(API)
    text = (
        "arazzo: 1.1.0\ninfo: {title: T, version: 1.0.0}\nsourceDescriptions:\n"
        "- {name: api, url: api.yaml}\n- {name: other, url: other.yaml, type: arazzo}\nworkflows:\n"
    )
    (tmp_path / "doc.yaml").write_text(text + body)
    assert [(problem.rule, problem.place.line) for problem in validate(tmp_path / "doc.yaml")] == [
        ("missing-input", 9),
        ("unknown-workflow", 10),
        ("missing-input", 11),
        ("undeclared-input", 11),
    ]


def test_actions_that_hand_over_without_an_input_are_told(tmp_path: Path) -> None:
    body = """\
- workflowId: outer
  steps:
  - stepId: a
    operationId: open
    onSuccess: [{name: go, type: goto, workflowId: inner}]
    onFailure:
    - {name: once, type: retry, workflowId: inner, parameters: [{name: id, value: 1}]}
    - {name: again, type: retry, workflowId: inner}
    - {name: stop, type: end}
- workflowId: inner
  inputs: {type: object, allOf: [{required: [id], properties: {id: {type: integer}, x: {type: string}}}]}
  steps: [{stepId: a, operationId: open}]
"""
    assert check(tmp_path, body) == [("unfed-workflow", 9), ("unfed-workflow", 12)]


def test_a_workflow_takes_the_inputs_of_those_that_come_before_it(tmp_path: Path) -> None:
    body = """\
- workflowId: outer
  steps:
  - {stepId: a, workflowId: inner}
  - {stepId: b, workflowId: inner, parameters: [{name: id, value: 1}, {name: ids, value: 1}]}
- {workflowId: inner, dependsOn: [middle], steps: [{stepId: a, operationId: open}]}
- {workflowId: middle, dependsOn: [first], x-airflow: {inputs: {id: 1}}, steps: [{stepId: a, operationId: open}]}
- workflowId: first
  inputs: {type: object, required: [id], properties: {id: {type: integer}}}
  steps: [{stepId: a, operationId: open}]
"""
    assert check(tmp_path, body) == [("missing-input", 7), ("undeclared-input", 8)]


@pytest.mark.parametrize(
    ("step", "settings", "idle"),
    [
        ("operationId: open", "schedule: '@daily'", True),
        ("operationId: open", "tags: [a]", True),
        ("operationId: open", "inputs: {}", True),
        ("operationId: open", "sensitive: [a]", True),
        ("operationId: open", "timeout: 5", True),
        ("operationId: open", "granularity: workflow", True),
        ("operationId: open", "queue: q", False),
        ("operationId: open, onSuccess: [{name: again, type: goto, stepId: a}]", "timeout: 5", False),
        ("operationId: open, onSuccess: [{name: again, type: retry}, {name: on, type: end}]", "timeout: 5", False),
        ("operationId: open, onFailure: [{name: again, type: retry}]", "max_rounds: 5", True),
        ("workflowId: v", "granularity: workflow", False),
        ("workflowId: v", "queue: q", False),
        ("workflowId: v", "connection: c", True),
        ("workflowId: v", "poke_interval: 5", True),
    ],
)
def test_settings_that_do_nothing_on_a_step_are_told(tmp_path: Path, step: str, settings: str, idle: bool) -> None:
    body = f"- workflowId: w\n  steps:\n  - {{stepId: a, {step}, x-airflow: {{{settings}}}}}\n"
    body += "- {workflowId: v, steps: [{stepId: b, operationId: open}]}\n"
    found = [line for rule, line in check(tmp_path, body) if rule == "idle-field"]
    assert found == ([7] if idle else [])


def test_a_schedule_that_cannot_be_checked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "- {workflowId: w, x-airflow: {schedule: SCHEDULE}, steps: [{stepId: a, operationId: open}]}\n"
    assert check(tmp_path, body.replace("SCHEDULE", "0 6 * * *")) == []
    monkeypatch.setitem(sys.modules, "croniter", None)
    assert check(tmp_path, body.replace("SCHEDULE", "'@daily'")) == []
    assert check(tmp_path, body.replace("SCHEDULE", "0 6 * * *")) == [("invalid-setting", 5)]


def test_on_a_workflow_they_are_defaults(tmp_path: Path) -> None:
    head = "x-airflow: {poke_interval: 5, connection: c, granularity: workflow, tags: [a]}\n"
    body = "- {workflowId: w, x-airflow: {timeout: 5}, steps: [{stepId: a, operationId: open}]}\n"
    assert check(tmp_path, body, head=head) == []


def test_a_step_that_calls_a_workflow_has_no_timeout(tmp_path: Path) -> None:
    body = "- workflowId: w\n  steps:\n  - {stepId: a, workflowId: v, timeout: 6000}\n"
    body += "- {workflowId: v, steps: [{stepId: b, operationId: open, timeout: 6000}]}\n"
    assert check(tmp_path, body) == [("idle-field", 7)]


def test_another_document_that_cannot_be_read_is_told_where_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("arazzo: 1.1.0\ninfo: {title: O}\n")
    (tmp_path / "doc.yaml").write_text(
        "arazzo: 1.1.0\ninfo: {title: T, version: 1.0.0}\n"
        "sourceDescriptions: [{name: other, url: other.yaml, type: arazzo}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: a, workflowId: $sourceDescriptions.other.w}]}]\n"
    )
    found = validate(tmp_path / "doc.yaml")
    assert {problem.rule for problem in found} == {"missing-field"}
    assert all(problem.place.file.endswith("other.yaml") for problem in found)


def test_circles_of_calls_are_named(tmp_path: Path) -> None:
    body = "".join(
        f"- {{workflowId: {one}, steps: [{{stepId: a, workflowId: {two}}}]}}\n" for one, two in ("xy", "yz", "zx")
    )
    check(tmp_path, body)
    messages = [problem.message for problem in validate(tmp_path / "doc.yaml")]
    assert messages[0].endswith("in a circle: x -> y -> z -> x")


def test_a_broken_source_is_one_problem_and_its_operations_are_not_judged(tmp_path: Path) -> None:
    (tmp_path / "doc.yaml").write_text(
        "arazzo: 1.0.1\ninfo: {title: T, version: 1.0.0}\nsourceDescriptions: [{name: api, url: gone.yaml}]\n"
        "workflows: [{workflowId: w, steps: [{stepId: a, operationId: x}, {stepId: b, operationId: y}]}]\n"
    )
    assert [problem.rule for problem in validate(tmp_path / "doc.yaml")] == ["missing-source"]


def corpus() -> list[Path]:
    table = PUBLIC_DATA / "corpus" / "documents.tsv"
    if not table.exists():
        return []
    rows = csv.DictReader(table.read_text().splitlines(), delimiter="\t")
    return [table.parent / row["document"] for row in rows]


@pytest.mark.skipif(not corpus(), reason="no corpus beside the checkout")
def test_what_public_documents_are_refused_for() -> None:
    remote = json.loads((PUBLIC_DATA / "corpus" / "remote_map.json").read_text())
    files = {url: PUBLIC_DATA / "corpus" / path for url, path in remote.items()}
    refused: dict[str, set[str]] = {}
    for path in corpus():
        try:
            loaded = load_document(path)
        except DocumentError:
            continue  # core/tests/document says which
        problems = validate(loaded, sources=Sources(loaded, files))
        assert {problem.rule for problem in problems} <= RULES.keys()
        if errors := {problem.rule for problem in problems if problem.is_error}:
            refused[path.name] = errors
    allowed = {"unknown-step", "unreadable-expression", "unknown-operation", "unknown-workflow", "recursive-workflow"}
    assert set().union(*refused.values()) <= allowed
    assert len(refused) <= 8


@pytest.mark.skipif(not PUBLIC_DATA.exists(), reason="no seeds beside the checkout")
def test_the_seeds_run_and_what_they_leave_open_is_told() -> None:
    found = {
        path.name.split("-")[0]: sorted({problem.rule for problem in validate(path)})
        for path in sorted((PUBLIC_DATA / "seeds" / "arazzo").iterdir())
    }
    assert found == {
        "anchore": ["fall-through", "non-portable-condition", "path-need"],
        "aqua": [
            "fall-through",
            "missing-credential",
            "non-portable-condition",
            "non-portable-expression",
            "unbounded-loop",
        ],
    }


def test_an_output_named_without_the_word_outputs_must_be_declared(tmp_path: Path) -> None:
    body = """\
- workflowId: w
  steps:
  - {stepId: a, operationId: open, outputs: {id: $response.body#/id}}
  - stepId: b
    operationId: open
    parameters:
    - {name: X-A, in: header, value: $steps.a.%s}
"""
    rules = [rule for rule, line in check(tmp_path, body % "id") if line == 11]
    assert "unreadable-expression" not in rules
    assert "non-portable-expression" in rules
    assert ("unreadable-expression", 11) in check(tmp_path, body % "name")


def test_errors_of_a_workflow_do_not_concern_the_others(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(API)
    path = tmp_path / "doc.yaml"
    path.write_text(
        "arazzo: 1.1.0\ninfo: {title: T, version: 1.0.0}\n"
        "sourceDescriptions: [{name: api, url: api.yaml, type: openapi}]\nworkflows:\n"
        "- {workflowId: good, steps: [{stepId: a, operationId: open}]}\n"
        "- {workflowId: bad, steps: [{stepId: a, operationId: opn}]}\n"
        "- {workflowId: caller, steps: [{stepId: a, workflowId: bad}]}\n"
    )
    assert load_plan(path, "good").workflow_id == "good"
    for workflow in ("bad", "caller"):
        with pytest.raises(DocumentError, match=r"doc\.yaml:6:"):
            load_plan(path, workflow)


def test_structures_in_quotes_are_told_and_scalars_are_not(tmp_path: Path) -> None:
    inputs = "properties: {list: {type: array}, map: {type: [object]}, n: {type: integer}, key: {type: string}}"
    payload = '{"a": "{$inputs.list}", "b": "{$inputs.n}", "c": "of {$inputs.list}", "d": {$inputs.list}, "e": $inputs}'
    body = f"- workflowId: w\n  inputs: {{type: object, required: [key, list, map, n], {inputs}}}\n  {KEY}\n  steps:\n"
    body += "  - stepId: a\n    operationId: clear\n    requestBody: {payload: PAYLOAD}\n"
    body = body.replace("PAYLOAD", json.dumps(payload))
    assert check(tmp_path, body) == [("non-portable-expression", 11)]
    assert check(tmp_path, body, dialect="strict") == []
