"""Control flow: a workflow becomes a flow graph, the graph a plan without cycles."""

from arazzo.flow.action_needs import passed_by_name
from arazzo.flow.compile import change_steps, choose_workflow, compile_document, slice_region
from arazzo.flow.compile_options import Options
from arazzo.flow.draw import draw
from arazzo.flow.graph import FlowGraph, build_graph, components
from arazzo.flow.picture import Picture, picture_of
from arazzo.flow.plan import END, Edge, InputNeed, PassedInput, Plan, PlannedStep, Region
from arazzo.flow.reads import workflow_key
from arazzo.flow.sensitive import is_sensitive, names_credential, sensitive_members

__all__ = [
    "END",
    "Edge",
    "FlowGraph",
    "InputNeed",
    "Options",
    "PassedInput",
    "Picture",
    "Plan",
    "PlannedStep",
    "Region",
    "build_graph",
    "change_steps",
    "choose_workflow",
    "compile_document",
    "components",
    "draw",
    "is_sensitive",
    "names_credential",
    "passed_by_name",
    "picture_of",
    "sensitive_members",
    "slice_region",
    "workflow_key",
]
