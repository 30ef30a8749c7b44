"""What the engine offers whoever imports it, without a module being loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import arazzo


@pytest.mark.parametrize("name", arazzo.__all__)
def test_each_public_name_is_there(name):
    assert getattr(arazzo, name) is not None


def test_importing_the_engine_loads_no_part_of_it():
    code = "import sys, arazzo; print(*sorted(name for name in sys.modules if name.startswith('arazzo')))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["arazzo", "arazzo.lazy_names"]
