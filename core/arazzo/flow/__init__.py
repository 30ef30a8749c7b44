"""Control flow: a workflow becomes a flow graph, the graph a plan without cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arazzo.lazy_names import imported_when_used

if TYPE_CHECKING:
    from arazzo.flow.action_needs import passed_by_name
    from arazzo.flow.compile import choose_workflow, compile_document
    from arazzo.flow.compile_options import Options
    from arazzo.flow.drawing import draw
    from arazzo.flow.graph import FlowGraph, components
    from arazzo.flow.picture import Picture, picture_of
    from arazzo.flow.plan import END, Edge, InputNeed, Plan, PlannedStep, Region
    from arazzo.flow.pool_budgets import PoolBudget, budgets_of, pool_budget
    from arazzo.flow.reads import workflow_key
    from arazzo.flow.slices import change_steps, dependencies, region_children, slice_region, workflows_read
else:
    __getattr__ = imported_when_used(
        __name__,
        {
            "arazzo.flow.action_needs": "passed_by_name",
            "arazzo.flow.pool_budgets": "PoolBudget budgets_of pool_budget",
            "arazzo.flow.compile": "choose_workflow compile_document",
            "arazzo.flow.compile_options": "Options",
            "arazzo.flow.drawing": "draw",
            "arazzo.flow.graph": "FlowGraph components",
            "arazzo.flow.picture": "Picture picture_of",
            "arazzo.flow.plan": "END Edge InputNeed Plan PlannedStep Region",
            "arazzo.flow.reads": "workflow_key",
            "arazzo.flow.slices": "change_steps dependencies region_children slice_region workflows_read",
        },
    )
