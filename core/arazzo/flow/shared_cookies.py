"""One cookie jar for a run: what the run workflow, or one that it calls, says about cookies holds for all."""

from __future__ import annotations

from arazzo.flow.plan import Plan


def sharing_cookies(plan: Plan) -> Plan:
    """Return the plan of a workflow to run, with the run's setting ``cookies`` in all its plans.

    Their steps then run one after the other: each may set a cookie that the next one sends.
    """
    said = [cookies for each in plan.whole() if (cookies := each.settings.cookies)]
    if not said:
        return plan
    if plan.settings.cookies is False:
        return _with_cookies(plan, False)
    domains = dict.fromkeys(domain for each in said if isinstance(each, tuple) for domain in each)
    return _with_cookies(plan, tuple(domains) or True)


def _with_cookies(plan: Plan, cookies: bool | tuple[str, ...]) -> Plan:
    children = {key: _with_cookies(child, cookies) for key, child in plan.children.items()}
    settings = plan.settings.model_copy(update={"cookies": cookies})
    needs = None if cookies else plan.needs
    return plan.model_copy(update={"needs": needs, "children": children, "settings": settings})
