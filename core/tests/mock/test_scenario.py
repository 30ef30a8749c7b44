"""Scenarios: answers in order, conditions, state, tokens, faults, and what is wrong with a scenario file."""

from __future__ import annotations

import json
import time

import pytest
from descriptions import SHOP

from arazzo.errors import DocumentError, TransportError
from arazzo.testing import MockApi, Scenario, load_scenario


@pytest.fixture
def play(start, write):
    def start_with(operations, **more):
        return start({"shop": write("shop.yaml", SHOP)}, Scenario(operations=operations, **more))

    return start_with


def statuses(client, target="/orders/7", count=4, **headers):
    return [client.send("GET", target, **headers).status for _ in range(count)]


def test_answers_come_in_order_and_the_last_repeats(play):
    shop = play({"getOrder": {"rules": [{"answers": [{"status": 202, "times": 2}, {"status": 503}, {"status": 200}]}]}})
    assert statuses(shop, count=6) == [202, 202, 503, 200, 200, 200]
    shop.api.reset()
    assert statuses(shop, count=1) == [202]
    assert shop.send("DELETE", "/__mock__/state").status == 204
    assert statuses(shop, count=1) == [202]


def test_each_key_goes_through_the_answers_by_itself(play):
    shop = play({"getOrder": {"key": "{{path.id}}", "rules": [{"answers": [{"status": 202}, {"status": 200}]}]}})
    assert statuses(shop, "/orders/1", 2) == [202, 200]
    assert statuses(shop, "/orders/2", 2) == [202, 200]
    assert [entry.key for entry in shop.api.record.of(key="2")] == ["2", "2"]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"path": {"id": "7"}}, True),
        ({"path": {"id": 7}}, True),
        ({"path": {"id": ["6", "7"]}}, True),
        ({"path": {"id": ["5", "6"]}}, False),
        ({"path": {"id": {"matches": "[0-9]"}}}, True),
        ({"path": {"id": {"matches": "[0-8]x"}}}, False),
        ({"path": {"id": {"not": "7"}}}, False),
        ({"query": {"full": True}}, True),
        ({"query": {"full": "true", "other": None}}, True),
        ({"query": {"other": {"absent": True}}}, True),
        ({"query": {"full": {"absent": True}}}, False),
        ({"query": {"full": {"absent": False, "matches": "t.*"}}}, True),
        ({"query": {"other": {"matches": ".*"}}}, False),
        ({"header": {"x-kind": "a"}}, True),
        ({"header": {"X-Kind": "b"}}, False),
        ({"state": {"anything": None}}, True),
        ({"path": {"id": "7"}, "query": {"full": "false"}}, False),
    ],
)
def test_conditions(play, when, holds):
    rules = [{"when": when, "answers": [{"status": 299}]}]
    shop = play({"getOrder": {"rules": rules}})
    assert shop.send("GET", "/orders/7?full=true", X_Kind="a").status == (299 if holds else 200)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"item": "pen"}, True),
        ({"/item": "pen"}, True),
        ({"parent.item": "box"}, True),
        ({"/parent/item": "box"}, True),
        ({"count": 3}, True),
        ({"tags.1": "b"}, True),
        ({"parent.parent.item": None}, True),
        ({"item": "box"}, False),
    ],
)
def test_conditions_on_the_body(play, when, holds):
    shop = play({"createOrder": {"rules": [{"when": {"body": when}, "answers": [{"status": 299}]}]}})
    body = {"item": "pen", "count": 3, "parent": {"item": "box"}, "tags": ["a", "b"]}
    assert shop.send("POST", "/orders", body).status == (299 if holds else 201)


def test_placeholders(play):
    body = {
        "whole": "{{body.count}}",
        "text": "{{body.item}} x {{ body.count }}",
        "missing": "{{query.no}}",
        "nothing": "[{{query.no}}]",
        "list": ["{{body.tags}}", "{{header.x-kind}}"],
        "turn": "{{count}}",
        "key": "{{key}}",
        "{{body.item}}": 1,
        "plain": "{not} {{one}".replace("{{", "{ {"),
    }
    answer = {"status": 201, "body": body, "headers": {"Location": "{{base}}/orders/{{count}}"}}
    shop = play({"createOrder": {"key": "k-{{body.item}}", "rules": [{"answers": [answer]}]}})
    sent = {"item": "pen", "count": 3, "tags": ["a"]}
    shop.send("POST", "/orders", sent, X_Kind="z")
    response = shop.send("POST", "/orders", sent, X_Kind="z")
    assert response.header("Location") == f"{shop.url}/orders/2"
    assert json.loads(response.body) == {
        "whole": 3,
        "text": "pen x 3",
        "missing": None,
        "nothing": "[]",
        "list": [["a"], "z"],
        "turn": 2,
        "key": "k-pen",
        "pen": 1,
        "plain": "{not} { {one}",
    }


