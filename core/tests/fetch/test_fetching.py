"""``airflow-arazzo fetch``: what it gets, what it refuses, and that loading then needs no network."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from arazzo.cli import main
from arazzo.cli.fetching import allows
from arazzo.engine import load_plan
from arazzo.errors import DocumentError
from arazzo.limits import limits_set

DOCUMENT = """
arazzo: 1.0.1
info: {{title: t, version: "1"}}
sourceDescriptions: [{{name: things, url: "{url}", type: {type}}}]
workflows:
- workflowId: look
  steps: [{{stepId: list, {step}}}]
"""
API = """
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: https://api.example.test}]
paths:
  /things:
    get:
      operationId: listThings
      parameters: [{$ref: "parts/parameters.yaml#/limit"}]
      responses: {"200": {description: Fine}}
"""
PARAMETERS = "limit: {name: limit, in: query, required: true, schema: {type: integer}}\n"
FLOW = """
arazzo: 1.0.1
info: {title: shared, version: "1"}
sourceDescriptions: [{name: things, url: ../api.yaml, type: openapi}]
workflows:
- workflowId: listing
  inputs: {$ref: "../parts/inputs.yaml#/listing"}
  steps: [{stepId: list, operationId: listThings, parameters: [{name: limit, in: query, value: 3}]}]
