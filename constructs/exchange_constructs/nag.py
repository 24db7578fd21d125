"""The rules of cdk-nag, and which of their findings are accepted for which reason."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_cdk import Acknowledgment, App, Stack, Validations
from constructs import IConstruct

# Decisions of the project, which hold wherever the rule finds something. What a reviewer accepts of one construct
# alone is said there, by `acknowledge`.
ACCEPTED_EVERYWHERE = {
    "NIST.800.53.R5-IAMNoInlinePolicy": "a policy belongs to one role here, and is made and deleted with this role",
    "NIST.800.53.R5-CloudWatchAlarmAction": "an event rule tells the topic of every alarm, so no alarm names an action",
    "NIST.800.53.R5-LambdaConcurrency": "functions are called by releases alone, a few times a minute; reserving "
    "concurrency would take it away from the account, and too little would fail a release",
    "NIST.800.53.R5-LambdaInsideVPC": "a function outside of the VPC calls the APIs of AWS alone",
}


def add_rules(app: App) -> None:
    """Hold every template of the app against both packs of cdk-nag; a finding that nobody has accepted stops the synth.

    To load cdk-nag takes a while, so that a synth without the rules does without it.
    """
    import cdk_nag  # noqa: PLC0415

    _accept(app, ACCEPTED_EVERYWHERE)
    Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app), cdk_nag.NIST80053R5Checks(app))


def acknowledge(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accept findings, each for its reason, of this construct and what it contains; never wider than needed."""
    if repeated := sorted(ACCEPTED_EVERYWHERE.keys() & reasons.keys()):
        raise ValueError(f"{scope.node.path}: {', '.join(repeated)} is accepted everywhere, see ACCEPTED_EVERYWHERE")
    _accept(scope, reasons)


@cache
def wildcard_finding(stack: Stack, arn: str) -> str:
    """Return the name that cdk-nag gives to the finding that an ARN in a policy of this stack has a wildcard."""
    return f"AwsSolutions-IAM5[Resource::{_as_cdk_nag_writes(stack.resolve(arn))}]"


def _accept(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    Validations.of(scope).acknowledge(*(Acknowledgment(id=name, reason=reason) for name, reason in reasons.items()))


def _as_cdk_nag_writes(value: Any) -> str:
    """Write an intrinsic function as its findings do: `<Logical.Attribute>` for what only the deployment knows."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        delimiter, parts = value["Fn::Join"]
        return str(delimiter).join(_as_cdk_nag_writes(part) for part in parts)
    attribute = value.get("Fn::GetAtt")
    return f"<{'.'.join(attribute)}>" if attribute else f"<{value['Ref']}>"
