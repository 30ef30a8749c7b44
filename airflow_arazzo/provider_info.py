"""What this provider tells Airflow about itself (entry point ``apache_airflow_provider``)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from airflow_arazzo import __version__
from arazzo.limits import Limits

_NAME = "Arazzo"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's entry: its modules by role, and its connection type with the fields of the form."""
    return {
        "package-name": "airflow-provider-arazzo",
        "name": _NAME,
        "description": "Turns Arazzo workflow documents into DAGs and runs them.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _NAME,
                "external-doc-url": "https://spec.openapis.org/arazzo/latest.html",
                "tags": ["protocol"],
            }
        ],
        "hooks": [_modules("airflow_arazzo.hooks.arazzo")],
        "operators": [
            _modules(
                "airflow_arazzo.operators.arazzo",
                "airflow_arazzo.operators.decorated",
                "airflow_arazzo.operators.workflow",
            )
        ],
        "sensors": [_modules("airflow_arazzo.sensors.arazzo")],
        "triggers": [_modules("airflow_arazzo.triggers.arazzo")],
        "task-decorators": [{"name": "arazzo", "class-name": "airflow_arazzo.operators.decorated.arazzo_task"}],
        "asset-uris": [
            {
                "schemes": ["http", "https"],
                "handler": "airflow_arazzo.assets.sanitize_uri",
                "factory": "airflow_arazzo.assets.create_asset",
                "to_openlineage_converter": "airflow_arazzo.assets.to_openlineage",
            }
        ],
        "extra-links": [
            "airflow_arazzo.operators.links.LastResponseLink",
            "airflow_arazzo.operators.links.OperationLink",
        ],
        "cli": ["airflow_arazzo.provider_cli.get_cli_commands"],
        "config": {
            "arazzo": {
                "description": "Arazzo workflow documents.",
                "options": {**_OPTIONS, **_limit_options()},
            }
        },
        "connection-types": [_connection_type()],
    }


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": "arazzo",
        "hook-class-name": "airflow_arazzo.hooks.arazzo.ArazzoHook",
        "hook-name": "Arazzo API",
        "ui-field-behaviour": {
            "hidden-fields": [],
            "relabeling": {"host": "Server URL", "login": "Login (or client id)"},
            "placeholders": {
                "host": "https://api.example.com/v1 (if empty, the servers of the API description)",
                "schema": "https",
                "password": "with a login: its password; with a client id: its secret; alone: a bearer token",
            },
        },
        "conn-fields": _FIELDS,
    }


def _modules(*modules: str) -> dict[str, Any]:
    return {"integration-name": _NAME, "python-modules": list(modules)}


def _option(description: str, kind: str, default: str, example: str | None) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.1.0",
        "type": kind,
        "example": example,
        "default": default,
    }


def _limit_options() -> dict[str, dict[str, Any]]:
    """Return an option for each limit of the engine."""
    return {
        limit.name: _option(
            limit.metadata["meaning"],
            "integer" if isinstance(limit.default, int) else "float",
            str(limit.default),
            None,
        )
        for limit in fields(Limits)
    }


_OPTIONS = {
    "allowed_sources": _option(
        "URL prefixes, separated by commas or white space, from which ``airflow arazzo fetch`` may fetch remote source "
        "descriptions.",
        "string",
        default="",
        example="https://specs.example.com/apis/",
    ),
    "document_seconds": _option(
        "Seconds of CPU time that ``load_dags`` may spend on a document; one that takes longer becomes a DAG that says "
        "so. 0 means no limit.",
        "float",
        default="10",
        example="30",
    ),
    "version_tag": _option(
        "Whether a DAG gets its document's version as a tag.", "boolean", default="False", example="True"
    ),
    "traceparent": _option(
        "Whether requests carry the header ``traceparent``, if Airflow makes spans (``[traces] otel_on``).",
        "boolean",
        default="True",
        example="False",
    ),
    "record_exchanges": _option(
        "Whether tasks keep their requests and answers, without secrets, in an XCom from which ``airflow arazzo "
        "replay`` runs the workflow again.",
        "boolean",
        default="False",
        example="True",
    ),
    "max_output_bytes": _option(
        "Bytes that the outputs of a task may have, as JSON. 0 means no limit. Empty means 1048576, or no limit if "
        "``[core] xcom_backend`` is not Airflow's own.",
        "string",
        default="",
        example="4194304",
    ),
    "preload": _option(
        "Whether Airflow's processes import what tasks need when they load plugins. An executor that copies such a "
        "process for each task then saves the tasks these imports.",
        "boolean",
        default="False",
        example="True",
    ),
    "plan_cache": _option(
        "Folder of the plan cache, in which the DAG processor, workers and triggerers find documents that one of them "
        "has compiled. A relative path starts at ``AIRFLOW_HOME``. Only the user of these processes may own it and "
        "write to it. Empty means no cache.",
        "string",
        default="arazzo-plans",
        example="/shared/airflow/arazzo-plans",
    ),
    "plan_cache_bytes": _option(
        "Bytes that the files of the plan cache may have together; the entries unused for longest are removed first.",
        "integer",
        default="268435456",
        example=None,
    ),
}