def test_members_are_laid_over_the_descriptions_body(play):
    shop = play({"getOrder": {"rules": [{"answers": [{"with": {"item": "{{path.id}}", "note": None}}]}]}})
    order = shop.json("GET", "/orders/7")
    assert order["item"] == "7"
    assert "note" not in order
    assert "count" in order


def test_state_of_a_key(play):
    shop = play(
        {
            "createOrder": {
                "key": "{{body.item}}",
                "rules": [{"answers": [{"set": {"made": "{{body.item}}"}, "add": {"times": 1}}]}],
            },
            "getOrder": {
                "key": "{{path.id}}",
                "rules": [
                    {"when": {"state": {"made": None}}, "answers": [{"status": 404}]},
                    {"answers": [{"body": {"times": "{{state.times}}"}}]},
                ],
            },
        }
    )
    assert statuses(shop, "/orders/pen", 1) == [404]
    for _ in range(3):
        shop.send("POST", "/orders", {"item": "pen"})
    assert shop.json("GET", "/orders/pen") == {"times": 3}
    assert statuses(shop, "/orders/box", 1) == [404]


@pytest.mark.parametrize("reset", [True, ["getOrder"], ["shop.getOrder"]])
def test_an_operation_begins_anew(play, reset):
    shop = play(
        {
            "createOrder": {"key": "{{body.item}}", "rules": [{"answers": [{"reset": reset}]}]},
            "getOrder": {"key": "{{path.id}}", "rules": [{"answers": [{"status": 202}, {"status": 200}]}]},
        }
    )
    assert statuses(shop, "/orders/pen", 2) == [202, 200]
    assert statuses(shop, "/orders/box", 2) == [202, 200]
    shop.send("POST", "/orders", {"item": "pen"})
    assert statuses(shop, "/orders/pen", 1) == [202]
    assert statuses(shop, "/orders/box", 1) == [200]


def tokens(play, lifetime=None, **answer):
    issue = {"rules": [{"answers": [{"body": {"access_token": "{{token}}"}}]}]}
    rules = {"login": issue, "tokened": {"rules": [{"answers": [answer]}]}} if answer else {"login": issue}
    return play(rules, credentials={"shop": {"bearer": "issued", "lifetime": lifetime}})


def test_a_token_that_was_given_out_is_good(play):
    shop = tokens(play)
    token = shop.json("POST", "/login")["access_token"]
    assert shop.send("GET", "/tokened", token=token).status == 200
    assert shop.send("GET", "/tokened", token=token[:-1]).status == 401
    shop.api.reset()
    assert shop.send("GET", "/tokened", token=token).status == 401
    assert shop.json("POST", "/login")["access_token"] != token


def test_a_token_is_good_for_its_lifetime(play):
    shop = tokens(play, lifetime=0.001)
    token = shop.json("POST", "/login")["access_token"]
    time.sleep(0.01)
    assert shop.send("GET", "/tokened", token=token).status == 401


def test_a_token_can_be_revoked(play):
    shop = tokens(play, revoke=True)
    token = shop.json("POST", "/login")["access_token"]
    assert shop.send("GET", "/tokened", token=token).status == 200
    assert shop.send("GET", "/tokened", token=token).status == 401


def test_an_operation_may_need_no_credentials(play):
    shop = play({"secret": {"security": False}})
    assert shop.send("GET", "/secret").status == 200


def test_forms_are_read(play):
    shop = play(
        {"login": {"security": False, "rules": [{"when": {"body": {"user": "a b"}}, "answers": [{"status": 299}]}]}}
    )
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    import requests

    from arazzo.exchange import Request
    from arazzo.transport import send

    with requests.Session() as session:
        assert send(Request("POST", shop.url + "/login", headers, b"user=a+b"), session).status == 299


