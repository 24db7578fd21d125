"""Which action a listener takes for a request.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from local_aws.ministack_parts.services import alb

Record = dict[str, Any]
Own = tuple[int, dict[str, str], bytes]


def action_for(listener: str, method: str, target: str, fields: Mapping[str, str]) -> Record:
    """Return the action of the first rule, by priority, whose conditions all hold; the default rule comes last."""
    path, _, query = target.partition("?")
    parameters = parse_qs(query, keep_blank_values=True)
    for rule in _rules(listener):
        conditions = rule["Conditions"]
        if rule["IsDefault"] or all(
            alb.condition_holds(condition, method, path, fields, parameters) for condition in conditions
        ):
            return _last(rule["Actions"])
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}


async def own_answer(action: Record, listener: Record, method: str, target: str, fields: Mapping[str, str]) -> Own:
    """Return what a fixed-response or a redirect action says: (status, header fields, body)."""
    path, _, query = target.partition("?")
    seen = dict(fields) | {
        "x-forwarded-proto": str(listener["Protocol"]).lower(),
        "x-forwarded-port": str(listener["Port"]),
    }
    response = await alb.execute_action(action, method, path, seen, b"", {}, query)
    return alb.with_server_field(response, listener["ListenerArn"])


def fields_for_target(listener: Record, fields: Mapping[str, str], client: str) -> dict[str, str]:
    """Return the header fields for the target, with those that tell of the client.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    """
    return alb.fields_for_target(listener["LoadBalancerArn"], listener, fields, client)


def _rules(listener: str) -> list[Record]:
    own = [rule for rule in alb.rules.values() if rule["ListenerArn"] == listener]
    return sorted(own, key=alb.rule_order)


def _last(actions: list[Record]) -> Record:
    return max(actions, key=lambda action: int(action.get("Order") or 1))