def _field(label: str, description: str, kind: str = "string", **schema: Any) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": [kind, "null"], **schema}}


_FIELDS = {
    "token": _field("Token", "A bearer token, unless it is the password.", format="password"),
    "api_keys": _field(
        "API keys",
        'JSON object with the key for each security scheme of the API description, such as {"ApiKeyAuth": "..."}.',
        format="password",
    ),
    "grant_type": _field(
        "OAuth 2.0 grant",
        "How tokens are fetched. If empty, the first grant that both the API and this connection support.",
        enum=["client_credentials", "password", "refresh_token", None],
        values_display={"null": "(the first possible)"},
    ),
    "token_url": _field("OAuth 2.0 token URL", "If empty, the one of the API description or of its OpenID provider."),
    "client_id": _field("OAuth 2.0 client id", "If empty, the login is used for client credentials."),
    "client_secret": _field(
        "OAuth 2.0 client secret", "If empty, the password is used for client credentials.", format="password"
    ),
    "client_auth": _field(
        "OAuth 2.0 client authentication",
        "Whether the client id and secret are sent as basic authentication (the default) or in the body.",
        enum=["basic", "body", None],
        values_display={"null": "(basic)"},
    ),
    "refresh_token": _field("OAuth 2.0 refresh token", "For the grant refresh_token.", format="password"),
    "scopes": _field("OAuth 2.0 scopes", "Separated by spaces. If empty, those that the operation asks for."),
    "audience": _field("OAuth 2.0 audience", "For authorization servers that ask for one."),
    "headers": _field(
        "Headers",
        'JSON object with headers for every request, such as {"X-Tenant": "..."}. Not hidden in the UI.',
    ),
    "secret_headers": _field(
        "Secret headers",
        'JSON object with headers that Airflow hides, such as {"X-Api-Key": "..."}.',
        format="password",
    ),
    "verify": _field("Verify", "true, false, or the file of the certificate authorities to trust. Default: true."),
    "cert": _field("Client certificate", "File of the client certificate for mutual TLS, with or without its key."),
    "key": _field("Client key", "File of the client certificate's key."),
    "proxies": _field("Proxies", 'URL of the proxy, or a JSON object such as {"https": "http://proxy:3128"}.'),
    "trust_env": _field(
        "Trust environment",
        "Whether to use the environment's proxies and certificate authorities and the logins of netrc.",
        "boolean",
    ),
    "timeout": _field("Timeout", "Seconds for an exchange. Default: 60.", "number", exclusiveMinimum=0),
    "max_bytes": _field("Largest answer", "Bytes that an answer may have.", "integer", exclusiveMinimum=0),
    "redirects": _field(
        "Redirects",
        "Whether a GET or HEAD follows redirects. If empty, what the step expects.",
        enum=["follow", "never", None],
        values_display={"null": "(what the step expects)"},
    ),
    "max_redirects": _field("Most redirects", "How many are followed. Default: 10.", "integer", exclusiveMinimum=0),
    "auth_type": _field(
        "Way to log in",
        "digest, aws-sigv4, or the path of a class like requests.auth.AuthBase. If empty, as the description says.",
    ),
    "secret_auth_options": _field(
        "Options of this way",
        'JSON object. For aws-sigv4: {"region": "...", "service": "...", "session_token": "..."}.',
        format="password",
    ),
    "required": _field(
        "Required values",
        "send: send requests even if a value is missing that the description requires. Default: check.",
        enum=["check", "send", None],
        values_display={"null": "(check)"},
    ),
}
