from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import airflow
import jsonschema
from airflow.sdk import Connection

from airflow_arazzo.protocol.secret_ledger import is_sensitive
from airflow_arazzo.provider_info import get_provider_info
from arazzo.auth.connection_settings import ARAZZO_EXTRAS, read_connection


def test_satisfies_airflows_schema():
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_names_modules_that_are_there():
    info = get_provider_info()
    for role in ("hooks", "operators", "sensors", "triggers"):
        for entry in info[role]:
            for module in entry["python-modules"]:
                import_module(module)
    for path in (*info["extra-links"], *(entry["class-name"] for entry in info["task-decorators"])):
        module, _, name = path.rpartition(".")
        assert callable(getattr(import_module(module), name))
    for connection_type in info["connection-types"]:
        module, _, name = connection_type["hook-class-name"].rpartition(".")
        assert getattr(import_module(module), name).conn_type == connection_type["connection-type"]


def test_airflow_hides_what_the_form_hides():
    [connection_type] = get_provider_info()["connection-types"]
    fields = connection_type["conn-fields"]
    hidden = {name for name, field in fields.items() if field["schema"].get("format") == "password"}
    assert "secret_headers" in hidden
    assert {name for name in hidden if not is_sensitive(name)} == set()


def test_the_forms_fields_are_the_extras_that_are_read():
    [connection_type] = get_provider_info()["connection-types"]
    assert set(connection_type["conn-fields"]) == ARAZZO_EXTRAS
    empty = dict.fromkeys(connection_type["conn-fields"])
    read_connection(Connection(conn_id="x", conn_type="arazzo", extra=json.dumps(empty)))
