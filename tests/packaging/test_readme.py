"""README.md says what is there: its commands, its examples, every setting."""

import ast
import re
from pathlib import Path

import click

from airflow_arazzo.cli import main
from airflow_arazzo.provider_cli import get_cli_commands
from arazzo.document.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_is_the_file_that_runs():
    assert BLOCKS[0] == (ROOT / "dags" / "examples.py").read_text("utf-8")


def test_every_example_can_be_parsed():
    assert len(BLOCKS) >= 2
    for block in BLOCKS:
        ast.parse(block)


def test_every_make_target_it_names_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE))
    assert named >= {"demo", "test", "test-scheduler", "lint", "help"}
    assert named <= targets


def test_every_command_it_names_is_there():
    named = set(re.findall(r"^    airflow-arazzo ([a-z]+)", README, re.MULTILINE))
    assert named >= {"run", "validate", "graph", "mock"}
    assert named <= set(main.list_commands(click.Context(main)))


def test_it_explains_every_setting_and_no_other():
    (table,) = re.findall(r"^\| key \| default \| meaning \|\n(.*?)\n\n", README, re.MULTILINE | re.DOTALL)
    explained = [name for row in table.splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(explained) == sorted(Settings.model_fields)


def test_the_page_on_semantics_lists_every_setting_and_no_other():
    page = (ROOT / "docs" / "semantics.md").read_text("utf-8")
    (listed,) = re.findall(r"^## 7\..*?^`([^`]+)`\.$", page, re.MULTILINE | re.DOTALL)
    assert sorted(listed.split()) == sorted(Settings.model_fields)


def test_the_commands_of_airflow_are_those_it_says():
    (said,) = re.findall(r"installed, (.*?) are also commands of", README)
    (group,) = get_cli_commands()
    assert re.findall(r"`(\w+)`", said) == [command.name for command in group.subcommands]


def test_every_file_it_links_to_is_there():
    links = {link for link in re.findall(r"\]\(([^)#:]+)\)", README) if not link.startswith("docs/images/")}
    assert len(links) >= 5
    assert [link for link in links if not (ROOT / link).exists()] == []
