"""Properties: no text and no data raises anything unforeseen; the boolean dialect agrees with a tiny oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from criteria_samples import context
from hypothesis import example, given
from hypothesis import strategies as st
from suite import drawn

from arazzo.criteria import Truth, check, evaluate, expressions, parse_boolean, parse_simple
from arazzo.document.models import Criterion, ExpressionType
from arazzo.errors import ExpressionSyntaxError

# fmt: off
SCRAPS = [
    "$", "$.", "$.a", "$.b.c", "$[0]", "$['x']", "@", "@.n", "$..", "[?(", "[?", ")]", "[", "]", "(", ")", "{", "}",
    "'", '"', "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "=", ".", "..", ",", ":", "*", "?", "-", "+", "#", "/",
    "~", "0", "1", "-1", "1e5", "9" * 400, "true", "false", "null", "word", "in-progress", "length", ".length",
    ".size()", "$statusCode", "$inputs.a", "$inputs", "$steps.s.outputs.o", "$response.body#/a", "$response.body.a[0]",
    "{$inputs.a}", "$response.header.X-A", "$input", "'x'", '"y"', "'{$inputs.a}'", "'$inputs.b'", "count(", "^",
    "\\d{2}", "\\", " ", "\n", "\u0000", "é", "\ud800",
]
# fmt: on
TEXTS = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, 1.5, 2.0]),
    st.sampled_from(["", "x", "Y", "2", "a"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "length", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        None,
        "simple",
        "regex",
        "jsonpath",
        "xpath",
        ExpressionType(type="jsonpath", version="draft-goessner-dispatch-jsonpath-00"),
        ExpressionType(type="xpath", version="xpath-10"),
        ExpressionType(type="jsonpointer", version="rfc6901"),
    ]
)
DIALECTS = st.sampled_from(["lenient", "strict"])


def readable(read: Callable[[], Any], text: str) -> None:
    """Read; a syntax error must be located in the text and say something."""
    problem = None
    try:
        read()
    except ExpressionSyntaxError as error:
        problem = error
    assert problem is None or (0 <= problem.offset <= len(text) and problem.message)


quick = drawn(100)


@quick
@given(TEXTS, DIALECTS)
def test_reading_a_simple_condition_raises_syntax_errors_only(text, dialect):
    readable(lambda: parse_simple(text, dialect), text)


@quick
@given(TEXTS)
@example("$.a" + "[?@" * 70)
@example("$[99999999999999999999:]==1")
@example("$.a == " + "9" * 5000)
def test_reading_the_boolean_dialect_raises_syntax_errors_only(text):
    readable(lambda: parse_boolean(text), text)


@quick
@given(
    TYPES,
    st.sampled_from(["$response.body", "$inputs", "$inputs.a", "$statusCode", "nonsense", None]),
    TEXTS,
    DIALECTS,
    JSON,
)
def test_a_criterion_never_raises(kind, where, text, dialect, body):
    criterion = Criterion(context=where, condition=text, type=kind)
    findings = check(criterion, dialect)
    verdict = evaluate(criterion, context(body, a=body, b="b"), dialect)
    assert verdict.reason is not None
    if verdict.error is not None:
        assert not verdict.passed
    if any(finding.severity.value == "error" for finding in findings):
        assert not verdict.passed
    else:
        expressions(criterion, dialect)
    assert all(0 <= finding.offset <= max(len(text), len(where or "")) for finding in findings)


@quick
@given(TEXTS, JSON)
def test_what_strict_holds_lenient_holds(text, body):
    """Lenient reads everything strict reads, with the same result; only a filter on an object root may hold besides."""
    for kind in ("simple", "jsonpath"):
        criterion = Criterion(context="$response.body", condition=text, type=kind)
        if "$inputs" in text or "$s" in text or "$r" in text or "length" in text or "size" in text:
            continue
        if evaluate(criterion, context(body), "strict").passed:
            assert evaluate(criterion, context(body), "lenient").passed


NESTED = [("$.a[", "]"), ("$.a[?(", ")]"), ("$[?@", "]"), ("(", ")"), ("!", ""), ("$[?(!@[", "])]"), ("($.a)[", "]")]


@pytest.mark.parametrize("kind", ["simple", "jsonpath"])
@pytest.mark.parametrize(("left", "right"), NESTED)
def test_conditions_nested_too_deeply_are_errors(kind, left, right):
    for depth in (200, 400, 4000):
        criterion = Criterion(context="$response.body", condition=left * depth + "1" + right * depth, type=kind)
        assert "error" in {finding.severity.value for finding in check(criterion, "lenient")}
        assert evaluate(criterion, context({}), "lenient").error


def test_many_elements_taken_of_elements_are_an_error():
    criterion = Criterion(condition="($inputs.a)" + "[ 0 ]" * 3000)
    assert "error" in {finding.severity.value for finding in check(criterion, "lenient")}


def test_deep_data_does_not_overflow():
    deep: Any = "x"
    for _ in range(5000):
        deep = {"a": [deep]}
    for condition in ("$..a.length > 0", "$.a == $inputs.deep", "$..x", "$.a != null"):
        criterion = Criterion(context="$response.body", condition=condition, type="jsonpath")
        evaluate(criterion, context(deep, deep=deep), "lenient")
    simple = Criterion(condition="$response.body == $inputs.deep")
    assert evaluate(simple, context(deep, deep=deep), "lenient").passed
    pattern = Criterion(context="$response.body", condition="x", type="regex")
    assert evaluate(pattern, context(deep), "lenient").passed


# The oracle: conditions as trees, written as text, and evaluated by the rules in as few words as possible.

MISSING = object()
ROOT_PATHS = [("a",), ("b",), ("a", "b"), ("a", 0), ("b", -1), ("a", "length"), ("length",), ("x", "a", 0)]
LITERALS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x", "Y", "2"]), st.just(1.5))
COMPARISONS = st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.sampled_from(ROOT_PATHS), LITERALS)
TREES = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("group"), inner),
    ),
    max_leaves=5,
)


def written(tree: tuple) -> str:
    match tree:
        case ("not", inner):
            return f"!({written(inner)})"
        case ("group", inner):
            return f"({written(inner)})"
        case ("and", left, right):
            return f"({written(left)}) && ({written(right)})"
        case ("or", left, right):
            return f"{written(left)} || {written(right)}"
        case (operator, path, literal):
            steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
            text = (
                {None: "null", True: "true", False: "false"}.get(literal)
                if not isinstance(literal, (int, float))
                else None
            )
            text = ("true" if literal else "false") if isinstance(literal, bool) else text
            return f"$%s {operator} %s" % (steps, text or (f"'{literal}'" if isinstance(literal, str) else literal))


def expected(tree: tuple, root: Any) -> bool | None:
    """Return the truth by Kleene's logic: None is undecided."""
    match tree:
        case ("not", inner):
            found = expected(inner, root)
            return None if found is None else not found
        case ("group", inner):
            return expected(inner, root)
        case ("and" | "or" as operator, left, right):
            sides = (expected(left, root), expected(right, root))
            deciding = operator == "or"
            return deciding if deciding in sides else None if None in sides else not deciding
        case (operator, path, literal):
            return oracle(operator, path, literal, root)


