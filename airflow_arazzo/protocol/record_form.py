"""The form of the record that a task leaves under ``arazzo``, for people and for later tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, Final

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_arazzo.protocol.stored_forms import fields_of, formed
from arazzo.engine import StepRecord

#: Fields that other tasks depend on, with their types.
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "step": (str,),
    "outcome": (str,),
    "next": (str, NoneType),
    "action": (str, NoneType),
    "workflow": (str, NoneType),
    "message": (str,),
    "stopped": (bool,),
    "complete": (bool,),
    "steps": (dict,),
    "rounds": (int,),
}
_OF_A_STEP: Final = frozenset(field.name for field in fields(StepRecord))
#: Fields of the record of a region, a workflow, or a task that refused to start.
_KNOWN: Final = _OF_A_STEP | _KINDS.keys() | {"last_status", "history", "exchanges", "document", "route"}


def read_record(value: Any, task_id: str) -> dict[str, Any]:
    """Return the record of a task. A person may have pushed one, without a version and with more fields.

    :raises AirflowFailException: if it is not a record, or another version of this package has pushed it.
    """
    what = f"the record of task '{task_id}'"
    try:
        record = _checked(value, what, _KNOWN)
        for step, each in record.get("steps", {}).items():
            _checked(each, f"{what} about step '{step}'", _OF_A_STEP, inside="version" in value)
    except AirflowException as error:
        raise AirflowFailException(str(error)) from None
    return record


def _checked(value: Any, what: str, known: Collection[str], *, inside: bool = False) -> dict[str, Any]:
    """Return the fields of a record.

    :param inside: whether it is part of a record with a version, and has none itself.
    """
    record = value
    if inside or not isinstance(value, dict) or "version" in value:
        record = fields_of(formed(value) if inside and isinstance(value, dict) else value, what, known)
    for name, kinds in _KINDS.items():
        if name in record and not isinstance(record[name], kinds):
            raise AirflowException(f"{what} cannot be read: '{name}' is of type {type(record[name]).__name__}")
    return dict(record)
