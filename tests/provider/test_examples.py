"""The examples of dags/ that have no place in the demo: run by ``dag.test()`` against the mock of their APIs."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG
from person import person

from airflow_arazzo import ArazzoDag
from airflow_arazzo.testing import DEMO_SCENARIO, demo_descriptions
from airflow_arazzo.testing.demo_scenario import demo_connections
from arazzo.testing import MockApi, serve

pytestmark = pytest.mark.airflow
DAGS = Path(__file__).parents[2] / "dags"
WORKFLOWS = DAGS / "workflows"


@pytest.fixture
def apis(monkeypatch):
    api = MockApi(demo_descriptions(), DEMO_SCENARIO)
    with serve(api) as url:
        for name, value in demo_connections(url).items():
            monkeypatch.setenv(name, value)
        yield api


def sent(api):
    return [line for line in api.record.lines() if "oauth" not in line]


def test_an_export_stores_the_orders_of_all_pages_at_once(apis, run_dag):
    run = run_dag(ArazzoDag(WORKFLOWS / "export-orders.arazzo.yaml"), day="2026-01-31")
    assert run.state == "success"
    assert run.xcom("outputs") == {"records": 5}
    assert [line.partition("?")[0] for line in sent(apis)] == [
        *["GET /shop/orders"] * 3,
        "PUT /archive/exports/orders-2026-01-31",
    ]
    (stored,) = (entry for entry in apis.record if entry.operation == "storeExport")
    assert [record["id"] for record in stored.request.content["records"]] == [f"A-{number}" for number in range(1, 6)]


def order():
    return ArazzoDag(WORKFLOWS / "order-and-ship.arazzo.yaml", poke_interval=0.05)


def test_an_order_is_paid_approved_and_shipped(apis, run_dag):
    with person("ship_approval", "Approve") as asked:
        run = run_dag(order(), article="tea", quantity=2)
    assert (run.state, len(asked)) == ("success", 1)
    assert run.xcom("outputs") == {
        "id": "order-of-tea",
        "payment": "paid",
        "parcel": "parcel-of-order-of-tea",
        "cancelled": None,
    }
    assert run.tasks["cancel"] == "skipped"


def test_an_order_that_cannot_be_shipped_is_cancelled(apis, run_dag):
    with person("ship_approval", "Approve"):
        run = run_dag(order(), article="chocolate")
    assert run.state == "success"
    assert sent(apis)[-2:] == [
        "POST /shop/orders/order-of-chocolate/shipment",
        "DELETE /shop/orders/order-of-chocolate",
    ]
    assert run.xcom("outputs")["cancelled"] == 204


def test_an_order_whose_payment_is_refused_asks_nobody(apis, run_dag):
    run = run_dag(order(), article="cake")
    assert run.state == "success"
    assert (run.xcom("outputs")["payment"], run.xcom("outputs")["cancelled"]) == ("refused", 204)
    assert run.tasks["ship_approval"] == run.tasks["ship"] == "skipped"


def test_an_order_that_a_person_refuses_is_not_shipped(apis, run_dag):
    with person("ship_approval", "Reject"):
        run = run_dag(order(), article="tea")
    assert run.state == "failed"
    assert [line for line in sent(apis) if "shipment" in line or line.startswith("DELETE")] == []


def test_a_nightly_job_carries_every_article_over(apis, run_dag):
    (dag,) = (found for found in runpy.run_path(str(DAGS / "nightly_stock.py")).values() if isinstance(found, DAG))
    run = run_dag(dag)
    assert run.state == "success"
    updates = {entry.request.raw_path: entry.request.content for entry in apis.record if entry.operation == "setStock"}
    assert updates == {"/shop/articles/tea/stock": {"stock": 12}, "/shop/articles/coffee/stock": {"stock": 0}}
    assert len([entry for entry in apis.record if entry.operation == "getToken"]) == 1
    assert len([entry for entry in apis.record if entry.operation == "getListing"]) == 3


def test_an_article_is_carried_over_by_hand_however_it_is_typed(apis, run_dag):
    (dag,) = (found for found in runpy.run_path(str(DAGS / "stock_by_hand.py")).values() if isinstance(found, DAG))
    run = run_dag(dag, article=" Tea")
    assert run.state == "success"
    updates = {entry.request.raw_path: entry.request.content for entry in apis.record if entry.operation == "setStock"}
    assert updates == {"/shop/articles/tea/stock": {"stock": 12}}
    assert run.xcom("say")
