"""Completion in Bash, by the script that the command prints for a shell's start-up file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASH = shutil.which("bash")
BIN = Path(sys.executable).parent


@pytest.mark.skipif(BASH is None, reason="there is no Bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("va",), {"validate"}),
        (("run", "x.yaml", "--report-j"), {"--report-json", "--report-junit"}),
        (("graph", "x.yaml", "--format", ""), {"mermaid", "dot", "text", "json"}),
        (("nothing-of-this-name", ""), set()),
    ],
)
def test_bash_is_offered_what_can_follow(typed, offered):
    script = (
        'eval "$(_ARAZZO_COMPLETE=bash_source arazzo)"\n'
        'complete -p arazzo >&2\nCOMP_WORDS=(arazzo "$@")\nCOMP_CWORD=$#\n_arazzo_completion arazzo\n'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [BASH, "-c", script, "bash", *typed], env=environment, capture_output=True, text=True, check=True
    )
    assert "-F _arazzo_completion arazzo" in done.stderr
    assert set(done.stdout.split()) == offered
