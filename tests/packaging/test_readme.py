"""README.md and the page of settings say what is there: commands, examples, every setting."""

import re
from dataclasses import fields
from pathlib import Path

from airflow_arazzo.provider_cli import get_cli_commands
from airflow_arazzo.provider_info import get_provider_info
from arazzo.document.settings import Settings
from arazzo.limits import Limits

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_is_the_file_that_runs():
    assert BLOCKS[0] == (ROOT / "dags" / "examples.py").read_text("utf-8")


def test_it_is_one_screen():
    assert len(README.splitlines()) <= 60


def test_the_page_of_settings_explains_every_setting_and_no_other():
    (table,) = re.findall(r"^\| key \| default \| meaning \|\n(.*?)\n\n", SETTINGS, re.MULTILINE | re.DOTALL)
    explained = [name for row in table.splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(explained) == sorted(Settings.model_fields)


def test_the_page_on_semantics_lists_every_setting_and_no_other():
    page = (ROOT / "docs" / "semantics.md").read_text("utf-8")
    (listed,) = re.findall(r"^## 7\..*?^`([^`]+)`\.$", page, re.MULTILINE | re.DOTALL)
    assert sorted(listed.split()) == sorted(Settings.model_fields)


def test_the_page_of_settings_explains_every_option_of_airflow_that_is_no_limit():
    (table,) = re.findall(r"^\| option \| default \| meaning \|\n(.*?)\n\n", SETTINGS, re.MULTILINE | re.DOTALL)
    explained = [name for row in table.splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    options = get_provider_info()["config"]["arazzo"]["options"]
    assert sorted(explained) == sorted(set(options) - {limit.name for limit in fields(Limits)})


def test_the_commands_of_airflow_are_those_that_a_page_says():
    page = (ROOT / "docs" / "command.md").read_text("utf-8")
    (said,) = re.findall(r"`airflow arazzo` has (.*?),\s+from Airflow 3.2", page, re.DOTALL)
    (group,) = get_cli_commands()
    assert sorted(re.findall(r"`(\w+)`", said)) == sorted(command.name for command in group.subcommands)
