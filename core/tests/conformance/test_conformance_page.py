"""The committed page is what the clauses say."""

from __future__ import annotations

import os

from page import PAGE, written


def test_page_is_up_to_date():
    if os.environ.get("UPDATE_GOLDEN") == "1":
        PAGE.write_text(written(), encoding="utf-8")
    hint = "docs/conformance.md is not what the clauses say: run UPDATE_GOLDEN=1 pytest core/tests/conformance"
    assert PAGE.read_text(encoding="utf-8") == written(), hint
