"""The plan cache: the same plans as without, nothing out of date, nothing secret, and a broken entry is none."""

from __future__ import annotations

import pytest
import yaml
from casebook import folders

from arazzo.document.settings import Settings
from arazzo.engine import plan_entries
from arazzo.engine.plan_cache import PlanCache, question
from arazzo.engine.plan_entries import Outcome
from arazzo.engine.program import load_outcome
from arazzo.errors import DocumentError
from arazzo.flow import Options
from arazzo.limits import limits_set
from arazzo.source.copies import Copies
from arazzo.source.text import parse_source

API = {
    "openapi": "3.1.0",
    "info": {"title": "things", "version": "1"},
    "servers": [{"url": "https://things.test"}],
    "paths": {"/things/{id}": {"$ref": "paths.yaml#/thing"}},
}
PATHS = {
    "thing": {
        "get": {
            "operationId": "getThing",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "the thing"}},
        }
    }
}
STEP = {
    "stepId": "get",
    "operationId": "getThing",
    "parameters": [{"name": "id", "in": "path", "value": "$inputs.id"}],
    "successCriteria": [{"condition": "$statusCode == 200"}],
}
DOCUMENT = {
    "arazzo": "1.0.1",
    "info": {"title": "t", "version": "1"},
    "sourceDescriptions": [{"name": "things", "url": "api.yaml", "type": "openapi"}],
    "workflows": [
        {"workflowId": "one", "inputs": {"type": "object", "properties": {"id": {"type": "string"}}}, "steps": [STEP]}
    ],
}


PLAINLY = Options()


class Shelf(dict):
    """A store in memory that counts what is written."""

    written = 0

    def read(self, name):
        return self.get(name)

    def write(self, name, entry):
        assert name.replace(".", "").isalnum()
        self.written += 1
        self[name] = entry


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def document(tmp_path):
    """Write a document with what it names; ``document.change(name, value)`` writes one of the files anew."""
    return Files(tmp_path)


class Files:
    def __init__(self, folder):
        self.folder, self.path = folder, folder / "d.arazzo.yaml"
        for name, value in (("d.arazzo.yaml", DOCUMENT), ("api.yaml", API), ("paths.yaml", PATHS)):
            self.change(name, value)

    def change(self, name, value):
        self.folder.joinpath(name).write_text(value if isinstance(value, str) else yaml.safe_dump(value))


def answered(shelf, path, options=PLAINLY, workflow=None):
    """Return what a cache of its own says of a document, and whether that was kept before."""
    computed = []

    def compute():
        computed.append(path)
        return (load_outcome(path, workflow, options),)

    outcome = PlanCache(shelf).answer(path, question("workflow", workflow, options), compute)[0]
    return outcome, not computed


def is_kept(shelf, path, options=PLAINLY):
    try:
        return answered(shelf, path, options)[1]
    except DocumentError:
        before = shelf.written
        with pytest.raises(DocumentError):
            answered(shelf, path, options)
        return shelf.written == before


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_a_plan_that_was_kept_is_the_plan_that_was_compiled(folder, shelf):
    path = folder / "workflow.arazzo.yaml"
    compiled = load_outcome(path, "main")
    assert answered(shelf, path, workflow="main") == (compiled, False)
    kept, was_kept = answered(shelf, path, workflow="main")
    assert was_kept
    assert kept == compiled
    assert kept.plan.model_dump_json() == compiled.plan.model_dump_json()
    assert list(kept.plan.children) == list(compiled.plan.children)


def test_a_verdict_is_kept_with_its_places(document, shelf):
    document.change("d.arazzo.yaml", {**DOCUMENT, "workflows": [{**DOCUMENT["workflows"][0], "steps": []}]})
    found = []
    for _ in range(2):
        with pytest.raises(DocumentError) as caught:
            PlanCache(shelf).load(document.path, None, Options())
        found.append(caught.value)
    assert found[0].problems == found[1].problems
    assert str(found[0]) == str(found[1])
    assert shelf.written == 2, "the list of files and the verdict, once"


def test_warnings_are_kept(document, shelf):
    step = {**STEP, "successCriteria": [{"condition": '$statusCode == "200"'}]}
    document.change("d.arazzo.yaml", {**DOCUMENT, "workflows": [{**DOCUMENT["workflows"][0], "steps": [step]}]})
    first, again = (answered(shelf, document.path)[0] for _ in range(2))
    assert first.warnings
    assert first.warnings == again.warnings


def test_of_several_workflows_the_bad_one_stays_bad(document, shelf):
    broken = DocumentError(load_outcome(document.path).warnings)
    outcomes = (load_outcome(document.path), Outcome("two", error=broken))
    asked = question("folder", Options())
    PlanCache(shelf).answer(document.path, asked, lambda: outcomes)
    one, two = PlanCache(shelf).answer(document.path, asked, lambda: pytest.fail("it was kept"))
    assert one == outcomes[0]
    assert (two.workflow_id, two.plan) == ("two", None)
    with pytest.raises(DocumentError):
        two.require()