"""
INPUTS = "listing: {type: object, properties: {limit: {type: integer}}}\n"


class Server:
    """Serves texts by path; a text that begins with ``->`` is where it redirects to."""

    def __init__(self):
        self.files = {"/api.yaml": API, "/parts/parameters.yaml": PARAMETERS, "/parts/inputs.yaml": INPUTS}
        self.asked, self.headers = [], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append(self.path)
                server.headers.append(dict(self.headers.items()))
                text = server.files.get(self.path)
                status = 404 if text is None else 302 if text.startswith("->") else 200
                body = (text or "").encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", text[2:])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


FETCHING = pytest.mark.attack("remote sources", "a document that has something fetched unasked, elsewhere, or changed")


@pytest.fixture
def server():
    started = Server()
    yield started
    started.http.shutdown()
    started.http.server_close()


@pytest.fixture
def document(tmp_path, server):
    def write(path="/api.yaml", kind="openapi", step="operationId: listThings", url=None):
        step += ", parameters: [{name: limit, in: query, value: 3}]" if kind == "openapi" else ""
        file = tmp_path / "look.arazzo.yaml"
        file.write_text(DOCUMENT.format(url=url or server.url + path, type=kind, step=step))
        return file

    return write


def fetch(*arguments, env=None):
    done = CliRunner().invoke(main, ["fetch", *map(str, arguments)], env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def words(output):
    return [line.split()[0] for line in output.splitlines()]


def index(folder):
    return {
        entry["url"]: entry for entry in json.loads((folder / "arazzo-sources" / "index.json").read_text())["sources"]
    }


def test_a_missing_copy_is_an_error_that_names_the_command(document):
    path = document()
    with pytest.raises(DocumentError) as refused:
        load_plan(path)
    (problem,) = (each for each in refused.value.problems if each.rule == "remote-source")
    assert problem.place.line == 4
    assert f"airflow-arazzo fetch {path}" in problem.hint


@FETCHING
def test_what_was_fetched_is_read_without_network(document, server, tmp_path, monkeypatch):
    path = document()
    code, output = fetch(path, "--allow", server.url)
    assert (code, words(output)) == (0, ["fetched", "fetched"])
    assert server.asked == ["/api.yaml", "/parts/parameters.yaml"]
    entry = index(tmp_path)[server.url + "/api.yaml"]
    assert entry["sha256"] == hashlib.sha256(API.encode()).hexdigest()
    assert (tmp_path / "arazzo-sources" / entry["file"]).read_text() == API
    assert entry["fetched"].startswith("20")

    def no_network(*_):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", no_network)
    (parameter,) = load_plan(path).step("list").operation.parameters
    assert (parameter.name, parameter.required) == ("limit", True)


def test_sources_and_references_of_a_remote_document_are_fetched_too(document, server):
    server.files["/flows/shared.arazzo.yaml"] = FLOW
    path = document("/flows/shared.arazzo.yaml", "arazzo", "workflowId: $sourceDescriptions.things.listing")
    code, output = fetch(path, "--allow", server.url)
    assert (code, sorted(server.asked)) == (
        0,
        ["/api.yaml", "/flows/shared.arazzo.yaml", "/parts/inputs.yaml", "/parts/parameters.yaml"],
    ), output
    (child,) = load_plan(path).children.values()
    assert child.inputs == {"type": "object", "properties": {"limit": {"type": "integer"}}}
    assert child.step("list").operation.path == "/things"


def test_references_of_local_files_are_fetched_too(document, server, tmp_path):
    (tmp_path / "api.yaml").write_text(API.replace("parts/parameters", f"{server.url}/parts/parameters"))
    path = document(url="api.yaml")
    assert fetch(path, "--allow", server.url)[0] == 0
    assert server.asked == ["/parts/parameters.yaml"]
    assert load_plan(path).step("list").operation.parameters[0].required


@FETCHING
def test_nothing_is_fetched_without_leave(document, server):
    path = document()
    code, output = fetch(path)
    assert (code, words(output), server.asked) == (1, ["refused"], [])
    assert f"such as {server.url}/" in output
    assert fetch(path, "--allow", server.url.replace("http:", "https:"))[0] == 1
    assert server.asked == []
    assert fetch(path, env={"AIRFLOW__ARAZZO__ALLOWED_SOURCES": f"https://other.test, {server.url}/api.yaml"})[0] == 1
    assert server.asked == ["/api.yaml"]  # not what it refers to


@FETCHING
def test_a_redirect_leads_no_further_than_the_allow_list(document, server, tmp_path):
    server.files["/moved"] = "->/deep/er/api.yaml"
    server.files["/deep/er/api.yaml"] = API
    server.files["/deep/er/parts/parameters.yaml"] = PARAMETERS
    path = document("/moved")
    code, output = fetch(path, "--allow", f"{server.url}/moved")
    assert (code, server.asked) == (1, ["/moved"])
    assert f"it redirects to {server.url}/deep/er/api.yaml" in output
    assert fetch(path, "--allow", server.url)[0] == 0
    assert index(tmp_path)[f"{server.url}/moved"]["location"] == f"{server.url}/deep/er/api.yaml"
    assert load_plan(path).step("list").operation.parameters[0].required


@FETCHING
def test_endless_redirects_end(document, server):
    server.files["/moved"] = "->/moved"
    code, output = fetch(document("/moved"), "--allow", server.url)
    assert (code, len(server.asked)) == (1, 11)
    assert "redirects" in output


@FETCHING
def test_no_credentials_are_sent(document, server, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bob password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert fetch(document(), "--allow", server.url)[0] == 0
    assert all({"authorization", "cookie"}.isdisjoint(map(str.lower, each)) for each in server.headers)
    code, output = fetch(document(url=server.url.replace("//", "//bob:hunter2@") + "/api.yaml"), "--allow", server.url)
    assert (code, words(output)) == (1, ["refused"])


def test_copies_are_kept_until_somebody_says_update(document, server, tmp_path):
    path = document()
    allow = ("--allow", server.url)
    fetch(path, *allow)
    assert fetch(path, "--check", *allow) == (0, fetch(path, "--check", *allow)[1])
    server.files["/api.yaml"] = API.replace("Things", "Other things")
    before = index(tmp_path)
    server.asked.clear()
    assert words(fetch(path)[1]) == ["kept", "kept"]
    assert server.asked == []
    code, output = fetch(path, "--check", *allow)
    assert (code, words(output)) == (1, ["changed", "unchanged"])
    assert index(tmp_path) == before
    code, output = fetch(path, "--update", *allow)
    assert (code, words(output)) == (0, ["updated", "unchanged"])
    assert fetch(path, "--check", *allow)[0] == 0
    files = {entry["file"] for entry in index(tmp_path).values()}
    assert {item.name for item in (tmp_path / "arazzo-sources").iterdir()} == {*files, "index.json"}


def test_check_names_what_is_missing_and_stores_nothing(document, server, tmp_path):
    code, output = fetch(document(), "--check", "--allow", server.url)
    assert (code, words(output)) == (1, ["missing", "missing"])
    assert not (tmp_path / "arazzo-sources").exists()


@FETCHING
def test_a_copy_that_somebody_has_changed_is_not_read(document, server, tmp_path):
    path = document()
    fetch(path, "--allow", server.url)
    entry = index(tmp_path)[server.url + "/api.yaml"]
    (tmp_path / "arazzo-sources" / entry["file"]).write_text(API.replace("api.example.test", "evil.example.test"))
    with pytest.raises(DocumentError, match="has changed since"):
        load_plan(path)
    assert words(fetch(path, "--allow", server.url)[1]) == ["fetched", "kept"]
    assert load_plan(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html><body>Sign in</body></html>", "not a YAML or JSON object"),
        ("a: [", "a value is missing"),
        ("$ref: 'file:///etc/passwd'", "names 'file:///etc/passwd'"),
    ],
)
def test_what_is_no_description_is_not_stored(document, server, tmp_path, text, said):
    server.files["/api.yaml"] = text
    code, output = fetch(document(), "--allow", server.url)
    assert code == 1
    assert said in output
    assert not (tmp_path / "arazzo-sources").exists()


@FETCHING
def test_an_index_that_leads_elsewhere_is_refused(document, server, tmp_path):
    path = document()
    fetch(path, "--allow", server.url)
    file = tmp_path / "arazzo-sources" / "index.json"
    listed = json.loads(file.read_text())
    listed["sources"][0]["file"] = "../../secret.yaml"
    file.write_text(json.dumps(listed))
    with pytest.raises(DocumentError, match="is not an index of copies"):
        load_plan(path)


def test_the_environment_names_another_folder(document, server, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_ARAZZO_SOURCES", str(tmp_path / "copies"))
    path = document()
    assert fetch(path, "--allow", server.url)[0] == 0
    assert (tmp_path / "copies" / "index.json").exists()
    assert load_plan(path)


@pytest.mark.parametrize(
    ("prefix", "url", "allowed"),
    [
        ("https://a.test", "https://a.test/x.yaml", True),
        ("https://a.test/", "https://a.test", True),
        ("https://A.test/x/", "https://a.TEST:443/x/y.yaml?v=1", True),
        ("https://a.test/x", "https://a.test/x/y.yaml", True),
        ("https://a.test/x.yaml", "https://a.test/x.yaml", True),
        ("https://a.test/x", "https://a.test/xy.yaml", False),
        ("https://a.test", "https://a.test.evil.test/x", False),
        ("https://a.test", "https://a.test@evil.test/x", False),
        ("https://a.test", "https://bob:pw@a.test/x", False),
        ("https://a.test", "http://a.test/x", False),
        ("http://a.test", "https://a.test/x", False),
        ("https://a.test", "https://a.test:8443/x", False),
        ("https://a.test/x/", "https://a.test/x/../y", False),
        ("https://a.test/x/", "https://a.test/x/%2e%2e/y", False),
        ("https://a.test/x/", "https://a.test/x/%252e%252E%255cy", False),
        ("https://a.test/x/", "https://a.test/x/..\\y", False),
        ("https://a.test", "file:///etc/passwd", False),
        ("https://a.test", "https://[", False),
    ],
)
def test_the_allow_list(prefix, url, allowed):
    assert allows([prefix], url) is allowed


def test_what_is_no_prefix_is_refused(document):
    for prefix in ("a.test", "file:///etc/", "https://bob:pw@a.test", "https://a.test/?x"):
        assert fetch(document(), "--allow", prefix)[0] == 2


@FETCHING
def test_a_file_that_is_too_large_is_given_up(document, server):
    server.files["/api.yaml"] = API + "#" * 5000
    with limits_set(file_characters=4000):
        code, output = fetch(document(), "--allow", server.url)
    assert (code, words(output)) == (1, ["failed"])
    assert "4000 bytes" in output.replace(",", "")


def test_it_takes_folders(document, server, tmp_path):
    document()
    assert fetch(tmp_path, "--allow", server.url)[0] == 0
    assert Path(tmp_path / "arazzo-sources").is_dir()


@pytest.mark.parametrize(("own", "url"), [("{0}/flows/look.yaml", "../api.yaml"), ("{0}/a/b?v=2", "../././api.yaml?x")])
def test_a_relative_source_of_a_document_with_a_url_is_fetched_from_where_it_says(document, server, own, url):
    server.files["/api.yaml?x"] = API
    path = document(url=url)
    stated = own.format(server.url)
    path.write_text(path.read_text().replace("arazzo: 1.0.1", f"arazzo: 1.1.0\n$self: {stated}"))
    code, output = fetch(path, "--allow", server.url)
    assert (code, words(output)) == (0, ["fetched", "fetched"])
    assert server.asked[0].startswith("/api.yaml")
    assert load_plan(path).step("list").operation.path == "/things"


def test_one_that_lies_beside_the_document_is_not(document, server, tmp_path):
    (tmp_path / "api.yaml").write_text(API.replace("parts/parameters.yaml", f"{server.url}/parts/parameters.yaml"))
    path = document(url="api.yaml")
    path.write_text(path.read_text().replace("arazzo: 1.0.1", f"arazzo: 1.1.0\n$self: {server.url}/flows/look.yaml"))
    assert fetch(path, "--allow", server.url)[0] == 0
    assert server.asked == ["/parts/parameters.yaml"]


def test_what_a_relative_self_leads_to_is_looked_into(document, server, tmp_path):
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "api.yaml").write_text(API.replace("parts/", f"{server.url}/parts/"))
    path = document(url="../specs/api.yaml")
    path.write_text(path.read_text().replace("arazzo: 1.0.1", "arazzo: 1.1.0\n$self: flows/look.yaml"))
    assert fetch(path, "--allow", server.url)[0] == 0
    assert server.asked == ["/parts/parameters.yaml"]
