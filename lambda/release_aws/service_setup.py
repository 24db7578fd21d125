"""Reads how services are set up, and what is under way: at ECS, in the load balancer's rules, in their secrets.

The values of secrets are never read.
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
_HOOK_MINUTES, _CANARY_MINUTES, _STEP_PERCENT, _STEP_MINUTES = 1440, 10, 10.0, 6  # ECS's defaults


class Setups:
    """Reads the setup of services at ECS."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def find(self, cluster: str, names: Iterable[str]) -> list[ServiceSetup]:
        """Return the setups of those services that exist: before the first release there are none."""
        described = (self._client.describe_services(cluster=cluster, services=[name])["services"] for name in names)
        return [
            self._setup(cluster, service)
            for services in described
            for service in services
            if service["status"] != "INACTIVE"
        ]

    def secrets(self, setups: Iterable[ServiceSetup]) -> list[str]:
        """Return what the containers' secrets refer to, each once; none before the first release."""
        described = [self._client.describe_task_definition(taskDefinition=setup.definition) for setup in setups]
        containers = (each for answer in described for each in answer["taskDefinition"]["containerDefinitions"])
        return sorted({secret["valueFrom"] for container in containers for secret in container.get("secrets") or []})

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
        listed = self._client.list_service_deployments(cluster=cluster, service=service, status=_UNDER_WAY)
        return next((str(deployment["status"]) for deployment in listed["serviceDeployments"]), None)

    def _serving(self, service: Mapping[str, Any], rule: str) -> str | None:
        """Return the target group that the rule forwards to, by the one revision that runs; None while it is not one.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevisionLoadBalancer.html
        """
        arns = [revision["arn"] for revision in service.get("currentServiceRevisions") or []]
        if len(arns) != 1:
            return None
        balancers = (
            item
            for revision in self._client.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
            for item in (revision.get("resolvedConfiguration") or {}).get("loadBalancers", [])
        )
        return next((item["targetGroupArn"] for item in balancers if item.get("productionListenerRule") == rule), None)


def _production_rule(balancers: Sequence[Mapping[str, Any]]) -> str | None:
    rules = ((item.get("advancedConfiguration") or {}).get("productionListenerRule") for item in balancers)
    return next(filter(None, rules), None)


def replacement_of(configuration: Mapping[str, Any]) -> Replacement:
    """Read how tasks are replaced from a service's deploymentConfiguration."""
    hooks = configuration.get("lifecycleHooks") or []
    return Replacement(
        strategy=configuration.get("strategy") or ROLLING,
        bake=configuration.get("bakeTimeInMinutes"),
        steps=_step_minutes(configuration),
        hooks=tuple(_timeout(hook) for hook in hooks if hook.get("targetType") != "PAUSE"),
        pauses=tuple(_timeout(hook) for hook in hooks if hook.get("targetType") == "PAUSE"),
        breaker=bool((configuration.get("deploymentCircuitBreaker") or {}).get("enable")),
    )


def _timeout(hook: Mapping[str, Any]) -> int:
    return int((hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes") or _HOOK_MINUTES)


def _step_minutes(configuration: Mapping[str, Any]) -> int:
    """Return the minutes from the first users on the new fleet until all of them are there."""
    if configuration.get("strategy") == "CANARY":
        return int((configuration.get("canaryConfiguration") or {}).get("canaryBakeTimeInMinutes", _CANARY_MINUTES))
    if configuration.get("strategy") == "LINEAR":
        linear = configuration.get("linearConfiguration") or {}
        steps = ceil(100 / float(linear.get("stepPercent", _STEP_PERCENT))) - 1
        return steps * int(linear.get("stepBakeTimeInMinutes", _STEP_MINUTES))
    return 0


class Rules:
    """Reads where the load balancer sends users, and the health of those targets."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def traffic(self, setups: Iterable[ServiceSetup]) -> list[Traffic]:
        """Return the traffic of each service that has a production rule of its own."""
        ruled = [(setup, setup.rule) for setup in setups if setup.rule]
        return [Traffic(setup.service, rule, self._weights(rule), setup.serving) for setup, rule in ruled]

    def targets(self, setups: Iterable[ServiceSetup]) -> dict[str, str]:
        """Map every target that users reach, as address:port, to its state.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
        """
        rules = [self._weights(setup.rule) for setup in setups if setup.rule]
        groups = [group for weights in rules for group, weight in weights.items() if weight]
        return {
            f"{target['Target']['Id']}:{target['Target']['Port']}": target["TargetHealth"]["State"]
            for group in groups
            for target in self._client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        }

    def _weights(self, rule: str) -> dict[str, int]:
        """Map each target group of the rule to its weight; empty when there is no such rule."""
        try:
            rules = self._client.describe_rules(RuleArns=[rule])["Rules"]
        except ClientError as error:
            if error_code(error) not in ("RuleNotFound", "RuleNotFoundException"):
                raise
            return {}
        groups = (group for described in rules for action in described["Actions"] for group in _groups(action))
        return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}


def _groups(action: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return the target groups to which the action forwards.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html
    """
    groups: Iterable[Mapping[str, Any]] = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    return groups


_UNRESOLVED = ("ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException")


class Secrets:
    """Describes the secrets that tasks refer to."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def known(self, references: Iterable[str]) -> dict[str, Secret]:
        """Map each reference to its secret; one that means no secret is left out."""
        arns = {reference: arn for reference in references if (arn := arn_of(reference))}
        secrets = {arn: self._describe(arn) for arn in sorted(set(arns.values()))}
        return {reference: secrets[arn] for reference, arn in arns.items()}

    def _describe(self, arn: str) -> Secret:
        try:
            secret = self._client.describe_secret(SecretId=arn)
        except ClientError as error:
            if error_code(error) not in _UNRESOLVED:
                raise
            return Secret(trouble=error_code(error))
        versions = secret.get("VersionIdsToStages") or {}
        stages = frozenset(stage for labels in versions.values() for stage in labels)
        return Secret(deleted="DeletedDate" in secret, stages=stages)
