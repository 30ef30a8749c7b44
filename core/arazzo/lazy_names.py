"""Packages that import a name when it is first used: whoever needs one name does not load all modules.

A DAG file is parsed at the start of each task, and needs little of the engine except the plan.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def imported_when_used(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``; the names also become its ``__all__``, unless it has one.

    :param package: its name.
    :param places: by module, the names that the package takes from it, separated by spaces.
    """
    modules = {name: module for module, names in places.items() for name in names.split()}
    vars(sys.modules[package]).setdefault("__all__", sorted(modules))

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        found = getattr(import_module(modules[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    return get
