"""A login or a token of a connection that nobody asks for: it is not sent, and easily taken for a wrong one."""

from __future__ import annotations

from arazzo.auth.connection_settings import ConnectionSettings
from arazzo.auth.tokens import can_grant
from arazzo.flow import Plan
from arazzo.openapi.operation import SecurityScheme
from arazzo.openapi.security import has_secret_for


def unused_login(plan: Plan, source: str, settings: ConnectionSettings, connection: str) -> str | None:
    """Say that no operation of a workflow asks for the login or the token of a connection; None if one does.

    API keys belong to schemes by name: a missing one is reported where an operation asks for it.

    :param source: whose connection it is.
    :param connection: the connection's name in the sentence.
    """
    kind = "login" if settings.credentials.login else "token" if settings.credentials.token else ""
    steps = [step for step in plan.all_steps() if step.operation and step.operation.source == source]
    schemes = [scheme for step in steps if step.operation for need in step.operation.security for scheme in need]
    if not kind or any(has_credential_for(scheme, settings) for scheme in schemes):
        return None
    return (
        f"{connection} has a {kind}, and no operation of '{source}' that workflow '{plan.workflow_id}' calls asks "
        "for one (security in the API's description): it is sent only where the document itself uses it"
    )


def has_credential_for(scheme: SecurityScheme, settings: ConnectionSettings) -> bool:
    """Return whether a connection has a login, a key or a token, or what gets one, for a security scheme."""
    return has_secret_for(scheme, settings.credentials) or can_grant(settings.grant, scheme)
