"""Every page: its commands are typed, its Python runs, its documents are valid, its links lead somewhere."""

from __future__ import annotations

import configparser
import json
import os
import random
import re
import runpy
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import page_blocks
import pytest
import yaml
from page_blocks import LANGUAGES, PAGES, REASONS, ROOT, blocks_of, commands_of, name_of

from arazzo.auth.connection_settings import read_connection
from arazzo.auth.connections import parse_connection
from arazzo.document.settings import EXTENSION, Settings
from arazzo.engine.document_problems import find_problems
from arazzo.errors import Severity
from arazzo.testing.scenario import Scenario

NAMES = [name_of(page) for page in PAGES]
#: Mocks are started in the background, one at a time, and ended with the page.
PRELUDE = """\
set -e
arazzo() { run_or_serve arazzo "$@"; }
airflow-arazzo() { run_or_serve airflow-arazzo "$@"; }
run_or_serve() {
  if [ "$2" != mock ]; then command "$@"; return; fi
  end_mock
  command "$@" >mock.log 2>&1 &
  mock=$!
  for _ in $(seq 300); do ! grep -q "is at" mock.log || return 0; kill -0 $mock; sleep 0.1; done
  cat mock.log; return 1
}
end_mock() { [ -z "$mock" ] || { kill $mock; wait $mock || true; mock=; }; }
trap end_mock EXIT
set -v
"""
each_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with what a reader has: the example documents, and the folder of DAGs."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path, dirs_exist_ok=True)
    shutil.copytree(ROOT / "dags", tmp_path / "dags")
    return tmp_path


def written(page, folder):
    """Write the files that a page shows."""
    for block in blocks_of(page):
        if block.file:
            (folder / block.file).write_text(block.text, "utf-8")
    return folder


@each_page
def test_each_block_says_what_it_is_and_why_it_is_not_run(page):
    for block in blocks_of(page):
        assert block.language in LANGUAGES, block.place
        assert block.reason is None or block.reason in REASONS, block.place


@each_page
def test_no_block_is_hidden_by_indentation(page):
    assert re.findall(r"(?:\n\n|^)(    [^\s*-].*)", page_blocks.without_blocks(page)) == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "docs" / "rules.md"], ids=name_of)
def test_no_line_is_longer_than_a_screen_is_wide(page):
    lines = page_blocks.without_blocks(page).splitlines()
    longer = [line for line in lines if len(line) > 120 and not line.startswith(("|", "#", "!["))]
    assert longer == [], "make format wraps them"


@each_page
def test_each_command_names_what_is_there(page):
    wrong = {command: page_blocks.mistakes(command) for command in commands_of(page)}
    assert {command: found for command, found in wrong.items() if found} == {}


def free_port() -> str:
    """Return a port that no test gets by chance meanwhile: systems give away only those from 32768 or 49152 on."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return str(port)
    raise AssertionError("no port is free")


@each_page
def test_the_commands_can_be_typed(page, folder):
    blocks = [block for block in blocks_of(page) if block.language == "sh" and not block.reason]
    if not blocks:
        return
    script = PRELUDE + "\n".join(block.text for block in blocks).replace("8090", free_port())
    outcome = typed(script, written(page, folder))
    assert outcome.returncode == 0, outcome.stdout[-6000:]


@each_page
def test_what_is_shown_after_a_command_is_what_it_prints(page, folder):
    for block in blocks_of(page):
        if block.language == "console" and not block.reason:
            commands, shown = [], []
            for line in block.text.splitlines():
                (commands if line.startswith("$ ") else shown).append(line.removeprefix("$ "))
            printed = typed("\n".join(commands), written(page, folder)).stdout.splitlines()
            missing = [line for line in shown if line and line != "..." and line not in printed]
            assert missing == [], "\n".join([block.place, *printed])


def typed(script, folder):
    """Type a script into a shell, and return what came of it."""
    hidden = ("AIRFLOW", "ARAZZO")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "core")]),
        "HOME": str(folder),
    }
    return subprocess.run(
        ["bash"],
        check=False,
        input=script,
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


@each_page
def test_the_python_runs(page, folder, monkeypatch):
    monkeypatch.chdir(written(page, folder))
    shutil.copytree(ROOT / "dags" / "workflows", folder / "workflows")
    shutil.copytree(ROOT / "dags" / "openapi", folder.parent / "openapi", dirs_exist_ok=True)
    for block in blocks_of(page):
        if block.language == "python" and not block.reason:
            file = folder / f"line_{block.line}.py"
            file.write_text(block.text, "utf-8")
            for name, value in runpy.run_path(str(file)).items():
                if name.startswith("test_"):
                    value()


@each_page
def test_the_connections_can_be_read(page):
    for block in blocks_of(page):
        for name, text in re.findall(r"AIRFLOW_CONN_(\w+)='([^']+)'", block.text):
            read_connection(parse_connection(name.lower(), text))


@each_page
def test_the_data_can_be_read(page, folder):
    written(page, folder)
    for block in blocks_of(page):
        match block.language:
            case "json":
                json.loads(block.text)
            case "ini":
                configparser.ConfigParser().read_string(block.text)
            case "yaml":
                for value in yaml.safe_load_all(block.text):
                    check_yaml(block, value, folder)


def check_yaml(block, value, folder):
    """Check what a block of YAML is by its fields: a document, a scenario, settings."""
    if not isinstance(value, dict):
        return
    if "arazzo" in value:
        problems = find_problems(folder / block.file)
        assert [problem for problem in problems if problem.severity is Severity.ERROR] == [], block.place
    if "mock" in value:
        Scenario.model_validate(value)
    if EXTENSION in value:
        Settings.model_validate(value[EXTENSION])


@each_page
def test_each_link_leads_somewhere(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page_blocks.without_blocks(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page_blocks.text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "docs" / "examples").glob("*.arazzo.yaml")))
def test_the_example_documents_have_no_errors(name):
    path = ROOT / "docs" / "examples" / name
    problems = find_problems(path)
    assert [problem for problem in problems if problem.severity is Severity.ERROR] == []
