"""References by RFC 3986: its own examples (5.4), and what they leave out."""

from __future__ import annotations

import pytest

from arazzo.source.uri_references import resolve

BASE = "http://a/b/c/d;p?q"
#: RFC 3986, 5.4.1 and 5.4.2.
EXAMPLES = """
    g:h g:h
    g http://a/b/c/g
    ./g http://a/b/c/g
    g/ http://a/b/c/g/
    /g http://a/g
    //g http://g
    ?y http://a/b/c/d;p?y
    g?y http://a/b/c/g?y
    #s http://a/b/c/d;p?q#s
    g#s http://a/b/c/g#s
    g?y#s http://a/b/c/g?y#s
    ;x http://a/b/c/;x
    g;x http://a/b/c/g;x
    g;x?y#s http://a/b/c/g;x?y#s
    . http://a/b/c/
    ./ http://a/b/c/
    .. http://a/b/
    ../ http://a/b/
    ../g http://a/b/g
    ../.. http://a/
    ../../ http://a/
    ../../g http://a/g
    ../../../g http://a/g
    ../../../../g http://a/g
    /./g http://a/g
    /../g http://a/g
    g. http://a/b/c/g.
    .g http://a/b/c/.g
    g.. http://a/b/c/g..
    ..g http://a/b/c/..g
    ./../g http://a/b/g
    ./g/. http://a/b/c/g/
    g/./h http://a/b/c/g/h
    g/../h http://a/b/c/h
    g;x=1/./y http://a/b/c/g;x=1/y
    g;x=1/../y http://a/b/c/y
    g?y/./x http://a/b/c/g?y/./x
    g?y/../x http://a/b/c/g?y/../x
    g#s/./x http://a/b/c/g#s/./x
    g#s/../x http://a/b/c/g#s/../x
    http:g http:g
"""


@pytest.mark.parametrize(("reference", "target"), [line.split() for line in EXAMPLES.strip().splitlines()])
def test_the_examples_of_the_rfc(reference, target):
    assert resolve(BASE, reference) == target


@pytest.mark.parametrize(
    ("base", "reference", "target"),
    [
        (BASE, "", BASE),
        ("http://a/b?q#f", "", "http://a/b?q"),
        ("http://a", "g", "http://a/g"),
        ("http://a?q", "g", "http://a/g"),
        ("http://a/b/", "..//g", "http://a//g"),
        ("s3://bucket/flows/a.yaml", "../api.yaml", "s3://bucket/api.yaml"),
        ("urn:example:flow", "api.yaml", "urn:api.yaml"),
        ("file:///srv/dags/a.yaml", "../../../api.yaml", "file:///api.yaml"),
        ("file:///srv/my%20dags/a.yaml", "b%20c.yaml", "file:///srv/my%20dags/b%20c.yaml"),
        ("http://a/b/c", "g:1", "g:1"),
        ("http://a/b/c", "./g:1", "http://a/b/g:1"),
        ("flows/a.yaml", "../api.yaml", "../api.yaml"),
    ],
)
def test_other_references(base, reference, target):
    assert resolve(base, reference) == target
