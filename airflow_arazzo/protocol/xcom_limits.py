"""What an XCom can contain, in size and in JSON: it is a row of the metadata database, unless a backend differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, conf

from arazzo.exact_numbers import ExactNumber
from arazzo.json_values import write_json

if TYPE_CHECKING:
    from arazzo.engine import State

#: How many bytes a task's outputs may have if XComs are rows and ``[arazzo] max_output_bytes`` is not set.
MAX_OUTPUT_BYTES = 1024 * 1024
_ROWS = ("airflow.sdk.execution_time.xcom.BaseXCom", "airflow.sdk.bases.xcom.BaseXCom", "airflow.models.xcom.BaseXCom")

#: Names that Airflow writes into the objects that it stores; it refuses, or misreads, an object that has one.
_RESERVED = frozenset({"__classname__", "__id__", "__type", "__var"})
_INSTEAD = "\ufffd"
#: How many levels of objects and arrays all parts of Airflow can handle in XComs.
_LEVELS = 100


class OutputSizeError(AirflowFailException):
    """Outputs that are too large for an XCom; Airflow does not retry, since that would send everything again."""


def output_limit() -> int | None:
    """Return how many bytes a task's outputs may have; None for no limit.

    :raises AirflowException: if the setting is not a number.
    """
    setting = (conf.get("arazzo", "max_output_bytes", fallback="") or "").strip()
    if not setting:
        return MAX_OUTPUT_BYTES if conf.get("core", "xcom_backend", fallback=_ROWS[0]) in _ROWS else None
    try:
        return int(setting) or None
    except ValueError:
        raise AirflowException(f"[arazzo] max_output_bytes is not a number: {setting!r}") from None


def check_step_outputs(outputs: Mapping[str, Mapping[str, Any]], state: State) -> None:
    """Refuse outputs of steps that are together too large.

    :param outputs: by step id and name.
    :raises OutputSizeError: naming step, output and sizes, and that the request was sent.
    """
    if (limit := output_limit()) is None:
        return
    sizes = {(step, name): value for step, values in outputs.items() for name, value in _sizes(values).items()}
    if sum(sizes.values()) <= limit:
        return
    step, name = max(sizes, key=lambda key: sizes[key])
    record = state.records.get(step)
    sent = f"{record.request} was sent, and answered with status {record.status}" if record and record.request else ""
    raise OutputSizeError(
        f"step '{step}': output '{name}' has {sizes[step, name]:,} bytes"
        f"{_of(sizes)}: {_ways_on(limit)}. {sent or 'The requests were sent'}; it is not sent again"
    )


def check_workflow_outputs(workflow_id: str, outputs: Mapping[str, Any]) -> None:
    """Refuse outputs of a workflow that are together too large; raises as :func:`check_step_outputs`."""
    if (limit := output_limit()) is None:
        return
    sizes = _sizes(outputs)
    if sum(sizes.values()) <= limit:
        return
    name = max(sizes, key=lambda key: sizes[key])
    raise OutputSizeError(
        f"workflow '{workflow_id}': output '{name}' has {sizes[name]:,} bytes{_of(sizes)}: {_ways_on(limit)}. "
        "The workflow has run to its end, and its requests were sent; they are not sent again"
    )


def _sizes(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: len(write_json(value).encode(errors="surrogatepass")) for name, value in values.items()}


def _of(sizes: Mapping[Any, int]) -> str:
    return f" of {sum(sizes.values()):,}" if len(sizes) > 1 else ""


def _ways_on(limit: int) -> str:
    return (
        f"more than the {limit:,} that an XCom may have ([arazzo] max_output_bytes). Output a part of it, "
        "or keep XComs in object storage (docs/deployment.md)"
    )


def as_xcom(value: Any, levels: int = _LEVELS) -> Any:
    """Return a JSON value as Airflow can store it, with a replacement character (U+FFFD) where it cannot.

    That replaces U+0000, which Postgres does not allow in texts, and precedes names that Airflow reserves. A number
    that no float holds becomes text. What is nested too deep is replaced by a text.

    :param levels: how many levels of objects and arrays stay.
    """
    match value:
        case ExactNumber():
            return float(value.text) if value.is_float else value.text
        case str():
            return value.replace("\0", _INSTEAD)
        case dict() | list() | tuple() if not levels:
            return f"(nested deeper than {_LEVELS} levels)"
        case dict():
            return {_name(str(name)): as_xcom(member, levels - 1) for name, member in value.items()}
        case list() | tuple():
            return [as_xcom(member, levels - 1) for member in value]
    return value


def _name(name: str) -> str:
    return _INSTEAD + name if name in _RESERVED else as_xcom(name)
