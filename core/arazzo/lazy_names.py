"""Packages whose names are imported when they are first used: whoever needs one name does not load all modules.

A DAG file is parsed at the start of each task, and of the engine it needs the plan and little else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def imported_when_used(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package; the names are its ``__all__``, too, unless it has one.

    :param package: its name.
    :param places: by module, the names that the package has from there, between spaces.
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
