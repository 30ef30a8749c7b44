"""``python -m arazzo.cli`` is ``arazzo``."""

from __future__ import annotations

from arazzo.cli import main

main(prog_name="arazzo")
