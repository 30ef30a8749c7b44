"""How a document is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from arazzo.document.settings import UNSET, Settings
from arazzo.document.shape import near
from arazzo.expressions.context import Dialect
from arazzo.frozen import dataclass, field


@dataclass(frozen=True)
class Options:
    """How a document is compiled.

    :param dialect: how expressions and conditions are read.
    :param settings: settings that overrule the document's.
    :param step_settings: settings by step id of the compiled workflow; they overrule everything else.
    :param defaults: settings for what nobody has set, not even the document.
    :raises ValueError: if there is no such dialect.
    """

    dialect: Dialect = "lenient"
    settings: Settings = UNSET
    step_settings: Mapping[str, Settings] = field(default_factory=dict)
    defaults: Settings = UNSET

    def __post_init__(self) -> None:
        if self.dialect not in get_args(Dialect):
            hint = near(str(self.dialect), get_args(Dialect)) or f"there are {', '.join(get_args(Dialect))}"
            raise ValueError(f"there is no dialect '{self.dialect}'; {hint}")
