"""For tests and trials: mocks of APIs made from their descriptions, and inputs to try a workflow with.

:class:`MockApi` is an ASGI application that answers as descriptions and a scenario say, and records its requests;
:func:`serve` serves it in a test, :func:`run_server` as a program. :func:`sample_inputs` makes inputs that a workflow
accepts. Imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.testing.api import MockApi
    from arazzo.testing.exchanges import Received, Record, Recorded
    from arazzo.testing.input_samples import sample_inputs
    from arazzo.testing.recordings import Replay
    from arazzo.testing.scenario import Scenario, load_scenario
    from arazzo.testing.serving import ServingError, run_server, serve
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.testing.api": "MockApi",
            "arazzo.testing.exchanges": "Received Record Recorded",
            "arazzo.testing.input_samples": "sample_inputs",
            "arazzo.testing.recordings": "Replay",
            "arazzo.testing.scenario": "Scenario load_scenario",
            "arazzo.testing.serving": "ServingError run_server serve",
        },
    )
