"""For tests and trials: mocks of APIs from their descriptions, and inputs to try a workflow with.

:class:`MockApi` is an ASGI application that answers as descriptions and a scenario say and records what it got;
:func:`serve` serves it in a test, :func:`run_server` as a program. :func:`sample_inputs` makes inputs that a workflow
accepts. Imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from arazzo.testing.api import MockApi
    from arazzo.testing.exchanges import Received, Record, Recorded
    from arazzo.testing.input_samples import sample_inputs
    from arazzo.testing.recordings import Recorder, Replay
    from arazzo.testing.scenario import Scenario, load_scenario
    from arazzo.testing.serving import ServingError, run_server, serve

_HOMES: Final = {
    "MockApi": "api",
    "Received": "exchanges",
    "Record": "exchanges",
    "Recorded": "exchanges",
    "Recorder": "recordings",
    "Replay": "recordings",
    "Scenario": "scenario",
    "ServingError": "serving",
    "load_scenario": "scenario",
    "run_server": "serving",
    "sample_inputs": "input_samples",
    "serve": "serving",
}

__all__ = [
    "MockApi",
    "Received",
    "Record",
    "Recorded",
    "Recorder",
    "Replay",
    "Scenario",
    "ServingError",
    "load_scenario",
    "run_server",
    "sample_inputs",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
