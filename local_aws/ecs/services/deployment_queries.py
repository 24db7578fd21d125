"""ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html and its siblings.
"""

import math
from collections.abc import Callable, Sequence

from local_aws.ecs.services import service_views
from local_aws.ecs.services.rollouts import Rollout
from local_aws.ministack_parts.answers import Record

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
    page = {"serviceDeployments": [service_views.brief(rollout) for rollout in matching[start:end]]}
    return page | ({"nextToken": str(end)} if end < len(matching) else {})


def deployments(request: Record, rollouts: Sequence[Rollout]) -> Record:
    """Answer DescribeServiceDeployments."""
    known = {rollout.arn: rollout for rollout in rollouts}
    return _described(request["serviceDeploymentArns"], known, "serviceDeployments", service_views.service_deployment)


def revisions(request: Record, rollouts: Sequence[Rollout]) -> Record:
    """Answer DescribeServiceRevisions."""
    known = {rollout.revision.arn: rollout for rollout in rollouts}
    return _described(request["serviceRevisionArns"], known, "serviceRevisions", service_views.service_revision)


def _described(arns: list[str], known: dict[str, Rollout], name: str, view: Callable[[Rollout], Record]) -> Record:
    return {
        name: [view(known[arn]) for arn in arns if arn in known],
        "failures": [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in known],
    }
