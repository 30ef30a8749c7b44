"""One model per object of the Arazzo Specification 1.0.1 and 1.1.0, frozen, with the specification's names.

Python names are the camelCase field names in snake_case. The fields are listed only here: documents are read by these
annotations (:func:`arazzo.document.shape.shape_of`). Values that may contain runtime expressions stay as written (text
or JSON); :mod:`arazzo.expressions` parses each text once. After loading, reusable objects are resolved, so a step's
parameters and actions are the objects themselves.
"""

from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from arazzo.frozen_model import FrozenModel

Value = Any
"""A JSON value whose strings may be or contain runtime expressions, and whose objects may be Selector Objects.

Null alone is such a value too; a ``Value | None`` that is null is not given."""
Filled = Annotated[str, "filled"]
"""Text that may not be empty."""
Uri = Annotated[str, "uri"]
"""A URI reference."""
AnyType = TypeVar("AnyType")
SINCE_1_1: Final = "since 1.1"
New = Annotated[AnyType, SINCE_1_1]
"""What Arazzo 1.1.0 brought."""
REQUIRED: Final = "required"
Told = Annotated[AnyType, REQUIRED]
"""What a document must have, although the model has a default for it."""
OURS: Final = frozenset(("at", "extensions", "has_payload"))
"""The fields of models that the specification does not have."""


class Model(FrozenModel):
    """The base of every object: frozen, camelCase aliases, ``at`` = JSON pointer to where it is written.

    Loading makes objects by ``model_construct``, since it has checked every field itself. So the validators, which
    take a while to build, are built only for who reads objects from JSON.
    """

    model_config = ConfigDict(populate_by_name=True, alias_generator=to_camel)

    at: str = Field(default="", exclude=True, repr=False)
    extensions: dict[str, Any] = Field(default_factory=dict)


AnyModel = TypeVar("AnyModel", bound=Model)


def unplaced(model: AnyModel) -> AnyModel:
    """Return an object without its places and those of the objects in it, which belong to its document."""
    update: dict[str, Any] = {"at": ""}
    for name, value in model.__dict__.items():
        if isinstance(value, Model):
            update[name] = unplaced(value)
        elif value and isinstance(value, tuple) and isinstance(value[0], Model):
            update[name] = tuple(map(unplaced, value))
    return model.model_copy(update=update)


class Info(Model):
    """Info Object (Arazzo 1.1.0, Info Object)."""

    title: str
    summary: str = ""
    description: str = ""
    version: str


class SourceDescription(Model):
    """Source Description Object."""

    name: Filled
    url: Uri
    type: Literal["openapi", "arazzo", "asyncapi"] | None = None


class ExpressionType(Model):
    """Expression Type Object (1.1.0; Criterion Expression Type Object in 1.0.1)."""

    type: Literal["jsonpath", "xpath", "jsonpointer"]
    version: str = ""


class Selector(Model):
    """Selector Object (1.1.0): may stand wherever a value may, and stays as written in models."""

    context: Filled
    selector: str
    type: Literal["jsonpath", "xpath", "jsonpointer"] | ExpressionType


class Criterion(Model):
    """Criterion Object. Without ``type`` the condition is simple."""

    context: str | None = None
    condition: Filled
    type: Literal["simple", "regex", "jsonpath", "xpath"] | ExpressionType | None = None

    @property
    def kind(self) -> str:
        """``simple``, ``regex``, ``jsonpath``, ``xpath`` or ``jsonpointer``."""
        return self.type.type if isinstance(self.type, ExpressionType) else self.type or "simple"

    @property
    def said(self) -> tuple[str | None, ...]:
        """What it says, wherever it is: equal for criteria that mean the same."""
        version = self.type.version if isinstance(self.type, ExpressionType) else None
        return self.context, self.condition, self.kind, version


