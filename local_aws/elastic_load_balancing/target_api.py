"""RegisterTargets, DeregisterTargets and DescribeTargetHealth over the load balancer's own registrations.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb

from local_aws.elastic_load_balancing import forward_actions
from local_aws.elastic_load_balancing.target_health import Place, Target, TargetGroups

Record = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]


class TargetApi:
    """The actions, as ministack's dispatcher calls them."""

    def __init__(self, groups: TargetGroups) -> None:
        self._groups = groups

    def install(self) -> None:
        """Replaces the three actions, and renders which load balancers use a target group."""
        alb._ACTION_MAP["RegisterTargets"] = self._of_a_group(self._register)
        alb._ACTION_MAP["DeregisterTargets"] = self._of_a_group(self._deregister)
        alb._ACTION_MAP["DescribeTargetHealth"] = self._of_a_group(self._describe)
        alb._tg_xml = _with_load_balancers(alb._tg_xml)

    def _register(self, group: str, places: list[Place]) -> Response:
        self._groups.register(group, places)
        return _answered(alb._empty("RegisterTargets"))

    def _deregister(self, group: str, places: list[Place]) -> Response:
        self._groups.deregister(group, places)
        return _answered(alb._empty("DeregisterTargets"))

    def _describe(self, group: str, places: list[Place]) -> Response:
        known = {(target.address, target.port): target for target in self._groups.listed(group)}
        listed = "".join(_health_xml(*place, known.get(place)) for place in places or known)
        return _answered(
            alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{listed}</TargetHealthDescriptions>")
        )

    @staticmethod
    def _of_a_group(action: Callable[[str, list[Place]], Response]) -> Callable[[Record], Response]:
        @wraps(action)
        def answer(params: Record) -> Response:
            group = alb._p(params, "TargetGroupArn")
            settings = alb._tgs.get(group)
            if settings is None:
                return _answered(alb._error("TargetGroupNotFound", f"Target group '{group}' not found."))
            return action(group, list(_places(alb._parse_targets_param(params), settings)))

        return answer


def _places(asked: Iterable[Record], settings: Record) -> Iterable[Place]:
    for target in asked:
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


def _answered(response: Any) -> Response:
    answer: Response = response
    return answer
