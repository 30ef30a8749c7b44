"""What happens in a region between two exchanges: steps start, are judged, control moves (docs/semantics.md, 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from arazzo.absent import ABSENT, UNKNOWN, Unreadable, absent_names, unreadable_names
from arazzo.cookies import Jar
from arazzo.document.models import Action
from arazzo.engine import actions, messages, pacing
from arazzo.engine.bindings import (
    call_inputs,
    frame_context,
    step_outputs,
    step_request,
    unreadable_output,
    workflow_outputs,
)
from arazzo.engine.call_stack import enter, entered_inputs, secret_values, unfinished
from arazzo.engine.collecting import collect_round, collected_outputs, outputs_without_round, without_failed_round
from arazzo.engine.contracts import answer_drift, require_contract
from arazzo.engine.dead_ends import is_dead_end, producers
from arazzo.engine.loop_turn import LoopTurn, Turned, as_before, record_name, with_record, without
from arazzo.engine.records import called_record, sent_record
from arazzo.engine.state import Call, Detour, Done, Held, Note, Send, State, StepRecord, Wait
from arazzo.errors import EvaluationError, GaveUpError, InputError, RequestError
from arazzo.exchange import Exchange, Request, Response
from arazzo.expressions.context import Context
from arazzo.flow import END, Plan, PlannedStep, passed_by_name, workflow_key
from arazzo.frozen import replace
from arazzo.growing import grown
from arazzo.openapi.responses import with_content
from arazzo.secrecy.secrets import exposed_secrets


class Turn(LoopTurn):
    """One call of :func:`~arazzo.engine.step_machine.advance`: the plan, the time, and the notes made on the way."""

    # entering a step

    def proceed(self, state: State) -> Turned:
        """Wait, or start the step at hand."""
        if state.resume_at is not None and self.now < state.resume_at:
            return replace(state, phase="waiting"), Wait(state.resume_at - self.now)
        if state.phase != "ready" or state.resume_at is not None:
            state = replace(state, phase="ready", resume_at=None)
        state = state.with_frame(pacing.enter_loop(state.frame, self._region(state.frame), self.now))
        at = pacing.nearest_deadline(state)
        if at is not None and self.now >= (state.frames[at].deadline or 0.0):
            return self._out_of_time(state, at)
        return self.begin(state)

    def begin(self, state: State) -> Turned:
        """Start the step at hand: a request to send, a workflow to enter, or a failure."""
        frame, self._unshown = state.frame, None
        self._step = record_name(state, frame.step)
        plan = self._plan(frame)
        planned = plan.step(frame.step)
        context = frame_context(plan, as_before(frame), state.workflows)
        state = replace(state, last_status=None)
        if missing := unfinished(planned, frame, state.workflows):
            text = f"step '{planned.step_id}' depends on {missing}, which has not completed; nothing was sent"
            return self._unsent(state, planned, context, text)
        if planned.operation is None:
            return self._call(state, plan, planned, context)
        try:
            request = step_request(plan, planned, planned.operation, context)
            require_contract(planned, request, self._concealing(state))
        except RequestError as error:
            return self._unsent(state, planned, context, str(error))
        state = state.with_cookies(state.cookies and state.cookies.as_of(self.now))
        _require_within_limits(state.cookies)
        request = replace(request, attempt=frame.attempts + 1, within=frame.plan, cookies=state.cookies)
        state, repeated = pacing.note_first_request(self.root, state, request)
        if repeated is not None:
            return self._held_back(state, repeated), None
        frames = (*state.frames[:-1], replace(state.frame, attempts=request.attempt))
        return replace(state, phase="sent", frames=frames), Send(request)

    def _call(self, state: State, plan: Plan, planned: PlannedStep, context: Context) -> Turned:
        if planned.workflow is None:
            text = (
                f"step '{planned.step_id}' speaks {planned.protocol}, for which there is no transport; nothing was sent"
            )
            return self._unsent(state, planned, context, text)
        try:
            inputs = call_inputs(plan, planned.step.parameters, context)
            state = state.with_frame(replace(state.frame, attempts=state.frame.attempts + 1))
            return enter(self.root, state, planned.workflow, inputs, Call(kind="step")), None
        except (EvaluationError, InputError) as error:
            text = f"step '{planned.step_id}' calls workflow '{planned.workflow}': {error}"
            return self._unsent(state, planned, context, text)

    def _unsent(self, state: State, planned: PlannedStep, context: Context, message: str) -> Turned:
        """Fail a step before anything was sent: it has no outputs, and its failure actions are tried like any others.

        Actions that would only return to the unchanged step are skipped (docs/semantics.md, 3).
        """
        frame = state.frame
        plan = self._plan(frame)
        makers = producers(plan, planned, frame, context)
        dead_ends = [item for item in planned.step.on_failure if is_dead_end(plan, frame.step, item, makers)]
        state, context = self._without_outputs(state, planned, context)
        record = StepRecord(
            step=frame.step,
            operation=planned.workflow or (planned.operation.operation_id if planned.operation else None) or "",
            attempts=frame.attempts,
            rounds=frame.rounds + 1,
        )
        return self._settle(state, planned, context, record, context.conceal(message), dead_ends)

    # after a step

    def received(self, state: State, exchange: Exchange) -> Turned:
        """Judge a step by its exchange, and decide what follows."""
        _require_within_limits(state.cookies)
        frame = state.frame
        self._step = record_name(state, frame.step)
        plan = self._plan(frame)
        planned = plan.step(frame.step)
        exchange = self.read = with_content(exchange, planned.operation if plan.dialect == "lenient" else None)
        self._exposed = exposed_secrets(exchange)
        context = frame_context(plan, frame, state.workflows, exchange, warn=self._warn)
        state, context = self._outputs(state, plan, planned, context)
        judgement = actions.judge_success(planned, exchange, context, plan.dialect)
        text = messages.exchanged(exchange, judgement.records, self._region(frame), frame.rounds)
        self._note(context.conceal(text), request=str(exchange.request))
        self._noted(*judgement.notes)
        self._note_outputs(frame, planned, context.steps[frame.step], passed=judgement.passed)
        drift = answer_drift(planned, exchange, context.conceal)
        self._noted(*(Note(f"contract: {each}", warning=True) for each in drift))
        record = sent_record(state, planned, exchange, judgement.records, drift)
        message = "" if judgement.passed else messages.failure(planned, exchange, judgement.reasons)
        broken = not message and messages.broken(planned, exchange, drift)
        message = message or broken or ""
        self._unshown = exchange
        if message:
            self._note(self._shown(state, exchange))
        self._hiccup = bool(message) and not broken and pacing.is_hiccup(exchange.response)
        state = self._remembering(state, frame, failed=bool(message))
        if message:
            state, context = without_failed_round(state, frame, planned, context)
        return self._settle(state, planned, context, record, message)

    def returned(self, state: State, outputs: dict[str, Any], failure: str) -> Turned:
        """Judge a step that called a workflow: it succeeds if that ended well and its own criteria hold."""
        frame, self._unshown = state.frame, None  # the workflow's last answer does not belong to this step
        self._step = record_name(state, frame.step)
        plan = self._plan(frame)
        planned = plan.step(frame.step)
        context = frame_context(plan, frame, state.workflows, Exchange.of_call(state.last_status))
        context = replace(context, outputs=outputs)
        state, context = self._outputs(state, plan, planned, context)
        record = called_record(state, planned)
        message = f"step '{frame.step}': workflow '{planned.workflow}' failed: {failure}" if failure else ""
        if not failure and planned.step.success_criteria:
            judgement = actions.judge(planned.step.success_criteria, context, plan.dialect)
            self._noted(*judgement.notes)
            record = replace(record, criteria=judgement.records)
            if not judgement.passed:
                message = f"step '{frame.step}': workflow '{planned.workflow}' ended, but {judgement.reasons}"
        state = self._remembering(state, frame, failed=bool(message))
        if message:
            state, context = without_failed_round(state, frame, planned, context)
        return self._settle(state, planned, context, record, message)

    def _outputs(self, state: State, plan: Plan, planned: PlannedStep, context: Context) -> tuple[State, Context]:
        """Evaluate a step's outputs, which its own actions can already read; the context also hides what is secret."""
        exchange = context.exchange
        unanswered = exchange is not None and exchange.response is None and planned.workflow is None
        if unanswered or self.stopped:
            return self._without_outputs(state, planned, context)
        values = step_outputs(plan, planned, context)
        state = state.with_secrets(secret_values(plan, {}, values))
        conceal = self._concealing(state)
        values = {  # a reason names types, charsets and codings as the server spells them
            name: replace(value, reason=conceal(value.reason)) if isinstance(value, Unreadable) else value
            for name, value in values.items()
        }
        frame, values = collect_round(planned, state.frame, values)
        outputs = grown(frame.outputs, planned.step_id, values)
        state = state.with_frame(replace(frame, outputs=outputs))
        return state, replace(context, steps=outputs, conceal=conceal)

    def _without_outputs(self, state: State, planned: PlannedStep, context: Context) -> tuple[State, Context]:
        """Return state and context in which the outputs of a step are unknown."""
        outputs = grown(state.frame.outputs, planned.step_id, outputs_without_round(state.frame, planned))
        state = state.with_frame(replace(state.frame, outputs=outputs))
        return state, replace(context, steps=outputs, conceal=self._concealing(state))

    def _settle(
        self,
        state: State,
        planned: PlannedStep,
        context: Context,
        record: StepRecord,
        failure: str,
        dead_ends: Iterable[Action] = (),
    ) -> Turned:
        """Take the first action whose criteria hold, or go on in document order.

        :param dead_ends: actions that are skipped.
        """
        plan = self._plan(state.frame)
        listed = [item for item in self._listed(state, planned, bool(failure)) if item not in dead_ends]
        choice = actions.choose(listed, state.frame.retries, context, plan.dialect)
        self._noted(*choice.notes)
        values = state.frame.outputs[planned.step_id]
        record = replace(
            record,
            criteria=(*record.criteria, *choice.records),
            message=failure,
            absent=absent_names(values),
            unreadable=unreadable_names(values),
        )
        if choice.undecided is not None and not (failure and self._is_tolerated(state, planned)):
            return self._fail(state, messages.undecided(planned, choice.undecided, choice, failure), record)
        if not failure and choice.exhausted and actions.ends_well(choice.action):
            self._note(f"{'; '.join(choice.exhausted)}, which is not a failure", warning=True)
        if choice.action is not None:
            return self._take(state, planned, choice.action, context, record)
        if failure and not choice.exhausted and self._is_tolerated(state, planned):
            return self._tolerate(state, planned, context, record)
        if failure:
            tolerated = [messages.tolerated(state.frame.hiccups)] if self._hiccup and state.frame.hiccups else []
            failure = "; ".join((failure, *choice.exhausted, *tolerated))
            return (
                self._fail(state, failure, record)
                if state.frame.detour is None
                else self._detour_step_failed(state, record, failure)
            )
        if state.frame.detour is not None:
            return self._come_back(state, record)
        if planned.step.on_success and planned.unmatched == "fail":
            return self._fail(state, messages.unmatched(planned, choice), record)
        return self._transfer(state, planned.next or END, context.exchange, record)

    def _listed(self, state: State, planned: PlannedStep, failed: bool) -> list[Action]:
        """Return the actions to try; while a step waits for its preparing step, only those that try that one again."""
        listed: Iterable[Action] = (
            () if self.stopped else planned.step.on_failure if failed else planned.step.on_success
        )
        detour = state.frame.detour is not None
        return [item for item in listed if not detour or (failed and item.type == "retry" and not item.step_id)]

    def _take(self, state: State, planned: PlannedStep, action: Action, context: Context, record: StepRecord) -> Turned:
        failed = bool(record.message)
        self._hiccup = False
        record = replace(record, action=action.name)
        match action.type:
            case "retry":
                return self._retry(state, planned, action, context, record)
            case "end" if failed:
                self._note(f"{action.name}: end, and the failure stands")
                return self._fail(state, record.message, record, ended=True)
            case "end":
                self._note(f"{action.name}: end")
                return self._transfer(state, END, context.exchange, record)
        if action.workflow_id:
            return self._hand_over(state, action, context, record)
        self._note(f"{action.name}: goto {action.step_id}")
        return self._transfer(state, action.step_id or END, context.exchange, record)

    # where control goes

    def _transfer(self, state: State, target: str, exchange: Exchange | None, record: StepRecord) -> Turned:
        """Go to a step, in the same round, in the next round, or out of the region; or end the workflow."""
        failed = bool(record.message)
        record = replace(record, next=target, outcome="recovered" if failed else "success")
        state = with_record(state, record)
        if target == END:
            return self._finish(state, "")
        frame = state.frame
        region = self._plan(frame).region_of(frame.step)
        moved = replace(
            frame, step=target, retries={}, attempts=0, opened=False, hiccups=0, again=without(frame.again, frame.step)
        )
        if region is None or target not in region.steps:
            state = state.with_frame(pacing.leave_loop(moved) if frame.visited else moved)
            if len(state.frames) == 1 and state.scope is not None and target not in state.scope:
                return state, Done("step", target=target, step=record.step)
            return state, None
        if failed:  # what it gave in an earlier round no longer holds
            nothing = dict.fromkeys(frame.outputs.get(frame.step, ()), UNKNOWN) | collected_outputs(frame, frame.step)
            moved = replace(moved, outputs=grown(frame.outputs, frame.step, nothing))
        if target not in frame.visited:
            return state.with_frame(replace(moved, visited=(*frame.visited, target))), None
        at_once = any(
            (edge.source, edge.target, edge.kind == "failure") == (frame.step, target, failed)
            for edge in region.at_once
        )
        interval = None if at_once else region.poke_interval
        return self._next_round(state.with_frame(moved), region, exchange, interval)

    def _retry(
        self, state: State, planned: PlannedStep, action: Action, context: Context, record: StepRecord
    ) -> Turned:
        frame = state.frame
        used = {**frame.retries, action.name: frame.retries.get(action.name, 0) + 1}
        state = with_record(state.with_frame(replace(frame, retries=used)), replace(record, next=record.step))
        limit = actions.retry_limit(action)
        asked = actions.asked_wait(context.exchange.response if context.exchange else None, self.now)
        region = self._region(frame)
        first = actions.detour_of(action, frame.step)
        if not record.message and region is not None and not first:
            self._note(f"{action.name}: once more, {used[action.name]} of {limit}")
            interval = region.poke_interval if action.retry_after is None else action.retry_after
            return self._next_round(
                state.with_frame(replace(state.frame, hiccups=0)), region, context.exchange, interval
            )
        wait = (action.retry_after or 0.0) if asked is None else asked
        before = f", {first} first" if first else ""
        self._note(f"{action.name}: retry {used[action.name]} of {limit} in {messages.duration(wait)}{before}")
        if not first:
            return self._later(state, wait, asked)
        passed = tuple(Held(name, values) for name, values in self._passed.items())
        call = Call("retry", wait, asked, passed or tuple(self._held(state, planned, context, bool(record.message))))
        if action.workflow_id:
            return self._enter_workflow(state, action, context, call, record)
        detour = Detour(step=frame.step, call=call, retries=used, attempts=frame.attempts)
        return state.with_frame(replace(state.frame, step=first, retries={}, attempts=0, detour=detour)), None

    def _held(self, state: State, planned: PlannedStep, context: Context, failed: bool) -> Iterator[Held]:
        """Yield the actions to try again if what a ``retry`` runs first fails."""
        plan = self._plan(state.frame)
        for action in actions.matching_actions(self._listed(state, planned, failed), context, plan.dialect):
            try:
                yield Held(action.name, self._inputs_of(state, action, context) if action.workflow_id else None)
            except EvaluationError:
                yield Held(action.name)

    def _detour_failed(self, state: State, call: Call, failure: str) -> Turned:
        """Continue after what a ``retry`` runs first has failed, which counts as one try: the same actions follow."""
        frame = state.frame
        self._step = record_name(state, frame.step)
        planned = self._plan(frame).step(frame.step)
        record = state.records[self._step]
        text = f"step '{frame.step}' was not retried: {failure}"
        listed = {item.name: item for item in self._listed(state, planned, bool(record.message))}
        exhausted: list[str] = []
        for item in () if self.stopped else call.held:
            action = listed[item.action]
            if action.type == "retry" and frame.retries.get(action.name, 0) >= actions.retry_limit(action):
                exhausted.append(actions.used_up(action))
                continue
            self._note(text, warning=True)
            self._passed = {other.action: other.inputs for other in call.held}
            headers = () if call.asked is None else (("Retry-After", f"{call.asked}"),)
            answer = Exchange(Request("", ""), Response(record.status or 0, headers))
            context = frame_context(self._plan(frame), frame, state.workflows, answer)
            state, command = self._take(state, planned, action, context, record)
            self._passed = {}
            first = action.type == "retry" and actions.detour_of(action, frame.step) and command is None
            return (pacing.with_wait(state, call.wait, self.now), None) if first else (state, command)
        return self._fail(state, "; ".join((*([record.message] if record.message else []), text, *exhausted)))

    def _come_back(self, state: State, record: StepRecord) -> Turned:
        state, call = _back(state)
        return self._later(with_record(state, replace(record, next=state.frame.step)), call.wait, call.asked)

    def _detour_step_failed(self, state: State, record: StepRecord, failure: str) -> Turned:
        """Continue after the step that a ``retry`` runs first has failed."""
        record = replace(record, message=self._concealing(state)(failure), outcome="failed")
        state, call = _back(state)
        return self._detour_failed(with_record(state, replace(record, next=state.frame.step)), call, record.message)

    def _hand_over(self, state: State, action: Action, context: Context, record: StepRecord) -> Turned:
        self._note(f"{action.name}: goto workflow {action.workflow_id}")
        record = replace(record, next=END, outcome="recovered" if record.message else "success")
        state = with_record(state, record)
        return self._enter_workflow(state, action, context, Call(kind="goto"), record)

    def _enter_workflow(self, state: State, action: Action, context: Context, call: Call, record: StepRecord) -> Turned:
        key = workflow_key(action.workflow_id or "")
        try:
            entered = enter(self.root, state, key, self._inputs_of(state, action, context), call)
        except (EvaluationError, InputError) as error:
            return self._fail(state, f"action '{action.name}' calls workflow '{key}': {error}", record)
        if call.kind == "goto" and len(state.frames) == 1 and key in state.elsewhere:
            return state, Done("workflow", target=key, step=record.step, inputs=entered_inputs(self.root, entered))
        return entered, None

    def _inputs_of(self, state: State, action: Action, context: Context) -> dict[str, Any]:
        """Return what an action passes to a workflow: its parameters, or the caller's inputs of the same names."""
        if (known := self._passed.get(action.name)) is not None:
            return known
        plan = self._plan(state.frame)
        if action.parameters:
            return call_inputs(plan, action.parameters, context)
        return passed_by_name(plan.children[workflow_key(action.workflow_id or "")], state.frame.inputs)

    # how it ends

    def gave_up(self, state: State, error: GaveUpError, exchange: Exchange | None = None) -> Turned:
        """End the run at a limit: nobody knows what is so.

        :param state: as it was before the step gave up.
        :param exchange: the step's, if it has sent anything.
        """
        frame = state.frame
        record = None
        if exchange is not None:
            response = exchange.response
            status, seconds = (response.status, response.seconds) if response else (None, 0.0)
            self._exposed += exposed_secrets(replace(exchange, content=ABSENT))
            rounds = frame.rounds + 1
            record = StepRecord(
                frame.step, "", str(exchange.request), status, seconds, attempts=frame.attempts, rounds=rounds
            )
        return self._stop(state, messages.gave_up(frame.step, error.limit, exchange), record)

    def _stop(self, state: State, message: str, record: StepRecord | None = None) -> Turned:
        self.stopped = True
        return self._fail(state, message, record)

    def _fail(self, state: State, message: str, record: StepRecord | None = None, *, ended: bool = False) -> Turned:
        """Let the failure of the step at hand stand: its workflow has failed.

        :param ended: whether an action ended it, so that its outputs still count.
        """
        frame = state.frame
        message = self._concealing(state)(message)
        if self._unshown is not None:
            message, self._unshown = f"{message}; {self._shown(state, self._unshown)}", None
        record = record or state.records.get(record_name(state, frame.step)) or StepRecord(step=frame.step)
        record = replace(record, outcome="failed", message=message, next=None)
        return self._finish(with_record(state, record), message, ended=ended)

    def _finish(
        self, state: State, failure: str, handed: dict[str, Any] | None = None, *, ended: bool = False
    ) -> Turned:
        """End the innermost workflow and return to its caller.

        :param handed: outputs of another workflow to which it has handed over.
        :param ended: whether an action ended it.
        """
        frame = state.frame
        plan = self._plan(frame)
        failed_at = frame.step if failure and handed is None else ""
        steps = {step: True for step in frame.outputs if step != failed_at}
        outputs = handed if handed is not None else self._final_outputs(plan, state)
        whole = len(state.frames) > 1 or state.scope is None or handed is not None
        failure = failure or (unreadable_output(outputs) if whole else "")
        state = state.with_secrets(secret_values(plan, {}, outputs))
        told = dict.fromkeys(outputs, UNKNOWN) if failure and not ended else outputs
        done = {**state.workflows, plan.key: {"inputs": frame.inputs, "outputs": told, "steps": steps}}
        if len(state.frames) == 1:
            result = outputs if whole else None
            # what the reason says, too, is not said twice
            self.notes = [note for note in self.notes if not failure.endswith(f"; {note.text}")]
            over = Done(
                "failed" if failure else "end", step=frame.step, message=failure, outputs=result, stopped=self.stopped
            )
            return replace(state, workflows=done), over
        state = replace(state, workflows=done, frames=state.frames[:-1])
        match frame.call:
            case Call(kind="goto"):
                return self._finish(state, failure, outputs, ended=ended)
            case Call(kind="step"):
                return self.returned(state, told, failure)
            case Call(kind="retry") as call if failure:
                return self._detour_failed(state, call, failure)
            case Call(kind="retry", wait=wait, asked=asked):
                return self._later(state, wait, asked)
        if not failure:
            return state, None
        while state.frame.call is not None and state.frame.call.kind == "depends":
            state = replace(state, frames=state.frames[:-1])
        state = replace(state, last_status=None)
        return self._finish(state, f"workflow '{plan.key}', which runs first, failed: {failure}")

    def _final_outputs(self, plan: Plan, state: State) -> dict[str, Any]:
        try:
            return workflow_outputs(plan, state.frame.inputs, state.frame.outputs, state.workflows)
        except GaveUpError:
            if not self.stopped:
                raise
            return dict.fromkeys(plan.outputs, UNKNOWN)


def _require_within_limits(cookies: Jar | None) -> None:
    if cookies is not None and cookies.beyond:
        raise GaveUpError(cookies.beyond)


def _back(state: State) -> tuple[State, Call]:
    """Return the state at the step to which a detour returns, and what the detour was for."""
    detour = state.frame.detour
    if detour is None:
        raise AssertionError("back only from a detour")
    frame = replace(state.frame, step=detour.step, retries=detour.retries, attempts=detour.attempts, detour=None)
    return state.with_frame(frame), detour.call
