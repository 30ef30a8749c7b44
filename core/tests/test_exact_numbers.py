"""Numbers stay what is spelled: in answers, documents, conditions of every kind, bodies and states."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arazzo.absent import ABSENT
from arazzo.criteria import Truth, evaluate
from arazzo.document.models import Criterion, ExpressionType, RequestBody, Step
from arazzo.document.schema_checks import schema_errors
from arazzo.engine import State
from arazzo.engine.state import Frame
from arazzo.errors import ExpressionSyntaxError, GaveUpError
from arazzo.exact_numbers import Beyond, ExactNumber, decimal_of, less_number, same_number
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.expressions.selectors import GOESSNER, RFC9535, select
from arazzo.flow import PlannedStep
from arazzo.json_values import json_report, read_json_value, write_json
from arazzo.limits import limits_set
from arazzo.openapi.replacements import Replacement, apply_replacements
from arazzo.openapi.responses import decode_content
from arazzo.source.text import parse_source

BODY = (
    '{"items": [{"id": 9007199254740992, "name": "neighbour"}, {"id": 9007199254740993, "name": "meant"}],'
    ' "rate": 0.30000000000000000001, "huge": 1e400, "whole": 1e23}'
)
DATA = read_json_value(BODY)


def truth(condition: str, kind: str | ExpressionType = "jsonpath", **inputs) -> Truth:
    exchange = Exchange(Request("GET", "https://a.test"), Response(200), content=DATA)
    criterion = Criterion(condition=condition, context=None if kind == "simple" else "$response.body", type=kind)
    return evaluate(criterion, Context(exchange=exchange, inputs=inputs)).truth


@pytest.mark.parametrize("version", [RFC9535, GOESSNER])
def test_a_selector_tells_neighbours_beyond_the_integers_of_floats(version):
    query = "$.items[?(@.id == 9007199254740993)].name"
    assert select(DATA, query, "jsonpath", version) == "meant"


@pytest.mark.parametrize("version", [RFC9535, GOESSNER])
def test_a_replacement_does_not_change_the_neighbour(version):
    target = "$.items[?(@.id == 9007199254740993)].name"
    kind = ExpressionType(type="jsonpath", version=version)
    changed = apply_replacements(BODY, [Replacement(target, "admin", kind)], None)
    assert [item["name"] for item in changed["items"]] == ["neighbour", "admin"]


@pytest.mark.parametrize(
    ("condition", "kind", "expected"),
    [
        ("$.items[?@.id == {$inputs.id}]", "jsonpath", Truth.HOLDS),
        ("$.items[?@.id > 9007199254740993]", "jsonpath", Truth.FAILS),
        ("$[?@ == 0.30000000000000000001]", "jsonpath", Truth.HOLDS),
        ("$[?@ == 0.3]", "jsonpath", Truth.FAILS),
        ("$[?@ > 1e399]", "jsonpath", Truth.HOLDS),
        ("$[?@ == 100000000000000000000000]", "jsonpath", Truth.HOLDS),
        ("$[?@ == 1e400]", "jsonpath", Truth.HOLDS),
        ("$.rate > 0.3", "jsonpath", Truth.HOLDS),
        ("$.items[0].id == $inputs.id", "jsonpath", Truth.FAILS),
        ("$.items[1].id == $inputs.id", "jsonpath", Truth.HOLDS),
        ("$response.body#/items/0/id == $inputs.text", "simple", Truth.FAILS),
        ("$response.body#/items/1/id == $inputs.text", "simple", Truth.HOLDS),
        ("$response.body#/rate == 0.3", "simple", Truth.FAILS),
        ("$response.body#/rate > 0.3", "simple", Truth.HOLDS),
        ("$response.body#/whole == 100000000000000000000000", "simple", Truth.HOLDS),
        ("$response.body#/huge > 1e399", "simple", Truth.HOLDS),
        ("$.items[?(@.id > 9007199254740992)]", ExpressionType(type="jsonpath", version=GOESSNER), Truth.HOLDS),
        ("$.items[?(@.id > 9007199254740993)]", ExpressionType(type="jsonpath", version=GOESSNER), Truth.FAILS),
    ],
)
def test_conditions_of_every_kind_compare_exactly(condition, kind, expected):
    assert truth(condition, kind, id=9007199254740993, text="9007199254740993") is expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=25), st.integers(-(10**30), 10**30))
def test_numbers_compare_as_decimals_and_are_written_as_they_came(decimal, whole):
    text = format(decimal, "f")
    number = read_json_value(text)
    assert decimal_of(number) == decimal
    assert decimal_of(read_json_value(write_json(number))) == decimal
    assert same_number(number, whole) is (decimal == whole)
    assert less_number(number, whole) is (decimal < whole)
    assert less_number(whole, number) is (whole < decimal)


def test_a_number_survives_copies_states_and_reports():
    number = ExactNumber("1.000000000000000000001")
    assert copy.deepcopy(number) == pickle.loads(pickle.dumps(number)) == number
    state = State(frames=(Frame(inputs={"a": [number]}, outputs={"s": {"b": {"c": number, "d": 2**70}}}),))
    again = State.from_json(state.to_json())
    assert again == state
    assert str(again.frame.inputs["a"][0]) == "1.000000000000000000001"
    assert json_report({"a": number}) == '{"a":1.000000000000000000001}'
    assert f"{number} {number!r}" == "1.000000000000000000001 1.000000000000000000001"


def test_json_of_a_thousand_levels_comes_and_goes():
    text = "[" * 1000 + "]" * 1000
    assert write_json(read_json_value(text)) == text
    state = State(frames=(Frame(outputs={"s": {"deep": read_json_value(text)}}),))
    assert write_json(State.from_json(state.to_json()).frame.outputs["s"]["deep"]) == text


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("[" * 1001 + "]" * 1001, "json_depth"),
        ("[" * 100_000 + "]" * 100_000, "json_depth"),
        ("1" * 4301, "number_digits"),
        ("0." + "1" * 4301, "number_digits"),
        ("1e4301", "number_exponent"),
        ("1e-4301", "number_exponent"),
    ],
)
def test_what_is_beyond_a_limit_is_given_up_on_only_where_it_is_looked_at(text, limit):
    body = f'{{"fine": 1, "beyond": {text}}}'.encode()
    content = decode_content(Response(200, (("Content-Type", "application/json"),), body))
    assert select(content, "$.fine", "jsonpath") == 1
    if not text.startswith("["):
        assert select(content, "$[?@ == 'x']", "jsonpath") is ABSENT  # no number is a text, whatever it is
    with pytest.raises(GaveUpError, match=limit):
        write_json(content)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 2000 + "1" + "]" * 1999, '{"a" 1}', "[1 2]"])
def test_what_is_no_json_is_none_at_any_depth(text):
    with pytest.raises(ValueError, match=r".*"):
        read_json_value(text)


def test_smaller_limits_are_kept():
    with limits_set(number_digits=5, number_exponent=9, json_depth=2):
        found = read_json_value('{"a": 123456, "b": 1.5e10, "c": [[1]], "d": [12345]}')
        assert [isinstance(found[name], Beyond) for name in "ab"] == [True, True]
        assert isinstance(found["c"][0], Beyond)
        assert found["d"] == [12345]


@pytest.mark.parametrize(
    ("text", "value"),
    [("0777", 777), ("012", 12), ("+12", 12), (".5", 0.5), ("-.5", -0.5), ("1.", 1.0), ("0o17", 15), ("0xFF", 255)],
)
def test_yaml_has_the_numbers_of_the_core_schema(text, value):
    assert parse_source(f"a: {text}", "a.yaml").data["a"] == value


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_documents_hold_exact_numbers(name):
    found = parse_source('{"a": 0.12345678901234567890, "b": 12345678901234567890}', name).data
    assert (str(found["a"]), found["b"]) == ("0.12345678901234567890", 12345678901234567890)


@pytest.mark.parametrize(
    ("value", "valid"),
    [(19.99, True), (0.07, True), (1e22, True), (19.995, False), (ExactNumber("0.0100000000000000000001"), False)],
)
def test_a_multiple_is_one_of_decimals(value, valid):
    assert (schema_errors({"type": "number", "multipleOf": 0.01}, value) == []) is valid


@pytest.mark.parametrize("version", ["xpath-10", "xpath-20", "xpath-30", "xpath-31"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("//b[. = 9007199254740993]", "9007199254740993"),
        ("//b[. != 9007199254740993]", "9007199254740992"),
        ("//b[. > 9007199254740992]", "9007199254740993"),
        ("//b[number(.) = 9007199254740993]", "9007199254740993"),
        ("number(//b[1]) + 1", 9007199254740994),
        ("//b[. = 9007199254740992.5]", ABSENT),
        ("number(' 7 ') = 7", True),
    ],
)
def test_xpath_compares_integers_exactly(version, query, found):
    data = "<a><b>9007199254740993</b><b> 9007199254740992 </b></a>"
    selected = select(data, query, "xpath", version)
    assert (selected.strip() if isinstance(selected, str) else selected) == found


@pytest.mark.parametrize("operator", ["==", ">="])
def test_the_fractions_of_goessners_dialect_are_exact(operator):
    data = read_json_value('{"items": [{"r": 123456789012345678.25}, {"r": 123456789012345678.125}]}')
    found = select(data, f"$.items[?(@.r {operator} 123456789012345678.25)].r", "jsonpath", GOESSNER)
    assert write_json(found) == "123456789012345678.25"


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("1e2", "1e2"),
        ("1.0E+2", "1e2"),
        ("1000e-1", "1e2"),
        ("-25e-1", "-2.5"),
        ("9007199254740993e0", "9007199254740993"),
        ("9007199254740992.0e0", "9007199254740992"),
        ("1e-4300", None),
    ],
)
def test_goessners_dialect_reads_exponents_exactly(literal, found):
    data = read_json_value('{"items": [{"r": 1e2}, {"r": -2.5}, {"r": 9007199254740992}, {"r": 9007199254740993}]}')
    selected = select(data, f"$.items[?(@.r == {literal})].r", "jsonpath", GOESSNER)
    assert selected is ABSENT if found is None else write_json(selected) == found


@pytest.mark.parametrize("literal", ["1e2x", "1e", "1e+", "1e99999"])
def test_what_is_no_number_that_can_be_held_is_an_error_of_goessners_dialect(literal):
    with pytest.raises(ExpressionSyntaxError):
        select({"items": []}, f"$.items[?(@.r == {literal})].r", "jsonpath", GOESSNER)


@pytest.mark.parametrize(
    "text", ["1e2", "1E+2", "19.90", "100.0", "1.5", "-0.0", "1e400", "0.10", "12345678901234567.0"]
)
def test_numbers_keep_their_spelling(text):
    number = read_json_value(text)
    assert write_json(number) == f"{number}" == text
    state = State.from_json(State((Frame(inputs={"n": number}),)).to_json())
    assert write_json(state.frame.inputs["n"]) == text


@pytest.mark.parametrize(
    "text", ["1e2", "0.50", "19.90", "1.00", "0.00001", "100.0", "-0.0", "0.5", "1e400", "12345678901234567.0"]
)
def test_numbers_of_a_document_keep_their_spelling_in_plans(text):
    step = Step(
        step_id="a", request_body=RequestBody(payload={"n": read_json_value(text), "list": [read_json_value(text)]})
    )
    planned = PlannedStep.model_validate_json(PlannedStep(step=step).model_dump_json(by_alias=True))
    assert write_json(planned.step.request_body.payload) == f'{{"n":{text},"list":[{text}]}}'
