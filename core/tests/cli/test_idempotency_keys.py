"""``airflow-arazzo run`` sends an idempotency key where a step names the header."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from arazzo.cli import main
from arazzo.engine import IdempotencyKeys
from arazzo.errors import TransportError
from arazzo.exchange import Request, Response, header

DOCUMENT = """
arazzo: 1.0.1
info: {title: t, version: "1"}
sourceDescriptions: [{name: shop, url: api.yaml, type: openapi}]
workflows:
- workflowId: buy
  steps:
  - stepId: order
    operationId: order
    requestBody: {contentType: application/json, payload: {item: hat}}
    x-airflow: {idempotency_key: X-Idempotency}
    onFailure: [{name: again, type: retry, retryAfter: 0, retryLimit: 5}]
  - {stepId: pay, operationId: order, x-airflow: {idempotency_key: X-Idempotency}}
  - {stepId: plain, operationId: order}
  - {stepId: put, operationId: put, x-airflow: {idempotency_key: X-Idempotency}}
"""
API = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /orders:
    post: {operationId: order, responses: {"201": {description: Made}}}
    put: {operationId: put, responses: {"200": {description: Changed}}}
"""


@pytest.fixture
def shop():
    """Answer each request as told, 0 by closing the connection; remember each one's key."""
    statuses, keys = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            keys.append(self.headers.get("X-Idempotency"))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = statuses.pop(0) if statuses else 201
            if status:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        do_PUT = do_POST  # noqa: N815 - the names the base class looks for

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", statuses, keys
    server.shutdown()
    server.server_close()


def test_a_key_for_each_request_and_the_same_after_no_answer(shop, tmp_path):
    url, statuses, keys = shop
    (tmp_path / "api.yaml").write_text(API)
    (tmp_path / "buy.arazzo.yaml").write_text(DOCUMENT)
    statuses += [0, 0, 503, 201]
    arguments = ["run", str(tmp_path / "buy.arazzo.yaml"), "--server", f"shop={url}", "--json"]
    result = CliRunner().invoke(main, arguments)
    assert json.loads(result.stdout)["status"] == "success", result.stderr
    first, second, third, fourth, pay, plain, put = keys
    assert first == second == third
    assert len({first, fourth, pay, None}) == 4
    assert (plain, put) == (None, None)
    CliRunner().invoke(main, arguments)
    assert keys[7] not in (*keys[:7],)


def test_a_key_comes_back_with_a_retry_only():
    """When control comes to a step again that is another order: with the old key a server would drop it."""
    sent = []

    def fail(request):
        sent.append(header(request.headers, "Key"))
        raise TransportError("reset", "no answer")

    keys = IdempotencyKeys(lambda _: str(len(sent)))
    for attempt in (1, 2, 3, 1, 2):
        with pytest.raises(TransportError):
            keys.send(Request("POST", "http://a.test/", step="s", idempotency_key="Key", attempt=attempt), fail)
    assert sent == ["0", "0", "0", "3", "3"]


def test_a_header_of_the_document_stays():
    request = Request("POST", "http://a.test/", (("key", "mine"),), step="s", idempotency_key="Key")
    keys = IdempotencyKeys(lambda _: "ours")
    assert keys.send(request, lambda once: Response(200, once.headers)).headers == (("key", "mine"),)
