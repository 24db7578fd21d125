"""RegisterTargets, DeregisterTargets and DescribeTargetHealth over the load balancer's own registrations.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from xml.sax.saxutils import escape

from local_aws.elastic_load_balancing import forward_actions
from local_aws.elastic_load_balancing.target_health import Place, Target, TargetGroups
from local_aws.ministack_parts.services import alb

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]


class TargetApi:
    """The actions, as ministack's dispatcher calls them."""

    def __init__(self, groups: TargetGroups) -> None:
        self._groups = groups

    def install(self) -> None:
        """Replaces the three actions, and renders which load balancers use a target group."""
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
        known = {(target.address, target.port): target for target in self._groups.listed(group)}
        listed = "".join(_health_xml(*place, known.get(place)) for place in places or known)
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
