"""Control flow: a workflow becomes a flow graph, the graph a plan without cycles."""

from airflow_arazzo.core.flow.compile import Options, choose_workflow, compile_document, slice_region
from airflow_arazzo.core.flow.draw import draw
from airflow_arazzo.core.flow.graph import FlowGraph, build_graph, components
from airflow_arazzo.core.flow.loops import workflow_key
from airflow_arazzo.core.flow.plan import END, Edge, PassedInput, PathNeed, Plan, PlannedStep, Region
from airflow_arazzo.core.flow.sensitive import is_sensitive, names_credential, sensitive_members

__all__ = [
    "END",
    "Edge",
    "FlowGraph",
    "Options",
    "PassedInput",
    "PathNeed",
    "Plan",
    "PlannedStep",
    "Region",
    "build_graph",
    "choose_workflow",
    "compile_document",
    "components",
    "draw",
    "is_sensitive",
    "names_credential",
    "sensitive_members",
    "slice_region",
    "workflow_key",
]
