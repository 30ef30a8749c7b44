"""What a task keeps for ``airflow arazzo replay``: its requests and answers, secrets hidden, in an XCom of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.common.compat.sdk import conf

from airflow_arazzo.protocol.encryption import has_key
from airflow_arazzo.protocol.stored_forms import formed
from airflow_arazzo.protocol.xcom_limits import as_xcom
from arazzo.absent import with_nulls
from arazzo.frozen import replace

if TYPE_CHECKING:
    from airflow_arazzo.protocol.channel import Channel
    from arazzo.engine import State
    from arazzo.flow import Plan

log = logging.getLogger(__name__)

RECORDING_KEY: Final = "arazzo_recording"
FIELDS: Final = ("workflow", "inputs", "placed", "beyond", "entries")


def begin_recording(state: State) -> State:
    """Return the state with a recording, if Airflow's configuration asks for one."""
    from arazzo.engine.recording import bounded_recording

    if not conf.getboolean("arazzo", "record_exchanges", fallback=False):
        return state
    if not has_key():
        log.warning("[arazzo] record_exchanges has no effect without a Fernet key: a recording contains secrets")
        return state
    return replace(state, recorded=bounded_recording())


def push_recording(channel: Channel, plan: Plan, state: State) -> None:
    """Push what a task has recorded, without secrets.

    :param plan: what the task has run, with its servers.
    """
    from arazzo.engine.recording import exposed_in, hidden_entries

    if (recorded := state.recorded) is None:
        return
    ledger = channel.ledger
    ledger.add(state.secrets)
    ledger.add(exposed_in(recorded.entries))
    placed = {
        f"{each.workflow_id}/{step.step_id}": [step.server, list(step.added), step.settings.required]
        for each in plan.whole()
        for step in each.steps
        if step.operation
    }
    told: dict[str, Any] = {
        "workflow": plan.workflow_id,
        "inputs": ledger.hide(with_nulls(state.frames[0].inputs), {*plan.sensitive, *plan.secret_inputs}),
        "placed": ledger.conceal_in(placed),
        "beyond": recorded.beyond,
        "entries": hidden_entries(recorded.entries, plan, ledger.conceal),
    }
    channel.ti.xcom_push(key=RECORDING_KEY, value=formed(as_xcom(told)))
