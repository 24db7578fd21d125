"""What Elastic Load Balancing refuses and stock accepts: by the API and, through it, from a template.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html and API_CreateRule.html
"""

from collections.abc import Iterator
from functools import wraps
from typing import Any

from local_aws.elastic_load_balancing import forward_actions
from local_aws.ministack_parts.services import acm, alb, cloudformation

Record = dict[str, Any]
Problem = tuple[str, str]
PREFIX = "AWS::ElasticLoadBalancingV2::"


def install() -> None:
    """Puts the checks before the actions and before the handlers of the two resource types."""
    alb.replace_action("CreateListener", _checked(alb.action("CreateListener"), _of_listener_request))
    alb.replace_action("CreateRule", _checked(alb.action("CreateRule"), _of_rule_request))
    for kind, check in (("Listener", _of_listener), ("ListenerRule", _of_rule)):
        handlers = cloudformation.handlers[PREFIX + kind]
        handlers["create"] = _checked_creation(handlers["create"], check)


def _of_listener(properties: Record) -> Iterator[Problem]:
    actions = cloudformation.listener_actions(properties, None, prop="DefaultActions")
    certificates = [item.get("CertificateArn") for item in properties.get("Certificates") or []]
    balancer, port = properties.get("LoadBalancerArn"), int(properties.get("Port") or 80)
    yield from _listener_problems(balancer, port, properties.get("Protocol"), certificates, actions)


def _of_listener_request(params: Record) -> Iterator[Problem]:
    actions = alb.parse_actions(params, "DefaultActions")
    protocol, balancer = alb.parameter(params, "Protocol"), alb.parameter(params, "LoadBalancerArn")
    port, certificates = int(alb.parameter(params, "Port") or 80), alb.certificate_arns_in(params)
    yield from _listener_problems(balancer, port, protocol, certificates, actions)


def _of_rule(properties: Record) -> Iterator[Problem]:
    actions = cloudformation.listener_actions(properties, None, prop="Actions")
    yield from _rule_problems(properties.get("ListenerArn"), str(properties.get("Priority")), actions)


def _of_rule_request(params: Record) -> Iterator[Problem]:
    listener, priority = alb.parameter(params, "ListenerArn"), alb.parameter(params, "Priority")
    yield from _rule_problems(listener, priority, alb.parse_actions(params, "Actions"))


def _listener_problems(
    balancer: Any, port: int, protocol: Any, certificates: list[Any], actions: list[Record]
) -> Iterator[Problem]:
    taken = (listener for listener in alb.listeners.values() if listener["LoadBalancerArn"] == balancer)
    if port in [int(listener["Port"]) for listener in taken]:
        yield "DuplicateListener", f"A listener already exists on port {port} for this load balancer"
    if protocol == "HTTPS" and not certificates:
        yield "CertificateNotFound", "A certificate must be specified for HTTPS listeners"
    for certificate in certificates:
        if certificate not in acm.certificates:
            yield "CertificateNotFound", f"Certificate ARN '{certificate}' not found"
    yield from _action_problems(actions)


def _rule_problems(listener: Any, priority: str, actions: list[Record]) -> Iterator[Problem]:
    for rule in alb.rules.values():
        if rule["ListenerArn"] == listener and str(rule["Priority"]) == priority:
            yield "PriorityInUse", f"Priority '{priority}' is currently in use"
    yield from _action_problems(actions)


def _action_problems(actions: list[Record]) -> Iterator[Problem]:
    for action in actions:
        for group in forward_actions.groups(action):
            if group not in alb.target_groups:
                yield "TargetGroupNotFound", f"One or more target groups not found: {group}"


def _checked(stock: Any, check: Any) -> Any:
    @wraps(stock)
    def answer(params: Record) -> Any:
        for code, message in check(params):
            return alb.error_answer(code, message)
        return stock(params)

    return answer


def _checked_creation(stock: Any, check: Any) -> Any:
    @wraps(stock)
    def create(logical_id: str, properties: Record, stack: str) -> Any:
        for code, message in check(properties):
            raise ValueError(f"{code}: {message}")
        return stock(logical_id, properties, stack)

    return create