def test_what_nobody_has_foreseen_is_not_kept(document, shelf):
    PlanCache(shelf).answer(document.path, question(), lambda: (Outcome("one", error=ZeroDivisionError()),))
    assert not shelf


CHANGED = {
    "the document": ("d.arazzo.yaml", {**DOCUMENT, "info": {"title": "other", "version": "1"}}),
    "its description": ("api.yaml", {**API, "servers": [{"url": "https://elsewhere.test"}]}),
    "what that refers to": ("paths.yaml", {"thing": {"get": {**PATHS["thing"]["get"], "summary": "s"}}}),
    "a comment": ("paths.yaml", yaml.safe_dump(PATHS) + "# a comment\n"),
}


@pytest.mark.parametrize(("name", "value"), CHANGED.values(), ids=CHANGED)
def test_a_change_of_a_file_is_seen_and_so_is_its_undoing(document, shelf, name, value):
    before = (document.folder / name).read_text()
    assert not is_kept(shelf, document.path)
    document.change(name, value)
    changed, was_kept = answered(shelf, document.path)
    assert not was_kept
    assert changed == load_outcome(document.path)
    document.change(name, before)
    assert is_kept(shelf, document.path)


@pytest.mark.parametrize("name", ["api.yaml", "paths.yaml"])
def test_a_file_that_goes_and_comes_back_is_seen(document, shelf, name):
    good = answered(shelf, document.path)[0]
    text = (document.folder / name).read_text()
    (document.folder / name).unlink()
    with pytest.raises(DocumentError):
        answered(shelf, document.path)
    assert is_kept(shelf, document.path), "that it is missing is kept, too"
    document.change(name, text)
    assert [answered(shelf, document.path)[0] for _ in range(2)] == [good, good]
    assert is_kept(shelf, document.path)


def test_a_file_that_takes_precedence_is_seen_when_it_comes(document, shelf):
    document.change("d.arazzo.yaml", {**DOCUMENT, "arazzo": "1.1.0", "$self": "sub/d.arazzo.yaml"})
    assert not is_kept(shelf, document.path)
    (document.folder / "sub").mkdir()
    document.change("sub/paths.yaml", PATHS)
    document.change("sub/api.yaml", {**API, "servers": [{"url": "https://sub.test"}]})
    found, was_kept = answered(shelf, document.path)
    assert not was_kept
    assert found.plan.steps[0].operation.servers[0].url == "https://sub.test"


def test_a_link_that_leads_elsewhere_is_seen(document, shelf):
    for folder, url in (("a", "https://a.test"), ("b", "https://b.test")):
        (document.folder / folder).mkdir()
        document.change(f"{folder}/paths.yaml", PATHS)
        document.change(f"{folder}/api.yaml", {**API, "servers": [{"url": url}]})
    link = document.folder / "api.yaml"
    for folder in ("a", "b", "a"):
        link.unlink()
        link.symlink_to(f"{folder}/api.yaml")
        found, was_kept = answered(shelf, document.path)
        assert (found.plan.steps[0].operation.servers[0].url, was_kept) == (f"https://{folder}.test", False)
        assert answered(shelf, document.path) == (found, True)


def test_a_copy_of_a_remote_file_that_is_fetched_anew_is_seen(document, shelf):
    url = "https://specs.test/api.yaml"
    document.change("d.arazzo.yaml", {**DOCUMENT, "sourceDescriptions": [{"name": "things", "url": url}]})
    copies = Copies.of(str(document.path))
    with pytest.raises(DocumentError):
        answered(shelf, document.path)
    for title, kept in (("first", False), ("second", False)):
        fetched = {**API, "info": {"title": title, "version": "1"}, "paths": {"/things/{id}": PATHS["thing"]}}
        copies.keep(parse_source(yaml.safe_dump(fetched), url, url), url, "2026-11-30")
        found, was_kept = answered(shelf, document.path)
        assert (found.plan.workflow_id, was_kept) == ("one", kept)
        assert is_kept(shelf, document.path)


def test_where_copies_are_is_part_of_the_question(document, shelf, monkeypatch):
    assert not is_kept(shelf, document.path)
    monkeypatch.setenv("AIRFLOW_ARAZZO_SOURCES", str(document.folder / "elsewhere"))
    assert not is_kept(shelf, document.path)


@pytest.mark.parametrize(
    "options",
    [
        Options("strict"),
        Options(settings=Settings(poke_interval=1)),
        Options(settings=Settings(inputs={"id": "{{ var.value.id }}"})),
        Options(step_settings={"get": Settings(timeout=2)}),
        Options(defaults=Settings(timeout=2)),
    ],
)
def test_options_are_part_of_the_question(document, shelf, options):
    assert not is_kept(shelf, document.path)
    assert not is_kept(shelf, document.path, options)
    assert answered(shelf, document.path, options) == (load_outcome(document.path, None, options), True)


def test_so_are_limits_and_the_engine(document, shelf, monkeypatch):
    assert not is_kept(shelf, document.path)
    with limits_set(calls=7):
        assert not is_kept(shelf, document.path)
    monkeypatch.setattr(plan_entries, "VERSION", 2)
    assert not is_kept(shelf, document.path)


