"""Every operation of public descriptions becomes a value, quickly; skipped where the documents are not at hand."""

import re
from functools import cache

import pytest
from suite import PUBLIC_DATA

from arazzo.absent import ABSENT
from arazzo.errors import DocumentError, RequestError
from arazzo.openapi.bodies import Body
from arazzo.openapi.operation import Operation
from arazzo.openapi.operation_lookup import find_operation
from arazzo.openapi.request_building import Argument, build_request
from arazzo.openapi.security import Credentials, authorize
from arazzo.openapi.sources import load_description
from arazzo.source.text import load_source

pytestmark = pytest.mark.skipif(not (PUBLIC_DATA / "corpus").is_dir(), reason="the public documents are not at hand")


@cache
def descriptions():
    found = []
    for folder in ("seeds", "corpus"):
        for path in sorted((PUBLIC_DATA / folder).rglob("*")):
            if path.suffix not in (".json", ".yaml", ".yml"):
                continue
            try:
                source = load_source(path)
            except DocumentError:
                continue
            if isinstance(source.data, dict) and {"openapi", "swagger"} & source.data.keys():
                found.append(load_description(source, path.stem))
    return found


def test_every_operation_becomes_a_value():
    versions = set()
    for description in descriptions():
        versions.add(description.version[:3])
        for endpoint, spec in zip(description.endpoints(), description.operations(), strict=True):
            assert (spec.method, spec.path, spec.pointer) == (endpoint.method, endpoint.path, endpoint.pointer)
            text = spec.model_dump_json(exclude_defaults=True)
            assert len(text) < 30_000
            assert Operation.model_validate_json(text) == spec
            description.responses(spec)
    assert versions >= {"2.0", "3.0", "3.1", "3.2"}


def test_every_operation_is_found_by_its_path():
    for description in descriptions():
        for endpoint in description.endpoints()[:40]:
            text = f"{{$sourceDescriptions.{description.name}.url}}#{endpoint.pointer.replace('%', '%25')}"
            found = find_operation(None, text, {description.name: description}, "strict")
            assert found.pointer == endpoint.pointer


def test_every_operation_can_be_requested():
    credentials = Credentials(login="me", password="pw", token="tok")
    refusals = set()
    for description in descriptions():
        for spec in description.operations():
            names = dict.fromkeys(re.findall(r"\{[+]?([^{}]+)\}", spec.path))
            arguments = [Argument(name, "path", [1, "a b"]) for name in names]
            arguments += [Argument(one.name, one.location, True) for one in spec.parameters if one.location != "path"]
            body = Body(payload={"a": "b", "c": [1]} if spec.bodies else ABSENT)
            try:
                request = build_request(spec, arguments, body, server_url="https://example.com/base")
            except RequestError as error:
                refusals.add(str(error).partition(" of ")[0])
                continue
            assert authorize(request, credentials).url.startswith("https://example.com/base/")
    assert refusals == set()
