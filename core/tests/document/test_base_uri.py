"""What a relative URL of a source means, as Appendix B of Arazzo 1.1.0 has it: from ``$self``, or from where a text is.

Who has a text from somewhere else (a part of a multipart message, a database) says where it belongs: ``parse_source``.
"""

from __future__ import annotations

import json

import pytest

from arazzo.document.loading import load_document, parse_document
from arazzo.errors import DocumentError
from arazzo.openapi.sources import Sources
from arazzo.source.text import parse_source


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


API = "openapi: 3.1.0\ninfo: {{title: {0}, version: '1'}}\npaths: {{}}\n"


@pytest.fixture
def folder(tmp_path):
    """Return a folder with an API description at each place that one of the references below may mean."""
    here = tmp_path / "a" / "b"
    for place in ("a/b/api.yaml", "a/api.yaml", "api.yaml", "a/b/c/api.yaml", "a/b/c/d/api.yaml", "a/x/api.yaml"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(API.format(place))
    return here


def located(folder, own, url):
    document = {
        "arazzo": "1.1.0",
        "info": {"title": "T", "version": "1.0.0"},
        **({} if own is None else {"$self": own.replace("FOLDER", folder.as_uri())}),
        "sourceDescriptions": [{"name": "api", "url": url, "type": "openapi"}],
        "workflows": [{"workflowId": "w", "steps": [{"stepId": "s", "operationId": "x"}]}],
    }
    (folder / "w.arazzo.json").write_text(json.dumps(document))
    return Sources(load_document(folder / "w.arazzo.json"))


@pytest.mark.parametrize(
    ("own", "url", "meant"),
    [
        (None, "api.yaml", "a/b/api.yaml"),
        (None, "../api.yaml", "a/api.yaml"),
        (None, "api.yaml?v=1#/info", "a/b/api.yaml"),
        ("w.arazzo.json", "../api.yaml", "a/api.yaml"),
        ("w.arazzo.json", "../../api.yaml", "api.yaml"),
        ("c/w.json", "api.yaml", "a/b/c/api.yaml"),
        ("c/w.json", "../api.yaml", "a/b/api.yaml"),
        ("c/d/w.json", "../../../api.yaml", "a/api.yaml"),
        ("c/", "api.yaml", "a/b/c/api.yaml"),
        ("c/d/..", "api.yaml", "a/b/c/api.yaml"),
        ("./c/./w.json", "./d/api.yaml", "a/b/c/d/api.yaml"),
        ("../w.json", "api.yaml", "a/api.yaml"),
        ("../x/w.json", "api.yaml", "a/x/api.yaml"),
        ("../../../../../../../../../../../../w.json", "api.yaml", "a/b/api.yaml"),
        ("?v=2", "api.yaml", "a/b/api.yaml"),
        ("c/w.json?v=../../2", "api.yaml", "a/b/c/api.yaml"),
        ("", "../api.yaml", "a/api.yaml"),
        ("FOLDER/c/w.json", "api.yaml", "a/b/c/api.yaml"),
        ("FOLDER/c/w.json", "../d/../api.yaml?x", "a/b/api.yaml"),
        ("https://flows.example.com/c/w.json", "api.yaml", "a/b/api.yaml"),
        ("https://flows.example.com/c/w.json", "../api.yaml", "a/api.yaml"),
        ("urn:example:flow", "c/api.yaml", "a/b/c/api.yaml"),
        ("c/elsewhere/w.json", "../../api.yaml", "a/b/api.yaml"),
    ],
)
def test_which_file_a_relative_url_means(folder, own, url, meant):
    assert located(folder, own, url).raw("api").data["info"]["title"] == meant


@pytest.mark.parametrize("url", ["//files.example.com/api.yaml", "s3://bucket/api.yaml"])
def test_what_names_a_host_is_no_file(folder, url):
    with pytest.raises(DocumentError, match="remote-source"):
        located(folder, None, url).description("api")


def test_of_a_document_with_a_url_the_copy_of_what_comes_out_is_read(folder):
    sources = located(folder, "https://flows.example.com/c/w.json?v=2", "../api.yaml")
    other = Sources(sources.loaded, {"https://flows.example.com/api.yaml": folder / "c" / "api.yaml"})
    assert other.raw("api").data["info"]["title"] == "a/b/c/api.yaml"
