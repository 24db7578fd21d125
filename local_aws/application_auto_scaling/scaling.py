"""Application Auto Scaling: scalable targets bring an ECS service within bounds; policies are kept, not evaluated.

https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
"""

import logging
import threading
from collections.abc import Callable, Mapping
from time import time
from typing import Any

from local_aws import clients
from local_aws.clock import Clock
from local_aws.ministack_parts import application
from local_aws.ministack_parts.answers import Record, RefusedError, get_account_id, get_region, new_uuid
from local_aws.ministack_parts.services import ecs

SERVICE, PREFIX = "application-autoscaling", "AnyScaleFrontendService"
Key = tuple[str, str, str]
KEYS = ("ServiceNamespace", "ResourceId", "ScalableDimension")
POLICY_SETTINGS = ("PolicyType", "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration")
SUSPENDABLE = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_log = logging.getLogger("local_aws.autoscaling")
_targets: dict[Key, Record] = {}
_policies: dict[tuple[str, Key], Record] = {}
_activities: list[Record] = []


def install(_clock: Clock) -> None:
    """Add the service, without scalable targets and policies."""
    _targets.clear()
    _policies.clear()
    _activities.clear()
    application.add_service(SERVICE, target=PREFIX, actions=ACTIONS)


def register_scalable_target(request: Record) -> Record:
    """Register a service, and bring it within its bounds if it is outside."""
    key, former = _key(request), _targets.get(_key(request), {})
    if not former:
        _check_service(request)
    bounds = _bounds(former | request)
    arn = f"arn:aws:application-autoscaling:{get_region()}:{get_account_id()}:scalable-target/{new_uuid()}"
    _targets[key] = (
        {"RoleARN": request.get("RoleARN") or _service_role(), "CreationTime": time(), "ScalableTargetARN": arn}
        | {"SuspendedState": dict.fromkeys(SUSPENDABLE, False)}
        | former
        | dict(zip(KEYS, key, strict=True))
        | bounds
    )
    threading.Thread(target=_bring_within, args=(_targets[key],), daemon=True, name="autoscaling").start()
    return {"ScalableTargetARN": _targets[key]["ScalableTargetARN"]}


def _bounds(request: Record) -> dict[str, int]:
    bounds: dict[str, int] = {name: int(request[name]) for name in ("MinCapacity", "MaxCapacity") if name in request}
    if len(bounds) < 2:
        raise RefusedError("ValidationException", "A new scalable target needs a minimum and a maximum capacity")
    if bounds["MinCapacity"] > bounds["MaxCapacity"]:
        raise RefusedError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    return bounds


def deregister_scalable_target(request: Record) -> Record:
    """Forget a scalable target and its policies."""
    key = _key(request)
    if _targets.pop(key, None) is None:
        raise RefusedError("ObjectNotFoundException", f"No scalable target found for {_words(key)}")
    for policy in [policy for policy in _policies if policy[1] == key]:
        del _policies[policy]
    return {}


def describe_scalable_targets(request: Record) -> Record:
    wanted = request.get("ResourceIds")
    return {"ScalableTargets": [t for t in _in_scope(_targets, request) if not wanted or t["ResourceId"] in wanted]}


def put_scaling_policy(request: Record) -> Record:
    key, name = _key(request), request["PolicyName"]
    if key not in _targets:
        raise RefusedError("ObjectNotFoundException", f"No scalable target registered for {_words(key)}")
    former = _policies.get((name, key), {})
    resource = f"resource/{key[0]}/{key[1]}:policyName/{name}"
    arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:scalingPolicy:{new_uuid()}:{resource}"
    settings = {setting: request[setting] for setting in POLICY_SETTINGS if setting in request}
    _policies[name, key] = (
        {"PolicyARN": arn, "CreationTime": time(), "Alarms": [], "PolicyType": "StepScaling"}
        | former
        | dict(zip(KEYS, key, strict=True))
        | settings
        | {"PolicyName": name}
    )
    return {"PolicyARN": _policies[name, key]["PolicyARN"], "Alarms": []}


