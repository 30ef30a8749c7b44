"""Which files of a folder are documents."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from arazzo.cli import main
from arazzo.source.document_files import document_files

DOCUMENT = "arazzo: 1.0.1\n"


@pytest.fixture
def found(tmp_path: Path):
    def names(*files: str, below: str = "", syntax: str | None = None) -> list[str]:
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(DOCUMENT)
        root = tmp_path / below
        return [path.relative_to(root).as_posix() for path in document_files(root, syntax)]

    return names


def test_hidden_folders_and_files_are_passed_over(found) -> None:
    assert found("a.yaml", ".git/b.yaml", ".ipynb_checkpoints/a-checkpoint.yaml", "sub/.#c.yaml", "sub/d.json") == [
        "a.yaml",
        "sub/d.json",
    ]


def test_a_mounted_config_map_has_each_document_once(found, tmp_path: Path) -> None:
    found("..2026_11_30/a.yaml")
    (tmp_path / "..data").symlink_to("..2026_11_30")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert found() == ["a.yaml"]


@pytest.mark.parametrize(
    ("ignore", "kept"),
    [
        ("draft*\n", ["a.yaml", "sub/c.yaml"]),
        ("sub/\n", ["a.yaml", "draft.yaml"]),
        ("/draft.yaml\nsub/c.yaml # done", ["a.yaml", "sub/draft.yaml"]),
        ("*.yaml\n!a.yaml\n", ["a.yaml"]),
        ("# nothing\n\n", ["a.yaml", "draft.yaml", "sub/c.yaml", "sub/draft.yaml"]),
    ],
)
def test_what_airflow_is_told_to_ignore_is_passed_over(ignore: str, kept: list[str], found, tmp_path: Path) -> None:
    (tmp_path / ".airflowignore").write_text(ignore)
    assert found("a.yaml", "draft.yaml", "sub/c.yaml", "sub/draft.yaml") == kept


def test_each_folder_may_have_its_own(found, tmp_path: Path) -> None:
    names = ("sub/a.yaml", "sub/draft.yaml", "draft.yaml")
    found(*names)
    (tmp_path / "sub" / ".airflowignore").write_text("draft.yaml\n")
    assert found() == ["draft.yaml", "sub/a.yaml"]


def test_one_above_counts_but_not_against_the_folder_that_is_named(found, tmp_path: Path) -> None:
    (tmp_path / ".airflowignore").write_text("workflows/\nworkflows/draft.yaml\nold_*\n")
    names = ("workflows/a.yaml", "workflows/draft.yaml", "workflows/old_a.yaml")
    assert found(*names, below="workflows") == ["a.yaml"]


def test_regular_expressions_where_airflow_has_them(found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".airflowignore").write_text("dra.t\n[\n")
    assert found("a.yaml", "sub/draft.yaml", syntax="regexp") == ["a.yaml"]
    assert found() == ["a.yaml", "sub/draft.yaml"]
    monkeypatch.setenv("AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX", "regexp")
    assert found() == ["a.yaml"]


def test_without_its_reader_a_folder_is_refused_and_not_read_whole(
    found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".airflowignore").write_text("draft*\n")
    found("a.yaml", "draft.yaml")
    monkeypatch.setitem(sys.modules, "pathspec", None)
    result = CliRunner().invoke(main, ["validate", str(tmp_path)])
    assert result.exit_code == 2
    assert ".airflowignore cannot be read without pathspec: pip install 'arazzo-core[dags]'" in result.stderr
    (tmp_path / ".airflowignore").write_text("# nothing\n")
    assert found() == ["a.yaml", "draft.yaml"]


def test_validate_looks_at_these_files(found, tmp_path: Path) -> None:
    found("named-otherwise.yml", "sub/x.json", ".hidden/y.yaml")
    (tmp_path / "notes.yaml").write_text("a: 1\n")
    result = CliRunner().invoke(main, ["validate", str(tmp_path)])
    assert "2 documents: " in result.stderr
    assert "named-otherwise.yml" in result.stdout
