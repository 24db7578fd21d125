"""Listener rules. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeRules.html"""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from release_aws.clients import AwsClient, error_code
from release_engine.service_setup import ServiceSetup
from release_engine.traffic import Traffic


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
