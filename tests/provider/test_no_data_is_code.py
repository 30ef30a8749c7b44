"""No data is code (docs/semantics.md, 6): texts that no author has bound to an input, in every place they get to."""

from __future__ import annotations

import html
import json
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from airflow.providers.common.compat.sdk import DAG
from airflow.sdk import task, task_group
from airflow.utils.session import create_session
from evidence import database_dump
from evil import TEXTS, VALUES, WORD, evil, rendered, write

from airflow_arazzo import ArazzoDag, ArazzoTaskGroup, ArazzoWorkflowOperator
from airflow_arazzo.operators.decorated import arazzo_task
from airflow_arazzo.plugin.dag_pages import Addresses, TaskPlace, dag_page, run_page_of, task_page

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.attack("templates", "texts that get somewhere as they are, or are sent as they are"),
]

PLACES = (
    *("requests", "database", "log", "documentation", "names", "Params", "approval", "links", "pages"),
    "fields that Airflow renders",
)
TEMPLATE = "{{ conn.vault.password }}"


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    return write(tmp_path_factory.mktemp("evil"))


@pytest.fixture
def shop(monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "http", "host": api.url}))
    monkeypatch.setenv("AIRFLOW_CONN_VAULT", json.dumps({"conn_type": "generic", "password": WORD}))
    api.others.append((200, {"said": evil("answer")}, {"X-Said": evil("answer header")}))
    return api


@pytest.fixture(scope="module")
def found():
    """What the one run has left in each place."""
    return {}


@pytest.fixture
def seen(found, shop, document, run_dag, caplog, capfd, tmp_path):
    if not found:
        dag = ArazzoDag(document)
        run = run_dag(dag, form=evil("form"))
        assert run.state == "success"
        texts = [json.dumps([asked.target, asked.headers, asked.body.decode()]) for asked in shop.asked]
        out, err = capfd.readouterr()
        asking = ArazzoDag(write(tmp_path, evil("path")), dag_id="asking", settings={"approval": True})
        fields = [_rendered(each) for each in asking.tasks]
        labels = [asking.get_edge_info(each.task_id, other) for each in dag.tasks for other in each.downstream_task_ids]
        found |= {
            "requests": "".join(texts + [unquote(text) for text in texts]),
            "database": json.dumps(database_dump()),
            "log": out + err + caplog.text,
            "documentation": "".join(map(str, [dag.doc_md, dag.description, *(each.doc_md for each in asking.tasks)])),
            "names": repr([labels, dag.tags, [(each.task_id, each.task_display_name) for each in dag.tasks]]),
            "Params": json.dumps([param.serialize() for param in dag.params.values()]),
            "approval": repr([(each.subject, each.body) for each in asking.tasks if "approval" in each.task_id]),
            "fields that Airflow renders": repr(fields),
            "pages": html.unescape(_pages(run)),
            "links": repr([_links(each) for each in asking.tasks]),
        }
    return found


def _pages(run):
    """Return the pages of the DAG, of its run and of its tasks."""
    dag_id, run_id = run.run.dag_id, run.run.run_id
    with create_session() as session:
        tasks = [task_page(session, TaskPlace(dag_id, run_id, task, -1), Addresses()) for task in run.tasks]
        texts = [dag_page(session, dag_id, Addresses()), run_page_of(session, dag_id, run_id, Addresses()), *tasks]
    return "".join(filter(None, texts))


def _rendered(operator):
    """Return the fields of a task that Airflow renders, as it does that before the task runs."""
    operator.render_template_fields({"conn": {"vault": {"password": WORD}}, "ti": None})
    return {name: getattr(operator, name) for name in (*operator.template_fields, "task_id")}


def _links(operator):
    key = SimpleNamespace(dag_id="asking", run_id=evil("form"), task_id=operator.task_id, map_index=-1)
    return [link.get_link(operator, ti_key=key) for link in getattr(operator, "operator_extra_links", ())]


@pytest.mark.attack("templates: {place}", "{source}")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("source", [*TEXTS, *VALUES])
def test_a_text_is_rendered_nowhere(seen, place, source):
    assert rendered(source) not in seen[place]
    assert WORD not in seen[place]


@pytest.mark.parametrize("source", [*TEXTS, *VALUES])
def test_each_text_gets_somewhere_as_it_is(seen, source):
    unseen = {"operation summary", "operation description", "response description", "api title"}
    places = [place for place in PLACES if evil(source) in seen[place] or json.dumps(evil(source))[1:-1] in seen[place]]
    assert bool(places) is (source not in unseen), places


@pytest.mark.parametrize("source", ["input default", "parameter", "payload", *VALUES])
def test_what_a_step_sends_is_sent_as_it_is(seen, source):
    assert json.dumps(evil(source))[1:-1] in seen["requests"]


# what comes into bound inputs


