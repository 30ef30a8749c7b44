"""A client for mocks, and files for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mock_client import start

__all__ = ["start"]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_file
