"""Approval: before a step sends its request, a person decides whether it may."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.providers.standard.exceptions import HITLRejectException, HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk.definitions.param import ParamsDict

from airflow_arazzo.operators.telling import fails_in_a_sentence
from airflow_arazzo.protocol.channel import Channel
from airflow_arazzo.protocol.xcoms import push_refusal, push_unanswered
from arazzo.flow import Plan, Region

if TYPE_CHECKING:
    from airflow.sdk import Context


class ArazzoApprovalOperator(ApprovalOperator):
    """Ask a person whether a step may run; if the person refuses, the step fails and sends nothing.

    A loop is approved once, before its first round.

    :param plan: the plan of the workflow that asks.
    :param step: id of the step, or of one of the steps of a loop.
    :param within: how many seconds somebody has to answer; None for no limit.
    :param fail_on_timeout: whether the step fails if nobody answers; otherwise the workflow ends there without failing.
    """

    #: The question consists of texts of the document and of the API description, which are data.
    template_fields = ()
    shallow_copy_attrs = ("plan",)

    def __init__(
        self, *, plan: Plan, step: str, within: float | None = None, fail_on_timeout: bool = True, **kwargs: Any
    ) -> None:
        self.plan, self.step = plan, step
        self.within, self.fail_on_timeout = within, fail_on_timeout
        if within is not None:
            kwargs[_timeout_argument()] = timedelta(seconds=within)
        asks = f"step '{step}' of workflow '{plan.workflow_id}'"
        requests = requests_of(plan, self.region)
        super().__init__(
            subject=f"{', '.join(requests)}: may {asks} do this?",
            body="\n".join(f"- `{request}`" for request in requests) + f"\n\nAsked by {asks}.",
            fail_on_reject=True,
            **kwargs,
        )

    def validate_params(self) -> None:
        """Ask only for the decision: before 3.2 the form would also ask for the Params, which the run already has."""
        self.params = ParamsDict()
        super().validate_params()

    @property
    def region(self) -> Region:
        """The region of the plan that is to be approved."""
        region = self.plan.region_of(self.step)
        if region is None:
            raise ValueError(f"workflow '{self.plan.workflow_id}' has no step '{self.step}' that can be reached")
        return region

    @fails_in_a_sentence
    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Continue, or fail and say who refused."""
        try:
            return super().execute_complete(context, event)
        except HITLTimeoutError:
            return self._unanswered(context)
        except HITLRejectException:
            user = event.get("responded_by_user") or {}
            who = f" by {user['name']}" if user.get("name") else ""
            requests = ", ".join(requests_of(self.plan, self.region))
            message = f"step '{self.step}': {requests} was refused{who}; nothing was sent"
            push_refusal(Channel(context["ti"]), self.region, message)
            raise AirflowFailException(message) from None

    def _unanswered(self, context: Context) -> None:
        """Fail, or end the workflow here: what follows is skipped, and nothing is sent."""
        ti, requests = context["ti"], ", ".join(requests_of(self.plan, self.region))
        message = f"step '{self.step}': nobody approved {requests} within {self.within:g} s; nothing was sent"
        if self.fail_on_timeout:
            push_refusal(Channel(ti), self.region, message)
            raise AirflowFailException(message) from None
        push_unanswered(Channel(ti), self.region, message)
        self.log.warning("%s; the workflow ends here", message)
        self.skip(ti=ti, tasks=list(context["task"].get_direct_relatives(upstream=False)))


def _timeout_argument() -> str:
    """Return the name of the argument for the time to answer, which older versions of the provider lack."""
    known = inspect.signature(HITLOperator.__init__).parameters
    return "response_timeout" if "response_timeout" in known else "execution_timeout"


def requests_of(plan: Plan, region: Region) -> list[str]:
    """Return what the steps of a region that ask for approval send: method and URL template, or the called workflow."""
    asking = [planned for planned in (plan.step(step) for step in region.steps) if planned.settings.approval]
    return [
        f"{planned.operation.method} {planned.operation.path} of '{planned.operation.source}'"
        if planned.operation
        else f"workflow '{planned.workflow}'"
        for planned in asking
    ]
