"""One name, one meaning: no module's or class's name stands for two things."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest
from test_dependencies import HALVES

#: Airflow stores the paths of these modules, and each role has one for this provider, as its providers do.
ROLES = {f"{role}/arazzo.py" for role in ("hooks", "operators", "sensors", "triggers")}
#: Names that modules have had, and that said too little.
GONE = re.compile(
    "knowing|placing|position|route|driving|sizes|storable|sending|sealing|looks|mentions|needs|cycles|course|blocking|"
    "asynchronous|unread|portable|possibility|references|vocabulary|keys|frames|values|places|subject|uses|filling|reader"
)


def modules(package):
    return sorted(path for path in (HALVES[package] / package).rglob("*.py") if path.name != "__init__.py")


def twice(names):
    return [name for name, count in Counter(names).items() if count > 1]


@pytest.mark.parametrize("package", HALVES)
def test_no_basename_stands_twice(package):
    root = HALVES[package] / package
    found = [path for path in modules(package) if path.relative_to(root).as_posix() not in ROLES]
    assert twice(path.stem for path in found) == []
    assert [path.stem for path in found if GONE.fullmatch(path.stem)] == []


def test_no_class_name_stands_twice():
    trees = [ast.parse(path.read_text("utf-8")) for package in HALVES for path in modules(package)]
    assert twice(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)) == []
