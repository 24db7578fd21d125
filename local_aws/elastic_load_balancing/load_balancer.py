"""Application load balancers that really balance: weights, health, draining, TLS.

In stock ministack a forward action knows one target group, a target has one port and is always healthy.
Listener sockets are at 127.20.x.1, one x for each load balancer; a port below 1024 listens at 8000 + port.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from local_aws.clock import Clock
from local_aws.elastic_load_balancing import forward_actions, listener_checks, load_balancer_metrics
from local_aws.elastic_load_balancing.data_plane import DataPlane
from local_aws.elastic_load_balancing.target_api import TargetApi
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.responses import request_scope
from local_aws.ministack_parts.services import alb

Place = tuple[str, int]
_running: list[DataPlane] = []


def install(clock: Clock) -> None:
    """Replaces action parsing, target registration and health, and starts the data plane."""
    plane = DataPlane(clock)
    forward_actions.install()
    listener_checks.install()
    alb.target_group_full_name.replace(load_balancer_metrics.full_name)
    TargetApi(plane.groups).install()
    _running[:] = [plane]
    plane.start()


def close() -> None:
    """Closes every listener."""
    while _running:
        _running.pop().close()


def register_targets(target_group: str, places: Sequence[Place]) -> None:
    """Sends requests to these (address, port) as soon as one health check of each has passed."""
    _running[0].groups.register(target_group, places)


def deregister_targets(target_group: str, places: Sequence[Place]) -> None:
    """Sends them no new request; they are "draining" until the group's deregistration delay is over."""
    _running[0].groups.deregister(target_group, places)


def target_state(target_group: str, address: str, port: int) -> str:
    """ "initial", "healthy", "unhealthy", "draining" or "unused"."""
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
