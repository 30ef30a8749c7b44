"""The form of stored data: trigger rows, XComs, records. Another version of it is refused as a whole.

While Airflow is upgraded, tasks and triggers of one run may come from different versions of this package.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException

#: The form that this version writes, and the only one that it reads. Increase it with every change of a stored form.
FORM = 3


def formed(value: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a value with the version of their form."""
    return {"version": FORM, **value}


def fields_of(
    value: Any, what: str, known: Collection[str], kinds: Mapping[str, type] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the fields that :func:`formed` was given.

    :param what: its name in messages.
    :param known: the names of its fields.
    :param kinds: the types of the required ones.
    :raises AirflowException: if it has another form, an unknown field, or a required one is missing or has another
        type.
    """
    if not isinstance(value, dict):
        raise AirflowException(f"{what} cannot be read: it is not an object")
    if (found := value.get("version")) != FORM:
        raise _other(
            what, f"it has form {found if isinstance(found, int) else 'none'}, but this version reads form {FORM}"
        )
    if unknown := sorted(map(str, value.keys() - {"version", *known})):
        raise _other(what, f"it has the field '{unknown[0]}', which this version does not know")
    for name, kind in kinds.items():
        if name not in value or not isinstance(value[name], kind):
            found = f"of type {type(value[name]).__name__}" if name in value else "missing"
            raise AirflowException(f"{what} cannot be read: '{name}' is {found}")
    return {name: field for name, field in value.items() if name != "version"}


def _other(what: str, why: str) -> AirflowException:
    return AirflowException(
        f"{what} cannot be read: {why}. Another version of airflow-provider-arazzo stored it: give workers and "
        "triggerers the same version, then clear the task to start again"
    )
