"""No input gets anything out of the core but answers: values, problems with places, and errors of the package.

Short here; ``make fuzz SECONDS=600`` feeds the same functions for longer, guided by coverage.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import fuzz_targets as targets
import pytest
import yaml
from fuzz_mutations import mutated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[3]
FOLDERS = ("core/tests/cases", "core/tests/cases/*", "core/tests/fuzz/seeds", "dags/workflows")
DOCUMENTS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.arazzo.yaml"))
APIS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.openapi.yaml"))
WHOLE = {path: yaml.load(path.read_text(), yaml.CSafeLoader) for path in (*DOCUMENTS, *APIS)}

short = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = st.sampled_from(
    (
        *("$", "$.", "$inputs.", "$steps.", "s", ".outputs.", "out", "$response.", "body", "header.", "#/", "~1", "~"),
        *("{", "}", "[", "]", "(", ")", "'", '"', "?", "@", "*", "..", ".", ",", ":", "/", "//", "\\", "|", "^", "+"),
        *(
            "==",
            "!=",
            "<",
            ">=",
            "&&",
            "||",
            "!",
            " ",
            "0",
            "1e9",
            "1e999",
            "9" * 5000,
            "{9,99}",
            "[" * 300,
            "-1",
            "a",
            "length",
            "null",
            "true",
            "$url",
            "$self",
        ),
        *(
            "matches(",
            "count(",
            "for $x in ",
            " return ",
            "map{",
            "array{",
            "=>",
            "::",
            "node()",
            "position()",
            "é",
            "\t",
        ),
    )
)
lines = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=14).map("".join)
yaml_text = st.lists(
    st.one_of(
        st.sampled_from(
            ("- ", "a: ", "? ", "&a ", "*a ", "<<: ", "!!int ", "| \n  x\n", "> \n", "{", "}", "[", "]", ",")
        ),
        st.sampled_from(
            ("\n", "\n  ", "\n    ", "'", '"', "#", "---\n", "...\n", "%YAML 1.2\n", "\t", "0x1F", "1e999")
        ),
        st.text(max_size=5),
    ),
    max_size=25,
).map("".join)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)


@short
@given(st.one_of(yaml_text, st.text(), json_values.map(json.dumps)), st.sampled_from(("a.yaml", "a.json", "a")))
def test_any_text_is_a_value_or_a_located_problem(text: str, name: str) -> None:
    targets.read_source(text, name)


@short
@given(lines)
def test_any_text_is_an_expression_or_not(text: str) -> None:
    targets.read_expression(text)


@short
@given(lines)
def test_any_condition_is_read_and_evaluated_or_refused(text: str) -> None:
    targets.read_condition(text)


@short
@given(lines)
def test_any_selector_selects_or_is_refused(text: str) -> None:
    targets.read_selector(text)


@short
@given(lines)
def test_any_target_is_replaced_or_refused(text: str) -> None:
    targets.replace(text)


@short
@given(
    st.one_of(st.binary(max_size=60), json_values.map(json.dumps).map(str.encode), lines.map(str.encode)),
    st.one_of(
        st.none(),
        st.text(max_size=12),
        st.sampled_from(
            ("application/json", "application/x-ndjson", "text/xml; charset=utf-16", "text/plain;charset=x")
        ),
        st.sampled_from(
            ("application/json;charset=utf-7", "text/plain; charset=base64", "application/json; charset=idna")
        ),
    ),
    st.one_of(st.text(max_size=12), st.sampled_from(("9" * 400, "-1", "Mon, 99 Jan 99999 00:00:00 GMT", "0 0 0 0 0"))),
)
def test_any_response_is_decoded(body: bytes, content_type: str | None, retry_after: str) -> None:
    targets.read_response(body, content_type, retry_after)


@few
@given(st.sampled_from(DOCUMENTS), st.randoms(use_true_random=False), st.integers(1, 4))
def test_no_mutation_of_a_document_is_more_than_a_problem(path: Path, random: Random, times: int) -> None:
    text = yaml.safe_dump(mutated(WHOLE[path], random, times), allow_unicode=True)
    source = targets.read_source(text, "mutated.arazzo.yaml")
    if source is not None:
        targets.read_document(source, path)


@few
@given(st.sampled_from(APIS), st.randoms(use_true_random=False), st.integers(1, 4))
def test_no_mutation_of_an_api_description_is_more_than_a_problem(path: Path, random: Random, times: int) -> None:
    targets.read_description(mutated(WHOLE[path], random, times))


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_the_documents_are_whole_before(path: Path) -> None:
    source = targets.read_source(path.read_text(), str(path))
    assert source is not None
    targets.read_document(source, path)


def test_what_escapes_is_noticed() -> None:
    def broken(_: Any) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        given(st.none())(settings(max_examples=1)(broken))()
