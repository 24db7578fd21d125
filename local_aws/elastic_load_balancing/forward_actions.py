"""Forward actions with several weighted target groups, from the API and from CloudFormation.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html
"""

import random
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import alb, cloudformation

DEFAULT_WEIGHT = 1


class UnknownRuleError(LookupError):
    """There is no rule or listener of this ARN, or it does not forward."""


def install() -> None:
    """Let an action keep all its target groups with their weights, where ministack keeps the first."""
    alb.parse_actions.wrap(_parsing_weights)
    alb.action_xml.wrap(_rendering_weights)
    cloudformation.listener_actions.wrap(_keeping_weights)


def groups(action: Record) -> dict[str, int]:
    """Return the weight of each target group of an action, by ARN."""
    listed = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    return {group["TargetGroupArn"]: int(group.get("Weight", DEFAULT_WEIGHT)) for group in listed}


def pick(action: Record) -> str | None:
    """Choose a target group, as often as its weight says; None when every weight is 0."""
    weighted = {arn: weight for arn, weight in groups(action).items() if weight > 0}
    if not weighted:
        return None
    return random.choices(list(weighted), list(weighted.values()))[0]


def weights(arn: str) -> dict[str, int]:
    """Return the weights of the forward action of a rule, or of a listener's default action."""
    return groups(_forward_action(arn))


def set_weights(arn: str, wanted: Mapping[str, int]) -> None:
    """Change the weights, as ECS does through ModifyRule."""
    _assign(_forward_action(arn), [{"TargetGroupArn": group, "Weight": weight} for group, weight in wanted.items()])


def referring(group: str) -> Iterator[str]:
    """Yield the load balancers with a rule that forwards to this target group, whatever the weight."""
    for rule in alb.rules.values():
        if any(group in groups(action) for action in rule["Actions"]):
            listener = alb.listeners.get(rule["ListenerArn"])
            if listener is not None:
                yield listener["LoadBalancerArn"]


def _forward_action(arn: str) -> Record:
    rule = alb.rules.get(arn) or next(
        (rule for rule in alb.rules.values() if rule["ListenerArn"] == arn and rule["IsDefault"]), None
    )
    actions: list[Record] = rule["Actions"] if rule else []
    forward = next((action for action in actions if action["Type"] == "forward"), None)
    if forward is None:
        raise UnknownRuleError(f"{arn} is not a rule or listener that forwards")
    return forward


def _assign(action: Record, listed: list[Record], stickiness: Record | None = None) -> None:
    config: Record = action.setdefault("ForwardConfig", {})
    config["TargetGroups"] = listed
    config["TargetGroupStickinessConfig"] = (
        stickiness or config.get("TargetGroupStickinessConfig") or {"Enabled": False}
    )
    action.pop("TargetGroupArn", None)
    if len(listed) == 1:
        action["TargetGroupArn"] = listed[0]["TargetGroupArn"]


def _parsing_weights(stock: Any) -> Any:
    @wraps(stock)
    def parse(params: Record, prefix: str = "DefaultActions") -> list[Record]:
        actions: list[Record] = stock(params, prefix)
        for index, action in enumerate(actions, start=1):
            if action["Type"] == "forward":
                _assign(action, *_target_groups(params, f"{prefix}.member.{index}", action))
        return actions

    return parse


def _target_groups(params: Record, base: str, action: Record) -> tuple[list[Record], Record]:
    listed, number = [], 1
    while arn := alb.parameter(params, f"{base}.ForwardConfig.TargetGroups.member.{number}.TargetGroupArn"):
        weight = alb.parameter(params, f"{base}.ForwardConfig.TargetGroups.member.{number}.Weight", str(DEFAULT_WEIGHT))
        listed.append({"TargetGroupArn": arn, "Weight": int(weight)})
        number += 1
    enabled = alb.parameter(params, f"{base}.ForwardConfig.TargetGroupStickinessConfig.Enabled", "false")
    return listed or _single(action), {"Enabled": enabled == "true"}


def _keeping_weights(stock: Any) -> Any:
    @wraps(stock)
    def keep(props: Record, lb_arn: str | None, prop: str = "DefaultActions") -> list[Record]:
        actions: list[Record] = stock(props, lb_arn, prop)
        for action, written in zip(actions, props.get(prop) or [], strict=True):
            if action["Type"] == "forward":
                config = written.get("ForwardConfig") or {}
                listed = [
                    {"TargetGroupArn": group["TargetGroupArn"], "Weight": int(group.get("Weight", DEFAULT_WEIGHT))}
                    for group in config.get("TargetGroups") or []
                ]
                _assign(action, listed or _single(action))
        return actions

    return keep


def _single(action: Record) -> list[Record]:
    arn = action.get("TargetGroupArn")
    return [{"TargetGroupArn": arn, "Weight": DEFAULT_WEIGHT}] if arn else []


def _rendering_weights(stock: Any) -> Any:
    @wraps(stock)
    def render(action: Record) -> str:
        xml: str = stock(action)
        config = action.get("ForwardConfig")
        return xml.replace("</member>", f"{_config_xml(config)}</member>") if config else xml

    return render


def _config_xml(config: Record) -> str:
    listed = "".join(
        f"<member><TargetGroupArn>{group['TargetGroupArn']}</TargetGroupArn><Weight>{group['Weight']}</Weight></member>"
        for group in config["TargetGroups"]
    )
    sticky = str(config["TargetGroupStickinessConfig"]["Enabled"]).lower()
    return (
        f"<ForwardConfig><TargetGroups>{listed}</TargetGroups>"
        f"<TargetGroupStickinessConfig><Enabled>{sticky}</Enabled></TargetGroupStickinessConfig></ForwardConfig>"
    )
