"""docs/deployment.md names settings that exist, and the versions that the project is pinned to."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deployment.md").read_text("utf-8")
VERSIONS = (ROOT / "docs" / "airflow-versions.md").read_text("utf-8")
VALUES = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
PINNED = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))


def options():
    from airflow.configuration import initialize_config

    known = initialize_config().configuration_description
    # Celery's are its provider's, which is not installed everywhere.
    return {(section, name) for section, found in known.items() for name in found["options"]}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"AIRFLOW__([A-Z_]+?__[A-Z_]+)", PAGE + VERSIONS))))
def test_every_setting_exists(name):
    section, _, option = name.lower().partition("__")
    assert section == "celery" or (section, option) in options()


def test_the_chart_gets_the_version_that_is_pinned():
    assert VALUES["airflowVersion"] == VALUES["images"]["airflow"]["tag"] == PINNED["apache-airflow"]


def test_the_chart_polls_in_the_triggerer():
    assert VALUES["triggerer"]["enabled"] is True
    assert VALUES["triggerer"]["replicas"] >= 2
    assert VALUES["executor"] == "KubernetesExecutor"


#: What the chart's values.schema.json says of these keys (apache/airflow, commit 002e5532d7d5, chart for 3.0.5).
CHART = {
    **dict.fromkeys(("executor", "airflowVersion", "extraEnvFrom", "env.name", "env.value"), str),
    **dict.fromkeys(("images.airflow.repository", "images.airflow.tag"), str),
    **dict.fromkeys(("fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName", "data.metadataSecretName"), str),
    **dict.fromkeys(("dags.gitSync.repo", "dags.gitSync.branch", "dags.gitSync.subPath"), str),
    **dict.fromkeys(("triggerer.enabled", "dags.persistence.enabled", "dags.gitSync.enabled"), bool),
    **dict.fromkeys(("postgresql.enabled", "redis.enabled"), bool),
    "triggerer.replicas": int,
}


def leaves(value, path=""):
    match value:
        case dict():
            for name, item in value.items():
                yield from leaves(item, f"{path}.{name}".lstrip("."))
        case list():
            for item in value:
                yield from leaves(item, path)
        case _:
            yield path, value


def test_each_value_is_one_that_the_chart_takes():
    found = {path: value for path, value in leaves(VALUES) if not path.startswith("config.")}
    assert {path: type(value) for path, value in found.items()} == CHART
    for section, given in VALUES["config"].items():
        for option, value in given.items():
            assert isinstance(value, (str, int)), (section, option)
            assert section == "kubernetes_executor" or (section, option) in options()


def test_the_chart_gets_what_must_be_equal_from_secrets():
    assert {"fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName", "data"} <= VALUES.keys()


def test_the_versions_on_the_page_are_those_that_are_run():
    script = (ROOT / ".ci" / "test-airflow-versions").read_text("utf-8")
    (default,) = re.findall(r"\$\{VERSIONS:-([^}]+)\}", script)
    assert re.findall(r"^\| (3\.\d+\.\d+(?:[ab]\d+|rc\d+)?) \|", VERSIONS, re.MULTILINE) == default.split()
    released = [version for version in default.split() if version.replace(".", "").isdigit()]
    assert released[-1] == PINNED["apache-airflow"]


def test_every_link_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE + VERSIONS) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
