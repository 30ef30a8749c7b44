"""``airflow-arazzo mock``: serves until it is told to stop, and refuses what it cannot read."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from arazzo.cli import main

OPENAPI = Path(__file__).parents[3] / "dags" / "openapi"
AQUA = OPENAPI / "aqua-security-api.yaml"


def mock(*arguments):
    return CliRunner().invoke(main, ["mock", *map(str, arguments)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_the_demo_until_it_is_told_to_stop(number):
    command = [sys.executable, "-m", "arazzo.cli", "mock", f"aqua={AQUA}", "--scenario", "demo"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            (url,) = re.findall(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
            session = requests.Session()
            session.trust_env = False
            answer = session.post(f"{url}/aqua/v1/login", json={"id": "demo", "password": "demo-password"}, timeout=10)
            assert answer.status_code == 200
            assert answer.json()["token"]
            (entry,) = session.get(f"{url}/__mock__/requests", timeout=10).json()["requests"]
            assert (entry["method"], entry["path"], entry["operation"]) == ("POST", "/aqua/v1/login", "login")
        finally:
            process.send_signal(number)
        assert process.wait(20) in (0, -number)
        assert "Traceback" not in process.stderr.read()


def test_an_api_is_called_after_its_file_unless_named():
    found = mock(AQUA, OPENAPI / "aqua-security-api.yaml")
    assert found.exit_code == 2
    assert "two APIs are called 'aqua-security-api'" in found.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        ([AQUA, "--scenario", "nowhere"], "nowhere"),
        ([OPENAPI.parent / "workflows" / "rescan-and-cleanup.arazzo.yaml"], "rescan-and-cleanup.arazzo.yaml"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(arguments, message):
    found = mock(*arguments)
    assert found.exit_code == 2
    assert message in found.output
    assert "Traceback" not in found.output


def test_a_port_that_is_taken_is_said():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = mock(AQUA, "--port", taken.getsockname()[1])
    assert found.exit_code == 1
    assert "cannot listen on 127.0.0.1" in found.output


@pytest.mark.parametrize("module", ["run_command", "validate_command", "mock_command"])
def test_a_command_starts_without_airflow(module):
    code = f"import sys, arazzo.cli.{module}; sys.exit('airflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_command_has_help():
    for name in main.list_commands(None):
        found = CliRunner().invoke(main, [name, "--help"])
        assert found.exit_code == 0, name
        assert "Usage:" in found.output