def oracle(operator: str, path: tuple, literal: Any, root: Any) -> bool | None:
    value = walk(root, path)
    if value is MISSING and path[-1] == "length":
        owner = walk(root, path[:-1])
        if isinstance(owner, (int, float)):  # booleans, too
            return None
        sized = owner is not MISSING and type(owner) in (str, list, dict)
        value = len(owner) if sized else MISSING if literal is None else 0
    if operator in ("==", "!="):
        equal = literal is None if value is MISSING else json_type(value) == json_type(literal) and value == literal
        return equal if operator == "==" else not equal
    if value is MISSING or json_type(value) != json_type(literal):
        return False
    if json_type(value) in ("null", "boolean"):
        return operator in ("<=", ">=") and value == literal
    if json_type(value) not in ("number", "string"):
        return False
    return {"<": value < literal, "<=": value <= literal, ">": value > literal, ">=": value >= literal}[operator]


def walk(value: Any, path: tuple) -> Any:
    for step in path:
        try:
            if isinstance(step, int) != isinstance(value, list):
                return MISSING
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def json_type(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "array",
        dict: "object",
    }
    return names[type(value)]


@drawn(200)
@given(TREES, JSON)
@example(("==", ("a", "length"), 0), {"a": None})
@example(("<=", ("a",), None), {"a": None})
@example(("!=", ("length",), None), [])
@example(("<=", ("a", "length"), None), {})
@example(("!=", ("b", -1), None), False)
@example(("or", ("==", ("a",), 1), ("==", ("length",), 1)), "x")
def test_the_boolean_dialect_agrees_with_the_oracle(tree, root):
    text = written(tree)
    criterion = Criterion(context="$response.body", condition=text, type="jsonpath")
    verdict = (
        evaluate(criterion, context({"r": root}), "lenient")
        if root is None
        else evaluate(criterion, context(root), "lenient")
    )
    truth = expected(tree, {"r": None} if root is None else root)
    if verdict.undecided and isinstance(root, (str, int, float)):  # which no path leads into
        return
    assert verdict.truth is (Truth.UNDECIDED if truth is None else Truth.of(truth)), (text, root)


@pytest.mark.parametrize("tree", [("or", ("==", ("a",), 1), ("and", ("==", ("b",), 2), ("==", ("x",), 3)))])
def test_the_oracle_writes_what_it_means(tree):
    assert written(tree) == "$.a == 1 || ($.b == 2) && ($.x == 3)"
