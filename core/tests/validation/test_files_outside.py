"""A stranger's document that names files of whoever looks at it: nothing of them is shown."""

from __future__ import annotations

import json
import os

import pytest

from arazzo.engine import load_plan
from arazzo.engine.document_problems import find_problems
from arazzo.errors import DocumentError

pytestmark = pytest.mark.attack("validate", "a document that names local files: a URL, links, references, .. in paths")
SECRET = "key=hunter2-hunter2"
FILES = {
    "text": f"{SECRET}\n",
    "environment": f"A=1\0{SECRET}\0",
    "object": json.dumps({"openapi": SECRET, SECRET: 1}),
    "other": json.dumps({SECRET: SECRET}),
    "broken": '{"a": "' + SECRET,
    "tabs": f"a:\n\t{SECRET}: 1",
    "document": json.dumps({"arazzo": "1.0.1", SECRET: 1, "info": {"title": SECRET, "version": "1", SECRET: 1}}),
}


@pytest.fixture(params=FILES)
def outside(request, tmp_path):
    file = tmp_path / "outside" / "secret.txt"
    file.parent.mkdir()
    file.write_text(FILES[request.param])
    return file


def document(folder, url):
    folder.mkdir(exist_ok=True)
    path = folder / "w.arazzo.json"
    steps = [{"stepId": "a", "operationId": "a"}]
    value = {"arazzo": "1.0.1", "info": {"title": "T", "version": "1"}}
    value["sourceDescriptions"] = [{"name": "s", "url": url, "type": "openapi"}]
    path.write_text(json.dumps({**value, "workflows": [{"workflowId": "w", "steps": steps}]}))
    return path


def by_url(folder, file):
    return document(folder, file.as_uri())


def by_url_of_a_document(folder, file):
    path = document(folder, file.as_uri())
    path.write_text(path.read_text().replace('"type": "openapi"', '"type": "arazzo"'))
    return path


def by_path(folder, file):
    return document(folder, str(file))


def by_dots(folder, file):
    return document(folder, f"x/../../outside/{file.name}")


def by_link(folder, file):
    folder.mkdir()
    (folder / "api.yaml").symlink_to(file)
    return document(folder, "api.yaml")


def by_a_folder_that_is_a_link(folder, file):
    folder.mkdir()
    (folder / "in").symlink_to(file.parent)
    return document(folder, f"in/{file.name}")


def by_a_document_that_is_a_link(folder, file):
    folder.mkdir()
    (folder / "w.arazzo.yaml").symlink_to(file)
    return folder / "w.arazzo.yaml"


def by_reference(folder, file):
    folder.mkdir()
    api = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
    api["paths"] = {"/a": {"get": {"operationId": "a", "parameters": [{"$ref": f"{file.as_uri()}#/x"}]}}}
    (folder / "api.json").write_text(json.dumps(api))
    return document(folder, "api.json")


WAYS = (
    *(by_url, by_url_of_a_document, by_path, by_dots, by_link, by_a_folder_that_is_a_link),
    *(by_a_document_that_is_a_link, by_reference),
)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_a_file_outside_is_shown(tmp_path, outside, way):
    path = way(tmp_path / "inside", outside)
    problems = find_problems(path)
    assert problems
    shown = "".join(problem.render() for problem in problems)
    try:
        load_plan(path)
    except DocumentError as error:
        shown += str(error)
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    "text", [f"{SECRET}: 1\n{SECRET}: 2\n", f"a: !{SECRET} 1\n", f"a: *{SECRET}\n", '{"a": "' + SECRET]
)
@pytest.mark.parametrize("name", ["get", "other"])
def test_what_a_reference_names_is_not_shown(tmp_path, text, name):
    (tmp_path / "outside.yaml").write_text(text)
    path = document(tmp_path / "inside", "api.json")
    reference = {"$ref": "../outside.yaml#/x"}
    operation = {"operationId": "a", "parameters": [reference], "responses": {}}
    paths = {"/a": {name: operation}, "/b": reference}
    (path.parent / "api.json").write_text(json.dumps({"openapi": "3.1.0", "paths": paths}))
    value = json.loads(path.read_text())
    found = find_problems(path)
    value["workflows"][0]["inputs"] = reference
    path.write_text(json.dumps(value))
    shown = "".join(problem.render() for problem in (*found, *find_problems(path)))
    assert "hunter2" not in shown
    assert "the file cannot be used (" in shown


def test_who_names_the_file_sees_it(tmp_path, outside):
    path = by_url(tmp_path / "inside", outside)
    (hidden,) = find_problems(path)
    assert "name it with --source NAME=FILE" in hidden.message
    shown = "".join(problem.render() for problem in find_problems(path, overrides={"s": outside}))
    assert "hunter2" in shown or "no API description" in shown or "character" in shown


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="needs /proc")
def test_the_environment_is_not_shown(tmp_path, monkeypatch):
    problems = find_problems(document(tmp_path, "file:///proc/self/environ"))
    (text,) = [problem.render() for problem in problems]
    assert "PATH" not in text
    assert "name it with --source NAME=FILE" in text
