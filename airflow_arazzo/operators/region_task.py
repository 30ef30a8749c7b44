"""Runs a region of a plan inside a task: the shared part of :class:`ArazzoStepOperator` and :class:`ArazzoSensor`.

The engine says what to send and how long to wait. This module gives it values from the run, sends its requests through
the hooks, and turns its waits into a deferral, a reschedule or a sleep.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.exceptions import AirflowRescheduleException
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)
from airflow.sdk.exceptions import AirflowRuntimeError

from airflow_arazzo.compat import TaskStateStore, settling_time, task_state_store
from airflow_arazzo.hooks.source_connections import (
    connections_of,
    placing,
    require_sendable,
    sources_of,
    unused_logins,
    with_connections,
)
from airflow_arazzo.hooks.source_hooks import SourceHooks
from airflow_arazzo.hooks.telemetry import Telemetry
from airflow_arazzo.operators.at_most_once import Sending, UnknownOutcomeError, allow_retry, may_have_arrived
from airflow_arazzo.operators.lineage import TellsLineage
from airflow_arazzo.operators.links import LastResponseLink, OperationLink
from airflow_arazzo.operators.rendering import RendersWritten
from airflow_arazzo.operators.run_inputs import workflow_inputs
from airflow_arazzo.operators.telling import WorkflowFailedError, fails_in_a_sentence
from airflow_arazzo.operators.time_limits import check_time, deferral_timeout, loop_deadline, too_long, try_end
from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.debugging import in_full
from airflow_arazzo.protocol.envelope import Carried, pack, unpack
from airflow_arazzo.protocol.plan_folder import plan_cache
from airflow_arazzo.protocol.secret_ledger import mark_sensitive
from airflow_arazzo.protocol.stored_forms import FORM, fields_of, formed
from airflow_arazzo.protocol.task_recording import begin_recording, push_recording
from airflow_arazzo.protocol.topology import Position, TaskIds
from airflow_arazzo.protocol.xcoms import needed_steps, pull_outputs, pull_workflows, push_refusal, push_region
from arazzo import clock, engine
from arazzo.engine.refusals import is_template
from arazzo.errors import ArazzoError
from arazzo.flow import Options, Plan, PlannedStep, Region, pool_budget, region_children, slice_region

if TYPE_CHECKING:
    from airflow.sdk import Context

    from arazzo.engine import Done, Note, State

log = logging.getLogger(__name__)

#: A shorter wait for a retry stays on the worker: a deferral would cost as much.
SHORT_WAIT = 3.0
#: How long one start of a task may sleep in such waits altogether.
SHORT_WAITS = 10.0
_STATE_KEY = "arazzo_state"
_KEPT = {"try": int, "state": str}


class DrivesRegion(RendersWritten, TellsLineage):
    """Runs one region of a plan as an Airflow task."""

    plan: Plan
    step: str
    tasks: TaskIds
    inputs: dict[str, Any]
    connections: dict[str, str]
    server: str | dict[str, str] | None
    deferrable: bool
    position: Position
    #: Status of the last response, once the region has ended.
    last_status: int | None = None
    #: Whether the region has ended, and its record is complete.
    concluded: bool = False
    #: The part of the plan that the task runs, with the servers of its connections.
    placed: Plan | None = None
    #: Whether it failed with a pending request that may have arrived and must not be sent again.
    unknown: bool = False
    #: Whether a triggerer has left the next request to it, as evaluating the answer may take too much there.
    left: bool = False
    execution_timeout: timedelta | None
    task_id: str
    pool: str
    dag: Any
    operator_extra_links = (LastResponseLink(), OperationLink())

    @property
    def region(self) -> Region:
        region = self.plan.region_of(self.step)
        if region is None:
            raise AirflowException(f"workflow '{self.plan.workflow_id}' has no step '{self.step}' that can be reached")
        return region

    @property
    def waits_by_rescheduling(self) -> bool:
        """Whether a wait frees the worker by a reschedule, as in a sensor of mode ``reschedule``."""
        return False

    def _own_steps(self) -> Iterator[PlannedStep]:
        """Yield the steps that the task runs: those of its region, and of the workflows that are part of it."""
        region = self.plan.region_of(self.step)
        if region is not None:
            yield from map(self.plan.step, region.steps)
            for key, child in region_children(self.plan, region).items():
                yield from () if key in self.position.elsewhere else child.all_steps()

    def _into_pool(self, pool: str | None) -> None:
        """Put the task into the pool of its budget, if it has one.

        :param pool: the pool that somebody has named.
        :raises ValueError: if that is another pool, or nobody knows it before the task runs.
        """
        kept = pool_budget(self._own_steps(), self.connections)
        if kept is None:
            return
        text = kept.refusal(pool)
        if is_template(kept.pool):
            text = "its connection is a template, so that its budget has to name a pool (x-airflow: budget)"
        if text:
            raise ValueError(f"task '{self.task_id}': {text}")
        self.pool = kept.pool

    def run_region(self, context: Context) -> dict[str, Any]:
        """Run the region from its entry, or from where a reschedule left it; return its outputs, secrets hidden.

        :raises AirflowFailException: if the inputs are refused; nothing was sent.
        :raises AirflowException: if the region has failed.
        """
        with self._telling(context):
            self._learn_earlier()
            kept = self._kept_state(context)
            plan = self._placed_plan(begins=kept is None)
            if not kept:
                require_sendable(self.plan, self.hooks, self.connections, self.server)
            begun = kept or Carried(
                begin_recording(self._first_state(plan, context)), end=try_end(self.execution_timeout)
            )
            return self._drive(plan, self._still_fitting(begun, plan), context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume the task; if no trigger has fired, the reason goes into its record."""
        with self._telling(context):
            return super().resume_execution(next_method, next_kwargs, context)

    @fails_in_a_sentence
    def resume(self, context: Context, event: dict[str, Any] | None = None) -> dict[str, Any]:
        """Continue after a deferral with the trigger's event.

        :param event: from :class:`ArazzoTrigger`; anything else is refused.
        """
        from airflow_arazzo.triggers.arazzo import open_event

        self._begin(context)
        self._learn_earlier()
        carried = open_event(event)
        self.left = bool(event and event.get("left")) and self._triggerer_sends()
        if self.left:
            engine.load_evaluators()
        plan = self._placed_plan()
        carried = self._still_fitting(carried, plan)
        self.channel.ledger.add(carried.state.secrets)
        if carried.done is not None:
            return self._over(carried, carried.done, context)
        return self._drive(plan, carried, context)

    @contextmanager
    def _telling(self, context: Context) -> Iterator[None]:
        """Put the reason into the record if the task fails before its region has ended.

        The task that decides the run reads it there.
        """
        self._begin(context)
        try:
            yield
        except (AirflowRescheduleException, AirflowSkipException):
            raise
        except (AirflowException, AirflowRuntimeError, AirflowTaskTimeout, ArazzoError) as error:
            region = self.plan.region_of(self.step)
            if not self.concluded and region is not None:
                text = str(error)
                if isinstance(error, AirflowTaskTimeout):
                    text = too_long(self.task_id, self.execution_timeout)
                push_refusal(self.channel, region, text, stopped=isinstance(error, UnknownOutcomeError))
            raise

    # beginning

    def _placed_plan(self, *, begins: bool = False) -> Plan:
        """Return the part of the plan that the task runs, with the servers of its connections.

        :param begins: whether to report logins that no operation asks for; once in a try is enough.
        """
        plan = mark_sensitive(self._own_plan(placing(self.hooks, self.connections, self.server)))
        self.placed = plan
        self.hooks.connections = connections_of(plan, self.connections)
        self.hooks.keep_to(plan.all_steps())
        kept = pool_budget(self._own_steps(), self.hooks.connections)
        if kept and self.dag and (text := kept.refusal(self.dag.get_task(self.task_id).pool)):
            raise AirflowFailException(f"{text}; of a mapped task, partial() names it; nothing was sent")
        for text in unused_logins(self.plan, self.hooks, sources_of(plan)) if begins else ():
            self.log.info("%s", text)
        return plan

    def _own_plan(self, placed: Callable[[PlannedStep], PlannedStep]) -> Plan:
        """Return the part of the plan that the task runs: the region's slice with its steps placed."""
        return slice_region(self.plan, self.region, placed)

    def _first_state(self, plan: Plan, context: Context) -> State:
        channel, position = self.channel, self.position
        known = with_connections(self.plan, self.hooks, self.connections)
        return engine.start(
            plan,
            workflow_inputs(channel, known, position, self.inputs, self, context),
            at=self._entry(channel),
            outputs=pull_outputs(channel, self.plan, self.tasks, needed_steps(self.plan, plan)),
            scope=self.region.steps,
            workflows=pull_workflows(channel, self.plan, position.completed),
            elsewhere=position.elsewhere,
            deadline=loop_deadline(context, self.region),
            cookies=channel.cookies,
        )

    def _still_fitting(self, carried: Carried, plan: Plan) -> Carried:
        """Return what was carried, unless the document has changed so much that it cannot continue there."""
        carried = self._rerouted(carried)
        state, done = carried.state, carried.done
        if done is None:
            good = engine.can_resume(plan, state)
        else:
            exits = {edge.target for edge in self.region.exits}
            good = any(step.step_id == done.step for step in plan.steps)
            good = good and (done.outcome != "step" or done.target in exits)
        if good and state.scope in (None, self.region.steps):
            return carried
        raise AirflowException(
            f"the document has changed while task '{self.task_id}' waited, and it cannot go on from where it was; "
            "clear the task to begin anew"
        )

    def _rerouted(self, carried: Carried) -> Carried:
        """Return what was carried with the document's present order, in which another step may come next."""
        done = carried.done
        record = None if done is None else carried.state.records.get(done.step)
        if done is None or record is None or record.action is not None or done.outcome not in ("step", "end"):
            return carried
        order = [e.target for e in self.region.exits if e.source == done.step and e.kind == "next"]
        if not order:
            return carried
        return replace(carried, done=replace(done, outcome="step" if order[0] else "end", target=order[0]))

    def _entry(self, channel: Channel) -> str:
        """Return the step at which control enters the region: the next step of the previous task."""
        region = self.region
        before = [item for item in self.plan.regions if item is not region]
        entries = {edge.target for item in before for edge in item.exits} & set(region.steps)
        if len(entries) <= 1:
            return entries.pop() if entries else region.entry
        leading = [item for item in before if any(edge.target in region.steps for edge in item.exits)]
        tasks = [self.tasks[item.entry] for item in leading]
        ran = channel.finished(tasks)
        for task in tasks:
            record = channel.record(task) if task in ran else None
            if record and record.get("next") in region.steps:
                return str(record["next"])
        raise AirflowFailException(f"no task before '{self.task_id}' says which of its steps comes first")

    # driving

    def _drive(self, plan: Plan, carried: Carried, context: Context) -> dict[str, Any]:
        ledger = self.channel.ledger
        ledger.add(carried.state.secrets)
        check_time(self.task_id, self.execution_timeout, carried.end)
        sending = Sending(self.hooks.send, context, carried.sent)
        try:
            wait = self._waiter(plan, carried, sending, context)
            state, done = engine.drive(
                plan,
                carried.state,
                send=sending.send,
                wait=wait,
                clock=sending.now,
                note=self._log_note,
                conceal=ledger.conceal,
                whole=in_full(self.log),
                sent=self.hooks.telemetry.sent,
            )
        finally:
            self.hooks.close()
        return self._over(Carried(state, sent=sending.sent), done, context)

    def _begin(self, context: Context) -> None:
        self.channel = Channel(context["ti"])
        self.hooks = SourceHooks(ledger=self.channel.ledger, telemetry=Telemetry(context["ti"]))

    def _learn_earlier(self) -> None:
        """Learn the secrets that earlier tasks know."""
        self.learn(beside=[self.tasks[region.entry] for region in self.plan.regions])

    def _packed(self, carried: Carried) -> str:
        """Pack a state with everything that is known to be secret."""
        known = self.channel.ledger.secrets | carried.state.secrets
        return pack(replace(carried, state=replace(carried.state, secrets=known)))

    def _log_note(self, note: Note) -> None:
        (self.log.warning if note.warning else self.log.info)("%s", note.text)

    def _waiter(
        self, plan: Plan, before: Carried, sending: Sending, context: Context
    ) -> Callable[[State, float], None]:
        """Return what handles a wait: it frees the worker, or sleeps."""
        slept = 0.0

        def wait(state: State, seconds: float) -> None:
            nonlocal slept
            if state.resume_at is not None and state.resume_at <= clock.now():
                return  # the wait was counted from an answer of an earlier start
            short = not self._goes_round(state) and seconds <= SHORT_WAIT and slept + seconds <= SHORT_WAITS
            carried = replace(before, state=state, sent=sending.sent)
            if self.deferrable and not short:
                self._defer(plan, carried, seconds)
            if self.waits_by_rescheduling:
                self._reschedule(carried, seconds, context)
            slept += seconds
            clock.sleep(seconds)

        return wait

    def _defer(self, plan: Plan, carried: Carried, seconds: float) -> None:
        from airflow_arazzo.triggers.arazzo import ArazzoTrigger

        self.log.info("Waiting %.3g s in the triggerer", seconds)
        quick = not self.left or time.thread_time() - self.hooks.answered < engine.TOO_LONG / 2
        packed = self._packed(carried)
        sends = self._triggerer_sends() and quick and max(len(packed), self.hooks.largest) <= engine.TOO_LARGE
        trigger = ArazzoTrigger(
            plan=_without_bindings(plan).model_dump_json(exclude_defaults=True),
            state=packed,
            connections={**self.hooks.connections, **self.hooks.found(sources_of(plan))},
            sends=sends,
            until=0.0 if sends else min(carried.state.resume_at or 0.0, carried.end or inf),
            version=FORM,
        )
        timeout = deferral_timeout(self._deadline(carried.state), carried.end)
        raise TaskDeferred(trigger=trigger, method_name="resume", timeout=timeout)

    def _goes_round(self, state: State) -> bool:
        """Say whether a wait is between rounds of a loop."""
        return self.region.loop is not None

    def _triggerer_sends(self) -> bool:
        """Say whether the triggerer also sends safe requests, and does not only wait."""
        return self.region.safe

    def _deadline(self, state: State) -> float | None:
        """Return the POSIX time by which a deferral must have ended; None for no limit."""
        return state.frames[0].deadline

    def _reschedule(self, carried: Carried, seconds: float, context: Context) -> None:
        store = task_state_store(context)
        if store is None:
            self.log.warning("This Airflow keeps no state between the starts of a task (3.3 does): sleeping instead")
            return
        store.set(_STATE_KEY, formed({"try": context["ti"].try_number, "state": self._packed(carried)}))
        again = datetime.fromtimestamp(clock.now() + max(seconds, settling_time()), tz=timezone.utc)
        raise AirflowRescheduleException(again)  # type: ignore[no-untyped-call]

    def _kept_state(self, context: Context) -> Carried | None:
        """Return the state in which this try was rescheduled; None at the first start of a try."""
        store = task_state_store(context) if self.waits_by_rescheduling else None
        stored = store.get(_STATE_KEY) if store is not None else None
        if stored is None:
            return None
        kept = fields_of(stored, "the state that a rescheduled task has stored", _KEPT, _KEPT)
        return unpack(kept["state"]) if kept["try"] == context["ti"].try_number else None

    # ending

    def _over(self, carried: Carried, done: Done, context: Context) -> dict[str, Any]:
        """Conclude a region that was run to its end, here or in the triggerer."""
        if done.outcome == "failed":
            allow_retry(context, carried.sent)
            self.unknown = may_have_arrived(self.plan, carried.sent)
        return self._ended(carried.state, done, context)

    def _ended(self, state: State, done: Done, context: Context) -> dict[str, Any]:
        """Conclude a region that has ended, however the task got there."""
        self.last_status = state.last_status
        self.ran = (self.placed or self.plan, state.records)
        push_recording(self.channel, self.placed or self.plan, state)
        self.hooks.telemetry.went_round(engine.loops_run(self.plan, state.records))
        if done.outcome == "failed":
            self.log.error("%s", done.message)  # before the traceback, for readers of the log
        return self._conclude(state, done, context)

    def _conclude(self, state: State, done: Done, context: Context) -> dict[str, Any]:
        ti = context["ti"]
        self.concluded = True
        if self.waits_by_rescheduling and (store := task_state_store(context)) is not None:
            _forget_state(store)
        visible = push_region(self.channel, self.plan, self.region, state, done, self.position.kept)
        if done.outcome == "failed":
            ti.xcom_push(key="return_value", value=visible)
            # ``retries`` do not repeat what was stopped: its requests are sent, and another try would know no more
            raise self._failure(done)
        return visible

    def _failure(self, done: Done) -> AirflowException:
        if done.stopped:
            return AirflowFailException(done.message)
        return WorkflowFailedError(done.message, unknown=self.unknown, retry_at=done.retry_at)


