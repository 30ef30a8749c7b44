"""What a relative URL of a source means, as Appendix B of Arazzo 1.1.0 has it: from ``$self``, or from where a text is.

Who has a text from somewhere else (a part of a multipart message, a database) says where it belongs: ``parse_source``.
"""

from __future__ import annotations

import json

import pytest

from arazzo.document import parse_document
from arazzo.errors import DocumentError
from arazzo.openapi import Sources
from arazzo.source import parse_source


@pytest.mark.parametrize(
    ("uri", "own", "url", "resolved"),
    [
        pytest.param(
            "/Users/dev/projects/workflows/purchase.arazzo.yaml",
            "https://api.example.com/workflows/purchase.arazzo.yaml",
            "../specs/petstore.yaml",
            "https://api.example.com/specs/petstore.yaml",
            id="within-content",
        ),
        pytest.param(
            "https://api.example.com/workflows/purchase.arazzo.json",
            None,
            "../specs/petstore.json",
            "https://api.example.com/specs/petstore.json",
            id="encapsulating-entity",
        ),
        pytest.param(
            "https://workflows.example.com/a7b3c4d5",
            None,
            "specs/petstore.yaml",
            "https://workflows.example.com/specs/petstore.yaml",
            id="application-default",
        ),
        pytest.param(
            "https://api.example.com/v2/api-description.yaml",
            "workflows/purchase.arazzo.yaml",
            "../specs/petstore.yaml",
            "https://api.example.com/v2/specs/petstore.yaml",
            id="relative-self",
        ),
    ],
)
def test_a_relative_url_is_resolved_against_the_base(uri, own, url, resolved):
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "Pet Purchase Workflow", "version": "1.0.0"},
        "sourceDescriptions": [{"name": "petstore", "url": url, "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [{"stepId": "s", "operationId": "x"}]}],
        **({"$self": own} if own else {}),
    }
    loaded = parse_document(parse_source(json.dumps(document), "purchase.arazzo.json", uri))
    (source,) = loaded.document.source_descriptions
    assert Sources(loaded, {resolved: "petstore.yaml"}).locate(source) == "petstore.yaml"
    if uri.startswith("https:"):
        with pytest.raises(DocumentError, match=resolved):
            Sources(loaded).locate(source)


def test_without_self_the_file_beside_the_document_is_meant():
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "Pet Purchase Workflow", "version": "1.0.0"},
        "sourceDescriptions": [{"name": "petstore", "url": "../specs/petstore.yaml", "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [{"stepId": "s", "operationId": "x"}]}],
    }
    uri = "/Users/dev/projects/workflows/purchase.arazzo.yaml"
    loaded = parse_document(parse_source(json.dumps(document), "purchase.arazzo.yaml", uri))
    (source,) = loaded.document.source_descriptions
    assert Sources(loaded).locate(source) == "/Users/dev/projects/workflows/../specs/petstore.yaml"
