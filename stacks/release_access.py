"""What it takes to ask for releases of an environment and to look at them, for the roles of the Access stack."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam

from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.place import place_of
from settings.loading import Settings
from stacks.release import ReleaseStack
from stacks.release_facts import machine_name, preflight_name, record_name, request_name

_EXECUTIONS = "executions of this one machine come into being with each release"


class ReleaseAccess:
    """`scope` is the stack of the roles."""

    def __init__(self, scope: Stack, settings: Settings, release: ReleaseStack) -> None:
        self._scope, self._settings, self._release = scope, settings, release
        self._place = place_of(scope)

    @property
    def repositories(self) -> list[str]:
        """The ARNs of the components' repositories."""
        names = [self._settings.repository_name(name) for name in self._settings.components]
        return [self._place.arn("ecr", f"repository/{name}") for name in names]

    def grant_releasing(self, role: iam.Role) -> None:
        """The release machines, and to watch what they do."""
        for component in self._settings.components:
            name = machine_name(self._settings, component)
            self._grant_machine(role, name, starting=(), watching=["states:GetExecutionHistory"])

    def grant_requests(self, role: iam.Role) -> None:
        """The machines that ask for a release, as CodePipeline starts and follows them, and the functions that it asks.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html and
        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
        """
        for component in self._settings.components:
            name = request_name(self._settings, component)
            self._grant_machine(role, name, starting=["states:DescribeStateMachine"], watching=())
        names = (preflight_name(self._settings), record_name(self._settings))
        functions = [self._place.arn("lambda", f"function:{name}") for name in names]
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=functions))

    def grant_watching(self, role: iam.Role) -> None:
        """Whether a release still runs, of the release machines."""
        for component in self._settings.components:
            executions = self._place.arn("states", f"execution:{machine_name(self._settings, component)}:*")
            role.add_to_policy(iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions]))
            acknowledge(role, {wildcard_finding(self._scope, executions): _EXECUTIONS})

    def grant_looking(self, role: iam.Role) -> None:
        """What a person's rollback is planned from, and `status` reads: stacks, the ledger, images."""
        self.grant_stacks(role, ["cloudformation:DescribeStacks"], ["release", *self._settings.components])
        self.grant_ledger(role, ["dynamodb:GetItem", "dynamodb:Query"])
        if key := self._release.alerts.master_key:  # the key of the ledger, too
            key.grant_decrypt(role)
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"], resources=self.repositories))

    def grant_stacks(self, role: iam.Role, actions: Sequence[str], stacks: Sequence[str]) -> None:
        """By their short names."""
        for name in stacks:
            arn = self._place.arn("cloudformation", f"stack/{self._settings.stack_name(name)}/*")
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[arn]))
            reason = "the last part of a stack's ARN is made up by CloudFormation"
            acknowledge(role, {wildcard_finding(self._scope, arn): reason})

    def grant_ledger(self, role: iam.Role, actions: Sequence[str]) -> None:
        """Its items, without its key."""
        output = cast(CfnOutput, self._release.node.find_child("LedgerTableName"))
        ledger = self._place.arn("dynamodb", f"table/{output.value}")
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[ledger]))

    def grant_writing_ledger(self, role: iam.Role) -> None:
        """To hold the locks, so that no release begins."""
        self.grant_ledger(role, ["dynamodb:GetItem", "dynamodb:UpdateItem"])
        if key := self._release.alerts.master_key:
            key.grant_encrypt_decrypt(role)
            wide = [f"AwsSolutions-IAM5[Action::kms:{action}*]" for action in ("GenerateDataKey", "ReEncrypt")]
            acknowledge(role, dict.fromkeys(wide, "one key; the variants of these actions, as CDK grants them"))

    def _grant_machine(self, role: iam.Role, name: str, *, starting: Sequence[str], watching: Sequence[str]) -> None:
        machine, executions = (self._place.arn("states", f"{kind}:{name}") for kind in ("stateMachine", "execution"))
        for actions, resource in (
            (["states:StartExecution", *starting], machine),
            (["states:DescribeExecution", *watching], f"{executions}:*"),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(role, {wildcard_finding(self._scope, f"{executions}:*"): _EXECUTIONS})
