"""Application load balancers that really balance (weights, health, draining, TLS), by their API.

In stock ministack a forward action knows one target group, a target has one port and is always healthy.
Listener sockets are at 127.20.x.1, one x for each load balancer; a port below 1024 listens at 8000 + port.

What Elastic Load Balancing refuses and stock accepts is refused by the API and, through it, from a template:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html and API_CreateRule.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any
from xml.sax.saxutils import escape

from local_aws.clock import Clock
from local_aws.elastic_load_balancing import forward_actions, load_balancer_metrics
from local_aws.elastic_load_balancing.data_plane import DataPlane
from local_aws.elastic_load_balancing.target_health import Place, Target, TargetGroups
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record, Response, request_scope
from local_aws.ministack_parts.services import acm, alb, cloudformation

Problem = tuple[str, str]
PREFIX = "AWS::ElasticLoadBalancingV2::"


def _install_checks() -> None:
    """Put the checks before the actions and before the handlers of the two resource types."""
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


class TargetApi:
    """The actions on targets, as ministack's dispatcher calls them."""

    def __init__(self, groups: TargetGroups) -> None:
        self._groups = groups

    def install(self) -> None:
        """Replace the three actions, and let a target group's description name the load balancers that use it."""
        alb.replace_action("RegisterTargets", self._of_a_group(self._register))
        alb.replace_action("DeregisterTargets", self._of_a_group(self._deregister))
        alb.replace_action("DescribeTargetHealth", self._of_a_group(self._describe))
        alb.target_group_xml.wrap(_with_load_balancers)

    def _register(self, group: str, places: list[Place]) -> Response:
        self._groups.register(group, places)
        return alb.empty_answer("RegisterTargets")

    def _deregister(self, group: str, places: list[Place]) -> Response:
        self._groups.deregister(group, places)
        return alb.empty_answer("DeregisterTargets")

    def _describe(self, group: str, places: list[Place]) -> Response:
        registered = {(target.address, target.port): target for target in self._groups.listed(group)}
        listed = "".join(_health_xml(*place, registered.get(place)) for place in places or registered)
        described = f"<TargetHealthDescriptions>{listed}</TargetHealthDescriptions>"
        return alb.xml_answer(200, "DescribeTargetHealth", described)

    @staticmethod
    def _of_a_group(action: Callable[[str, list[Place]], Response]) -> Callable[[Record], Response]:
        @wraps(action)
        def answer(params: Record) -> Response:
            group = alb.parameter(params, "TargetGroupArn")
            settings = alb.target_groups.get(group)
            if settings is None:
                return alb.error_answer("TargetGroupNotFound", f"Target group '{group}' not found.")
            return action(group, list(_places(alb.targets_in(params), settings)))

        return answer


def _places(targets: Iterable[Record], settings: Record) -> Iterable[Place]:
    for target in targets:
        yield target["Id"], int(target.get("Port") or settings["Port"])


def _health_xml(address: str, port: int, target: Target | None) -> str:
    state, reason, description = "unused", "Target.NotRegistered", "Target is not registered to the target group"
    if target is not None:
        state, (reason, description) = target.state, target.finding
    why = f"<Reason>{reason}</Reason><Description>{escape(description)}</Description>" if state != "healthy" else ""
    return (
        f"<member><Target><Id>{address}</Id><Port>{port}</Port></Target><HealthCheckPort>{port}</HealthCheckPort>"
        f"<TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
    )


def _with_load_balancers(stock: Any) -> Any:
    @wraps(stock)
    def render(group: Record) -> str:
        used = sorted(set(forward_actions.referring(group["TargetGroupArn"])))
        xml: str = stock(group | {"LoadBalancerArns": used})
        return xml

    return render


_running: list[DataPlane] = []


def install(clock: Clock) -> None:
    """Replace action parsing, target registration and health, and start the data plane."""
    plane = DataPlane(clock)
    forward_actions.install()
    _install_checks()
    alb.target_group_full_name.replace(load_balancer_metrics.full_name)
    TargetApi(plane.groups).install()
    _running[:] = [plane]
    plane.start()


def close() -> None:
    """Close every listener."""
    while _running:
        _running.pop().close()


def register_targets(target_group: str, places: Sequence[Place]) -> None:
    """Register targets by (address, port); each gets requests as soon as one health check has passed."""
    _running[0].groups.register(target_group, places)


def deregister_targets(target_group: str, places: Sequence[Place]) -> None:
    """Send targets no new request; they are "draining" until the group's deregistration delay is over."""
    _running[0].groups.deregister(target_group, places)


def target_state(target_group: str, address: str, port: int) -> str:
    """Return a target's state: "initial", "healthy", "unhealthy", "draining" or "unused"."""
    return _running[0].groups.state(target_group, address, port)


def set_weights(rule_or_listener: str, weights: Mapping[str, int]) -> None:
    """Change the forward action of a rule, or of a listener's default action: target group ARN -> weight."""
    with _scope():
        forward_actions.set_weights(rule_or_listener, weights)


def weights(rule_or_listener: str) -> dict[str, int]:
    """Return the weight of each target group, by ARN."""
    with _scope():
        return forward_actions.weights(rule_or_listener)


def url(load_balancer: str, port: int) -> str:
    """Return where a listener really listens: the load balancer by its name or ARN, the listener by its port."""
    with _scope():
        arns = {
            balancer["LoadBalancerArn"]
            for balancer in alb.load_balancers.values()
            if load_balancer in (balancer["LoadBalancerName"], balancer["LoadBalancerArn"])
        }
        for listener in alb.listeners.values():
            if listener["LoadBalancerArn"] in arns and int(listener["Port"]) == port:
                address, real_port = _running[0].place_of(listener)
                return f"{listener['Protocol'].lower()}://{address}:{real_port}"
    raise LookupError(f"no listener on port {port} of a load balancer {load_balancer!r}")


def _scope() -> Any:
    return request_scope(embedding.ACCOUNT, embedding.REGION)