def _forget_state(store: TaskStateStore) -> None:
    try:
        store.delete(_STATE_KEY)
    except AirflowRuntimeError as error:  # it belongs to this try, and no other reads it
        log.warning("The state between two starts could not be forgotten: %s", type(error).__name__)


def read_plan(plan: Plan | str | Path, workflow_id: str | None = None, options: Options | None = None) -> Plan:
    """Return a plan, or compile it if it is the path of a document.

    :raises DocumentError: if the document cannot be run.
    """
    return plan if isinstance(plan, Plan) else plan_cache().load(plan, workflow_id, options or Options()).require()


def _without_bindings(plan: Plan) -> Plan:
    """Return the plan without bound inputs, which the triggerer does not need and which may be secret."""
    holders: list[Plan | PlannedStep] = [*plan.whole(), *plan.all_steps()]
    if not any(each.settings.inputs for each in holders):
        return plan
    steps = tuple(
        step.model_copy(update={"settings": step.settings.model_copy(update={"inputs": None})}) for step in plan.steps
    )
    children = {key: _without_bindings(child) for key, child in plan.children.items()}
    settings = plan.settings.model_copy(update={"inputs": None})
    return plan.model_copy(update={"steps": steps, "settings": settings, "children": children})


def as_mapping(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an argument that may be missing as a new dict."""
    return dict(values or {})
