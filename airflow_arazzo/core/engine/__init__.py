"""The engine: a step machine without I/O, and what drives it."""

from airflow_arazzo.core.engine.drivers import drive, drive_async
from airflow_arazzo.core.engine.frames import dependencies, entered_inputs, fits, start
from airflow_arazzo.core.engine.inputs import check_inputs
from airflow_arazzo.core.engine.keys import IdempotencyKeys, keyed
from airflow_arazzo.core.engine.local import Run, run_local
from airflow_arazzo.core.engine.program import load_plan, load_plans
from airflow_arazzo.core.engine.region import advance, begin_call, end_call
from airflow_arazzo.core.engine.secrets import (
    CONCEALED,
    conceal,
    conceal_encoded,
    credentials,
    hide,
    secrets_in,
    sensitive_inputs,
    spellings,
)
from airflow_arazzo.core.engine.state import (
    Command,
    CriterionRecord,
    Done,
    Frame,
    Note,
    Send,
    State,
    StepRecord,
    Wait,
)
from airflow_arazzo.core.engine.values import workflow_outputs
from airflow_arazzo.core.flow import is_sensitive

__all__ = [
    "CONCEALED",
    "Command",
    "CriterionRecord",
    "Done",
    "Frame",
    "IdempotencyKeys",
    "Note",
    "Run",
    "Send",
    "State",
    "StepRecord",
    "Wait",
    "advance",
    "begin_call",
    "check_inputs",
    "conceal",
    "conceal_encoded",
    "credentials",
    "dependencies",
    "drive",
    "drive_async",
    "end_call",
    "entered_inputs",
    "fits",
    "hide",
    "is_sensitive",
    "keyed",
    "load_plan",
    "load_plans",
    "run_local",
    "secrets_in",
    "sensitive_inputs",
    "spellings",
    "start",
    "workflow_outputs",
]
