"""Frozen values of pydantic: their fields are checked where they are made of data, and by name where one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from typing_extensions import Self


class FrozenModel(BaseModel):
    """The base of values that go to JSON and back; validators, which take a while to build, are built when needed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed; TypeError for one that the value does not have."""
        if unknown := (update or {}).keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no field '{min(unknown)}'")
        return super().model_copy(update=update, deep=deep)

    def __copy__(self) -> Self:
        """Return a copy that computes anew what depends on its fields: pydantic copies what is cached, too."""
        copied = super().__copy__()
        for cached in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[cached]
        return copied
