"""How services, their deployments and revisions look in the answers of the API, and what lists and describes them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html and its siblings.
"""

import math
from collections.abc import Callable, Sequence

from local_aws.ecs.services.rollouts import Rollout
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import ecs

_SHARED = ("launchType", "platformVersion", "platformFamily", "networkConfiguration", "serviceConnectConfiguration")


def counts(rollouts: Sequence[Rollout], newest: Rollout | None) -> Record:
    """Return the part of a service's record that follows its rollouts; the newest may still wait for its turn."""
    shown = rollouts if newest is None or newest in rollouts else [newest, *rollouts]
    listed = [_deployment(rollout, primary=index == 0) for index, rollout in enumerate(shown)]
    return {
        "deployments": listed,
        "currentServiceRevisions": [_current(rollout) for rollout in rollouts],
        "runningCount": sum(item["runningCount"] for item in listed),
        "pendingCount": sum(item["pendingCount"] for item in listed),
    }


def _deployment(rollout: Rollout, *, primary: bool) -> Record:
    settings = rollout.revision.settings
    return {
        "id": rollout.id,
        "status": "PRIMARY" if primary else "ACTIVE" if rollout.tasks else "INACTIVE",
        "taskDefinition": rollout.revision.definition["taskDefinitionArn"],
        "desiredCount": rollout.desired,
        "pendingCount": _pending(rollout),
        "runningCount": _running(rollout),
        "failedTasks": rollout.failures_in_all,
        "createdAt": rollout.created_at,
        "updatedAt": rollout.updated_at,
        "rolloutState": rollout.state,
        "rolloutStateReason": rollout.state_reason,
        **{key: settings[key] for key in _SHARED if settings.get(key)},
    }


def _current(rollout: Rollout) -> Record:
    """Return a ServiceCurrentRevisionSummary.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceCurrentRevisionSummary.html
    """
    return {
        "arn": rollout.revision.arn,
        "requestedTaskCount": rollout.desired,
        "runningTaskCount": _running(rollout),
        "pendingTaskCount": _pending(rollout),
    }


def service_deployment(rollout: Rollout) -> Record:
    """Return a ServiceDeployment.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html
    """
    breaker = rollout.configuration.get("deploymentCircuitBreaker") or {}
    view: Record = {
        **brief(rollout),
        "updatedAt": rollout.updated_at,
        "sourceServiceRevisions": [_summary(rollout.source)] if rollout.source else [],
        "targetServiceRevision": _summary(rollout),
        "deploymentConfiguration": rollout.configuration,
        "lifecycleHookDetails": [run.view() for run in list(rollout.hooks) if run.status],
        "deploymentCircuitBreaker": {
            "status": _breaker_status(rollout) if breaker.get("enable") else "DISABLED",
            "failureCount": rollout.failed_tasks,
            "threshold": breaker_threshold(rollout.configuration, rollout.desired),
        },
        "alarms": rollout.alarms.view(over=rollout.finished_at is not None),
    }
    view.pop("targetServiceRevisionArn")
    optional = {
        "lifecycleStage": rollout.stage,
        "rollback": rollout.rollback,
        "stoppedAt": rollout.finished_at if rollout.status == "STOPPED" else None,
    }
    return view | {key: value for key, value in optional.items() if value}


def brief(rollout: Rollout) -> Record:
    """Return a ServiceDeploymentBrief.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html
    """
    view = {
        "serviceDeploymentArn": rollout.arn,
        "serviceArn": rollout.revision.settings["serviceArn"],
        "clusterArn": rollout.revision.settings["clusterArn"],
        "createdAt": rollout.created_at,
        "startedAt": rollout.started_at,
        "finishedAt": rollout.finished_at,
        "targetServiceRevisionArn": rollout.revision.arn,
        "status": rollout.status,
        "statusReason": rollout.reason,
    }
    return {key: value for key, value in view.items() if value is not None}


