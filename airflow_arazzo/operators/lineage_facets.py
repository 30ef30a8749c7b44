"""Lineage in OpenLineage's terms; importing this requires its provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attr
from airflow.providers.common.compat.openlineage.utils.utils import translate_airflow_asset
from airflow.providers.common.compat.sdk import Asset
from airflow.providers.openlineage.extractors import OperatorLineage
from openlineage.client.facet_v2 import JobFacet

from airflow_arazzo.assets import dataset_at
from airflow_arazzo.protocol.xcoms import document_record
from arazzo.exchange import SAFE_METHODS
from arazzo.openapi.servers import server_of

if TYPE_CHECKING:
    from arazzo.engine import StepRecord
    from arazzo.flow import Plan
    from arazzo.openapi.operation import Operation


@attr.define
class ArazzoJobFacet(JobFacet):
    """The workflow that a job runs, and its document."""

    workflow: str
    document: str
    title: str
    version: str
    digest: str


def lineage_of(
    plan: Plan,
    ran: tuple[Plan, Mapping[str, StepRecord]] | None,
    inlets: Iterable[Any],
    outlets: Iterable[Any],
    conceal: Callable[[str], str],
) -> OperatorLineage[Any, Any]:
    """Return what a task has read and written: the resources of its requests, and the assets that it declares.

    :param ran: the part of the plan that it ran, and the records of its steps.
    :param conceal: removes secrets from a URL.
    """
    inputs, outputs = [*_declared(inlets)], [*_declared(outlets)]
    for operation, url in _sent(*ran) if ran else ():
        found = inputs if operation.method.upper() in SAFE_METHODS else outputs
        found.append(dataset_at(conceal(url)))
    known = document_record(plan)
    facet = ArazzoJobFacet(plan.workflow_id, known["name"], known["title"], known["version"], known["digest"])
    return OperatorLineage(inputs=_once(inputs), outputs=_once(outputs), job_facets={"arazzo": facet})


def _sent(plan: Plan, records: Mapping[str, StepRecord], within: str = "") -> Iterator[tuple[Operation, str]]:
    """Yield operation and URL, without values, for each step that has sent a request."""
    for step in plan.steps:
        record, operation = records.get(within + step.step_id), step.operation
        if operation is not None and record is not None and record.request:
            server = server_of(operation, server_url=step.server, server_variables=step.settings.server_variables)
            yield operation, server.partition("?")[0].rstrip("/") + operation.path
    for key, child in plan.children.items():
        yield from _sent(child, records, f"{within}{key}/")


def _declared(assets: Iterable[Any]) -> Iterator[Any]:
    translated = (translate_airflow_asset(asset, None) for asset in assets if isinstance(asset, Asset))
    return (dataset for dataset in translated if dataset is not None)


def _once(datasets: Iterable[Any]) -> list[Any]:
    return [*{(dataset.namespace, dataset.name): dataset for dataset in datasets}.values()]
