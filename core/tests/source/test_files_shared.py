"""What documents of one folder share of the files that they all name."""

from __future__ import annotations

from arazzo.limits import limits_set
from arazzo.source.files_read import files_read, files_shared
from arazzo.source.text import load_source


def test_the_same_bytes_are_read_once_and_noted_each_time(tmp_path):
    path = tmp_path / "api.yaml"
    path.write_text("openapi: 3.1.0\n")
    with files_shared():
        first = load_source(path)
        with files_read() as files:
            assert load_source(path) is first
        assert [state.path for state in files.seen.values()] == [str(path)]
        assert load_source(path, name="another name") is not first
        with limits_set(calls=7):
            assert load_source(path) is not first
        path.write_text("openapi: 3.0.3\n")
        assert load_source(path).data == {"openapi": "3.0.3"}
    assert load_source(path) is not load_source(path)


def test_what_was_used_last_stays_within_the_size_of_one_file(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(f"x: {name * 37}")
    with limits_set(file_characters=100), files_shared():
        a, b = load_source(tmp_path / "a"), load_source(tmp_path / "b")
        assert load_source(tmp_path / "a") is a
        load_source(tmp_path / "c")
        assert load_source(tmp_path / "a") is a
        assert load_source(tmp_path / "b") is not b
