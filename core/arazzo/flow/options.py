"""How a document is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from arazzo.document.settings import UNSET, Settings
from arazzo.expressions.context import Dialect


@dataclass(frozen=True)
class Options:
    """How a document is compiled.

    :param dialect: how expressions and conditions are read.
    :param settings: settings that overrule the document's.
    :param step_settings: settings by step id of the compiled workflow that overrule everything else.
    :param defaults: settings that hold where nobody says anything, the document included.
    """

    dialect: Dialect = "lenient"
    settings: Settings = UNSET
    step_settings: Mapping[str, Settings] = field(default_factory=dict)
    defaults: Settings = UNSET
