"""Every string of the public documents at hand is read as what its author meant."""

import json
import re

import pytest
import yaml
from suite import PUBLIC_DATA

from arazzo.errors import ExpressionSyntaxError
from arazzo.expressions.parser import parse_expression
from arazzo.expressions.portability import find_loose
from arazzo.expressions.spelling import misspelled_root
from arazzo.expressions.templates import parse_template

CORPUS = PUBLIC_DATA / "corpus"
DOCUMENTS = (
    [CORPUS / line.split("\t")[0] for line in (CORPUS / "documents.tsv").read_text().splitlines()[1:]]
    if CORPUS.is_dir()
    else []
)
pytestmark = pytest.mark.skipif(not DOCUMENTS, reason="the corpus is not here")
#: What these documents say that is no expression in either dialect; each is an error with a hint.
MALFORMED = re.compile(r"\$steps\.[\w-]+\.(?!outputs\.)[\w-]+\.")


def strings(value):
    """Yield the strings of a JSON value that are no prose."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in ("$ref", "description", "summary", "condition", "pattern", "dependsOn"):
                yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str) and "$" in value:
        yield value


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_strings_of_a_document(path):
    text = path.read_text()
    for string in strings(json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)):
        assert misspelled_root(string) is None
        if MALFORMED.search(string):
            with pytest.raises(ExpressionSyntaxError, match="is followed by") as caught:
                parse_template(string)
            assert caught.value.hint.startswith("did you mean '$")
            continue
        template = parse_template(string)
        if "$inputs." in string or "$steps." in string or "$response." in string:
            assert template.expressions
        for expression in template.expressions:
            assert parse_expression(str(expression)) == expression
        for loose in find_loose(string):
            if loose.portable is not None:
                parse_expression(loose.portable.strip("{}"), "strict")


def test_the_corpus_has_the_loose_forms_it_is_read_for():
    found = set()
    for path in DOCUMENTS:
        found.update(strings(yaml.load(path.read_text(), yaml.CSafeLoader)))
    assert any(string.startswith("Bearer $inputs.") for string in found)
    assert "$response.body.redirectAuthToken" in found
