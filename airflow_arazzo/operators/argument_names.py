"""Arguments that name parts of a document: an unknown name is an error that suggests what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from airflow_arazzo.protocol.topology import TaskIds
from arazzo.document.budgets import is_by_source
from arazzo.document.input_declarations import property_names
from arazzo.document.settings import Settings
from arazzo.document.shape import near
from arazzo.flow import Plan
from arazzo.openapi.servers import refused_values, variable_names

#: Arguments that name parts of a document, with the word for such a part.
NAMING = {
    "steps": "step",
    "tasks": "step",
    "connections": "source description",
    "server": "source description",
    "budget": "source description",
    "inputs": "input",
    "sensitive": "input or output",
    "server_variables": "server variable",
}


def require_names(plan: Plan, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that name what a workflow does not have.

    :raises ValueError: naming the first one, and what may have been meant.
    """
    for argument, name in named(arguments):
        known = known_names(plan, argument)
        if argument != "inputs" and name not in known:
            raise ValueError(unknown_name(argument, name, known, f"workflow '{plan.workflow_id}' has"))


def named(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each name of a document's part in an argument, with the argument; settings included.

    Task ids made by this package are right, and not checked.
    """
    steps = arguments.get("steps") or {}
    for given in filter(None, (arguments, arguments.get("settings"), *steps.values())):
        for argument in NAMING:
            spelled = given.get(argument) or (given.get("connection") if argument == "connections" else None)
            if not spelled or isinstance(spelled, TaskIds) or (argument == "budget" and not is_by_source(spelled)):
                continue
            if isinstance(spelled, (Mapping, list, tuple, set, frozenset)):
                yield from ((argument, name) for name in spelled)


def known_names(plan: Plan, argument: str) -> Collection[str]:
    """Return the names that an argument may use; except for steps and inputs, also those of called workflows."""
    own: Collection[str]
    match argument:
        case "steps" | "tasks":
            return (*(step.step_id for step in plan.steps), *plan.unreachable)
        case "inputs":
            return tuple(plan.taken.schemas)
        case "sensitive":
            outputs = (name for step in plan.steps for name in step.step.outputs)
            own = (*plan.taken.schemas, *plan.undeclared, *property_names(plan.inputs), *outputs, *plan.outputs)
        case "server_variables":
            calls = ((step.operation, step.server) for step in plan.steps)
            own = [name for call, server in calls if call is not None for name in variable_names(call, server)]
        case _:
            own = plan.sources
    below = (name for child in plan.children.values() for name in known_names(child, argument))
    return tuple(dict.fromkeys((*own, *below)))


def unknown_name(argument: str, name: str, known: Collection[str], whose: str) -> str:
    """Return the message about an unknown name."""
    hint = near(name, known) or (f"there are {', '.join(known)}" if known else "")
    return f"{argument}: {whose} no {NAMING[argument]} '{name}'" + (f"; {hint}" if hint else "")


def require_variables(plan: Plan) -> None:
    """Refuse values of server variables that the API description does not enumerate.

    :raises ValueError: naming the first one, and what may have been meant.
    """
    for step in plan.all_steps():
        values = step.settings.server_variables or {}
        for name, value, allowed in refused_values(step.operation, step.server, values) if step.operation else ():
            hint = near(value, allowed) or f"there are {', '.join(allowed)}"
            raise ValueError(f"server_variables: variable '{name}' has no value '{value}'; {hint}")


def settings_from(values: Mapping[str, Any], subject: str) -> Settings:
    """Return settings given in Python.

    :param subject: whose they are, for messages.
    :raises ValueError: if one does not exist or has an invalid value, with what may have been meant.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            hint = near(place, Settings.model_fields)
            raise ValueError(
                f"settings of {subject}: there is no setting '{place}'" + (f"; {hint}" if hint else "")
            ) from None
        raise ValueError(f"settings of {subject}: {place}: {first['msg']}") from None
