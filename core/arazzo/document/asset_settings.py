"""Assets in ``x-airflow``: those that a workflow updates, those that it reads, and those whose update starts it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import Self

from arazzo.frozen_model import FrozenModel

#: The fields that the map of an asset may have.
_PARTS = ("uri", "name", "group")
#: The longest text that Airflow can store.
_LONGEST = 1500
_PLAIN = (bool, int, float, list, tuple, type(None))


def asset_fault(asset: Any) -> str | None:
    """Return what is wrong with an asset, in a sentence; None for a valid one, or an object of Airflow's."""
    if isinstance(asset, _PLAIN):
        return "an asset is a URI, or a map of uri, name and group"
    if not isinstance(asset, (str, Mapping)):
        return None
    parts = {"uri": asset} if isinstance(asset, str) else asset
    if unknown := [str(name) for name in parts if name not in _PARTS]:
        return f"there is no '{unknown[0]}' in an asset, only {', '.join(_PARTS)}"
    if not parts.get("uri") and not parts.get("name"):
        return "an asset has a uri or a name"
    for name, text in parts.items():
        if not isinstance(text, str) or not text.strip() or not text.isascii() or len(text) > _LONGEST:
            return f"the {name} of an asset is text in ASCII, of at most {_LONGEST} characters"
    if str(parts.get("uri", "")).lower().startswith("airflow:"):
        return "the scheme 'airflow' is Airflow's own"
    return None


def _checked(assets: tuple[Any, ...]) -> tuple[Any, ...]:
    for asset in assets:
        if fault := asset_fault(asset):
            raise PydanticCustomError("fault", "{fault}", {"fault": fault})
    return assets


def _checked_one(asset: Any) -> Any:
    if fault := asset_fault(asset if isinstance(asset, (str, Mapping)) else None):
        raise PydanticCustomError("fault", "{fault}", {"fault": fault})
    return asset


_PARTS_SCHEMA = {"type": "object", "properties": {name: {"type": "string"} for name in _PARTS}}
_ASSET_SCHEMA = {"anyOf": [{"type": "string"}, {**_PARTS_SCHEMA, "additionalProperties": False}]}
_ASSETS_SCHEMA = {"type": "array", "items": _ASSET_SCHEMA}
_ONE_OF_THEM = {"properties": dict.fromkeys(("all", "any"), _ASSETS_SCHEMA), "minProperties": 1, "maxProperties": 1}
#: What a document may give as its schedule.
SCHEDULE_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string"}, _ASSETS_SCHEMA, {"type": "object", **_ONE_OF_THEM, "additionalProperties": False}]}
)
Assets = Annotated[tuple[Any, ...], AfterValidator(_checked), WithJsonSchema(_ASSETS_SCHEMA)]
"""Assets: each a URI, a map of uri, name and group, or an object of Airflow's from a person's own Python."""


class AssetSchedule(FrozenModel):
    """The assets whose updates start a run: all of them, or any of them; one of the two is set."""

    all: Assets | None = None
    any: Assets | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.all) == bool(self.any):
            fault = "a schedule by assets is a list of them, all of which are awaited, or a map with 'any' or 'all'"
            raise PydanticCustomError("fault", "{fault}", {"fault": fault})
        return self


class Watch(FrozenModel):
    """How a workflow watches an API: it updates an asset when it has seen something new."""

    asset: Annotated[Any, AfterValidator(_checked_one), WithJsonSchema(_ASSET_SCHEMA)]
    """The asset whose events say what has been seen."""
    seen: dict[str, str] = Field(min_length=1)
    """By input, the output whose last value it takes; something is new if an output differs from its input."""
