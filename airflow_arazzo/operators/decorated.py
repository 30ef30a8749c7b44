"""``@task.arazzo``: a workflow as a task whose inputs a Python function returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException, DecoratedOperator, task_decorator_factory

from airflow_arazzo.compat import determine_kwargs
from airflow_arazzo.operators.workflow import ArazzoWorkflowOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import TaskDecorator
    from airflow.sdk import Context


class ArazzoDecoratedOperator(DecoratedOperator, ArazzoWorkflowOperator):
    """Run a workflow as :class:`ArazzoWorkflowOperator` does, with the inputs that a function returns by name.

    The returned values are data: no template in them is rendered. They win over ``inputs``.

    :param python_callable: the function; it is called at the start of each try.
    :param op_args: its arguments. (templated)
    :param op_kwargs: its arguments by name. (templated)
    """

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *ArazzoWorkflowOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = dict(DecoratedOperator.template_fields_renderers)
    shallow_copy_attrs: Sequence[str] = (
        *DecoratedOperator.shallow_copy_attrs,
        *ArazzoWorkflowOperator.shallow_copy_attrs,
    )
    custom_operator_name = "@task.arazzo"
    _returned: Mapping[str, Any]

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask the function, then run the workflow from its first step."""
        arguments = determine_kwargs(self.python_callable, self.op_args, {**context, **self.op_kwargs})
        returned = self.python_callable(*self.op_args, **arguments)
        if not isinstance(returned, Mapping):
            raise AirflowFailException(
                f"the function of task '{self.task_id}' has to return the inputs of workflow "
                f"'{self.plan.workflow_id}' by name, and has returned {type(returned).__name__}; nothing was sent"
            )
        self._returned = returned
        outputs: dict[str, Any] = super().execute(context)
        return outputs

    def _bound(self, context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
        bound, rendered = super()._bound(context)
        return {**bound, **self._returned}, {**rendered, **self._returned}


def arazzo_task(
    python_callable: Callable[..., Any] | None = None, multiple_outputs: bool = True, **kwargs: Any
) -> TaskDecorator:
    """Make a task of a function that returns the inputs of a workflow (``@task.arazzo``).

    :param multiple_outputs: whether each output of the workflow is also an XCom of its own name.
    :param kwargs: arguments of :class:`ArazzoWorkflowOperator`: ``document``, ``workflow_id``, ``connections`` and so
        on.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=ArazzoDecoratedOperator,
        **kwargs,
    )
