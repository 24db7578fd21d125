"""What it takes to ask for releases of an environment and to look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from exchange_constructs.arns import ArnScope, arn_scope
from exchange_constructs.nag import acknowledge, wildcard_finding

_EXECUTIONS = "executions of this one machine come into being with each release"


@dataclass(frozen=True)
class ReleaseAccess:
    """Grants to roles of the stack `scope`, on resources of an environment that are known by their names.

    `stack_prefix` begins the names of its stacks; `requests` are the state machines that ask for a release, and
    `functions` those that these machines' caller asks; `key` encrypts the ledger.
    """

    scope: Stack
    stack_prefix: str
    components: Sequence[str]
    repositories: Sequence[str]
    machines: Sequence[str]
    requests: Sequence[str]
    functions: Sequence[str]
    ledger: str
    key: kms.IKey | None

    @cached_property
    def repository_arns(self) -> list[str]:
        """The ARNs of the components' repositories."""
        return [self._arns.arn("ecr", f"repository/{name}") for name in self.repositories]

    def grant_releasing(self, role: iam.Role) -> None:
        """Allow to start the release machines, and to follow what they do."""
        for name in self.machines:
            self._grant_machine(role, name, starting=(), watching=["states:GetExecutionHistory"])

    def grant_requests(self, role: iam.Role) -> None:
        """Allow what CodePipeline does with the machines that ask for a release, and with the functions that it asks.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html and
        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
        """
        for name in self.requests:
            self._grant_machine(role, name, starting=["states:DescribeStateMachine"], watching=())
        functions = [self._arns.arn("lambda", f"function:{name}") for name in self.functions]
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=functions))

    def grant_watching(self, role: iam.Role) -> None:
        """Allow to see whether a release still runs."""
        for name in self.machines:
            self._allow(
                role, ["states:DescribeExecution"], self._arns.arn("states", f"execution:{name}:*"), _EXECUTIONS
            )

    def grant_looking(self, role: iam.Role) -> None:
        """Allow to read what a person's rollback is planned from, and what `status` shows: stacks, ledger, images."""
        self.grant_stacks(role, ["cloudformation:DescribeStacks"], ["release", *self.components])
        self.grant_ledger(role, ["dynamodb:GetItem", "dynamodb:Query"])
        if self.key:
            self.key.grant_decrypt(role)
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"], resources=self.repository_arns))

    def grant_stacks(self, role: iam.Role, actions: Sequence[str], stacks: Sequence[str]) -> None:
        """Allow the actions on stacks, which are given by their short names; `*` is all of the environment's."""
        for name in stacks:
            arn = self._arns.arn("cloudformation", f"stack/{self.stack_prefix}{name}/*")
            self._allow(role, actions, arn, "the last part of a stack's ARN is made up by CloudFormation")

    def grant_ledger(self, role: iam.Role, actions: Sequence[str]) -> None:
        """Allow the actions on the ledger's items, without its key."""
        ledger = self._arns.arn("dynamodb", f"table/{self.ledger}")
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[ledger]))

    def grant_writing_ledger(self, role: iam.Role) -> None:
        """Allow to hold the locks, so that no release begins."""
        self.grant_ledger(role, ["dynamodb:GetItem", "dynamodb:UpdateItem"])
        if self.key:
            self.key.grant_encrypt_decrypt(role)
            wide = [f"AwsSolutions-IAM5[Action::kms:{action}*]" for action in ("GenerateDataKey", "ReEncrypt")]
            acknowledge(role, dict.fromkeys(wide, "one key; the variants of these actions, as CDK grants them"))

    def _grant_machine(self, role: iam.Role, name: str, *, starting: Sequence[str], watching: Sequence[str]) -> None:
        machine, executions = (self._arns.arn("states", f"{kind}:{name}") for kind in ("stateMachine", "execution"))
        start = iam.PolicyStatement(actions=["states:StartExecution", *starting], resources=[machine])
        role.add_to_policy(start)
        self._allow(role, ["states:DescribeExecution", *watching], f"{executions}:*", _EXECUTIONS)

    def _allow(self, role: iam.Role, actions: Sequence[str], arn: str, reason: str) -> None:
        """Allow the actions on an ARN that has a wildcard, for a reason."""
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[arn]))
        acknowledge(role, {wildcard_finding(self.scope, arn): reason})

    @property
    def _arns(self) -> ArnScope:
        return arn_scope(self.scope)
