"""What a pipeline becomes in an environment, its own or, as the first one that it releases to, another's."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from exchange_constructs.access.release_access import ReleaseAccess
from exchange_constructs.arns import arn_scope, deploying_role_arns


@dataclass(frozen=True)
class TrustingRole:
    """The name of a role, and the names of the pipeline's roles that may become it."""

    name: str
    trusted: Sequence[str]


class PipelineRoles(Construct):
    """`releases` asks for releases and undoes them; `infrastructure` deploys the environment's stacks.

    Neither does both. They trust the pipeline's roles by name, for these are made later, and may be another account's:
    `account`, or else that of the environment.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: str,
        access: ReleaseAccess,
        releases: TrustingRole,
        infrastructure: TrustingRole,
        account: str | None,
    ) -> None:
        super().__init__(scope, id_)
        self._environment, self._access = environment, access
        self._account = account or arn_scope(Stack.of(self)).account
        self.releases = self._releases(releases)
        self.infrastructure = self._infrastructure(infrastructure)

    def _releases(self, names: TrustingRole) -> iam.Role:
        """Make the role for the stages of the components, and for the acceptance, which undoes what it finds wrong."""
        role = self._role("Releases", names, "releases")
        self._access.grant_requests(role)
        self._access.grant_releasing(role)
        self._access.grant_looking(role)
        self._access.grant_stacks(role, ["cloudformation:DescribeStacks"], ["platform"])  # where users come in
        return role

    def _infrastructure(self, names: TrustingRole) -> iam.Role:
        """Make the role that becomes those of `cdk bootstrap`, compares what is deployed, and holds the locks."""
        role = self._role("Infrastructure", names, "deploys")
        becoming = deploying_role_arns(Stack.of(self))
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=becoming))
        self._access.grant_stacks(role, ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"], ["*"])
        self._access.grant_writing_ledger(role)
        self._access.grant_watching(role)  # a lock whose release is over is taken
        return role

    def _role(self, id_: str, names: TrustingRole, does: str) -> iam.Role:
        """Make a role whose trust compares the ARN of the caller's role, whatever the session is called.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        partition = arn_scope(Stack.of(self)).partition
        arns = [f"arn:{partition}:iam::{self._account}:role/{name}" for name in names.trusted]
        trusted = iam.AccountPrincipal(self._account).with_conditions({"ArnEquals": {"aws:PrincipalArn": arns}})
        return iam.Role(
            self,
            id_,
            role_name=names.name,
            assumed_by=trusted,
            description=f"The pipeline {does} in {self._environment} with it",
            max_session_duration=Duration.hours(1),
        )
