"""The extension ``x-airflow``: how a workflow is run, on a document, a workflow or a step.

Unknown keys are errors. A step's settings overrule its workflow's, those the document's; arguments of the factory
overrule all of them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EXTENSION = "x-airflow"


class Settings(BaseModel):
    """What may stand under ``x-airflow``; None means not set here. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schedule: str | None = None
    start_date: str | None = None
    catchup: bool | None = None
    tags: tuple[str, ...] | None = None
    pool: str | None = None
    queue: str | None = None
    priority_weight: int | None = None
    max_active_runs: int | None = Field(default=None, ge=1)
    execution_timeout: float | None = Field(default=None, gt=0)
    retries: int | None = Field(default=None, ge=0)
    retry_delay: float | None = Field(default=None, ge=0)
    connection: str | dict[str, str] | None = None
    """A connection id for the step's source, or ids by source name."""
    inputs: dict[str, Any] | None = None
    """Bound inputs: by input name a value or a template, rendered at run time."""
    server: str | dict[str, str] | None = None
    server_variables: dict[str, Any] | None = None
    poke_interval: float | None = Field(default=None, gt=0)
    timeout: float | None = Field(default=None, gt=0)
    max_rounds: int | None = Field(default=None, ge=1)
    exponential_backoff: bool | None = None
    deferrable: bool | None = None
    mode: Literal["poke", "reschedule"] | None = None
    """How a loop waits when it is not deferrable."""
    unmatched: Literal["auto", "next", "fail"] | None = None
    sensitive: tuple[str, ...] | None = None
    idempotency_key: str | None = None
    resend: bool | None = None
    approval: bool | None = None
    granularity: Literal["step", "workflow"] | None = None

    def over(self, base: Settings) -> Settings:
        """Return ``base`` with everything that is set here put over it; mappings are merged by key."""
        merged = dict(base.given())
        for name, value in self.given().items():
            before = merged.get(name)
            merged[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return Settings(**merged)

    def given(self) -> dict[str, Any]:
        """Return the settings that are set, by name."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
