"""AWS::ApplicationAutoScaling: scalable targets and policies, by the local Application Auto Scaling.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApplicationAutoScaling.html
"""

from contextlib import suppress
from typing import Any

from local_aws.application_auto_scaling import scaling
from local_aws.ministack_parts.answers import Record, RefusedError
from local_aws.ministack_parts.resource_handlers import Created, provisioned, replaced
from local_aws.ministack_parts.services import cloudformation

NUMBERS = {
    "MinCapacity": int,
    "MaxCapacity": int,
    "TargetValue": float,
    "ScaleInCooldown": int,
    "ScaleOutCooldown": int,
}


def install() -> None:
    cloudformation.handlers.update(HANDLERS)


def create_target(_logical_id: str, properties: Record, _stack: str) -> Created:
    if properties.get("ScheduledActions"):
        raise ValueError("scheduled actions of a scalable target are not imitated here")
    provisioned(scaling.register_scalable_target, _typed(properties))
    reference = "|".join(properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
    return reference, {"Id": reference}


def delete_target(physical_id: str, _properties: Record) -> None:
    with suppress(RefusedError):
        scaling.deregister_scalable_target(_target(physical_id))


def create_policy(_logical_id: str, properties: Record, _stack: str) -> Created:
    arn = provisioned(scaling.put_scaling_policy, _policy(properties))["PolicyARN"]
    return arn, {"Arn": arn, "PolicyName": properties["PolicyName"]}


def delete_policy(_physical_id: str, properties: Record) -> None:
    with suppress(RefusedError):
        scaling.delete_scaling_policy(_policy(properties))


def _policy(properties: Record) -> Record:
    request = _typed({key: value for key, value in properties.items() if key != "ScalingTargetId"})
    if "ScalingTargetId" in properties:
        request |= _target(properties["ScalingTargetId"])
    return dict(request)


def _target(reference: str) -> Record:
    return dict(zip(("ResourceId", "ScalableDimension", "ServiceNamespace"), reference.split("|"), strict=True))


def _typed(value: Any) -> Any:
    """Return numbers and booleans as such: a parameter or a template's author may have written them as text."""
    if isinstance(value, dict):
        return {key: NUMBERS[key](inner) if key in NUMBERS else _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


HANDLERS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": replaced(create_target, delete_target),
    "AWS::ApplicationAutoScaling::ScalingPolicy": replaced(create_policy, delete_policy),
}
