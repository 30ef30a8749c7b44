"""The pre-commit hook, and what docs/ci.md says of editors and CI."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from casebook import CASES
from click.testing import CliRunner

import arazzo
from arazzo.cli import main
from arazzo.engine import load_plan, run_local
from arazzo.testing import MockApi, sample_inputs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text()


def documented_hook():
    (block,) = re.findall(r"```yaml\n(repos:.*?)```", PAGE, re.DOTALL)
    [hook] = yaml.safe_load(block)["repos"][0]["hooks"]
    return hook


def test_the_hook_is_a_command_that_takes_files():
    hook = documented_hook()
    program, *arguments = shlex.split(hook["entry"])
    assert program == "arazzo"
    document = str(CASES / "branch" / "workflow.arazzo.yaml")
    assert CliRunner().invoke(main, [*arguments, document]).exit_code == 0


def test_the_hook_installs_the_engine_of_this_version_and_no_airflow():
    assert documented_hook()["additional_dependencies"] == [f"arazzo-core[dags]=={arazzo.__version__}"]
    assert f"pip install 'arazzo-core[dags]=={arazzo.__version__}'" in PAGE


@pytest.mark.parametrize("suffix", [".arazzo.yaml", ".arazzo.yml", ".arazzo.json"])
def test_the_hook_looks_at_the_files_that_validate_finds(suffix):
    files = documented_hook()["files"]
    assert re.search(files, f"dags/workflows/one{suffix}")
    assert not re.search(files, f"dags/openapi/one{suffix.replace('arazzo', 'openapi')}")


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_the_documented_steps_run(form):
    [line] = re.findall(rf"arazzo (validate --format {form}) dags/workflows", PAGE)
    result = CliRunner().invoke(main, [*shlex.split(line), str(CASES / "branch")])
    assert result.exit_code == 0
    if form == "sarif":
        assert json.loads(result.stdout)["version"] == "2.1.0"
    else:
        assert all(line.startswith("::") for line in result.stdout.splitlines())


def test_a_workflow_runs_against_a_mock_in_this_process():
    plan = load_plan(CASES / "branch" / "workflow.arazzo.yaml")
    api = MockApi({"things": CASES / "api.openapi.yaml"})
    run = run_local(plan, sample_inputs(plan, api.descriptions), send=api.send)
    assert [str(entry) for entry in api.record] == ["GET /v1/things?tag=tag-1"]
    assert run.records[0].status == 200