def test_checks_can_be_left_out(play):
    shop = play({}, checks={"requests": False})
    assert shop.send("GET", "/orders?limit=many").status == 200


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("reset", "reset"), ("half", "reset"), ("garbage", "protocol"), ("hang", "timeout"), ("slow", "timeout")],
)
def test_faults(play, fault, kind):
    shop = play({"getOrder": {"rules": [{"answers": [{"fault": fault, "pace": 0.2}, {}]}]}})
    with pytest.raises(TransportError) as caught:
        shop.send("GET", "/orders/7", timeout=0.3)
    assert caught.value.kind == kind
    assert shop.send("GET", "/orders/7").status == 200
    first, second = shop.api.record
    assert (first.fault, first.status) == (fault, None if fault in ("reset", "hang", "garbage") else 200)
    assert (second.fault, second.status) == (None, 200)


def test_a_large_answer(play):
    shop = play({"getOrder": {"rules": [{"answers": [{"size": 3_000_000}]}]}})
    assert len(shop.send("GET", "/orders/7").body) == 3_000_000


def test_a_delayed_answer_is_late(play):
    shop = play({"getOrder": {"rules": [{"answers": [{"delay": 0.2}]}]}})
    assert shop.send("GET", "/orders/7").seconds > 0.19


BAD = {
    "operations: {getOrder: {rules: [{answers: [{statuss: 1}]}]}}": (
        "bad.yaml:1:45: error[invalid-scenario]: 'statuss' is not part of a scenario here"
    ),
    "operations:\n  getOrder:\n    rules:\n      - answers:\n          - status: 999\n": (
        "bad.yaml:5:21: error[invalid-scenario]: Input should be less than or equal to 599"
    ),
    "operations: {getOrder: {key: '{{paths.id}}'}}": (
        "bad.yaml:1:30: error[invalid-scenario]: there is no placeholder {{paths.id}}"
    ),
    "operations: {getOrder: {rules: [{answers: []}]}}": "error[invalid-scenario]: ",
    "operations: {getOrder: {rules: [{answers: [{fault: explode}]}]}}": "error[invalid-scenario]: ",
    "mock: '2'": "bad.yaml:1:7: error[invalid-scenario]: ",
    "[]": "error[invalid-scenario]: ",
    "a: [": "error[yaml-syntax]",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_scenario_is_refused_where_it_is_bad(write, text):
    with pytest.raises(DocumentError) as refused:
        load_scenario(write("bad.yaml", text))
    assert BAD[text] in str(refused.value)


@pytest.mark.parametrize(
    ("name", "rule"),
    [("getOrders", "unknown-operation"), ("other.getOrder", "unknown-operation"), ("both", "ambiguous-operation")],
)
def test_an_operation_that_cannot_be_told_is_refused(write, name, rule):
    shop = write("shop.yaml", SHOP)
    path = write("scenario.yaml", f"operations:\n  {'getOrder' if name == 'both' else name}: {{}}\n")
    descriptions = {"shop": shop, "copy": shop} if name == "both" else {"shop": shop}
    with pytest.raises(DocumentError) as refused:
        MockApi(descriptions, path)
    assert f"scenario.yaml:2:3: error[{rule}]" in str(refused.value)
    assert "shop.getOrder" in str(refused.value)


@pytest.mark.parametrize("name", ["getOrder", "shop.getOrder", "GET /orders/{id}", "shop GET /orders/{id}"])
def test_the_names_of_an_operation(play, name):
    shop = play({name: {"rules": [{"answers": [{"status": 299}]}]}})
    assert statuses(shop, count=1) == [299]


def test_an_api_that_is_not_served_is_left_out(play):
    shop = play({"post.send": {}, "post GET /x": {}}, apis={"post": None})
    assert shop.send("GET", "/orders/7").status == 200


def test_a_fault_that_needs_the_connection_says_so(write):
    starlette = pytest.importorskip("starlette.testclient")
    api = MockApi(
        {"shop": write("shop.yaml", SHOP)},
        Scenario(operations={"getOrder": {"rules": [{"answers": [{"fault": "reset"}]}]}}),
    )
    with starlette.TestClient(api) as client:
        assert client.get("/orders/mine").status_code == 200
        with pytest.raises(RuntimeError, match="needs serve"):
            client.get("/orders/7")
