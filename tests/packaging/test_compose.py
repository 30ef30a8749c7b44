"""docker-compose.yaml: no Docker engine needed to see that it says what it must and hides what it must."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
COMPONENTS = {
    "airflow-apiserver": "api-server",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag-processor",
    "airflow-worker": "celery worker",
    "airflow-triggerer": "triggerer",
}
CELERY_COMMANDS = {"celery worker", "celery flower"}
SECRET = re.compile(
    r"password|secret|fernet|_auth$|aquasecurityapi$|sql_alchemy_conn|result_backend|broker_url", re.IGNORECASE
)


def airflow_commands():
    from airflow.cli.cli_config import core_commands

    return {command.name for command in core_commands}


def environments():
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            yield name, variable, str(value)


def test_has_the_services_of_airflows_own_layout_and_the_mock():
    assert set(SERVICES) == {
        "postgres",
        "redis",
        "mock-api",
        *COMPONENTS,
        "airflow-init",
        "airflow-cli",
        "flower",
    }


@pytest.mark.parametrize(("service", "command"), COMPONENTS.items())
def test_each_component_runs_its_command_after_the_database_is_there(service, command):
    assert SERVICES[service]["command"] == command
    assert (
        SERVICES[service]["depends_on"].items()
        >= {
            "postgres": {"condition": "service_healthy"},
            "redis": {"condition": "service_healthy"},
            "airflow-init": {"condition": "service_completed_successfully"},
        }.items()
    )


def test_every_airflow_command_exists():
    known = airflow_commands() | CELERY_COMMANDS
    commands = [SERVICES[name]["command"] for name in (*COMPONENTS, "airflow-init", "flower")]
    assert [command for command in commands if command not in known] == []


def test_every_airflow_command_in_a_health_check_exists():
    checks = [" ".join(service.get("healthcheck", {}).get("test", [])) for service in SERVICES.values()]
    called = {shlex.split(check)[2] for check in checks if check.startswith("CMD-SHELL airflow ")}
    assert called == {"jobs"}
    assert called <= airflow_commands()


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in {"airflow-init", "airflow-cli"}])
def test_every_service_that_stays_says_whether_it_is_healthy(service):
    assert SERVICES[service]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_whoever_is_waited_for_is_there_and_can_be_waited_for():
    for service in SERVICES.values():
        for awaited, terms in service.get("depends_on", {}).items():
            assert terms["condition"] != "service_healthy" or "healthcheck" in SERVICES[awaited]


def test_all_airflow_services_share_settings_image_and_files():
    common = COMPOSE["x-airflow-common"]
    for name in (*COMPONENTS, "airflow-init", "airflow-cli", "flower"):
        assert SERVICES[name]["environment"].items() >= common["environment"].items()
        assert SERVICES[name]["image"] == common["image"]
        assert SERVICES[name]["volumes"] == common["volumes"]


def test_what_every_component_must_agree_on_is_common():
    assert COMPOSE["x-airflow-common"]["environment"].keys() >= {
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    }


def test_profiles_keep_helpers_out_of_a_plain_start():
    assert SERVICES["airflow-cli"]["profiles"] == ["debug"]
    assert SERVICES["flower"]["profiles"] == ["flower"]


def test_the_image_is_built_here_with_the_version_that_constraints_name():
    pinned = re.search(r"^apache-airflow==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    assert pinned
    assert f"FROM apache/airflow:{pinned[1]}\n" in (ROOT / "Dockerfile").read_text("utf-8")
    assert SERVICES["mock-api"]["build"] == COMPOSE["x-airflow-common"]["build"] == "."


def test_what_the_dockerfile_copies_is_there_and_not_ignored():
    allowed = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE))
    copies = re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    copied = {name for line in copies for name in line.split()}
    assert copied == allowed
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_connections_point_to_the_mock():
    common = COMPOSE["x-airflow-common"]["environment"]
    connections = [json.loads(value) for name, value in common.items() if name.startswith("AIRFLOW_CONN_")]
    hosts = {urlsplit(connection["host"]) for connection in connections}
    arguments = SERVICES["mock-api"]["command"]
    assert {f"--port={host.port}" for host in hosts} == {arguments[-1]}
    assert {host.hostname for host in hosts} == {"mock-api"}
    apis = dict(argument.split("=", 1) for argument in arguments if not argument.startswith("--"))
    assert {host.path.strip("/") for host in hosts} == set(apis)
    mounted = SERVICES["mock-api"]["volumes"][0].split(":")
    assert [file for file in apis.values() if not (ROOT / file.replace(mounted[1], mounted[0])).is_file()] == []


def test_the_mock_takes_its_arguments():
    from arazzo.cli import main

    service = SERVICES["mock-api"]
    assert service["entrypoint"][0] == "airflow-arazzo"
    command = main.get_command(None, service["entrypoint"][1])
    context = command.make_context("mock", [*service["command"]])
    assert context.params["host"] == "0.0.0.0"
    assert context.params["scenario"] == "demo"
    assert len(context.params["descriptions"]) == 2


def test_no_secret_stands_in_the_file():
    values = [(variable, value) for _, variable, value in environments() if SECRET.search(variable)]
    assert len({variable for variable, _ in values}) >= 9
    assert [variable for variable, value in values if not re.search(r"\$\{[A-Z_]+:\?see \.env\.example\}", value)] == []


def test_the_example_of_the_environment_names_every_variable_and_gives_no_secret():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
    given = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert used == set(given)
    assert {name for name, value in given.items() if value} == {"AIRFLOW_UID"}


def test_git_ignores_the_environment_file():
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
