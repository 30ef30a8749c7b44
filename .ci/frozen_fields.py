"""A plugin of mypy: ``model_copy(update={...})`` of a frozen model takes its fields, each with a value of its type."""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import Var
from mypy.plugin import MethodSigContext, Plugin
from mypy.types import FunctionLike, Instance, TypedDictType, get_proper_type


class FrozenFields(Plugin):
    """Sees an update as a typed dictionary of the fields, none of which is required."""

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        return _with_fields if fullname.endswith(".model_copy") else None


def _with_fields(context: MethodSigContext) -> FunctionLike:
    signature, model = context.default_signature, get_proper_type(context.type)
    if not isinstance(model, Instance) or not model.type.has_base("arazzo.frozen_model.FrozenModel"):
        return signature
    names = model.type.metadata.get("pydantic-mypy-metadata", {}).get("fields", {})
    nodes = {name: symbol.node for name in names if (symbol := model.type.get(name)) is not None}
    fields = {name: node.type for name, node in nodes.items() if isinstance(node, Var) and node.type is not None}
    update = TypedDictType(fields, set(), set(), context.api.named_generic_type("typing._TypedDict", []))
    return signature.copy_modified(arg_types=[update, *signature.arg_types[1:]])


def plugin(version: str) -> type[Plugin]:
    """Return the plugin, as mypy asks for it."""
    return FrozenFields
