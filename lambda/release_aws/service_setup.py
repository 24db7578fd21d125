"""How services are set up, and what is under way in them: at ECS, in the rules of the load balancer, in their secrets.

Never the values of the secrets.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html and its neighbours,
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeRules.html and
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_engine.preflight import ROLLING, Replacement, Secret, ServiceSetup, arn_of
from release_engine.running import Traffic

_UNDER_WAY = ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"]
_HOOK_MINUTES, _CANARY_MINUTES, _STEP_PERCENT, _STEP_MINUTES = 1440, 10, 10.0, 6  # what ECS takes when it is not told


class Setups:
    """What preflight asks ECS."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def find(self, cluster: str, names: Iterable[str]) -> list[ServiceSetup]:
        """Those of the services that there are: before the first release there are none."""
        found = (self._client.describe_services(cluster=cluster, services=[name])["services"] for name in names)
        return [self._setup(cluster, one) for services in found for one in services if one["status"] != "INACTIVE"]

    def secrets(self, setups: Iterable[ServiceSetup]) -> list[str]:
        """What the containers' secrets refer to, each once; none before the first release."""
        definitions = [self._client.describe_task_definition(taskDefinition=one.definition) for one in setups]
        containers = (one for found in definitions for one in found["taskDefinition"]["containerDefinitions"])
        return sorted({secret["valueFrom"] for one in containers for secret in one.get("secrets") or []})

    def _setup(self, cluster: str, service: Mapping[str, Any]) -> ServiceSetup:
        rule = _production_rule(service.get("loadBalancers") or [])
        return ServiceSetup(
            service=service["serviceName"],
            definition=service["taskDefinition"],
            replacement=replacement_of(service.get("deploymentConfiguration") or {}),
            under_way=self._under_way(cluster, service["serviceName"]),
            rule=rule,
            serving=self._serving(service, rule) if rule else None,
        )

    def _under_way(self, cluster: str, service: str) -> str | None:
        found = self._client.list_service_deployments(cluster=cluster, service=service, status=_UNDER_WAY)
        return next((str(one["status"]) for one in found["serviceDeployments"]), None)

    def _serving(self, service: Mapping[str, Any], rule: str) -> str | None:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevisionLoadBalancer.html"""
        revisions = [one["arn"] for one in service.get("currentServiceRevisions") or []]
        if len(revisions) != 1:
            return None
        found = self._client.describe_service_revisions(serviceRevisionArns=revisions)["serviceRevisions"]
        balancers = (
            item for one in found for item in (one.get("resolvedConfiguration") or {}).get("loadBalancers", [])
        )
        return next((item["targetGroupArn"] for item in balancers if item.get("productionListenerRule") == rule), None)


def _production_rule(balancers: Sequence[Mapping[str, Any]]) -> str | None:
    told = ((one.get("advancedConfiguration") or {}).get("productionListenerRule") for one in balancers)
    return next(filter(None, told), None)


def replacement_of(told: Mapping[str, Any]) -> Replacement:
    """From a service's deploymentConfiguration."""
    hooks = told.get("lifecycleHooks") or []
    return Replacement(
        strategy=told.get("strategy") or ROLLING,
        bake=told.get("bakeTimeInMinutes"),
        steps=_step_minutes(told),
        hooks=tuple(_timeout(hook) for hook in hooks if hook.get("targetType") != "PAUSE"),
        pauses=tuple(_timeout(hook) for hook in hooks if hook.get("targetType") == "PAUSE"),
        breaker=bool((told.get("deploymentCircuitBreaker") or {}).get("enable")),
    )


def _timeout(hook: Mapping[str, Any]) -> int:
    return int((hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes") or _HOOK_MINUTES)


def _step_minutes(told: Mapping[str, Any]) -> int:
    """From the first users on the new fleet until all of them are."""
    if told.get("strategy") == "CANARY":
        return int((told.get("canaryConfiguration") or {}).get("canaryBakeTimeInMinutes", _CANARY_MINUTES))
    if told.get("strategy") == "LINEAR":
        linear = told.get("linearConfiguration") or {}
        steps = ceil(100 / float(linear.get("stepPercent", _STEP_PERCENT))) - 1
        return steps * int(linear.get("stepBakeTimeInMinutes", _STEP_MINUTES))
    return 0


class Rules:
    """Where users are sent, and how those stand who serve them."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def traffic(self, setups: Iterable[ServiceSetup]) -> list[Traffic]:
        """Of each service that has a production rule of its own."""
        return [Traffic(one.service, one.rule, self._weights(one.rule), one.serving) for one in setups if one.rule]

    def targets(self, setups: Iterable[ServiceSetup]) -> dict[str, str]:
        """The state of every target that users reach, by its address.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
        """
        weights = [self._weights(one.rule) for one in setups if one.rule]
        groups = [group for one in weights for group, weight in one.items() if weight]
        found = (self._client.describe_target_health(TargetGroupArn=group) for group in groups)
        return {
            f"{target['Target']['Id']}:{target['Target']['Port']}": target["TargetHealth"]["State"]
            for one in found
            for target in one["TargetHealthDescriptions"]
        }

    def _weights(self, rule: str) -> dict[str, int]:
        """By target group; none when there is no such rule."""
        try:
            rules = self._client.describe_rules(RuleArns=[rule])["Rules"]
        except ClientError as error:
            if error_code(error) not in ("RuleNotFound", "RuleNotFoundException"):
                raise
            return {}
        groups = (group for one in rules for action in one["Actions"] for group in _groups(action))
        return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}


def _groups(action: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html"""
    groups: Iterable[Mapping[str, Any]] = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    return groups


_UNRESOLVED = ("ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException")


class Secrets:
    """What is known of the secrets that tasks refer to."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def known(self, references: Iterable[str]) -> dict[str, Secret]:
        """By reference; what means no secret is left out."""
        arns = {reference: arn for reference in references if (arn := arn_of(reference))}
        found = {arn: self._describe(arn) for arn in sorted(set(arns.values()))}
        return {reference: found[arn] for reference, arn in arns.items()}

    def _describe(self, arn: str) -> Secret:
        try:
            found = self._client.describe_secret(SecretId=arn)
        except ClientError as error:
            if error_code(error) not in _UNRESOLVED:
                raise
            return Secret(trouble=error_code(error))
        versions = found.get("VersionIdsToStages") or {}
        stages = frozenset(stage for labels in versions.values() for stage in labels)
        return Secret(deleted="DeletedDate" in found, stages=stages)