class Parameter(Model):
    """Parameter Object. ``location`` is the field ``in``; None passes an input to a workflow."""

    name: Filled
    location: Literal["path", "query", "querystring", "header", "cookie", "channel", "body"] | None = Field(
        default=None, alias="in"
    )
    value: Told[Value] = None


class PayloadReplacement(Model):
    """Payload Replacement Object."""

    target: str
    target_selector_type: New[Literal["jsonpath", "xpath", "jsonpointer"] | ExpressionType | None] = None
    value: Told[Value] = None


class RequestBody(Model):
    """Request Body Object."""

    content_type: str | None = None
    payload: Value = None
    has_payload: bool = True
    replacements: tuple[PayloadReplacement, ...] = ()


class Action(Model):
    """What Success and Failure Action Object share."""

    name: Filled
    type: Literal["end", "goto", "retry"]
    workflow_id: Filled | None = None
    step_id: Filled | None = None
    parameters: New[tuple[Parameter, ...]] = ()
    retry_after: float | None = None
    retry_limit: int | None = None
    criteria: tuple[Criterion, ...] = ()


class SuccessAction(Action):
    """Success Action Object. ``retry`` is lenient: a poll with a budget."""


class FailureAction(Action):
    """Failure Action Object."""


class Step(Model):
    """Step Object, its reusable objects resolved."""

    step_id: Filled
    description: str = ""
    operation_id: Filled | None = None
    operation_path: Filled | None = None
    channel_path: New[Filled | None] = None
    workflow_id: Filled | None = None
    action: New[Literal["send", "receive"] | None] = None
    correlation_id: New[Value | None] = None
    timeout: New[int | None] = None
    """Milliseconds, as the specification has it."""
    depends_on: New[tuple[Filled, ...]] = ()
    parameters: tuple[Parameter, ...] = ()
    request_body: RequestBody | None = None
    success_criteria: tuple[Criterion, ...] = ()
    on_success: tuple[SuccessAction, ...] = ()
    on_failure: tuple[FailureAction, ...] = ()
    outputs: dict[str, Value] = Field(default_factory=dict)


class Workflow(Model):
    """Workflow Object, its reusable objects resolved; ``inputs`` has its references into components inlined."""

    workflow_id: Filled
    summary: str = ""
    description: str = ""
    inputs: Value | None = None
    depends_on: tuple[Filled, ...] = ()
    steps: tuple[Step, ...]
    success_actions: tuple[SuccessAction, ...] = ()
    failure_actions: tuple[FailureAction, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    outputs: dict[str, Value] = Field(default_factory=dict)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {step.step_id: index for index, step in reversed(tuple(enumerate(self.steps)))}

    def index(self, step_id: str) -> int:
        """Return the position of a step in document order, from 0; KeyError if there is no step of that id."""
        return self._places[step_id]

    def has_step(self, step_id: str) -> bool:
        """Say whether there is a step of that id."""
        return step_id in self._places

    def step(self, step_id: str) -> Step:
        """Return the step of that id; KeyError if there is none."""
        return self.steps[self.index(step_id)]


class Components(Model):
    """Components Object, as far as something refers to it."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    success_actions: dict[str, SuccessAction] = Field(default_factory=dict)
    failure_actions: dict[str, FailureAction] = Field(default_factory=dict)


class Document(Model):
    """Arazzo Specification Object: an Arazzo Description."""

    arazzo: str
    self_uri: New[Uri | None] = Field(default=None, alias="$self")
    info: Info
    source_descriptions: tuple[SourceDescription, ...]
    components: Components = Field(default_factory=Components.model_construct)
    workflows: tuple[Workflow, ...]

    @cached_property
    def _named(self) -> dict[str, Workflow]:
        return {workflow.workflow_id: workflow for workflow in reversed(self.workflows)}

    def workflow(self, workflow_id: str) -> Workflow:
        """Return the workflow of that id; KeyError if there is none."""
        return self._named[workflow_id]

    def has_workflow(self, workflow_id: str) -> bool:
        """Say whether there is a workflow of that id."""
        return workflow_id in self._named