def breaker_threshold(configuration: Record, desired: int) -> int:
    """Return the failed tasks that end a rollout; without a breaker AWS retries for hours, here the default holds."""
    return ecs.failed_tasks_threshold({"deploymentConfiguration": configuration, "desiredCount": desired})


def service_revision(rollout: Rollout) -> Record:
    """Return a ServiceRevision.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html
    """
    revision = rollout.revision
    settings = {key: value for key, value in revision.settings.items() if value and not key.startswith("_")}
    return {
        **settings,
        "serviceRevisionArn": revision.arn,
        "taskDefinition": revision.definition["taskDefinitionArn"],
        "containerImages": [_image(item) for item in revision.definition["containerDefinitions"]],
        "createdAt": revision.created_at,
        "resolvedConfiguration": {"loadBalancers": _balancers(rollout)},
    }


def _balancers(rollout: Rollout) -> list[Record]:
    balancers = rollout.revision.settings.get("loadBalancers") or []
    pairs = zip(rollout.targets, balancers, strict=False)  # empty before its turn
    pairs_of_arns = [
        (target.group, (item.get("advancedConfiguration") or {}).get("productionListenerRule"))
        for target, item in pairs
    ]
    return [
        {"targetGroupArn": group} | ({"productionListenerRule": rule} if rule else {}) for group, rule in pairs_of_arns
    ]


def _image(definition: Record) -> Record:
    reference: str = definition["image"]
    digest = reference.partition("@")[2]
    return {"containerName": definition["name"], "image": reference} | ({"imageDigest": digest} if digest else {})


def _summary(rollout: Rollout) -> Record:
    return {
        "arn": rollout.revision.arn,
        "requestedTaskCount": rollout.desired,
        "runningTaskCount": _running(rollout),
        "pendingTaskCount": _pending(rollout),
        "requestedTestTrafficWeight": rollout.test_weight,
        "requestedProductionTrafficWeight": rollout.production_weight,
    }


def _breaker_status(rollout: Rollout) -> str:
    if rollout.broken:
        return "TRIGGERED"
    return "MONITORING" if rollout.finished_at is None else "MONITORING_COMPLETE"


def _running(rollout: Rollout) -> int:
    return sum(task.record["lastStatus"] == "RUNNING" for task in rollout.tasks)


def _pending(rollout: Rollout) -> int:
    return sum(task.record["lastStatus"] in ("PROVISIONING", "PENDING", "ACTIVATING") for task in rollout.tasks)


LONGEST_PAGE = 100


def listed(request: Record, history: Sequence[Rollout]) -> Record:
    """List deployments, the newest first, a page at a time."""
    created, wanted = request.get("createdAt") or {}, request.get("status")
    after, before = float(created.get("after", -math.inf)), float(created.get("before", math.inf))
    matching = [
        rollout
        for rollout in reversed(history)
        if (not wanted or rollout.status in wanted) and after < rollout.created_at < before
    ]
    start = int(request.get("nextToken") or 0)
    end = start + min(int(request.get("maxResults") or LONGEST_PAGE), LONGEST_PAGE)
    page = {"serviceDeployments": [brief(rollout) for rollout in matching[start:end]]}
    return page | ({"nextToken": str(end)} if end < len(matching) else {})


def deployments(request: Record, rollouts: Sequence[Rollout]) -> Record:
    """Answer DescribeServiceDeployments."""
    rollouts_by_arn = {rollout.arn: rollout for rollout in rollouts}
    return _described(request["serviceDeploymentArns"], rollouts_by_arn, "serviceDeployments", service_deployment)


def revisions(request: Record, rollouts: Sequence[Rollout]) -> Record:
    """Answer DescribeServiceRevisions."""
    rollouts_by_arn = {rollout.revision.arn: rollout for rollout in rollouts}
    return _described(request["serviceRevisionArns"], rollouts_by_arn, "serviceRevisions", service_revision)


def _described(arns: list[str], rollouts: dict[str, Rollout], name: str, view: Callable[[Rollout], Record]) -> Record:
    return {
        name: [view(rollouts[arn]) for arn in arns if arn in rollouts],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in rollouts],
    }
