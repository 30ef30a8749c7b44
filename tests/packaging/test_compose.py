"""docker-compose.yaml: no Docker engine needed to see that it says what it must and hides what it must."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from airflow_arazzo.testing.demo_scenario import DESCRIPTIONS, demo_connections

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
SECRET = re.compile(r"password|secret|fernet|_auth$|sql_alchemy_conn|result_backend|broker_url", re.IGNORECASE)
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")


def variables(text):
    pairs = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value.strip("'") for name, value in pairs}


#: What `airflow-arazzo env` makes: the example gives none of them a value.
SECRETS = {name for name, value in variables(EXAMPLE).items() if not value}


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
    commands = [SERVICES[name]["command"] for name in (*COMPONENTS, "flower")]
    commands += re.findall(r"/entrypoint airflow (\S+)", SERVICES["airflow-init"]["command"][-1])
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


def test_the_mock_starts_only_where_its_profile_is_on():
    assert SERVICES["mock-api"]["profiles"] == [variables(EXAMPLE)["COMPOSE_PROFILES"]] == ["mock"]
    awaited = {name for service in SERVICES.values() for name in service.get("depends_on", {})}
    assert [name for name in awaited if "profiles" in SERVICES[name]] == []


def test_files_of_ones_own_are_mounted_where_airflow_looks_for_them():
    common = COMPOSE["x-airflow-common"]
    mounted = dict(volume.split(":")[:2] for volume in common["volumes"])
    for folder in ("dags", "config", "plugins"):
        assert mounted[f"./{folder}"] == f"/opt/airflow/{folder}"
    assert Path(common["environment"]["AIRFLOW_CONFIG"]).parent == Path(mounted["./config"])


ENOUGH = {"getconf": "echo 4194304", "nproc": "echo 8", "df": "echo x x x 90000000"}


@pytest.fixture
def prepare(tmp_path):
    """Return what runs the script of airflow-init with programs that say what a machine has."""

    def run(machine, files_of="1000"):
        entrypoint, (option, script) = SERVICES["airflow-init"]["entrypoint"], SERVICES["airflow-init"]["command"]
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, line in {**ENOUGH, "chown": 'echo chown "$@"', "entrypoint": 'echo "$@"', **machine}.items():
            (folder / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / name).chmod(0o755)
        script = script.replace("$$", "$").replace("/entrypoint", str(folder / "entrypoint"))
        script = script.replace("/opt/airflow", str(tmp_path / "airflow"))
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "FILES_OF": files_of}
        done = subprocess.run([entrypoint, option, script], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.replace(str(tmp_path), ""), done.stderr

    return run


def test_the_first_start_prepares_folders_and_database(prepare, tmp_path):
    out, err = prepare({})
    assert err == ""
    assert out.splitlines() == ["airflow version", "chown -R 1000:0 /airflow/logs /airflow/config /airflow/plugins"]
    assert {path.name for path in (tmp_path / "airflow").iterdir()} == {"logs", "config", "plugins"}


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"getconf": "[ $1 = PAGE_SIZE ] && echo 4096 || echo 524288"}, "not enough memory: Airflow needs 4000 MB"),
        ({"nproc": "echo 1"}, "not enough CPUs: Airflow needs 2, and there is 1."),
        ({"df": "echo x x x 5120000"}, "not enough disk space: Airflow needs 10000 MB, and there is 5000 MB."),
    ],
)
def test_the_first_start_says_what_the_machine_lacks_and_goes_on(prepare, machine, said):
    out, err = prepare(machine)
    assert said in err
    assert "going on all the same" in err
    assert "airflow version" in out


def test_the_first_start_says_whose_files_will_be(prepare):
    assert "AIRFLOW_UID" in prepare({}, files_of="50000")[1]


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
    passed = [name for name, value in COMPOSE["x-airflow-common"]["environment"].items() if value is None]
    given = {name: value for name, value in variables(EXAMPLE).items() if name.startswith("AIRFLOW_CONN_")}
    assert sorted(passed) == sorted(given)
    assert given == demo_connections("http://mock-api:8090")
    hosts = {urlsplit(json.loads(value)["host"]) for value in given.values()}
    arguments = SERVICES["mock-api"]["command"]
    assert {f"--port={host.port}" for host in hosts} == {arguments[-1]}
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
    assert {text.split("=")[0] for text in context.params["descriptions"]} == DESCRIPTIONS.keys()


def test_no_secret_stands_in_the_file():
    values = [(variable, value) for _, variable, value in environments() if SECRET.search(variable)]
    assert len({variable for variable, _ in values}) >= 8
    named = re.compile("|".join(rf"\$\{{{name}:\?run airflow-arazzo env\}}" for name in SECRETS))
    assert [variable for variable, value in values if not named.search(value)] == []


def test_the_example_of_the_environment_names_every_variable_and_gives_no_secret():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", TEXT))
    given = {name for name in variables(EXAMPLE) if not name.startswith(("AIRFLOW_CONN_", "COMPOSE_"))}
    assert used == given
    assert {name for name in given if SECRET.search(name) or name.endswith("_KEY")} == SECRETS


def env_command(folder, code=0):
    line = [sys.executable, "-m", "airflow_arazzo.cli", "env", "--json"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture
def project(tmp_path):
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def test_the_command_writes_every_variable_with_a_secret_of_its_own(project):
    assert env_command(project)["kept"] == []
    made = variables((project / ".env").read_text("utf-8"))
    assert made.keys() == variables(EXAMPLE).keys()
    assert len({made[name] for name in SECRETS}) == len(SECRETS) >= 6
    assert min(len(made[name]) for name in SECRETS) >= 44
    assert len(base64.urlsafe_b64decode(made["FERNET_KEY"])) == 32
    assert made["AIRFLOW_UID"] == str(os.getuid() or 50000)
    assert (project / ".env").stat().st_mode & 0o777 == 0o600


def test_the_command_keeps_what_is_there_and_brings_back_nothing_that_was_removed(project):
    (project / ".env").write_text("# mine\nFERNET_KEY=mine\nJWT_SECRET=\nOWN=1=2\n", "utf-8")
    (project / ".env").chmod(0o644)
    assert env_command(project)["kept"] == ["FERNET_KEY", "OWN"]
    text = (project / ".env").read_text("utf-8")
    assert text.startswith("# mine\nFERNET_KEY=mine\nJWT_SECRET=")
    assert variables(text).keys() == SECRETS | {"OWN"}
    assert all(variables(text).values())
    assert (project / ".env").stat().st_mode & 0o777 == 0o600
    env_command(project)
    assert (project / ".env").read_text("utf-8") == text


def test_the_command_says_where_it_finds_nothing_to_fill_in(tmp_path):
    assert ".env.example" in env_command(tmp_path, code=2)


def test_git_ignores_the_environment_file():
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