def delete_scaling_policy(request: Record) -> Record:
    key = _key(request)
    if _policies.pop((request["PolicyName"], key), None) is None:
        raise RefusedError("ObjectNotFoundException", f"No scaling policy found for {_words(key)}")
    return {}


def describe_scaling_policies(request: Record) -> Record:
    names = request.get("PolicyNames")
    policies = [p for p in _in_scope(_policies, request) if request.get("ResourceId") in (None, p["ResourceId"])]
    return {"ScalingPolicies": [policy for policy in policies if not names or policy["PolicyName"] in names]}


def describe_scaling_activities(request: Record) -> Record:
    activities = [
        activity for activity in reversed(_activities) if request["ServiceNamespace"] == activity["ServiceNamespace"]
    ]
    return {"ScalingActivities": [a for a in activities if request.get("ResourceId") in (None, a["ResourceId"])]}


ACTIONS: dict[str, Callable[[Record], Record]] = {
    "RegisterScalableTarget": register_scalable_target,
    "DeregisterScalableTarget": deregister_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "PutScalingPolicy": put_scaling_policy,
    "DeleteScalingPolicy": delete_scaling_policy,
    "DescribeScalingPolicies": describe_scaling_policies,
    "DescribeScalingActivities": describe_scaling_activities,
}


def _key(request: Record) -> Key:
    return (request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"])


def _words(key: Key) -> str:
    namespace, resource, dimension = key
    return f"service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"


def _in_scope(store: Mapping[Any, Record], request: Record) -> list[Record]:
    """Return the records of the request's namespace, and of its dimension if it names one."""
    scope = {name: request[name] for name in ("ServiceNamespace", "ScalableDimension") if name in request}
    return [record for record in store.values() if scope.items() <= record.items()]


def _service_role() -> str:
    name = (
        "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    return f"arn:aws:iam::{get_account_id()}:role/{name}"


def _check_service(request: Record) -> None:
    if request["ServiceNamespace"] != "ecs":
        raise RefusedError("ValidationException", f"namespace {request['ServiceNamespace']} is not imitated here")
    _, cluster, service = request["ResourceId"].split("/")
    if f"{cluster}/{service}" not in ecs.services:
        raise RefusedError("ValidationException", f"ECS service doesn't exist: {request['ResourceId']}")


def _bring_within(target: Record) -> None:
    """Bring the service's desired count within its target's bounds; the edge of a thread, so a failure is logged."""
    _, cluster, service = target["ResourceId"].split("/")
    api = clients.client("ecs")
    try:
        desired = api.describe_services(cluster=cluster, services=[service])["services"][0]["desiredCount"]
        wanted = min(max(desired, target["MinCapacity"]), target["MaxCapacity"])
        if wanted == desired:
            return
        which = "minimum" if wanted > desired else "maximum"
        activity = _begin_activity(target, wanted, f"{which} capacity was set to {wanted}")
        api.update_service(cluster=cluster, service=service, desiredCount=wanted)
        _end_activity(activity, f"Successfully set desired count to {wanted}. Change successfully fulfilled by ecs.")
    except clients.ERRORS as failure:
        _log.warning("scaling %s: %s", target["ResourceId"], failure)


def _begin_activity(target: Record, wanted: int, cause: str) -> Record:
    """Record a scaling activity that is in progress.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingActivity.html
    """
    activity = {name: target[name] for name in KEYS} | {
        "ActivityId": new_uuid(),
        "Description": f"Setting desired count to {wanted}.",
        "Cause": cause,
        "StartTime": time(),
        "StatusCode": "InProgress",
    }
    _activities.append(activity)
    return activity


def _end_activity(activity: Record, message: str) -> None:
    activity.update(EndTime=time(), StatusCode="Successful", StatusMessage=message)