def test_a_file_that_changes_while_it_is_read_is_not_kept(document, shelf):
    def compute():
        load_outcome(document.path)
        document.change("paths.yaml", CHANGED["a comment"][1])
        return (load_outcome(document.path),)

    PlanCache(shelf).answer(document.path, question(), compute)
    assert not shelf


DAMAGES = {
    "nothing": lambda entry: b"",
    "half": lambda entry: entry[: len(entry) // 2],
    "more": lambda entry: entry + b" ",
    "another byte": lambda entry: entry[:-3] + bytes([entry[-3] ^ 1]) + entry[-2:],
    "no frame": lambda entry: entry.partition(b"\n")[2],
    "another version": lambda entry: entry.replace(b'"version": 1', b'"version": 9', 1),
    "no text": lambda entry: b"\xff\xfe" * 100,
    "another form": lambda entry: plan_entries.framed('{"workflows": [{}]}'),
    "no JSON": lambda entry: plan_entries.framed("oops"),
    "fewer plans": lambda entry: plan_entries.framed(plan_entries.unframed(entry).partition("\n")[0]),
    "a plan of another engine": lambda entry: plan_entries.framed(
        plan_entries.unframed(entry).replace('"workflow_id"', '"workflow_identity"', 1)
    ),
}


BROKEN = [(damage, ".plans") for damage in DAMAGES] + [(damage, ".files") for damage in list(DAMAGES)[:9]]


@pytest.mark.parametrize(("damage", "suffix"), BROKEN)
def test_a_broken_entry_is_none_and_is_mended(document, shelf, damage, suffix):
    damage = DAMAGES[damage]
    good = answered(shelf, document.path)[0]
    name = next(name for name in shelf if name.endswith(suffix))
    shelf[name] = damage(shelf[name])
    assert answered(shelf, document.path) == (good, False)
    assert answered(shelf, document.path) == (good, True)


SECRET = "hunter2-and-more"
BOUND = {"x-airflow": {"inputs": {"api_token": SECRET}}}
DECLARED = {"type": "object", "properties": {"id": {"type": "string"}, "api_token": {"type": "string"}}}


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": [*STEP["parameters"], {"name": "Authorization", "in": "header", "value": f"Bearer {SECRET}9"}]},
        {"parameters": [{"name": "id", "in": "path", "value": "ghp_" + "a1B2" * 9}]},
        {"description": "ask https://ada:lovelace1@things.test/ for it"},
    ],
)
def test_a_document_with_a_secret_in_it_is_not_kept(document, shelf, change):
    workflow = {**DOCUMENT["workflows"][0], "steps": [{**STEP, **change}]}
    document.change("d.arazzo.yaml", {**DOCUMENT, "workflows": [workflow]})
    assert not is_kept(shelf, document.path)
    assert not shelf


def test_a_secret_that_is_bound_is_not_kept_and_its_template_is(document, shelf):
    workflow = {**DOCUMENT["workflows"][0], "inputs": DECLARED}
    document.change("d.arazzo.yaml", {**DOCUMENT, "workflows": [{**workflow, **BOUND}]})
    assert not is_kept(shelf, document.path)
    document.change("d.arazzo.yaml", {**DOCUMENT, "workflows": [workflow]})
    for value, kept in ((SECRET, False), (12345, False), ("{{ conn.things.password }}", True)):
        options = Options(settings=Settings(inputs={"api_token": value}))
        assert not is_kept(shelf, document.path, options)
        assert is_kept(shelf, document.path, options) is kept
    assert SECRET.encode() not in b"".join(shelf.values())


def test_a_secret_in_another_workflow_of_the_document_is_not_kept_either(document, shelf):
    other = {**DOCUMENT["workflows"][0], "workflowId": "two", "inputs": DECLARED, **BOUND}
    document.change("d.arazzo.yaml", {**DOCUMENT, "workflows": [*DOCUMENT["workflows"], other]})
    answered(shelf, document.path, workflow="one")
    assert not shelf


class Word(str):
    pass


UNASKED = [object(), Word("x"), ("a", "b"), {"a": Word("x")}, float("nan"), {1: 2}]


@pytest.mark.parametrize("value", UNASKED, ids=range(len(UNASKED)))
def test_objects_of_a_persons_own_python_are_not_asked_for(document, shelf, value):
    settings = Settings.model_construct(inputs={"id": value})
    assert question(Options(settings=settings)) is None
    assert not is_kept(shelf, document.path, Options(settings=settings))
    assert not shelf


def test_without_a_store_everything_is_computed(document):
    assert PlanCache().load(document.path, None, Options()) == load_outcome(document.path)


def test_a_document_that_is_not_there_is_not_kept(tmp_path, shelf):
    with pytest.raises(DocumentError):
        answered(shelf, tmp_path / "none.arazzo.yaml")
    assert not shelf


def test_the_same_text_elsewhere_is_another_document(document, shelf, tmp_path, monkeypatch):
    assert not is_kept(shelf, document.path)
    monkeypatch.chdir(document.folder)
    found, was_kept = answered(shelf, "d.arazzo.yaml")
    assert not was_kept
    assert found.plan.document["name"] == "d.arazzo.yaml"
