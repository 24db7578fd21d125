"""What ECS says of the last deployment of a service: when it began to go back, and when it was over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.stage import Stage


@dataclass(frozen=True)
class Deployment:
    """Times are epoch seconds; `decided` is when ECS began to roll it back, None when it did not."""

    started: float
    finished: float
    decided: float | None
    reason: str


def last_deployment(stage: Stage, service: str) -> Deployment:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html"""
    ecs = stage.client("ecs")
    listed = ecs.list_service_deployments(cluster=stage.cluster, service=service, maxResults=1)["serviceDeployments"]
    arns = [one["serviceDeploymentArn"] for one in listed]
    return parsed(ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])


def parsed(told: Mapping[str, Any]) -> Deployment:
    """From DescribeServiceDeployments."""
    back = (told.get("rollback") or {}).get("startedAt")
    return Deployment(
        started=told["startedAt"].timestamp(),
        finished=told["finishedAt"].timestamp(),
        decided=back.timestamp() if back else None,
        reason=told.get("statusReason") or "",
    )