def of_xcom(dag, document):
    @task(multiple_outputs=True)
    def upstream():
        return {"text": evil("xcom"), "deep": [{"text": evil("xcom")}]}

    ArazzoWorkflowOperator(task_id="run", document=document, inputs={"form": upstream()["text"]})


def mapped(dag, document):
    @task
    def upstream():
        return [{"form": evil("item")}, {"form": evil("item"), "other": evil("item")}]

    ArazzoWorkflowOperator.partial(task_id="run", document=document).expand(inputs=upstream())


def mapped_by_keywords(dag, document):
    @task
    def upstream():
        return [{"inputs": {"form": evil("item")}}]

    ArazzoWorkflowOperator.partial(task_id="run", document=document).expand_kwargs(upstream())


def mapped_settings(dag, document):
    @task
    def upstream():
        return [{"inputs": {"form": evil("item")}}]

    ArazzoWorkflowOperator.partial(task_id="run", document=document).expand(settings=upstream())


def in_a_mapped_group(dag, document):
    @task
    def upstream():
        return [evil("item")]

    @task_group
    def each(text):
        ArazzoWorkflowOperator(task_id="run", document=document, inputs={"form": text})

    each.expand(text=upstream())


def in_a_group(dag, document):
    @task
    def upstream():
        return evil("xcom")

    ArazzoTaskGroup(document, "work", inputs={"form": upstream()})


def by_a_template(dag, document):
    dag.params["text"] = evil("form")
    ArazzoWorkflowOperator(task_id="run", document=document, inputs={"form": "{{ params.text }}"})


def in_a_group_by_a_template(dag, document):
    dag.params["text"] = evil("form")
    ArazzoTaskGroup(document, "work", inputs={"form": "{{ params.text }}"})


def by_a_function(dag, document):
    @arazzo_task(document=document)
    def run():
        return {"form": evil("xcom"), "other": evil("xcom")}

    run()


def by_a_function_of_an_xcom(dag, document):
    @task
    def upstream():
        return evil("xcom")

    @arazzo_task(document=document)
    def run(text):
        return {"form": text}

    run(upstream())


def by_a_mapped_function(dag, document):
    @task
    def upstream():
        return [evil("item"), evil("item")]

    @arazzo_task(document=document)
    def run(text):
        return {"form": text}

    run.expand(text=upstream())


WAYS = (
    *(by_a_function, by_a_function_of_an_xcom, by_a_mapped_function),
    *(of_xcom, mapped, mapped_by_keywords, mapped_settings, in_a_mapped_group),
    *(in_a_group, by_a_template, in_a_group_by_a_template),
)


@pytest.mark.attack("templates: bound inputs", "{way}")
@pytest.mark.parametrize("way", WAYS)
def test_what_comes_from_a_run_is_sent_as_it_is(shop, document, run_dag, way):
    with DAG(f"data_{way.__name__}", schedule=None) as dag:
        way(dag, str(document))
    assert run_dag(dag).state == "success"
    forms = {asked.json["form"] for asked in shop.asked if "form" in (asked.json if asked.body else {})}
    assert forms == {evil(source) for source in ("xcom", "item", "form") if evil(source) in forms} != set()
    assert WORD not in json.dumps(database_dump())


@pytest.mark.attack("templates: arguments of a mapped task", "{argument}")
@pytest.mark.parametrize("argument", ["server", "connections"])
@pytest.mark.parametrize("keywords", [False, True])
def test_no_field_of_a_mapped_task_is_rendered(shop, document, run_dag, argument, keywords):
    value = {"shop": f"https://{TEMPLATE}.invalid"}
    with DAG(f"data_{argument}_{keywords}", schedule=None) as dag:

        @task
        def upstream():
            return [{argument: value}] if keywords else [value]

        visit = ArazzoWorkflowOperator.partial(task_id="run", document=str(document), inputs={"form": "x"}, retries=0)
        visit.expand_kwargs(upstream()) if keywords else visit.expand(**{argument: upstream()})
    run_dag(dag)
    assert WORD not in json.dumps(database_dump())


def written_in_partial(document):
    visit = ArazzoWorkflowOperator.partial(task_id="run", document=document, inputs={"form": TEMPLATE})
    visit.expand(server=[None])


def written_in_expand(document):
    ArazzoWorkflowOperator.partial(task_id="run", document=document).expand(inputs=[{"form": TEMPLATE}])


def written_in_expand_kwargs(document):
    visit = ArazzoWorkflowOperator.partial(task_id="run", document=document)
    visit.expand_kwargs([{"inputs": {"form": TEMPLATE}}])


@pytest.mark.parametrize("way", [written_in_partial, written_in_expand, written_in_expand_kwargs])
def test_what_the_author_has_written_is_rendered(shop, document, run_dag, way):
    with DAG(way.__name__, schedule=None) as dag:
        way(str(document))
    assert run_dag(dag).state == "success"
    assert shop.asked[0].json["form"] == WORD
    assert WORD not in json.dumps(database_dump())
