"""The engine: a step machine without I/O, and what drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.engine.bindings import unreadable_output, workflow_outputs
    from arazzo.engine.call_stack import can_resume, entered_inputs, start
    from arazzo.engine.drivers import TOO_LARGE, TOO_LONG, drive, drive_async, load_evaluators
    from arazzo.engine.foresight import Foreseen, foresee
    from arazzo.engine.idempotency import IdempotencyKeys, keyed
    from arazzo.engine.input_checks import check_inputs
    from arazzo.engine.local import Run, run_local, start_run
    from arazzo.engine.messages import duration, ended, step_path, wait_beyond_limit
    from arazzo.engine.program import load_plan, load_plans
    from arazzo.engine.records import loops_run
    from arazzo.engine.server_checks import misplaced, uncallable
    from arazzo.engine.state import Done, Note, Send, State, StepRecord, Wait
    from arazzo.engine.step_machine import advance, begin_call, end_call
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.engine.bindings": "unreadable_output workflow_outputs",
            "arazzo.engine.call_stack": "entered_inputs can_resume start",
            "arazzo.engine.drivers": "TOO_LARGE TOO_LONG drive drive_async load_evaluators",
            "arazzo.engine.foresight": "Foreseen foresee",
            "arazzo.engine.idempotency": "IdempotencyKeys keyed",
            "arazzo.engine.input_checks": "check_inputs",
            "arazzo.engine.local": "Run start_run run_local",
            "arazzo.engine.messages": "duration ended step_path wait_beyond_limit",
            "arazzo.engine.program": "load_plan load_plans",
            "arazzo.engine.records": "loops_run",
            "arazzo.engine.server_checks": "misplaced uncallable",
            "arazzo.engine.state": "Done Note Send State StepRecord Wait",
            "arazzo.engine.step_machine": "advance begin_call end_call",
        },
    )
