"""What is a template and what is data: only what the author of a DAG or a document wrote is rendered.

Airflow renders no value that a mapped task received from a run, except those of ``expand_kwargs()``, and only in fields
that it renders itself. Bound inputs are rendered here, by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, MappedOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context
    from jinja2 import Environment

    from arazzo.flow import Plan


class RendersWritten:
    """Renders the fields of a task, except values that a mapped task received from the run."""

    def _do_render_template_fields(
        self, parent: Any, template_fields: Iterable[str], context: Context, *args: Any, **kwargs: Any
    ) -> None:
        own = parent is self
        fields = [name for name in template_fields if not own or is_written(parent, name, context)]
        super()._do_render_template_fields(parent, fields, context, *args, **kwargs)  # type: ignore[misc]


def render_bound(
    task: BaseOperator, bound: Mapping[str, Any], context: Context, plan: Plan, origins: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return bound inputs with their templates rendered, if the author wrote them.

    A text without a template stays as it is. In a DAG that renders native objects, so does a text for an input that may
    be one, whatever is written in it.

    :param task: the running task.
    :param bound: values, templates or XComs by name.
    :param plan: the workflow whose inputs they are.
    :param origins: by input, the argument of the task that it comes from, if not ``inputs``; none for values in the
        document.
    :raises AirflowFailException: if a template cannot be rendered.
    """
    found = dict.fromkeys(bound, "inputs") if origins is None else origins
    data = {argument for argument in set(found.values()) if not is_written(task, argument, context)}
    return {
        name: value
        if found.get(name) in data
        else _rendered(task, name, value, context, as_text="string" in types_of(plan.taken.schemas.get(name)))
        for name, value in bound.items()
    }


def types_of(schema: Any) -> frozenset[str]:
    """Return the types that a schema names."""
    types = schema.get("type") if isinstance(schema, dict) else None
    return frozenset((types,) if isinstance(types, str) else types or ())


def _rendered(task: BaseOperator, name: str, value: Any, context: Context, *, as_text: bool) -> Any:
    from jinja2 import TemplateError
    from jinja2.nativetypes import NativeEnvironment

    try:
        environment = task.get_template_env()
        as_text = as_text and isinstance(environment, NativeEnvironment)
        return _filled(task, value, context, environment, as_text=as_text)
    except (TemplateError, AirflowException, AttributeError, KeyError, TypeError, ValueError) as error:
        fault = f"{type(error).__name__}: {error}"
        message = f"input '{name}' cannot be rendered in task '{task.task_id}': {fault}; nothing was sent"
        raise AirflowFailException(message) from None


def _filled(task: BaseOperator, value: Any, context: Context, environment: Environment, *, as_text: bool) -> Any:
    """Return a value with its templates rendered.

    A text without a template stays as it is: Jinja would take a line break from its end, or make an object of it.

    :param as_text: whether a template stays text in an environment that renders objects.
    """
    marks = environment.variable_start_string, environment.block_start_string, environment.comment_start_string
    if isinstance(value, str) and not any(mark in value for mark in marks):
        return value
    if isinstance(value, str) and as_text:
        template = environment.from_string(value)
        parts = list(template.root_render_func(template.new_context(dict(context))))
        return parts[0] if len(parts) == 1 else "".join(map(str, parts))
    if type(value) is list:
        return [_filled(task, item, context, environment, as_text=False) for item in value]
    if type(value) is dict:
        return {key: _filled(task, item, context, environment, as_text=False) for key, item in value.items()}
    return task.render_template(value, context, environment)


def is_written(task: BaseOperator, argument: str, context: Context) -> bool:
    """Say whether an argument's value is in the DAG file, and did not come from an upstream task."""
    known = task.has_dag() and task.dag.has_task(task.task_id)  # type: ignore[no-untyped-call]
    mapped = task.dag.get_task(task.task_id) if known else None
    if not isinstance(mapped, MappedOperator) or argument in mapped.partial_kwargs:
        return True
    value = mapped.expand_input.value
    if isinstance(value, Mapping):  # expand(argument=...)
        return argument not in value or isinstance(value[argument], (Sequence, Mapping))
    if not isinstance(value, Sequence):  # expand_kwargs(...)
        return False
    index = context["ti"].map_index
    return index is not None and 0 <= index < len(value) and isinstance(value[index], Mapping)
