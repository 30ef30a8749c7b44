"""The setting ``budget``: how often an API may be asked by all runs together (docs/guide-budgets.md)."""

from math import floor
from typing import Any, TypeGuard

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from arazzo.frozen_model import FrozenModel


class Budget(FrozenModel):
    """A budget of requests, as slots of a pool whose holders each keep a pace."""

    requests_per_second: float = Field(gt=0, le=10_000)
    """How many requests may be sent within any second; 0.2 means one in five seconds."""
    in_flight: int | None = Field(default=None, ge=1)
    """How many of them may be under way at once, and so how many slots the pool has."""
    pool: str | None = Field(default=None, min_length=1, max_length=250)
    """Name of the pool; by default the id of the connection."""

    @field_validator("in_flight")
    @classmethod
    def _sendable(cls, value: int | None, info: ValidationInfo) -> int | None:
        most = info.data.get("requests_per_second", value or 1)
        if value is not None and value > max(most, 1):
            raise PydanticCustomError("setting", "{wanted}", {"wanted": "at most requests_per_second, or 1"})
        return value

    @property
    def slots(self) -> int:
        """How many may send side by side."""
        return self.in_flight or max(floor(self.requests_per_second), 1)

    @property
    def pace(self) -> float:
        """The seconds that each of them waits before its first request and between two requests."""
        each = floor(self.requests_per_second / self.slots)
        return 1 / (each or self.requests_per_second)


def is_by_source(value: Any) -> TypeGuard[dict[str, Any]]:
    """Say whether the value of a budget is a map of budgets by name of the source description."""
    return isinstance(value, dict) and bool(value) and all(isinstance(item, (dict, Budget)) for item in value.values())
